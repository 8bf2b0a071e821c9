//! Who is asking: tokens, the room key, and what a browser on a foreign page may do.

use std::io;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::http::{Head, Response, host};

use super::console::{Console, Entry};
use super::guesses::{Guesses, MAX_GUESSES};
use super::scribe::SessionId;

/// The first byte of every token, so that another form can follow one day.
const TOKEN_FORM: u8 = 1;
/// How long the signature in a token is.
const SIGNATURE: usize = 32;

/// Who sent a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The owner of a session.
    Member(SessionId, String),
    /// Somebody with a name but no session, who knows the room key if there is one.
    Guest(String),
    /// Anybody, in a room without a key.
    Nobody,
}

/// Judges credentials.
#[derive(Debug)]
pub struct Access {
    secret: [u8; 32],
    key: Option<String>,
    hosts: Vec<String>,
    guesses: Mutex<Guesses>,
    console: Option<Console>,
}

impl Access {
    /// `secret` signs the tokens, `key` is the room's, `hosts` are the names the operator gave and
    /// the machine's own.
    pub fn new(secret: [u8; 32], key: Option<String>, hosts: Vec<String>) -> Access {
        let hosts = hosts
            .into_iter()
            .map(|host| host.to_ascii_lowercase())
            .collect();
        Access {
            secret,
            key,
            hosts,
            guesses: Mutex::default(),
            console: None,
        }
    }

    /// The operator hears of addresses that guess.
    pub fn telling(self, console: Console) -> Access {
        Access {
            console: Some(console),
            ..self
        }
    }

    /// Whether the room has a key.
    pub fn has_key(&self) -> bool {
        self.key.is_some()
    }

