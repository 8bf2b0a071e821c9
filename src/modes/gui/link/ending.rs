//! The end of a session's connection.

use std::time::Duration;

use super::connection::Trouble;

/// The reason why a connection ended.
pub(super) enum Ending {
    /// The session is over: log in again.
    LoggedOut,
    /// The connection broke, or the server accepts us only later.
    Broken {
        why: String,
        again: Option<Duration>,
    },
    /// The user wants another attempt at once.
    Hurried,
}

impl Ending {
    pub(super) fn broken(trouble: &Trouble) -> Ending {
        Ending::refused(trouble.to_string(), None)
    }

    pub(super) fn refused(why: String, again: Option<Duration>) -> Ending {
        Ending::Broken { why, again }
    }
}
