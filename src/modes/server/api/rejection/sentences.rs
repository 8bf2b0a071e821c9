//! The sentences of the refusals: what happened, and what to do next.

use super::{Rejection, room, seconds};
use crate::event::{self, TextError};
use crate::failure::reason;
use crate::http::host;
use crate::wire::endpoint::{Endpoint, Unrouted};

impl Rejection {
    /// The sentence for people.
    pub(super) fn sentence(&self) -> String {
        match self {
            Rejection::Unrouted { why, path } => match why {
                Unrouted::NoSuchPath => format!("Not found: {path:?}. GET / says how to join."),
                Unrouted::MethodNotAllowed(allowed) => {
                    format!("{path} accepts {allowed} only. GET / says how to join.")
                }
            },
            Rejection::UnknownParameter {
                request,
                name,
                known,
                meant,
            } => unknown_parameter(request, name, known, *meant),
            Rejection::RepeatedParameter(name) => {
                format!("The parameter {name} is given more than once. Give it once.")
            }

            Rejection::HostUnknown(name) => host_unknown(name),
            Rejection::SeveralOrigins => "The request has more than one Origin field.".into(),
            Rejection::ForeignSite(site) => format!(
                "A page from another site ({site}) may not use this room. Open the room's own \
                 address instead."
            ),
            Rejection::ForeignOrigin(origin) => format!(
                "A page from {origin:?} may not use this room. Open the room's own address instead."
            ),

            Rejection::TokenInvalid => {
                "This token is not valid here: it is from another room, from an earlier version of \
                 the server, or from before the room key was changed. Log in again with POST \
                 /session."
                    .into()
            }
            Rejection::TokenRequired(endpoint) => token_required(*endpoint).into(),
            Rejection::CredentialsUnknown => {
                "The Authorization field is neither Bearer with a token nor Basic with name:key. \
                 Send one of them."
                    .into()
            }
            Rejection::BasicNotBase64 => {
                "The Basic credentials are not Base64. Send name:key in UTF-8, encoded in Base64."
                    .into()
            }
            Rejection::BasicNotUtf8 => {
                "The name and key in the Basic credentials are not UTF-8. Send them in UTF-8: curl \
                 sends what the terminal gives it, and Python's requests needs bytes, \
                 auth=(name.encode(), key.encode())."
                    .into()
            }
            Rejection::BasicWithoutColon => {
                "The Basic credentials have no colon between name and key. Send name:key; in a \
                 room without a key, just name:."
                    .into()
            }
            Rejection::KeyRequired => {
                "This room has a key. Ask the operator for it, and send it as the password (curl \
                 -u NAME:KEY) or with the login."
                    .into()
            }
            Rejection::KeyWrong => "The room key is wrong. Ask the operator, and try again.".into(),
            Rejection::TooManyKeys(wait) => format!(
                "Too many room keys are being tried from your address, so this one was not \
                 checked. Try again in {} s.",
                seconds(*wait)
            ),
            Rejection::NotLoggedIn => {
                "This message has no sender: log in with POST /session and send the token, or send \
                 a name alone (curl -u NAME:)."
                    .into()
            }

            Rejection::LoginNotJson(error) => format!(
                "The body is not {{\"name\":\"...\",\"key\":\"...\"}}: {error}. The name alone, as \
                 plain text, also works."
            ),
            Rejection::LoginNotUtf8 => "The name is not UTF-8. Send it in UTF-8.".into(),
            Rejection::Name(error) | Rejection::NameUnfit(error) => error.to_string(),
            Rejection::NoRandomness(error) => {
                format!("The server cannot make a secret token: {error}.")
            }
            Rejection::SessionEnded => {
                "This session was ended by its owner. Log in again with POST /session.".into()
            }
            Rejection::NameLost => {
                "Somebody took your name, or a similar one, while you were away. Log in again with \
                 POST /session."
                    .into()
            }
            Rejection::Room(denied) => room::sentence(denied),

            Rejection::BadKey => format!(
                "An Idempotency-Key is 1 to {} visible ASCII characters without spaces, other than \
                 a single \"-\".",
                event::MAX_KEY
            ),
            Rejection::KeyReused => {
                "This Idempotency-Key was used for another text. Use a new key for every message."
                    .into()
            }
            Rejection::Text(error) => match error {
                TextError::NotUtf8(at) => {
                    format!("Invalid UTF-8 at byte {at}. Send the text in UTF-8.")
                }
                TextError::Empty => "The message is empty. Write something.".into(),
                TextError::TooLong => format!(
                    "A message has at most {} bytes. Send it in parts.",
                    event::MAX_TEXT
                ),
            },

            Rejection::BadCount(name, most) => {
                format!(
                    "{name} must be a whole number from 0 to {most}. For more, use since=all \
                     without {name}."
                )
            }
            Rejection::BadLimit(most) => format!(
                "limit must be a whole number from 1 to {most}. For more, ask again from the \
                 answer's next."
            ),
            Rejection::BadSince => {
                "since must be an id, a time such as 2026-11-23T22:34:57Z, a length of time such \
                 as 15m, all or latest."
                    .into()
            }
            Rejection::SinceWithLast => {
                "since and last cannot be combined: since says where to start, last how many \
                 events before now. Leave one out; max limits what since gives."
                    .into()
            }
            Rejection::SinceWithBefore => {
                "since goes forward and before goes back: give only one of them.".into()
            }
            Rejection::BadBefore(error) => format!("before is not an id: {error}."),
            Rejection::BadFind(most) => format!("find needs 1 to {most} bytes of text."),
            Rejection::BadPoll => "poll must be 0 or 1.".into(),
            Rejection::IdEarlier(file) => format!(
                "This id is from an earlier log of this room, {file}, which the operator has. Ask \
                 again with since=all, last=50 or a time."
            ),
            Rejection::IdForeign => {
                "This id is from another log. Ask again with since=all, last=50 or a time.".into()
            }
            Rejection::IdUnknown => {
                "No event in this room has this id. Ask again with since=all, last=50 or a time."
                    .into()
            }
            Rejection::EventForeign => {
                "This id is from another log, which this room no longer has.".into()
            }
            Rejection::EventUnknown => {
                "No event in this room has this id. GET /messages lists the events.".into()
            }

            Rejection::BeyondLog(end) => format!("The log ends at byte {end}; ask again later."),
            Rejection::LogUnreadable(error) => format!(
                "The server cannot read its log: {}. Tell the operator.",
                reason(error)
            ),

            Rejection::ServerFull => {
                "The server has no free connections. Try again in a moment.".into()
            }
            Rejection::TooManyConnections(wait) => format!(
                "Your address has all the connections it may have, or opens too many at once. \
                 Close windows or programs that listen here, or try again in {} s.",
                seconds(*wait)
            ),
        }
    }
}

