//! The requests of the session: `POST /session`, `GET /session` with a saved token, `DELETE
//! /session`.

use std::time::Duration;

use serde::Serialize;

use super::Shared;
use super::connection::{LinkConnection, ServerReply, Trouble, within};
use crate::address::Address;
use crate::http::exchange::ClientRequest;
use crate::modes::gui::talk::{Field, Login};
use crate::wire::endpoint::SESSION;
use crate::wire::{Refusal, Session};

/// Longest name of a member or a room, in bytes, that is accepted from a server.
const MAX_WORD: usize = 1024;

/// The reason why a login failed.
pub(super) enum LoginError {
    /// The user has to change a field; the name may be free after `again`.
    Refused {
        field: Field,
        sentence: String,
        limit: Option<u64>,
        again: Option<Duration>,
    },
    /// The login may be accepted later.
    Later {
        why: String,
        /// The server itself said so.
        heard: bool,
        again: Option<Duration>,
    },
    /// The user wants another attempt at once.
    Hurried,
}

impl From<Trouble> for LoginError {
    fn from(trouble: Trouble) -> LoginError {
        LoginError::Later {
            why: trouble.to_string(),
            heard: false,
            again: None,
        }
    }
}

#[derive(Serialize)]
struct LoginBody<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

/// Logs in with the name and the key.
pub(super) async fn log_in(shared: &Shared, login: &Login) -> Result<Session, LoginError> {
    let body = LoginBody {
        name: &login.name,
        key: login.key.as_deref(),
    };
    let body = serde_json::to_vec(&body).unwrap_or_default();
    // Only connecting is cut short: a login that was sent may have been accepted already.
    let connecting = LinkConnection::open(&login.address);
    let mut connection = shared
        .unless_hurried(connecting)
        .await
        .ok_or(LoginError::Hurried)??;
    let answer = connection
        .ask(&ClientRequest {
            method: "POST",
            path: SESSION,
            fields: &[("Content-Type", "application/json")],
            body: &body,
            ..ClientRequest::default()
        })
        .await?;
    match answer.head.status {
        200 | 201 => session(&answer).ok_or_else(|| not_here(login, &answer)),
        _ => Err(refusal(login, &answer)),
    }
}

/// Asks for the session of a token. Returns `None` if there is none any more, or if the server does
/// not know the request; then a login is needed.
pub(super) async fn session_of(
    shared: &Shared,
    login: &Login,
    token: &str,
) -> Result<Option<Session>, LoginError> {
    if !is_token(token) {
        return Ok(None);
    }
    let asking = async {
        let mut connection = LinkConnection::open(&login.address).await?;
        connection.ask(&ClientRequest::get(SESSION, token)).await
    };
    let answer = shared
        .unless_hurried(asking)
        .await
        .ok_or(LoginError::Hurried)??;
    match answer.head.status {
        200 => Ok(session(&answer)),
        403 | 421 | 429 | 503 | 507 => Err(refusal(login, &answer)),
        _ => Ok(None),
    }
}

/// Returns the session in an answer, if it is usable.
fn session(answer: &ServerReply) -> Option<Session> {
    let session = answer.json::<Session>()?;
    let short = |word: &str| word.len() <= MAX_WORD;
    // The token goes into a header of every request.
    let usable = is_token(&session.token) && short(&session.name) && short(&session.room);
    usable.then_some(session)
}

fn refusal(login: &Login, answer: &ServerReply) -> LoginError {
    let said = answer.json::<Refusal>();
    let again = answer.head.retry_after().map(Duration::from_secs);
    let field = match (answer.head.status, &said) {
        (429 | 503 | 507, _) => {
            return LoginError::Later {
                why: answer.sentence(),
                heard: true,
                again,
            };
        }
        (401, Some(_)) => Field::Key,
        (421 | 403, Some(_)) => Field::Address,
        (400..=499, Some(_)) => Field::Name,
        _ => return not_here(login, answer),
    };
    LoginError::Refused {
        field,
        sentence: answer.sentence(),
        limit: said.and_then(|refusal| refusal.limit),
        again,
    }
}

fn not_here(login: &Login, answer: &ServerReply) -> LoginError {
    LoginError::Refused {
        field: Field::Address,
        sentence: format!(
            "There is no chatroom at {}: {}. Check the address and the port.",
            login.address,
            answer.sentence()
        ),
        limit: None,
        again: None,
    }
}

/// Ends the session, within `limit`. If that fails, the server notices a little later by itself.
pub(super) async fn log_off(address: &Address, token: &str, limit: Duration) {
    let done = within(limit, async {
        let mut connection = LinkConnection::open(address).await?;
        let request = ClientRequest {
            method: "DELETE",
            path: SESSION,
            token: Some(token),
            fields: &[("Connection", "close")],
            ..ClientRequest::default()
        };
        connection.begin(&request).await
    });
    // The link ends either way.
    let _ = done.await;
}

fn is_token(text: &str) -> bool {
    (1..=4096).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}
