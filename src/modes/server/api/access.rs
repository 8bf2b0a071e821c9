//! Who is asking: tokens and the room key.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::event::Stamp;
use crate::http::{Head, Response};
use crate::remembered::Remembered;

use super::key_check::{Asker, RoomKey};
use crate::modes::server::console::Console;
use crate::modes::server::room::order::Mark;
use crate::modes::server::room::order::SessionId;
use crate::modes::server::room::presence::Claim;

/// The first byte of every token, so that another form can follow one day. (The first form did not
/// say since when a session is.)
const TOKEN_FORM: u8 = 2;
/// How long the signature in a token is.
const SIGNATURE: usize = 32;
/// A token that is longer, in characters, is read each time.
const LONGEST: usize = 512;

/// Who sent a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The owner of a session.
    Member(Ticket, String),
    /// Somebody with a name but no session, who knows the room key if there is one.
    Guest(String),
    /// Anybody, in a room without a key.
    Nobody,
}

/// A session, and the time of its first join in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The session.
    pub session: SessionId,
    /// The time.
    pub issued: Stamp,
}

/// Judges credentials.
#[derive(Debug)]
pub struct Access {
    secret: [u8; 32],
    key: Option<RoomKey>,
    /// Tokens that were found right: to check a signature takes as long as all the rest of a post. Nobody
    /// can ask for one of these without having it.
    owners: Remembered<Caller>,
}

impl Access {
    /// `secret` signs the tokens, `key` is the room's.
    pub fn new(secret: [u8; 32], key: Option<String>) -> Access {
        let key = key.map(|key| RoomKey::new(secret, key));
        Access {
            secret,
            key,
            owners: Remembered::default(),
        }
    }

    /// The operator hears of addresses that guess.
    pub fn telling(self, console: Console) -> Access {
        let key = self.key.map(|key| key.telling(console));
        Access { key, ..self }
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
        mac.update(self.key.as_ref().map_or("", RoomKey::text).as_bytes());
        mac
    }

    /// The token that proves a session. It needs no memory here, so it outlives a restart.
    pub fn token(&self, ticket: Ticket, name: &str) -> String {
        let mut token = vec![TOKEN_FORM];
        token.extend_from_slice(&ticket.session);
        token.extend_from_slice(&ticket.issued.micros().to_be_bytes());
        token.extend_from_slice(name.as_bytes());
        let signature = self.sign(&token).finalize().into_bytes();
        token.extend_from_slice(&signature);
        URL_SAFE_NO_PAD.encode(token)
    }

    fn owner(&self, token: &str) -> Option<Caller> {
        if let Some(known) = self.owners.get(token) {
            return Some(known);
        }
        let owner = self.read(token)?;
        if token.len() <= LONGEST {
            self.owners.keep(token, owner.clone());
        }
        Some(owner)
    }

    fn read(&self, token: &str) -> Option<Caller> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (payload, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE)?)?;
        self.sign(payload).verify_slice(signature).ok()?;
        let (form, rest) = payload.split_first()?;
        let (session, rest) = rest.split_first_chunk::<16>()?;
        let (issued, name) = rest.split_first_chunk::<8>()?;
        let name = std::str::from_utf8(name).ok()?;
        let ticket = Ticket {
            session: *session,
            issued: Stamp::from_micros(i64::from_be_bytes(*issued)),
        };
        (*form == TOKEN_FORM).then(|| Caller::Member(ticket, name.to_string()))
    }

    /// What the session claims when it comes back, or ends.
    pub fn claim(&self, ticket: Ticket) -> Claim {
        // Not under the room key: one that is changed back must not bring it back.
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.secret)
            .unwrap_or_else(|_| unreachable!());
        mac.update(b"ended session");
        mac.update(&ticket.session);
        let mark = mac.finalize().into_bytes();
        let mark = mark.first_chunk().copied().unwrap_or_default();
        Claim {
            session: ticket.session,
            issued: ticket.issued,
            mark: Mark(u64::from_be_bytes(mark)),
        }
    }

    /// Who sent this request; `token` is one that came in the query, where that is allowed.
    ///
    /// # Errors
    /// The answer: 401, or 429 for a key that was not looked at.
    pub async fn caller(
        &self,
        head: &Head,
        token: Option<&str>,
        from: Asker,
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
                    "This token is not one of this room's, or of an earlier version of the server, or the room key has changed. Log in again with POST /session.",
                )
            });
        }
        if scheme.eq_ignore_ascii_case("basic") {
            let (name, key) =
                basic(value).map_err(|wrong| unauthorized("credentials_unreadable", wrong))?;
            self.check_key(Some(&key), from).await?;
            return Ok(Caller::Guest(name));
        }
        if credentials.is_some() {
            return Err(unauthorized(
                "credentials_unknown",
                "The Authorization field is neither Bearer with a token nor Basic with name:key. Send one of them.",
            ));
        }
        self.check_key(None, from).await?;
        Ok(Caller::Nobody)
    }

    /// Checks a room key that was given, or that none was.
    ///
    /// # Errors
    /// The answer: 401, or 429 for a key that was not looked at.
    pub async fn check_key(&self, given: Option<&str>, from: Asker) -> Result<(), Response> {
        let Some(key) = &self.key else {
            return Ok(());
        };
        // curl -u NAME: gives an empty one, which is nobody's guess.
        let Some(given) = given.filter(|given| !given.is_empty()) else {
            return Err(unauthorized(
                "key_required",
                "This room has a key. Ask whoever runs it, and give it as the password (curl -u NAME:KEY), or with the login.",
            ));
        };
        key.check(given, from).await
    }
}

