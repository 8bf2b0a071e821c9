//! Rejections: every reason for which a request is refused, and the answer to each of them. Handlers
//! name the reason; status, code, sentence and fields are only here.
//!
//! A refusal passes up to four layers, each with its own type:
//!
//! | layer | type | says |
//! |---|---|---|
//! | committer | `room::order::Refused` | an order is not, or perhaps not, recorded: no space, a failed disk, a lost log, a stop |
//! | room | `room::presence::Denied` | the room does not do what was asked; has all of `Refused` |
//! | API | [`Rejection`] | the request is refused; has all of `Denied` |
//! | JSON | `wire::Refusal` | the answer's body: code, sentence, limit |

mod room;

use std::io;
use std::time::Duration;

use crate::event::{self, TextError};
use crate::http::{Response, host};
use crate::name::{self, NameError};
use crate::wire::Refusal;
use crate::wire::endpoint::{Endpoint, Unrouted};

use crate::modes::server::room::presence::Denied;

/// The reason why a request is refused.
#[derive(Debug)]
pub(super) enum Rejection {
    /// No endpoint has the path and the method.
    Unrouted {
        /// The reason.
        why: Unrouted,
        /// The path.
        path: String,
    },
    /// The endpoint has no parameter of that name.
    UnknownParameter {
        /// Method and path, as in `GET /events`.
        request: String,
        /// The name, shortened.
        name: String,
        /// The parameters that the endpoint has.
        known: &'static [&'static str],
        /// The one that was probably meant.
        meant: Option<&'static str>,
    },
    /// The parameter is there more than once.
    RepeatedParameter(&'static str),

    /// The server does not go by this name.
    HostUnknown(String),
    /// The request has several `Origin` fields.
    SeveralOrigins,
    /// A browser sent it for a page of another site, as `Sec-Fetch-Site` says.
    ForeignSite(String),
    /// A browser sent it for a page of this other origin.
    ForeignOrigin(String),

    /// The token is not one of this room's.
    TokenInvalid,
    /// The endpoint is for the owners of sessions.
    TokenRequired(Endpoint),
    /// The `Authorization` field has neither form that is known.
    CredentialsUnknown,
    /// The Basic credentials are not Base64.
    BasicNotBase64,
    /// The Basic credentials are not UTF-8.
    BasicNotUtf8,
    /// The Basic credentials have no colon.
    BasicWithoutColon,
    /// The room has a key, and none was given.
    KeyRequired,
    /// The room key is wrong.
    KeyWrong,
    /// Too many room keys come from the address. The time is how long to wait.
    TooManyKeys(Duration),
    /// The endpoint is for callers with a name.
    NotLoggedIn,

    /// The body of a login is not the JSON of one, for this reason.
    LoginNotJson(String),
    /// The name in the body of a login is not UTF-8.
    LoginNotUtf8,
    /// The name breaks a rule.
    Name(NameError),
    /// The system has no random numbers for a session.
    NoRandomness(io::Error),
    /// The owner of the session ended it.
    SessionEnded,
    /// The name of the session went to somebody else.
    NameLost,
    /// The name of the session, which it had once, breaks a rule now.
    NameUnfit(NameError),
    /// The room denies it.
    Room(Denied),

    /// The `Idempotency-Key` is malformed.
    BadKey,
    /// The `Idempotency-Key` belongs to another text.
    KeyReused,
    /// The text breaks a rule.
    Text(TextError),

    /// A parameter is not a whole number up to this limit.
    BadCount(&'static str, usize),
    /// `limit` is not from 1 to this.
    BadLimit(usize),
    /// `since` is none of its forms.
    BadSince,
    /// `since` and `last` came together.
    SinceWithLast,
    /// `since` came with `before` or `find`.
    SinceWithBefore,
    /// `before` is not an id, for this reason.
    BadBefore(String),
    /// `find` is empty or has more bytes than this.
    BadFind(usize),
    /// `poll` is neither 0 nor 1.
    BadPoll,
    /// The id is of an earlier log of the room, which is in this file.
    IdEarlier(String),
    /// The id to start from is of another log.
    IdForeign,
    /// No event has the id to start from.
    IdUnknown,
    /// The id of the event that was asked for is of another log.
    EventForeign,
    /// No event has the id that was asked for.
    EventUnknown,

    /// The range begins after the end of the log, which has this many bytes.
    BeyondLog(u64),
    /// The log cannot be read.
    LogUnreadable(io::Error),

    /// The server has as many connections as it can have.
    ServerFull,
    /// The address has too many connections, or opens them too fast. The time is how long to wait.
    TooManyConnections(Duration),
}

impl From<Denied> for Rejection {
    fn from(denied: Denied) -> Rejection {
        Rejection::Room(denied)
    }
}

impl From<NameError> for Rejection {
    fn from(error: NameError) -> Rejection {
        Rejection::Name(error)
    }
}

impl From<TextError> for Rejection {
    fn from(error: TextError) -> Rejection {
        Rejection::Text(error)
    }
}

impl From<io::Error> for Rejection {
    fn from(error: io::Error) -> Rejection {
        Rejection::LogUnreadable(error)
    }
}

impl Rejection {
    /// The status of the answer.
    pub(super) fn status(&self) -> u16 {
        self.response().status()
    }

    /// The answer: what happened, and what to do next.
    pub(super) fn response(&self) -> Response {
        match self {
            Rejection::Unrouted {
                why: Unrouted::NoSuchPath,
                path,
            } => Response::refusal(
                404,
                "not_found",
                format!("Not found: {path:?}. GET / says how to join."),
            ),
            Rejection::Unrouted {
                why: Unrouted::MethodNotAllowed(allowed),
                path,
            } => Response::refusal(
                405,
                "method_not_allowed",
                format!("{path} accepts {allowed} only. GET / says how to join."),
            )
            .field("Allow", allowed.clone()),
            Rejection::UnknownParameter {
                request,
                name,
                known,
                meant,
            } => {
                let told = format!("{request} has no parameter {name:?}");
                bad(match (meant, *known) {
                    (Some(meant), _) => format!("{told}; perhaps you meant {meant}."),
                    (None, []) if name == "token" => {
                        format!("{told}. Send the token as Authorization: Bearer.")
                    }
                    (None, []) => format!("{request} takes no parameters. Leave {name:?} out."),
                    (None, _) => format!("{told}. It has {}.", known.join(", ")),
                })
            }
            Rejection::RepeatedParameter(name) => bad(format!(
                "The parameter {name} is given more than once. Give it once."
            )),

            Rejection::HostUnknown(name) => {
                // It may be pasted into a shell.
                let advice = match host::is_plain(name) {
                    true => format!(", or start it with --host-name {name}"),
                    false => String::new(),
                };
                let message = format!(
                    "This server does not have the name {name:?}. Use its address{advice}."
                );
                Response::refusal(421, "host_unknown", message)
            }
            Rejection::SeveralOrigins => Response::refusal(
                400,
                "bad_request",
                "The request has more than one Origin field.",
            ),
            Rejection::ForeignSite(site) => Response::refusal(
                403,
                "origin_foreign",
                format!(
                    "A page from another site ({site}) may not use this room. Open the room's \
                         own address instead."
                ),
            ),
            Rejection::ForeignOrigin(origin) => Response::refusal(
                403,
                "origin_foreign",
                format!(
                    "A page from {origin:?} may not use this room. Open the room's own address \
                         instead."
                ),
            ),

            Rejection::TokenInvalid => unauthorized(
                "token_invalid",
                "This token is not from this room, is from an earlier version of the server, or \
                 the room key has changed. Log in again with POST /session.",
            ),
            Rejection::TokenRequired(Endpoint::LogOut) => unauthorized(
                "token_required",
                "Only a session can be ended. Send its token as Authorization: Bearer.",
            ),
            Rejection::TokenRequired(_) => unauthorized(
                "token_required",
                "Only a session can ask about itself. Send its token as Authorization: Bearer.",
            ),
            Rejection::CredentialsUnknown => unauthorized(
                "credentials_unknown",
                "The Authorization field is neither Bearer with a token nor Basic with name:key. Send one of them.",
            ),
            Rejection::BasicNotBase64 => unauthorized(
                "credentials_unreadable",
                "The Basic credentials are not Base64. Send name:key in UTF-8, encoded in Base64.",
            ),
            Rejection::BasicNotUtf8 => unauthorized(
                "credentials_unreadable",
                "The name and key in the Basic credentials are not UTF-8. Send them in UTF-8: curl \
                 sends what the terminal gives it, and Python's requests needs bytes, \
                 auth=(name.encode(), key.encode()).",
            ),
            Rejection::BasicWithoutColon => unauthorized(
                "credentials_unreadable",
                "The Basic credentials have no colon between name and key. Send name:key; in a \
                 room without a key, just name:.",
            ),
            Rejection::KeyRequired => unauthorized(
                "key_required",
                "This room has a key. Ask the operator for it, and send it as the \
                 password (curl -u NAME:KEY) or with the login.",
            ),
            Rejection::KeyWrong => unauthorized(
                "key_wrong",
                "The room key is wrong. Ask the operator, and try again.",
            ),
            Rejection::TooManyKeys(wait) => {
                let wait = seconds(*wait);
                let message = format!(
                    "Too many room keys are being tried from your address, so this one was not \
                     checked. Try again in {wait} s."
                );
                retry(wait, Response::refusal(429, "too_many_keys", message))
            }
            Rejection::NotLoggedIn => unauthorized(
                "not_logged_in",
                "This message has no sender: log in with POST /session and send the token, or send \
                 a name alone (curl -u NAME:).",
            ),

            Rejection::LoginNotJson(error) => Response::refusal(
                400,
                "bad_json",
                format!(
                    "The body is not {{\"name\":\"...\",\"key\":\"...\"}}: {error}. The name \
                     alone, as plain text, also works."
                ),
            ),
            Rejection::LoginNotUtf8 => {
                Response::refusal(400, "not_utf8", "The name is not UTF-8. Send it in UTF-8.")
            }
            Rejection::Name(error) => {
                let (word, limit) = match error {
                    NameError::Empty => ("name_empty", None),
                    NameError::TooLong { limit, .. } => ("name_too_long", Some(*limit)),
                    NameError::TooManyBytes(_) => ("name_too_long", Some(name::MAX_BYTES)),
                    NameError::TooManyMarks | NameError::Forbidden(_) | NameError::Reserved => {
                        ("name_forbidden", None)
                    }
                };
                limited(422, word, error.to_string(), limit)
            }
            Rejection::NoRandomness(error) => Response::refusal(
                500,
                "no_randomness",
                format!("The server cannot make a secret token: {error}."),
            ),
            Rejection::SessionEnded => unauthorized(
                "session_over",
                "This session was ended by its owner. Log in again with POST /session.",
            ),
            Rejection::NameLost => unauthorized(
                "session_over",
                "Somebody took your name, or a similar one, while you were away. Log in again with POST /session.",
            ),
            Rejection::NameUnfit(error) => unauthorized("session_over", &error.to_string()),
            Rejection::Room(denied) => room::response(denied),

            Rejection::BadKey => Response::refusal(
                400,
                "bad_key",
                format!(
                    "An Idempotency-Key is 1 to {} visible ASCII characters without spaces, other than a single \"-\".",
                    event::MAX_KEY
                ),
            ),
            Rejection::KeyReused => Response::refusal(
                409,
                "key_reused",
                "This Idempotency-Key was used for another text. Use a new key for every message.",
            ),
            Rejection::Text(TextError::NotUtf8(at)) => Response::refusal(
                400,
                "not_utf8",
                format!("Invalid UTF-8 at byte {at}. Send the text in UTF-8."),
            ),
            Rejection::Text(TextError::Empty) => {
                Response::refusal(422, "text_empty", "The message is empty. Write something.")
            }
            Rejection::Text(TextError::TooLong) => limited(
                413,
                "text_too_long",
                format!(
                    "A message has at most {} bytes. Send it in parts.",
                    event::MAX_TEXT
                ),
                Some(event::MAX_TEXT),
            ),

            Rejection::BadCount(name, most) => bad(format!(
                "{name} must be a whole number up to {most}. since=all gives everything."
            )),
            Rejection::BadLimit(most) => bad(format!("limit must be from 1 to {most}.")),
            Rejection::BadSince => Response::refusal(
                400,
                "bad_since",
                "since must be an id, a time such as 2026-11-23T22:34:57Z, a length of time such as 15m, all or latest.",
            ),
            Rejection::SinceWithLast => bad(
                "since and last cannot be combined: since says where to start, last how many \
                 events before now. Leave one out; max limits what since gives.",
            ),
            Rejection::SinceWithBefore => {
                bad("since goes forward and before goes back: give only one of them.")
            }
            Rejection::BadBefore(error) => {
                Response::refusal(400, "bad_id", format!("before is not an id: {error}."))
            }
            Rejection::BadFind(most) => bad(format!("find needs 1 to {most} bytes of text.")),
            Rejection::BadPoll => bad("poll must be 0 or 1."),
            Rejection::IdEarlier(file) => Response::json(
                410,
                &Refusal {
                    error: "id_earlier".into(),
                    message: format!(
                        "This id is from an earlier log of this room, {file}, which the operator has. Ask again with since=all, last=50 or a time."
                    ),
                    earlier: Some(file.clone()),
                    ..Refusal::default()
                },
            ),
            Rejection::IdForeign => Response::refusal(
                400,
                "id_foreign",
                "This id is from another log. Ask again with since=all, last=50 or a time.",
            ),
            Rejection::IdUnknown => Response::refusal(
                400,
                "id_unknown",
                "No event in this room has this id. Ask again with since=all, last=50 or a time.",
            ),
            Rejection::EventForeign => Response::refusal(
                410,
                "id_foreign",
                "This id is from another log, which this room no longer has.",
            ),
            Rejection::EventUnknown => Response::refusal(
                404,
                "id_unknown",
                "No event in this room has this id. GET /messages lists the events.",
            ),

            Rejection::BeyondLog(end) => Response::refusal(
                416,
                "range_unsatisfiable",
                format!("The log ends at byte {end}; ask again later."),
            )
            .field("Content-Range", format!("bytes */{end}")),
            Rejection::LogUnreadable(error) => Response::refusal(
                500,
                "log_unreadable",
                format!(
                    "The server cannot read its log: {}. Tell the operator.",
                    crate::failure::reason(error)
                ),
            ),

            Rejection::ServerFull => retry(
                5,
                Response::refusal(
                    503,
                    "room_full",
                    "The server has no free connections. Try again in a moment.",
                ),
            ),
            Rejection::TooManyConnections(wait) => {
                let wait = seconds(*wait);
                let message = format!(
                    "Your address has all the connections it may have, or opens too many at once. \
                     Close windows or programs that listen here, or try again in {wait} s."
                );
                retry(
                    wait,
                    Response::refusal(429, "too_many_connections", message),
                )
            }
        }
    }
}

/// A 401 that lists the credentials that would do.
fn unauthorized(error: &str, message: &str) -> Response {
    Response::refusal(401, error, message).field(
        "WWW-Authenticate",
        "Basic realm=\"chatroom\", charset=\"UTF-8\", Bearer realm=\"chatroom\"",
    )
}

/// The answer to a parameter that cannot be used.
fn bad(message: impl Into<String>) -> Response {
    Response::refusal(400, "bad_parameter", message)
}

/// A refusal that names the limit that was passed.
fn limited(status: u16, error: &str, message: String, limit: Option<usize>) -> Response {
    let refusal = Refusal {
        error: error.into(),
        message,
        limit: limit.map(|limit| limit as u64),
        ..Refusal::default()
    };
    Response::json(status, &refusal)
}

/// The answer with the seconds after which to try again.
fn retry(seconds: u64, answer: Response) -> Response {
    answer.field("Retry-After", seconds.to_string())
}

/// Whole seconds for `Retry-After`, never too few.
fn seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).max(1) as u64
}
