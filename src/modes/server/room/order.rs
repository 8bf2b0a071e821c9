//! The vocabulary that the server's modules share: what is asked of the committer, and what becomes of it.

use std::time::Duration;

use async_std::channel::Sender;

use crate::event::{Key, Stamp, lower_hex};
use crate::line::{Fields, RawLine};
use crate::modes::server::console::ShownRequest;
use crate::wire::Said;

/// The number that identifies a session inside the server.
pub type SessionId = [u8; 16];

/// The fingerprint that a session has in the log: only the holder of the server's secret can tell
/// which session it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark(pub u64);

/// The field of the line that ended a session.
const ENDED: &str = "ended";
/// The field of the line with which a session's member joined.
const SESSION: &str = "session";

impl Mark {
    /// The mark of the session that this line ended, if it ended one.
    pub fn of(line: &RawLine<'_>) -> Option<Mark> {
        Mark::read(line.field(ENDED)?)
    }

    /// The mark of the session whose member joined with this line; lines of older versions have none.
    pub fn of_join(line: &RawLine<'_>) -> Option<Mark> {
        Mark::read(line.field(SESSION)?)
    }

    fn read(value: &[u8]) -> Option<Mark> {
        let (high, low) = value.split_at_checked(8)?;
        let (high, low) = (lower_hex(high, 8)?, lower_hex(low, 8)?);
        Some(Mark(u64::from(high) << 32 | u64::from(low)))
    }

    /// The fields of a line that ends this session.
    pub fn ended(self) -> Fields {
        self.field(ENDED)
    }

    /// The fields of a line with which this session's member joins.
    pub fn joined(self) -> Fields {
        self.field(SESSION)
    }

    fn field(self, name: &str) -> Fields {
        Fields::of(name, &format!("{:016x}", self.0)).unwrap_or_default()
    }
}

/// The sender of a message, as its elapsed time and its turn are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Speaker {
    /// A member.
    Session(SessionId),
    /// A guest, who posts without a session, by folded name.
    Guest(String),
}

/// An event to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A member joins; the mark is that of its session.
    Join(SessionId, String, Mark),
    /// A member leaves; with a mark its session ends for good.
    Leave(SessionId, String, Option<Mark>),
    /// The session of this name ends for good although its member is not present.
    End(Mark, String),
    /// A message.
    Say {
        /// The sender.
        speaker: Speaker,
        /// The sender's name, as it is shown.
        from: String,
        /// The message's text.
        text: String,
        /// The idempotency key, by which a repeat is recognised.
        key: Option<Key>,
    },
    /// The server stops.
    Close,
}

/// Both clocks, read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The wall clock, which may jump.
    pub wall: Stamp,
    /// The time since the server's start, by a clock that never goes back.
    pub mono: Duration,
}

/// A task for the committer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// Writes a line.
    Record(Command),
    /// Forces to disk what was written (for `--sync SECONDS`).
    Sync,
    /// Takes keys that an earlier run wrote.
    Recall(Box<PastKeys>),
    /// Checks that the log is still there, although nothing is to be written.
    CheckLog,
}

/// A job and the channel for its outcome.
#[derive(Debug)]
pub struct Order {
    /// The job.
    pub job: Job,
    /// The request in which the message came, if the console shows that.
    pub request: Option<Box<ShownRequest>>,
    /// The channel for the outcome. Has room for it, so that answering never waits.
    pub reply: Option<Sender<Outcome>>,
}

impl Order {
    /// Sends the outcome to the asker, if there is one.
    pub fn answer(self, outcome: Outcome) {
        if let Some(reply) = self.reply {
            // The sender may have given up waiting.
            let _ = reply.try_send(outcome);
        }
    }
}

/// The answer to an order.
pub type Outcome = Result<Verdict, Refused>;

/// The scribe's decision on a command that could be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The command has its line.
    Recorded(Said),
    /// The command had been recorded before; nothing was written.
    Repeat(Said),
    /// The key stands for another text; nothing was written.
    KeyReused,
    /// The key is not known yet, and the log is still being read back; nothing was written.
    NotYet,
}

/// The reason why the committer did not record an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no space. Nothing was stored.
    Full,
    /// The disk failed. The order may or may not have been stored.
    Unknown,
    /// The log was moved or changed. The order may or may not have been stored.
    Gone,
    /// The server stops. Nothing was stored.
    Stopping,
}

/// A key that stands in the log, with the answer to a repeat of its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldKey {
    /// The name that used it.
    pub from: String,
    /// The key.
    pub key: Key,
    /// The first answer.
    pub said: Said,
    /// The hash of the text.
    pub text: u64,
    /// The number of messages that came after it before this run.
    pub after: u64,
    /// The offset of its line; lines of an earlier log have negative ones.
    pub offset: i64,
}

/// Keys that an earlier run wrote, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastKeys {
    /// The keys.
    pub keys: Vec<OldKey>,
    /// These are the last.
    pub all: bool,
}