    fn sign(&self, payload: &[u8]) -> Hmac<Sha256> {
        // infallible: HMAC takes a key of any length.
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.secret)
            .unwrap_or_else(|_| unreachable!());
        mac.update(payload);
        // Where one ends and the other begins must be signed, or a name's end could pass for a key's start.
        mac.update(&payload.len().to_be_bytes());
        // A new room key ends the tokens that were given out under the old one.
        mac.update(self.key.as_deref().unwrap_or_default().as_bytes());
        mac
    }

    /// The token that proves a session. It needs no memory here, so it outlives a restart.
    pub fn token(&self, session: SessionId, name: &str) -> String {
        let mut token = vec![TOKEN_FORM];
        token.extend_from_slice(&session);
        token.extend_from_slice(name.as_bytes());
        let signature = self.sign(&token).finalize().into_bytes();
        token.extend_from_slice(&signature);
        URL_SAFE_NO_PAD.encode(token)
    }

    fn owner(&self, token: &str) -> Option<Caller> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (payload, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE)?)?;
        self.sign(payload).verify_slice(signature).ok()?;
        let (form, rest) = payload.split_first()?;
        let (session, name) = rest.split_first_chunk::<16>()?;
        let name = std::str::from_utf8(name).ok()?;
        (*form == TOKEN_FORM).then(|| Caller::Member(*session, name.to_string()))
    }

    /// Who sent this request; `token` is one that came in the query, where that is allowed.
    ///
    /// # Errors
    /// The answer: 401, or 429 for an address that guesses.
    pub fn caller(
        &self,
        head: &Head,
        token: Option<&str>,
        from: IpAddr,
    ) -> Result<Caller, Response> {
        let credentials = head.field("authorization");
        let (scheme, value) = credentials
            .and_then(|c| c.split_once(' '))
            .unwrap_or(("", ""));
        if let Some(token) = scheme
            .eq_ignore_ascii_case("bearer")
            .then_some(value.trim())
            .or(token)
        {
            return self.owner(token).ok_or_else(|| {
                unauthorized(
                    "token_invalid",
                    "This token is not one of this room's, or the room key has changed. Log in again with POST /session.",
                )
            });
        }
        if let Some((name, key)) = basic(scheme, value) {
            self.check_key(Some(&key), from)?;
            return Ok(Caller::Guest(name));
        }
        if credentials.is_some() {
            return Err(unauthorized(
                "credentials_unknown",
                "The Authorization field is neither Bearer with a token nor Basic with name:key. Send one of them.",
            ));
        }
        self.check_key(None, from)?;
        Ok(Caller::Nobody)
    }

    /// Checks a room key that was given, or that none was.
    ///
    /// # Errors
    /// The answer: 401, or 429 for an address that guesses.
    pub fn check_key(&self, given: Option<&str>, from: IpAddr) -> Result<(), Response> {
        let Some(key) = &self.key else {
            return Ok(());
        };
        // curl -u NAME: gives an empty one, which is nobody's guess.
        let Some(given) = given.filter(|given| !given.is_empty()) else {
            return Err(unauthorized(
                "key_required",
                "This room has a key. Ask whoever runs it, and give it when you log in.",
            ));
        };
        let mut guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some(wait) = guesses.wait(from, now) {
            let message =
                format!("Too many wrong room keys came from your address. Try again in {wait} s.");
            return Err(Response::refusal(429, "too_many_keys", message)
                .field("Retry-After", wait.to_string()));
        }
        // Compared by their signatures, which takes the same time however much of it is right.
        if self
            .sign(given.as_bytes())
            .verify_slice(&self.sign(key.as_bytes()).finalize().into_bytes())
            .is_ok()
        {
            return Ok(());
        }
        if let (true, Some(console)) = (guesses.wrong(from, now), &self.console) {
            console.show(Entry::Notice(format!(
                "Too many wrong room keys came from {from}: {MAX_GUESSES} within a minute. It may try no other for the rest of it. \
                 If nobody there should know the key, keep the address out with a firewall."
            )));
        }
        Err(unauthorized(
            "key_wrong",
            "The room key is wrong. Ask whoever runs the room, and try again.",
        ))
    }

    /// Refuses a request that a foreign page or a rebound name made a browser send.
    ///
    /// # Errors
    /// The answer: 421 for a `Host` that is not this server's, 403 for an `Origin` that is not.
    pub fn check_browser(&self, head: &Head) -> Result<(), Response> {
        let Some(host) = &head.host else {
            return Ok(());
        };
        if !self.is_ours(host) {
            let name = bare(host);
            // Somebody may paste it into a shell.
            let advice = match host::is_plain(name) {
                true => format!(", or start it with --host-name {name}"),
                false => String::new(),
            };
            let message =
                format!("This server does not go by the name {name:?}. Use its address{advice}.");
            return Err(Response::refusal(421, "host_unknown", message));
        }
        let Some(origin) = head.field("origin") else {
            return Ok(());
        };
        let theirs = origin.split_once("://").map_or(origin, |(_, host)| host);
        let named = self
            .hosts
            .iter()
            .any(|name| *name == bare(theirs).to_ascii_lowercase());
        if theirs.eq_ignore_ascii_case(host) || named {
            return Ok(());
        }
        Err(Response::refusal(
            403,
            "origin_foreign",
            format!(
                "A page of {origin:?} may not use this room. Open the room's own address instead."
            ),
        ))
    }

    fn is_ours(&self, host: &str) -> bool {
        let host = bare(host).to_ascii_lowercase();
        let host = host.strip_suffix('.').unwrap_or(&host);
        let local = ["localhost", "local", "lan", "internal", "home.arpa"];
        // It is shown in lines that people paste into a shell.
        if !host::is_plain(host) {
            return false;
        }
        host.parse::<IpAddr>().is_ok()
            || (!host.contains('.') && !host.contains(':'))
            || local.iter().any(|end| {
                host.strip_suffix(end)
                    .is_some_and(|front| front.is_empty() || front.ends_with('.'))
            })
            || self.hosts.iter().any(|name| name == host)
    }
}

