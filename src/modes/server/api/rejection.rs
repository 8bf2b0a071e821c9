//! Rejections: every reason why a request is refused, and the answer to each of them. Handlers
//! name the reason. Status and code are in one table, [`Rejection::code`], the words in [`sentences`], and
//! the answer is built in one place, [`Rejection::response`].
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
mod sentences;

use std::io;
use std::time::Duration;

use crate::event::{self, TextError};
use crate::http::Response;
use crate::name::{self, NameError};
use crate::wire::Refusal;
use crate::wire::endpoint::{Endpoint, Unrouted};

use crate::modes::server::room::presence::Denied;

/// The credentials that an endpoint takes, as a 401 lists them.
const CREDENTIALS: &str = "Basic realm=\"chatroom\", charset=\"UTF-8\", Bearer realm=\"chatroom\"";

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
    /// The answer: status, code, sentence, and the fields that tell a program what to do.
    pub(super) fn response(&self) -> Response {
        let (status, error) = self.code();
        let refusal = Refusal {
            error: error.into(),
            message: self.sentence(),
            limit: self.limit().map(|limit| limit as u64),
            earlier: match self {
                Rejection::IdEarlier(file) => Some(file.clone()),
                _ => None,
            },
        };
        let mut response = Response::json(status, &refusal);
        if status == 401 {
            response = response.field("WWW-Authenticate", CREDENTIALS);
        }
        if let Some(wait) = self.retry_after() {
            response = response.field("Retry-After", seconds(wait).to_string());
        }
        match self {
            Rejection::Unrouted {
                why: Unrouted::MethodNotAllowed(allowed),
                ..
            } => response.field("Allow", allowed.clone()),
            Rejection::BeyondLog(end) => response.field("Content-Range", format!("bytes */{end}")),
            _ => response,
        }
    }

    /// The status of the answer.
    pub(super) fn status(&self) -> u16 {
        self.code().0
    }

    /// The status of the answer and its code, one word for programs.
    fn code(&self) -> (u16, &'static str) {
        match self {
            Rejection::Unrouted { why, .. } => match why {
                Unrouted::NoSuchPath => (404, "not_found"),
                Unrouted::MethodNotAllowed(_) => (405, "method_not_allowed"),
            },
            Rejection::UnknownParameter { .. }
            | Rejection::RepeatedParameter(_)
            | Rejection::BadCount(..)
            | Rejection::BadLimit(_)
            | Rejection::SinceWithLast
            | Rejection::SinceWithBefore
            | Rejection::BadFind(_)
            | Rejection::BadPoll => (400, "bad_parameter"),

            Rejection::HostUnknown(_) => (421, "host_unknown"),
            Rejection::SeveralOrigins => (400, "bad_request"),
            Rejection::ForeignSite(_) | Rejection::ForeignOrigin(_) => (403, "origin_foreign"),

            Rejection::TokenInvalid => (401, "token_invalid"),
            Rejection::TokenRequired(_) => (401, "token_required"),
            Rejection::CredentialsUnknown => (401, "credentials_unknown"),
            Rejection::BasicNotBase64 | Rejection::BasicNotUtf8 | Rejection::BasicWithoutColon => {
                (401, "credentials_unreadable")
            }
            Rejection::KeyRequired => (401, "key_required"),
            Rejection::KeyWrong => (401, "key_wrong"),
            Rejection::TooManyKeys(_) => (429, "too_many_keys"),
            Rejection::NotLoggedIn => (401, "not_logged_in"),

            Rejection::LoginNotJson(_) => (400, "bad_json"),
            Rejection::LoginNotUtf8 => (400, "not_utf8"),
            Rejection::Name(error) => match error {
                NameError::Empty => (422, "name_empty"),
                NameError::TooLong { .. } | NameError::TooManyBytes(_) => (422, "name_too_long"),
                NameError::TooManyMarks | NameError::Forbidden(_) | NameError::Reserved => {
                    (422, "name_forbidden")
                }
            },
            Rejection::NoRandomness(_) => (500, "no_randomness"),
            Rejection::SessionEnded | Rejection::NameLost | Rejection::NameUnfit(_) => {
                (401, "session_over")
            }
            Rejection::Room(denied) => room::code(denied),

            Rejection::BadKey => (400, "bad_key"),
            Rejection::KeyReused => (409, "key_reused"),
            Rejection::Text(error) => match error {
                TextError::NotUtf8(_) => (400, "not_utf8"),
                TextError::Empty => (422, "text_empty"),
                TextError::TooLong => (413, "text_too_long"),
            },

            Rejection::BadSince => (400, "bad_since"),
            Rejection::BadBefore(_) => (400, "bad_id"),
            Rejection::IdEarlier(_) => (410, "id_earlier"),
            Rejection::IdForeign => (400, "id_foreign"),
            Rejection::IdUnknown => (400, "id_unknown"),
            Rejection::EventForeign => (410, "id_foreign"),
            Rejection::EventUnknown => (404, "id_unknown"),

            Rejection::BeyondLog(_) => (416, "range_unsatisfiable"),
            Rejection::LogUnreadable(_) => (500, "log_unreadable"),

            Rejection::ServerFull => (503, "room_full"),
            Rejection::TooManyConnections(_) => (429, "too_many_connections"),
        }
    }

    /// The limit that was passed, if that is the reason: characters of a name, or bytes.
    fn limit(&self) -> Option<usize> {
        match self {
            Rejection::Name(NameError::TooLong { limit, .. }) => Some(*limit),
            Rejection::Name(NameError::TooManyBytes(_)) => Some(name::MAX_BYTES),
            Rejection::Text(TextError::TooLong) => Some(event::MAX_TEXT),
            _ => None,
        }
    }

    /// The time after which the same request may be granted, if waiting helps.
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Rejection::TooManyKeys(wait) | Rejection::TooManyConnections(wait) => Some(*wait),
            Rejection::ServerFull => Some(Duration::from_secs(5)),
            Rejection::Room(denied) => room::retry_after(denied),
            _ => None,
        }
    }
}

/// Whole seconds, never too few, as `Retry-After` and the sentences give them.
fn seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).max(1) as u64
}

#[cfg(test)]
mod tests;
