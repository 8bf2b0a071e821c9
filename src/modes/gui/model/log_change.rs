//! A change to another log than the one that was read before, or to an older copy of it that goes
//! on.
//!
//! The ids of what was read mean nothing there. Events recorded later than everything that was read
//! are new there too, and no others are.

use super::{Delivery, Id, LogChange, Model};
use crate::event::Stamp;
use crate::modes::gui::text::presentable;

/// A change of the log, and its line in the transcript.
#[derive(Debug)]
pub(super) struct ChangedLog {
    pub(super) change: LogChange,
    /// The line stands before the first event at or after this offset.
    pub(super) at: u64,
}

/// The room's clock at what was read and heard.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReadTimes {
    /// The time of the newest event that was read.
    pub(super) read: Option<Stamp>,
    /// The time of the newest event that the stream brought.
    pub(super) newest: Option<Stamp>,
    /// In an unknown log, until a later event comes: everything up to this time was in the earlier
    /// log.
    changed: Option<Stamp>,
}

impl Model {
    /// Takes over what an earlier window had read.
    pub(super) fn restore_read(&mut self, read: Option<Id>, at: Option<Stamp>) {
        self.read = read;
        self.times.read = at;
        // It never read anything of the log that it was in last.
        self.times.changed = at.filter(|_| read.is_none());
    }

    /// Begins another log: the window's place is not in the room's log.
    pub(super) fn begin_other_log(&mut self, earlier: Option<&str>) {
        let before = self.members_as_of.or(self.stream_from);
        let is_same = self.read.zip(before).is_some_and(|(a, b)| a.log == b.log);
        let ReadTimes { read, newest, .. } = self.times;
        self.forget();
        self.history.stream_from(self.stream_from);
        let change = match earlier {
            Some(name) => LogChange::Rotated(presentable(name)),
            None if is_same => LogChange::Restored,
            None => LogChange::Replaced,
        };
        // The line stands between what the log had when the window came back and what follows:
        // there it is seen, and scrolls up with the next messages.
        let at = before.map_or(0, |id| id.offset + 1);
        self.log_change = Some(ChangedLog { change, at });
        // The server has them, but where the stream will bring them is unknown.
        self.pending
            .retain(|p| !matches!(p.delivery, Delivery::Accepted(_)));
        self.times.read = read;
        self.times.changed = read.max(newest);
        if read.is_none() {
            self.read = self.members_as_of;
        }
        // There may be more new events than the stream brings.
        self.gap_before_next = read.is_some() && self.stream_from.is_some();
    }

    /// Judges by its time whether an event of the stream was read before the log changed.
    pub(super) fn judge_by_time(&mut self, id: Id, at: Option<Stamp>) {
        let (Some(changed), Some(at)) = (self.times.changed, at) else {
            return;
        };
        if self.times.read.is_some_and(|read| at <= read) {
            self.read = Some(id);
        }
        if at > changed {
            self.times.changed = None;
            // The copy goes on here.
            if let Some(changed) = &mut self.log_change
                && changed.change == LogChange::Restored
            {
                changed.at = changed.at.min(id.offset);
            }
        }
    }

    /// Judges the loaded events by their times if nothing that was read was in the stream.
    pub(super) fn judge_loaded_by_time(&mut self) {
        let (None, Some(read)) = (self.read, self.times.read) else {
            return;
        };
        let mut events = self.history.iter().rev();
        let newest_read = events.find(|entry| entry.at.is_some_and(|at| at <= read));
        self.read = newest_read.map(|entry| entry.id);
    }
}