/// Name and key of Basic credentials (RFC 7617).
///
/// # Errors
/// The sentence that says what is wrong with them.
fn basic(value: &str) -> Result<(String, String), &'static str> {
    let bytes = STANDARD.decode(value.trim()).map_err(
        |_| "The Basic credentials are not Base64. Send name:key in UTF-8, encoded in Base64.",
    )?;
    let text = String::from_utf8(bytes).map_err(|_| {
        "The name and key in the Basic credentials are not UTF-8. Send them in UTF-8: curl takes them as the terminal has them, and Python's requests as bytes, auth=(name.encode(), key.encode())."
    })?;
    let (name, key) = text.split_once(':').ok_or(
        "The Basic credentials have no colon between name and key. Send name:key; in a room without a key, name: alone.",
    )?;
    Ok((name.to_string(), key.to_string()))
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
    use crate::modes::server::api::guess_limiter::AT_ONCE;
    use futures_lite::future::block_on;
    use std::net::IpAddr;

    fn here() -> Asker {
        Asker {
            client: IpAddr::from([127, 0, 0, 1]).into(),
            first: true,
        }
    }

    fn head(fields: &str) -> Head {
        let text = format!("GET / HTTP/1.1\r\n{fields}\r\n\r\n");
        Head::parse(text.as_bytes())
            .expect("a head")
            .expect("whole")
            .0
    }

    fn ticket() -> Ticket {
        Ticket {
            session: [3; 16],
            issued: Stamp::from_micros(1_795_473_297_180_845),
        }
    }

    fn access(key: Option<&str>) -> Access {
        Access::new([7; 32], key.map(str::to_string))
    }

    fn status(result: Result<impl std::fmt::Debug, Response>) -> u16 {
        result.err().map_or(200, |response| response.status())
    }

    #[test]
    fn a_token_proves_its_session_and_no_other_string_does() {
        let access = access(None);
        let token = access.token(ticket(), "uthira");
        let caller = |token: &str| {
            let asked = head(&format!("Host: x\r\nAuthorization: Bearer {token}"));
            block_on(access.caller(&asked, None, here()))
        };
        // The second time it is known already.
        for _ in 0..2 {
            assert_eq!(
                caller(&token).ok(),
                Some(Caller::Member(ticket(), "uthira".into()))
            );
        }
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("ASCII");
            assert_eq!(status(caller(&forged)), 401, "{forged}");
        }
        assert_eq!(status(caller("")), 401);
        // One from before tokens said since when a session is.
        let mut old = [&[1][..], &[3; 16], b"uthira"].concat();
        let signature = access.sign(&old).finalize().into_bytes();
        old.extend_from_slice(&signature);
        assert_eq!(status(caller(&URL_SAFE_NO_PAD.encode(old))), 401);
        // The room key's start does not pass for the name's end.
        let (old, new) = (self::access(Some("abc")), self::access(Some("bc")));
        let signature = |access: &Access, name: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(access.token(ticket(), name));
            bytes.map(|bytes| bytes[bytes.len() - SIGNATURE..].to_vec())
        };
        assert_ne!(signature(&old, "x"), signature(&new, "xa"));
        let other = Access::new([7; 32], Some("a new room key".into()));
        assert_eq!(
            status(block_on(other.caller(
                &head(&format!("Host: x\r\nAuthorization: Bearer {token}")),
                None,
                here()
            ))),
            401
        );
    }

    #[test]
    fn with_a_room_key_nothing_is_read_without_it() {
        let access = access(Some("sesame"));
        let basic =
            |pair: &str| format!("Host: x\r\nAuthorization: Basic {}", STANDARD.encode(pair));
        let caller = |fields: &str| block_on(access.caller(&head(fields), None, here()));
        assert_eq!(status(caller("Host: x")), 401);
        assert_eq!(status(caller(&basic("ci:no"))), 401);
        let right = caller(&basic("ci:sesame"));
        assert_eq!(right.ok(), Some(Caller::Guest("ci".into())));
        // A name alone is no guess.
        for _ in 0..2 * AT_ONCE {
            let refused = caller(&basic("ci:")).expect_err("no key");
            let refused = refused.whole(false, false);
            let refused = String::from_utf8_lossy(&refused).to_string();
            assert!(refused.contains("key_required"), "{refused}");
            assert!(refused.contains("curl -u NAME:KEY"), "{refused}");
        }
        let check = |given| status(block_on(access.check_key(Some(given), here())));
        assert_eq!(check("sesame"), 200);
        for _ in 0..AT_ONCE - 1 {
            assert_eq!(check("guess"), 401);
        }
        // It has to wait a little now, and is let in.
        assert_eq!(check("sesame"), 200);
    }

    #[test]
    fn what_is_wrong_with_credentials_is_said() {
        let access = access(None);
        for (fields, word, part) in [
            ("Basic Y2k6", "", ""),
            ("Basic ZfxyOg==", "credentials_unreadable", "not UTF-8"),
            // What requests makes of ("j\u{fc}rgen", "").
            (
                "Basic avxyZ2VuOg==",
                "credentials_unreadable",
                "auth=(name.encode(), key.encode())",
            ),
            ("basic Y2k=", "credentials_unreadable", "no colon"),
            ("Basic !!", "credentials_unreadable", "not Base64"),
            ("Basic ", "credentials_unknown", "neither"),
            ("Digest x", "credentials_unknown", "neither"),
        ] {
            let asked = head(&format!("Host: x\r\nAuthorization: {fields}"));
            let said = match block_on(access.caller(&asked, None, here())) {
                Ok(_) => String::new(),
                Err(refused) => String::from_utf8_lossy(&refused.whole(false, false)).into(),
            };
            assert!(
                said.contains(word) && said.contains(part),
                "{fields}: {said}"
            );
        }
    }
}
