//! A log that is not the one that was read before: another one, or an older copy of the same that goes on.
//!
//! The ids of what was read mean nothing there. What was recorded later than everything that was read is
//! new there too, and nothing else is.

use super::{Delivery, Id, LogChange, Model};
use crate::event::Stamp;
use crate::modes::gui::text::presentable;

/// The log is not the one that was read before.
#[derive(Debug)]
pub(super) struct ChangedLog {
    pub(super) turn: LogChange,
    /// The line that says so stands before the first event at or behind this offset.
    pub(super) at: u64,
}

/// How far was read and heard, by the clock of the room.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReadTimes {
    /// When the newest event that was read was recorded.
    pub(super) read: Option<Stamp>,
    /// The same of the newest one that the stream has told of.
    pub(super) heard: Option<Stamp>,
    /// In a log that is not known, until something comes that was not here: up to when everything was.
    again: Option<Stamp>,
}

impl Model {
    /// What an earlier window had read.
    pub(super) fn had_read(&mut self, read: Option<Id>, at: Option<Stamp>) {
        self.read = read;
        self.times.read = at;
        // It never read anything of the log that it was in last.
        self.times.again = at.filter(|_| read.is_none());
    }

    /// The place that the window had is not in the room's log.
    pub(super) fn turn_to(&mut self, earlier: Option<&str>) {
        let had = self.members_as_of.or(self.stream_from);
        let is_same = self.read.zip(had).is_some_and(|(a, b)| a.log == b.log);
        let ReadTimes { read, heard, .. } = self.times;
        self.forget();
        self.history.stream_from(self.stream_from);
        let turn = match earlier {
            Some(name) => LogChange::Rotated(presentable(name)),
            None if is_same => LogChange::Restored,
            None => LogChange::Replaced,
        };
        // A line between what the log had when the window came back and what follows: there it is
        // seen, and goes up with what is said next.
        let at = had.map_or(0, |id| id.offset + 1);
        self.turned = Some(ChangedLog { turn, at });
        // Where the stream will bring them is not known any more; the server has them.
        self.pending
            .retain(|p| !matches!(p.delivery, Delivery::Accepted(_)));
        self.times.read = read;
        self.times.again = read.max(heard);
        if read.is_none() {
            self.read = self.members_as_of;
        }
        // There may be more that is new than the stream brings.
        self.left_out = read.is_some() && self.stream_from.is_some();
    }

    /// Tells by its time whether an event that the stream brings was read before the log turned.
    pub(super) fn recognise(&mut self, id: Id, at: Option<Stamp>) {
        let (Some(here), Some(at)) = (self.times.again, at) else {
            return;
        };
        if self.times.read.is_some_and(|read| at <= read) {
            self.read = Some(id);
        }
        if at > here {
            self.times.again = None;
            // A copy goes on there.
            if let Some(turned) = &mut self.turned
                && turned.turn == LogChange::Restored
            {
                turned.at = turned.at.min(id.offset);
            }
        }
    }

    /// The same of what a page has brought, where nothing that was read was in the stream.
    pub(super) fn recognise_older(&mut self) {
        let (None, Some(read)) = (self.read, self.times.read) else {
            return;
        };
        let mut events = self.history.iter().rev();
        let known = events.find(|entry| entry.at.is_some_and(|at| at <= read));
        self.read = known.map(|entry| entry.id);
    }
}
