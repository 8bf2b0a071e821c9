//! Another log than the one that was read before, or an older copy of it that goes on.
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
    pub(super) heard: Option<Stamp>,
    /// In an unknown log, until a later event comes: everything up to this time was in the earlier
    /// log.
    again: Option<Stamp>,
}

impl Model {
    /// Takes over what an earlier window had read.
    pub(super) fn had_read(&mut self, read: Option<Id>, at: Option<Stamp>) {
        self.read = read;
        self.times.read = at;
        // It never read anything of the log that it was in last.
        self.times.again = at.filter(|_| read.is_none());
    }

    /// Begins another log: the window's place is not in the room's log.
    pub(super) fn turn_to(&mut self, earlier: Option<&str>) {
        let had = self.members_as_of.or(self.stream_from);
        let is_same = self.read.zip(had).is_some_and(|(a, b)| a.log == b.log);
        let ReadTimes { read, heard, .. } = self.times;
        self.forget();
        self.history.stream_from(self.stream_from);
        let change = match earlier {
            Some(name) => LogChange::Rotated(presentable(name)),
            None if is_same => LogChange::Restored,
            None => LogChange::Replaced,
        };
        // The line stands between what the log had when the window came back and what follows:
        // there it is seen, and scrolls up with the next messages.
        let at = had.map_or(0, |id| id.offset + 1);
        self.log_change = Some(ChangedLog { change, at });
        // The server has them, but where the stream will bring them is unknown.
        self.pending
            .retain(|p| !matches!(p.delivery, Delivery::Accepted(_)));
        self.times.read = read;
        self.times.again = read.max(heard);
        if read.is_none() {
            self.read = self.members_as_of;
        }
        // There may be more new events than the stream brings.
        self.left_out = read.is_some() && self.stream_from.is_some();
    }

    /// Judges by its time whether an event of the stream was read before the log changed.
    pub(super) fn recognise(&mut self, id: Id, at: Option<Stamp>) {
        let (Some(here), Some(at)) = (self.times.again, at) else {
            return;
        };
        if self.times.read.is_some_and(|read| at <= read) {
            self.read = Some(id);
        }
        if at > here {
            self.times.again = None;
            // The copy goes on here.
            if let Some(changed) = &mut self.log_change
                && changed.change == LogChange::Restored
            {
                changed.at = changed.at.min(id.offset);
            }
        }
    }

    /// Judges the events of a range in the same way if nothing that was read was in the stream.
    pub(super) fn recognise_older(&mut self) {
        let (None, Some(read)) = (self.read, self.times.read) else {
            return;
        };
        let mut events = self.history.iter().rev();
        let known = events.find(|entry| entry.at.is_some_and(|at| at <= read));
        self.read = known.map(|entry| entry.id);
    }
}
