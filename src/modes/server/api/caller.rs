//! The caller of a request, resolved once before any handler runs.
//!
//! What always holds: a handler is only given callers that its endpoint's row in the table of
//! [endpoints](crate::wire::endpoint) admits.

use std::net::IpAddr;

use crate::http::Head;
use crate::modes::server::console::Console;
use crate::modes::server::room::client::Client;
use crate::wire::endpoint::{Access, Endpoint};

use super::ApiRequest;
use super::credentials::{self, Credentials};
use super::key_check::RoomKey;
use super::rejection::Rejection;
use super::tokens::{Owner, Tokens};

/// The source of a request, as far as its connection and the trusted proxies tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    /// The address that the request counts for.
    pub(super) client: Client,
    /// True if no room key came on its connection before.
    pub(super) first: bool,
    /// True if a trusted proxy had it by TLS.
    pub(super) encrypted: bool,
}

/// The caller of a request.
#[derive(Debug)]
pub(super) struct Caller {
    /// The address that the request counts for.
    pub(super) client: Client,
    identity: Identity,
}

/// The credentials of a caller, judged.
#[derive(Debug)]
enum Identity {
    /// The owner of a session.
    Session(Owner),
    /// A name without a session, with the room's key if there is one.
    Guest(String),
    /// No name. The room's key, if there is one, was shown where that matters.
    Nameless,
    /// Neither credentials that are right nor the room's key. Only endpoints for anybody see such callers.
    Stranger(Rejection),
}

impl Caller {
    /// The owner of the session that the caller shows, if it shows one.
    pub(super) fn session(&self) -> Option<&Owner> {
        match &self.identity {
            Identity::Session(owner) => Some(owner),
            Identity::Guest(_) | Identity::Nameless | Identity::Stranger(_) => None,
        }
    }

    /// The owner of the session that `endpoint` is for.
    ///
    /// # Errors
    /// The caller shows none.
    pub(super) fn owner(&self, endpoint: Endpoint) -> Result<&Owner, Rejection> {
        self.session().ok_or(Rejection::TokenRequired(endpoint))
    }

    /// The caller's name.
    ///
    /// # Errors
    /// The caller has none.
    pub(super) fn name(&self) -> Result<&str, Rejection> {
        match &self.identity {
            Identity::Session(owner) => Ok(&owner.name),
            Identity::Guest(name) => Ok(name),
            Identity::Nameless | Identity::Stranger(_) => Err(Rejection::NotLoggedIn),
        }
    }

    /// Tells whether the caller has shown neither right credentials nor the room's key.
    pub(super) fn is_stranger(&self) -> bool {
        matches!(self.identity, Identity::Stranger(_))
    }

    /// The reason why a stranger may not read the room.
    pub(super) fn refusal(&self) -> Option<&Rejection> {
        match &self.identity {
            Identity::Stranger(why) => Some(why),
            Identity::Session(_) | Identity::Guest(_) | Identity::Nameless => None,
        }
    }

    /// The address whose turn a reading of the log takes. A whole IPv6 network has one, so that nobody gets more
    /// turns by more addresses.
    pub(super) fn turn_address(&self) -> IpAddr {
        self.client.network().address()
    }
}

/// The judge of credentials: tokens and the room key.
#[derive(Debug)]
pub struct Callers {
    tokens: Tokens,
    key: Option<RoomKey>,
}

impl Callers {
    /// `secret` signs the tokens, `key` is the room's.
    pub fn new(secret: [u8; 32], key: Option<String>) -> Callers {
        Callers {
            tokens: Tokens::new(secret, key.clone()),
            key: key.map(|key| RoomKey::new(secret, key)),
        }
    }

    /// A judge that also tells the operator from where wrong keys come.
    pub fn telling(self, console: Console) -> Callers {
        let key = self.key.map(|key| key.telling(console));
        Callers { key, ..self }
    }

    /// Tells whether the room has a key.
    pub fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// The tokens of the room.
    pub(super) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Resolves the caller of a request for `endpoint`.
    ///
    /// # Errors
    /// The endpoint is not for it, its credentials are wrong, or too many keys are tried from its address.
    pub(super) async fn resolve(
        &self,
        endpoint: Endpoint,
        request: &ApiRequest,
    ) -> Result<Caller, Rejection> {
        let identity = match endpoint.access() {
            Access::Anybody => self.anybody(&request.head, request.source).await,
            Access::Newcomer => self.newcomer(request).await?,
            Access::Reader | Access::Speaker | Access::Session => {
                let token = if endpoint.takes("token") {
                    request.head.parameter("token")
                } else {
                    None
                };
                self.known(&request.head, token.as_deref(), request.source)
                    .await?
            }
        };
        let caller = Caller {
            client: request.source.client,
            identity,
        };
        match endpoint.access() {
            Access::Session => caller.owner(endpoint).map(drop)?,
            // A speaker without a name hears of faults in the message first, from the handler.
            Access::Speaker | Access::Reader | Access::Newcomer | Access::Anybody => {}
        }
        Ok(caller)
    }