/// A host without its port and brackets.
fn bare(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    match host.split_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Name and key of Basic credentials (RFC 7617).
fn basic(scheme: &str, value: &str) -> Option<(String, String)> {
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (name, key) = text.split_once(':')?;
    Some((name.to_string(), key.to_string()))
}

/// A 401 that says which credentials would do.
pub fn unauthorized(error: &str, message: &str) -> Response {
    Response::refusal(401, error, message).field(
        "WWW-Authenticate",
        "Basic realm=\"chatroom\", charset=\"UTF-8\", Bearer realm=\"chatroom\"",
    )
}

/// A session id that nobody can guess.
///
/// # Errors
/// The system has no random numbers.
pub fn new_session() -> io::Result<SessionId> {
    let mut session = SessionId::default();
    getrandom::fill(&mut session).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn head(fields: &str) -> Head {
        let text = format!("GET / HTTP/1.1\r\n{fields}\r\n\r\n");
        Head::parse(text.as_bytes())
            .expect("a head")
            .expect("whole")
            .0
    }

    fn access(key: Option<&str>) -> Access {
        Access::new(
            [7; 32],
            key.map(str::to_string),
            vec!["chat.example.org".into()],
        )
    }

    fn status(result: Result<impl std::fmt::Debug, Response>) -> u16 {
        result.err().map_or(200, |response| response.status())
    }

    #[test]
    fn a_token_proves_its_session_and_no_other_string_does() {
        let access = access(None);
        let token = access.token([3; 16], "uthira");
        let caller = |token: &str| {
            access.caller(
                &head(&format!("Host: x\r\nAuthorization: Bearer {token}")),
                None,
                HERE,
            )
        };
        assert_eq!(
            caller(&token).ok(),
            Some(Caller::Member([3; 16], "uthira".into()))
        );
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("ASCII");
            assert_eq!(status(caller(&forged)), 401, "{forged}");
        }
        assert_eq!(status(caller("")), 401);
        // The room key's start does not pass for the name's end.
        let (old, new) = (self::access(Some("abc")), self::access(Some("bc")));
        let signature = |access: &Access, name: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(access.token([3; 16], name));
            bytes.map(|bytes| bytes[bytes.len() - SIGNATURE..].to_vec())
        };
        assert_ne!(signature(&old, "x"), signature(&new, "xa"));
        let other = Access::new([7; 32], Some("a new room key".into()), vec![]);
        assert_eq!(
            status(other.caller(
                &head(&format!("Host: x\r\nAuthorization: Bearer {token}")),
                None,
                HERE
            )),
            401
        );
    }

    #[test]
    fn with_a_room_key_nothing_is_read_without_it() {
        let access = access(Some("sesame"));
        let basic =
            |pair: &str| format!("Host: x\r\nAuthorization: Basic {}", STANDARD.encode(pair));
        assert_eq!(status(access.caller(&head("Host: x"), None, HERE)), 401);
        assert_eq!(
            status(access.caller(&head(&basic("ci:no")), None, HERE)),
            401
        );
        assert_eq!(
            access.caller(&head(&basic("ci:sesame")), None, HERE).ok(),
            Some(Caller::Guest("ci".into()))
        );
        // A name alone is no guess.
        for _ in 0..2 * MAX_GUESSES {
            let refused = access.caller(&head(&basic("ci:")), None, HERE);
            let refused = refused.expect_err("no key").whole(false, false);
            let refused = String::from_utf8_lossy(&refused).to_string();
            assert!(refused.contains("key_required"), "{refused}");
        }
        assert_eq!(status(access.check_key(Some("sesame"), HERE)), 200);
        for _ in 0..MAX_GUESSES {
            let _ = access.check_key(Some("guess"), HERE);
        }
        assert_eq!(status(access.check_key(Some("sesame"), HERE)), 429);
        assert_eq!(
            status(access.check_key(Some("sesame"), "10.0.0.9".parse().expect("an address"))),
            200
        );
    }

    #[test]
    fn hosts_and_origins() {
        let access = access(None);
        let of = |fields: &str| status(access.check_browser(&head(fields)));
        for ours in [
            "10.0.0.1:1337",
            "[::1]:1337",
            "localhost",
            "a.localhost:1",
            "printer",
            "box.local",
            "x.home.arpa.",
            "chat.example.org",
            "CHAT.example.org:80",
        ] {
            assert_eq!(of(&format!("Host: {ours}")), 200, "{ours}");
        }
        for foreign in [
            "evil.example",
            "example.org:1337",
            "notlocal.evil",
            "xlocalhost.com",
            "",
            ":80",
        ] {
            assert_eq!(of(&format!("Host: {foreign}")), 421, "{foreign}");
        }
        assert_eq!(
            of("Host: 10.0.0.1:1337\r\nOrigin: http://10.0.0.1:1337"),
            200
        );
        assert_eq!(
            of("Host: 10.0.0.1:1337\r\nOrigin: https://chat.example.org"),
            200
        );
        for foreign in ["http://10.0.0.1:8080", "http://evil.example", "null"] {
            assert_eq!(
                of(&format!("Host: 10.0.0.1:1337\r\nOrigin: {foreign}")),
                403,
                "{foreign}"
            );
        }
    }
}
