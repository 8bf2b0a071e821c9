//! The seam between the committer and the place where the log is kept.
//!
//! The committer knows a log by its [`Store`] alone: it appends after the [`Place`] up to which it has
//! applied the log, and first applies what others have appended meanwhile. Reading at an offset is no part of
//! this; that is the `Reader` of the journal, on the local file.
//!
//! A file alone ([`mod@file`]) has one writer, so its append never conflicts.

pub mod file;

use std::io;
use std::time::Duration;

use crate::event::LogId;
use crate::journal::LogRange;
use crate::modes::server::room::order::Refused;
use crate::modes::server::room::presence::Change;

/// The place up to which a server has applied the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The number of the newest batch that was applied.
    pub sequence: u64,
    /// The offset of the next line, in bytes of the log.
    pub offset: u64,
    /// A digest of everything before that; a file alone has none.
    pub digest: Option<u64>,
}

/// Lines that are to be appended in one piece.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// Whole lines; none to have the store check on the log.
    pub lines: &'a [u8],
    /// The effect of the lines on members and sessions, for other servers: the lines do not say all of it.
    /// A file alone has no use for that.
    #[cfg_attr(not(test), expect(dead_code, reason = "a file has one server"))]
    pub changes: &'a [Change],
    /// The lines, and all before them, must be durable when this returns.
    pub durable: bool,
}

/// The outcome of an append.
#[derive(Debug)]
pub enum Appended {
    /// The lines are in the log.
    Stored(Stored),
    /// Others appended after the place that was named. Nothing was stored.
    #[cfg_attr(not(test), expect(dead_code, reason = "a file has one writer"))]
    Conflict,
    /// There is no space. Nothing was stored, and a later attempt may succeed.
    Full(io::Error),
    /// The lines may or may not have been stored. A later append tells, by a conflict.
    #[cfg_attr(not(test), expect(dead_code, reason = "a file always answers"))]
    Unknown,
    /// Nothing more may be acknowledged.
    Fatal(Fatal),
}

/// An append that succeeded.
#[derive(Debug)]
pub struct Stored {
    /// The place after the lines.
    pub place: Place,
    /// The time that it took to force the log to disk, if that was done.
    pub synced: Option<Duration>,
    /// A sentence for the operator.
    pub notice: Option<String>,
}

/// The end of a store.
#[derive(Debug, PartialEq, Eq)]
pub struct Fatal {
    /// The answer to the orders that wait.
    pub refused: Refused,
    /// The sentence with which the server stops: the cause, and the way out.
    pub sentence: String,
    /// The log's last copy ends with this process.
    pub unlinked: bool,
}

/// A batch that another server appended.
#[derive(Debug)]
pub struct ForeignBatch {
    /// Its lines.
    pub range: LogRange,
    /// Its effect on members and sessions.
    pub changes: Vec<Change>,
    /// The place after it.
    pub place: Place,
}

/// A log to which one server or several append.
pub trait Store: Send + 'static {
    /// The identifier of the log.
    fn log(&self) -> LogId;

    /// The log's name in sentences for the operator.
    fn name(&self) -> String;

    /// The place after the newest batch.
    fn last(&self) -> Place;

    /// Appends a draft if `after` is still the last place.
    fn append(&mut self, after: Place, draft: Draft<'_>) -> Appended;

    /// The batches after `from`, oldest first; after a conflict there is at least one.
    ///
    /// # Errors
    /// The log can no longer be read.
    fn batches_after(&mut self, from: Place) -> Result<Vec<ForeignBatch>, Fatal>;

    /// Writes the line of an erased event over the line at `offset`, which is as long, durably. Its log
    /// stays as long as it was, so no place changes.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "nobody has the right to erase yet")
    )]
    fn erase(&mut self, offset: u64, line: &[u8]) -> Appended;

    /// Saves what would be lost with this process, telling the operator by `notice` what stands in the way,
    /// and returns the sentence with which the server stops.
    fn rescue(&self, fatal: Fatal, notice: &dyn Fn(String)) -> String;
}
