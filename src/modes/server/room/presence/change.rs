//! The effects of a command on members and sessions, recorded or not.

use crate::event::Stamp;
use crate::modes::server::room::order::{Command, Mark, SessionId, Speaker};

/// The effect of a commit on a member or session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The join is recorded.
    Joined(SessionId, Stamp),
    /// The leave is recorded.
    Left(SessionId),
    /// A session ended for good, with the line of this time.
    Ended(Mark, Stamp),
    /// The end of a session whose member is not here could not be recorded.
    EndFailed(Mark),
    /// A message is recorded.
    Said(SessionId),
    /// The join could not be recorded.
    JoinFailed(SessionId),
    /// The leave could not be recorded, and is to be asked for again.
    LeaveFailed(SessionId),
}

impl Change {
    /// The session whose leave is recorded, if this is a leave.
    pub fn left(&self) -> Option<SessionId> {
        match self {
            Change::Left(session) => Some(*session),
            _ => None,
        }
    }

    /// The effects on members and sessions of this command, recorded at that time.
    pub fn by(command: &Command, at: Stamp) -> impl Iterator<Item = Change> {
        let member = match command {
            Command::Join(session, ..) => Some(Change::Joined(*session, at)),
            Command::Leave(session, ..) => Some(Change::Left(*session)),
            Command::Say {
                speaker: Speaker::Session(session),
                ..
            } => Some(Change::Said(*session)),
            Command::Say { .. } | Command::End(..) | Command::Close => None,
        };
        let ended = match command {
            Command::Leave(_, _, Some(mark)) | Command::End(mark, _) => Some(*mark),
            Command::Join(..) | Command::Leave(_, _, None) => None,
            Command::Say { .. } | Command::Close => None,
        };
        let ended = ended.map(|mark| Change::Ended(mark, at));
        member.into_iter().chain(ended)
    }

    /// The effect on the member or session if this command is not recorded.
    pub fn undoing(command: &Command) -> Option<Change> {
        match command {
            Command::Join(session, ..) => Some(Change::JoinFailed(*session)),
            Command::Leave(session, ..) => Some(Change::LeaveFailed(*session)),
            Command::End(mark, _) => Some(Change::EndFailed(*mark)),
            Command::Say { .. } | Command::Close => None,
        }
    }
}
