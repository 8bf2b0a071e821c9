//! The answers where the room denies what was asked.

use super::{retry, seconds, unauthorized};
use crate::http::Response;
use crate::modes::server::room::presence::Denied;
use crate::modes::server::room::quotas::Over;

/// The answer where the room denies what was asked.
pub(super) fn response(denied: &Denied) -> Response {
    match denied {
        Denied::Taken(None) | Denied::Already => Response::refusal(
            409,
            "name_taken",
            "That name is in use. Choose another one.",
        ),
        Denied::Taken(Some(held)) => {
            let wait = seconds(*held);
            let message = format!(
                "This name is still held for somebody who just left. Try again in {wait} s, or choose another one."
            );
            retry(wait, Response::refusal(409, "name_taken", message))
        }
        Denied::Confusable(other) => {
            let message = format!(
                "This name could be mistaken for {other}, who is here. Choose another one."
            );
            Response::refusal(409, "name_confusable", message)
        }
        Denied::RoomFull => retry(
            30,
            Response::refusal(
                503,
                "room_full",
                "The room is full. Try again when somebody has left.",
            ),
        ),
        Denied::Address(Over::Names(whose, most)) => {
            let whose = match whose.is_network() {
                true => format!("network ({whose})"),
                false => "address".to_string(),
            };
            let message = format!(
                "Your {whose} already has {most} names here, the most it may have. Try again when \
                 one of them has left."
            );
            retry(30, Response::refusal(429, "too_many_names", message))
        }
        Denied::Address(Over::Joins(wait)) => {
            let wait = seconds(*wait);
            let message = format!(
                "Too many people are joining from your address at once. Try again in {wait} s."
            );
            retry(wait, Response::refusal(429, "too_many_joins", message))
        }
        Denied::Ended => unauthorized(
            "session_over",
            "This session was ended. Log in again with POST /session.",
        ),
        Denied::TooOld => unauthorized(
            "session_over",
            "This session is too old for the server to know whether it was ended. Log in again \
             with POST /session.",
        ),
        Denied::NotYet => retry(
            1,
            Response::refusal(
                503,
                "starting",
                "The server has just started and is still reading earlier keys from its log. \
                 Nothing was stored; repeat it in a moment with the same Idempotency-Key.",
            ),
        ),
        Denied::LogFull => retry(
            5,
            Response::refusal(
                507,
                "log_full",
                "There is no space left for the server's log. Nothing was stored; repeat it when \
                 the operator has freed some.",
            ),
        ),
        Denied::LogUnknown => Response::refusal(
            503,
            "unknown",
            "The server's disk failed. The request may or may not have been stored: repeat it with the \
             same Idempotency-Key.",
        ),
        Denied::LogGone => Response::refusal(
            503,
            "unknown",
            "Somebody moved or changed the server's log, so the server stops. The request may or may not \
             have been stored: when the server is back, repeat it with the same Idempotency-Key.",
        ),
        Denied::Busy => retry(
            1,
            Response::refusal(
                503,
                "busy",
                "The server is too busy. Nothing was stored; repeat it in a moment.",
            ),
        ),
        Denied::TooMany => retry(
            1,
            Response::refusal(
                429,
                "too_many_waiting",
                "Too many messages from your address are waiting already. Nothing was stored; \
                 repeat it in a moment.",
            ),
        ),
        Denied::TooFast(wait) => {
            let wait = seconds(*wait);
            let message =
                format!("You are sending too fast. Nothing was stored; repeat it in {wait} s.");
            retry(wait, Response::refusal(429, "too_fast", message))
        }
        Denied::Stopping => retry(
            2,
            Response::refusal(
                503,
                "stopping",
                "The server is stopping. Nothing was stored; repeat it when it is back.",
            ),
        ),
    }
}
