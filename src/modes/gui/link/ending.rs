//! The ends that a connection can come to.

use std::time::Duration;

use super::connection::Trouble;

/// Why a connection came to its end.
pub(super) enum Ending {
    /// The session is over: log in again.
    LoggedOut,
    /// It broke, or the server wants us later.
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
