//! The answers where the room denies what was asked.

use std::time::Duration;

use super::seconds;
use crate::modes::server::room::presence::Denied;
use crate::modes::server::room::quotas::Over;

/// The status and the code of the answer.
pub(super) fn code(denied: &Denied) -> (u16, &'static str) {
    match denied {
        Denied::Taken(_) | Denied::Already => (409, "name_taken"),
        Denied::Confusable(_) => (409, "name_confusable"),
        Denied::RoomFull => (503, "room_full"),
        Denied::Address(Over::Names(..)) => (429, "too_many_names"),
        Denied::Address(Over::Joins(_)) => (429, "too_many_joins"),
        Denied::Ended | Denied::TooOld => (401, "session_over"),
        Denied::NotYet => (503, "starting"),
        Denied::LogFull => (507, "log_full"),
        Denied::LogUnknown | Denied::LogGone => (503, "unknown"),
        Denied::Busy => (503, "busy"),
        Denied::TooMany => (429, "too_many_waiting"),
        Denied::TooFast(_) => (429, "too_fast"),
        Denied::Stopping => (503, "stopping"),
    }
}

/// The time after which the same request may be granted, if waiting helps.
pub(super) fn retry_after(denied: &Denied) -> Option<Duration> {
    Some(match denied {
        Denied::Taken(None) | Denied::Already | Denied::Confusable(_) => return None,
        Denied::Ended | Denied::TooOld => return None,
        Denied::LogUnknown | Denied::LogGone => return None,
        Denied::Taken(Some(wait)) | Denied::Address(Over::Joins(wait)) => *wait,
        Denied::TooFast(wait) => *wait,
        Denied::RoomFull | Denied::Address(Over::Names(..)) => Duration::from_secs(30),
        Denied::LogFull => Duration::from_secs(5),
        Denied::Stopping => Duration::from_secs(2),
        Denied::NotYet | Denied::Busy | Denied::TooMany => Duration::from_secs(1),
    })
}

/// The sentence for people.
pub(super) fn sentence(denied: &Denied) -> String {
    match denied {
        Denied::Taken(None) | Denied::Already => "That name is in use. Choose another one.".into(),
        Denied::Taken(Some(wait)) => format!(
            "This name is still held for somebody who just left. Try again in {} s, or choose \
             another one.",
            seconds(*wait)
        ),
        Denied::Confusable(other) => {
            format!("This name could be mistaken for {other}, who is here. Choose another one.")
        }
        Denied::RoomFull => "The room is full. Try again when somebody has left.".into(),
        Denied::Address(Over::Names(client, most)) => {
            let whose = if client.is_network() {
                format!("network ({client})")
            } else {
                "address".to_string()
            };
            format!(
                "Your {whose} already has {most} names here, the most it may have. Try again when \
                 one of them has left."
            )
        }
        Denied::Address(Over::Joins(wait)) => format!(
            "Too many people are joining from your address at once. Try again in {} s.",
            seconds(*wait)
        ),
        Denied::Ended => "This session was ended. Log in again with POST /session.".into(),
        Denied::TooOld => {
            "This session is too old for the server to know whether it was ended. Log in again \
             with POST /session."
                .into()
        }
        Denied::NotYet => {
            "The server has just started and is still reading its log. Nothing was stored; repeat \
             the request in a moment, a message with the same Idempotency-Key."
                .into()
        }
        Denied::LogFull => {
            "There is no space left for the server's log. Nothing was stored; repeat it when the \
             operator has freed some."
                .into()
        }
        Denied::LogUnknown => {
            "The server's disk failed. The request may or may not have been stored: repeat it with \
             the same Idempotency-Key."
                .into()
        }
        Denied::LogGone => {
            "Somebody removed, moved, shortened or changed the server's log, so the server stops. \
             The request may or may not have been stored: when the server is back, repeat it with \
             the same Idempotency-Key."
                .into()
        }
        Denied::Busy => "The server is too busy. Nothing was stored; repeat it in a moment.".into(),
        Denied::TooMany => {
            "Too many messages from your address are waiting already. Nothing was stored; repeat \
             it in a moment."
                .into()
        }
        Denied::TooFast(wait) => format!(
            "You are sending too fast. Nothing was stored; repeat it in {} s.",
            seconds(*wait)
        ),
        Denied::Stopping => {
            "The server is stopping. Nothing was stored; repeat it when it is back.".into()
        }
    }
}