    /// Judges the credentials of a request; `token` is one that came in the query.
    async fn known(
        &self,
        head: &Head,
        token: Option<&str>,
        source: Source,
    ) -> Result<Identity, Rejection> {
        match Credentials::read(head, token)? {
            Credentials::Token(token) => {
                let owner = self.tokens.owner(token);
                owner.map(Identity::Session).ok_or(Rejection::TokenInvalid)
            }
            Credentials::Basic(name, key) => {
                self.check_key(Some(&key), source).await?;
                Ok(Identity::Guest(name))
            }
            Credentials::None => {
                self.check_key(None, source).await?;
                Ok(Identity::Nameless)
            }
        }
    }

    /// Judges credentials that are not needed. A caller with the key needs no name.
    async fn anybody(&self, head: &Head, source: Source) -> Identity {
        match self.known(head, None, source).await {
            Err(why) if self.has_key() => Identity::Stranger(why),
            _ => Identity::Nameless,
        }
    }

    /// Judges a login. The key may come in the body, or as Basic credentials as it does everywhere else. A
    /// token stands for no key: its session may be over.
    async fn newcomer(&self, request: &ApiRequest) -> Result<Identity, Rejection> {
        let (name, key) = credentials::login(&request.head, &request.body)?;
        let source = request.source;
        let shown = key.is_none()
            && matches!(
                self.known(&request.head, None, source).await?,
                Identity::Guest(_)
            );
        if !shown {
            self.check_key(key.as_deref(), source).await?;
        }
        Ok(Identity::Guest(name))
    }

    /// Checks the room key that was given, if the room has one.
    async fn check_key(&self, given: Option<&str>, source: Source) -> Result<(), Rejection> {
        let Some(key) = &self.key else {
            return Ok(());
        };
        // curl -u NAME: gives an empty one, which is nobody's guess.
        match given.filter(|given| !given.is_empty()) {
            Some(given) => key.check(given, source.client, source.first).await,
            None => Err(Rejection::KeyRequired),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Stamp;
    use crate::http::Persistence;
    use crate::modes::server::api::guess_limiter::AT_ONCE;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use futures_lite::future::block_on;

    fn here() -> Source {
        Source {
            client: IpAddr::from([127, 0, 0, 1]).into(),
            first: true,
            encrypted: false,
        }
    }

    #[test]
    fn no_secret_is_in_what_is_shown_for_debugging() {
        let callers = Callers::new([171; 32], Some("sesame".into()));
        let token = callers.tokens().token(&Owner {
            session: [3; 16],
            issued: Stamp::from_micros(0),
            name: "ann".into(),
        });
        assert!(callers.tokens().owner(&token).is_some(), "it is remembered");
        let shown = format!("{callers:?} {:?}", callers.tokens());
        assert!(shown.contains("Tokens") && shown.contains("RoomKey"));
        for secret in ["171", "sesame", &token] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn with_a_room_key_nothing_is_read_without_it() {
        let callers = Callers::new([7; 32], Some("sesame".into()));
        let known = |fields: &str| {
            let text = format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
            let head = Head::parse(text.as_bytes()).expect("a head");
            block_on(callers.known(&head.expect("whole").0, None, here()))
        };
        let basic = |pair: &str| format!("Authorization: Basic {}\r\n", STANDARD.encode(pair));
        assert!(matches!(known(""), Err(Rejection::KeyRequired)));
        assert!(matches!(known(&basic("ci:no")), Err(Rejection::KeyWrong)));
        let right = known(&basic("ci:sesame"));
        assert!(matches!(right, Ok(Identity::Guest(name)) if name == "ci"));
        // A name alone is no guess.
        for _ in 0..2 * AT_ONCE {
            let refused = known(&basic("ci:")).expect_err("no key");
            let refused = refused.response().whole(Persistence::Keep);
            let refused = String::from_utf8_lossy(&refused).to_string();
            assert!(refused.contains("key_required"), "{refused}");
            assert!(refused.contains("curl -u NAME:KEY"), "{refused}");
        }
        let check = |given| {
            let checked = block_on(callers.check_key(Some(given), here()));
            checked.map_or_else(|rejection| rejection.status(), |()| 200)
        };
        assert_eq!(check("sesame"), 200);
        for _ in 0..AT_ONCE - 1 {
            assert_eq!(check("guess"), 401);
        }
        // It has to wait a little now, and is let in.
        assert_eq!(check("sesame"), 200);
    }
}
