//! The sentences in which requests are refused: what happened, and what to do next.

use std::time::Duration;

use crate::event::{self, TextError};
use crate::http::Response;
use crate::name::NameError;
use crate::wire::Refusal;
use crate::wire::endpoint::Unrouted;

use super::access::unauthorized;
use crate::modes::server::room::order::Refused;
use crate::modes::server::room::presence::Denied;
use crate::modes::server::room::quotas::Over;

pub fn name_refused(error: &NameError) -> Response {
    let (word, limit) = match error {
        NameError::Empty => ("name_empty", None),
        NameError::TooLong { limit, .. } => ("name_too_long", Some(*limit as u64)),
        NameError::TooManyBytes(_) => ("name_too_long", Some(crate::name::MAX_BYTES as u64)),
        NameError::TooManyMarks | NameError::Forbidden(_) | NameError::Reserved => {
            ("name_forbidden", None)
        }
    };
    Response::json(
        422,
        &Refusal {
            error: word.into(),
            message: error.to_string(),
            limit,
            ..Refusal::default()
        },
    )
}

pub fn denied(refused: Denied) -> Response {
    match refused {
        Denied::Taken(None) | Denied::Already => Response::refusal(
            409,
            "name_taken",
            "Somebody here has this name. Choose another one.",
        ),
        Denied::Taken(Some(held)) => {
            let wait = seconds(held);
            let message = format!(
                "This name is still held for somebody who just left. Try again in {wait} s, or choose another one."
            );
            Response::refusal(409, "name_taken", message).field("Retry-After", wait.to_string())
        }
        Denied::Confusable(other) => {
            let message = format!(
                "This name could be mistaken for {other}, who is here. Choose another one."
            );
            Response::refusal(409, "name_confusable", message)
        }
        Denied::RoomFull => Response::refusal(
            503,
            "room_full",
            "The room is full. Try again when somebody has left.",
        )
        .field("Retry-After", "30"),
        Denied::Address(Over::Names(whose, most)) => {
            let whose = match whose.is_network() {
                true => format!("network ({whose})"),
                false => "address".to_string(),
            };
            let message = format!(
                "There are {most} names here from your {whose}, and it may have no more. Try again when one of them has left."
            );
            Response::refusal(429, "too_many_names", message).field("Retry-After", "30")
        }
        Denied::Address(Over::Joins(wait)) => {
            let wait = seconds(wait);
            let message = format!(
                "Too many come in from your address, and wait for their turn. Try again in {wait} s."
            );
            Response::refusal(429, "too_many_joins", message).field("Retry-After", wait.to_string())
        }
        Denied::Ended => unauthorized(
            "session_over",
            "This session was ended. Log in again with POST /session.",
        ),
        Denied::TooOld => unauthorized(
            "session_over",
            "This session is from before what the server knows of ended ones, which it has read back from its log. Log in again with POST /session.",
        ),
        Denied::NotYet => not_yet(),
        Denied::Order(refused) => order_refused(refused),
    }
}

/// The answer to a request that no endpoint takes.
pub fn unrouted(unrouted: Unrouted, path: &str) -> Response {
    match unrouted {
        Unrouted::NoSuchPath => {
            let message = format!("There is nothing at {path:?}. GET / tells how to join.");
            Response::refusal(404, "not_found", message)
        }
        Unrouted::MethodNotAllowed(allowed) => {
            let message = format!("{path} is for {allowed} only. GET / tells how to join.");
            Response::refusal(405, "method_not_allowed", message).field("Allow", allowed)
        }
    }
}

/// The answer where the log has not been read back far enough.
pub fn not_yet() -> Response {
    Response::refusal(
        503,
        "starting",
        "The server has just started and still reads its log for the keys of before. Nothing was stored; repeat it with the same Idempotency-Key in a moment.",
    )
    .field("Retry-After", "1")
}

pub fn order_refused(refused: Refused) -> Response {
    match refused {
        Refused::Full => Response::refusal(
            507,
            "log_full",
            "There is no room for more in the server's log. Nothing was stored; repeat it when the operator has made space.",
        )
        .field("Retry-After", "5"),
        Refused::Unknown => Response::refusal(
            503,
            "unknown",
            "The server's disk failed. Whether this was stored is not known: repeat it with the same Idempotency-Key.",
        ),
        Refused::Gone => Response::refusal(
            503,
            "unknown",
            "The server's log was moved or changed by somebody, so it stops. Whether this was stored is not known: when \
             it is back, repeat it with the same Idempotency-Key.",
        ),
        Refused::Busy => Response::refusal(503, "busy", "The server is too busy. Nothing was stored; repeat it in a moment.")
            .field("Retry-After", "1"),
        Refused::TooMany => Response::refusal(
            429,
            "too_many_waiting",
            "Too much of your address waits to be stored already. Nothing of this was; repeat it in a moment.",
        )
        .field("Retry-After", "1"),
        Refused::TooFast(wait) => {
            let wait = seconds(wait);
            let message = format!("You are sending too fast. Nothing was stored; repeat it in {wait} s.");
            Response::refusal(429, "too_fast", message).field("Retry-After", wait.to_string())
        }
        Refused::Stopping => Response::refusal(503, "stopping", "The server is stopping. Nothing was stored; repeat it when it is back.")
            .field("Retry-After", "2"),
    }
}

/// Whole seconds for `Retry-After`, never too few.
pub fn seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).max(1) as u64
}

pub fn text_refused(error: TextError) -> Response {
    match error {
        TextError::NotUtf8(at) => Response::refusal(
            400,
            "not_utf8",
            format!("The text is not UTF-8 from byte {at} on. Send it in UTF-8."),
        ),
        TextError::Empty => {
            Response::refusal(422, "text_empty", "The message is empty. Write something.")
        }
        TextError::TooLong => Response::json(
            413,
            &Refusal {
                error: "text_too_long".into(),
                message: format!(
                    "A message has at most {} bytes. Send it in parts.",
                    event::MAX_TEXT
                ),
                limit: Some(event::MAX_TEXT as u64),
                ..Refusal::default()
            },
        ),
    }
}

pub fn not_logged_in() -> Response {
    unauthorized(
        "not_logged_in",
        "Say who you are: log in with POST /session and send its token, or send a name alone (curl -u NAME:).",
    )
}

pub fn journal_unreadable(error: std::io::Error) -> Response {
    let message = format!(
        "The server cannot read its log: {}. Tell whoever runs it.",
        crate::failure::reason(&error)
    );
    Response::refusal(500, "log_unreadable", message)
}