/// The sentence for a parameter that `request` does not have; `known` are those that it has, `meant` the
/// one that was probably meant.
fn unknown_parameter(request: &str, name: &str, known: &[&str], meant: Option<&str>) -> String {
    match (meant, known) {
        (Some(meant), _) => {
            format!("{request} has no parameter {name:?}; perhaps you meant {meant}.")
        }
        (None, []) if name == "token" => {
            format!("{request} has no parameter {name:?}. Send the token as Authorization: Bearer.")
        }
        (None, []) => format!("{request} takes no parameters. Leave {name:?} out."),
        (None, _) => {
            let known = known.join(", ");
            format!("{request} has no parameter {name:?}. It has {known}.")
        }
    }
}

/// The sentence for a `name` that the server does not go by, with a flag if the name is one that may be
/// pasted into a shell.
fn host_unknown(name: &str) -> String {
    let advice = if host::is_plain(name) {
        format!(", or start it with --host-name {name}")
    } else {
        String::new()
    };
    format!("This server does not have the name {name:?}. Use its address{advice}.")
}

/// The sentence for a request without a token to an endpoint for the owners of sessions.
fn token_required(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::LogOut => "Only a session can be ended. Send its token as Authorization: Bearer.",
        _ => "Only a session can ask about itself. Send its token as Authorization: Bearer.",
    }
}
