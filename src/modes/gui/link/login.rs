//! Logging in and off: `POST /session` and `DELETE /session`.

use std::time::Duration;

use serde::Serialize;

use super::connection::{Connection, Request, Trouble, within};
use crate::modes::gui::address::Address;
use crate::modes::gui::talk::{Field, Login};
use crate::wire::{Refusal, Session};

/// Why a login did not work.
pub(super) enum NotIn {
    /// Something has to be changed first; what, why, and after which time it may be free.
    Refused {
        field: Field,
        sentence: String,
        again: Option<Duration>,
    },
    /// It may work later.
    Later {
        why: String,
        /// The server itself said so.
        heard: bool,
        again: Option<Duration>,
    },
}

impl From<Trouble> for NotIn {
    fn from(trouble: Trouble) -> NotIn {
        NotIn::Later {
            why: trouble.to_string(),
            heard: false,
            again: None,
        }
    }
}

#[derive(Serialize)]
struct Who<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

/// Asks to be let in.
pub(super) async fn log_in(login: &Login) -> Result<Session, NotIn> {
    let who = Who {
        name: &login.name,
        key: login.key.as_deref(),
    };
    let body = serde_json::to_vec(&who).unwrap_or_default();
    let mut connection = Connection::open(&login.address).await?;
    let answer = connection
        .ask(&Request {
            method: "POST",
            path: "/session",
            token: None,
            fields: vec!["Content-Type: application/json".to_string()],
            body: &body,
        })
        .await?;
    let again = answer.head.retry_after().map(Duration::from_secs);
    let refused = |field, sentence| {
        Err(NotIn::Refused {
            field,
            sentence,
            again,
        })
    };
    match (answer.head.status, answer.json::<Refusal>()) {
        (200 | 201, _) => match answer.json::<Session>() {
            // The token goes back in a header of every request.
            Some(session) if is_token(&session.token) => Ok(session),
            _ => refused(
                Field::Address,
                no_chatroom(&login.address, &answer.sentence()),
            ),
        },
        (401, Some(_)) => refused(Field::Key, answer.sentence()),
        (429 | 503 | 507, _) => Err(NotIn::Later {
            why: answer.sentence(),
            heard: true,
            again,
        }),
        (421 | 403, Some(_)) => refused(Field::Address, answer.sentence()),
        (400..=499, Some(_)) => refused(Field::Name, answer.sentence()),
        _ => refused(
            Field::Address,
            no_chatroom(&login.address, &answer.sentence()),
        ),
    }
}

/// Says goodbye, within `limit`; the server would notice by itself a little later.
pub(super) async fn log_off(address: &Address, token: &str, limit: Duration) {
    let done = within(limit, async {
        let mut connection = Connection::open(address).await?;
        let request = Request {
            method: "DELETE",
            path: "/session",
            token: Some(token),
            fields: vec!["Connection: close".to_string()],
            body: &[],
        };
        connection.begin(&request).await
    });
    // Whatever came of it, we are gone.
    let _ = done.await;
}

fn is_token(text: &str) -> bool {
    (1..=4096).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

fn no_chatroom(address: &Address, why: &str) -> String {
    format!("There is no chatroom at {address}: {why}. Check the address and the port.")
}
