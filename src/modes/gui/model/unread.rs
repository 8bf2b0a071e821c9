//! Events from the room, and the count of what is unread.

use super::{Effect, EntryKind, HistoryEntry, Id, Model, is_past};
use crate::event::{Body, Recorded};
use crate::wire::Wire;

impl Model {
    pub(super) fn take_in(&mut self, wire: Wire, effects: &mut Vec<Effect>) {
        match &wire {
            Wire::Hello { id, now, .. } => {
                self.set_ahead(now.micros() - self.now.micros());
                self.stream_from = *id;
                self.heard = *id;
                self.history.stream_from(*id);
                return;
            }
            Wire::Gap { .. } => {
                (self.gap, self.left_out) = (true, true);
                return;
            }
            Wire::Reset { earlier, .. } => return self.turn_to(earlier.as_deref()),
            _ => {}
        }
        let Some(id) = wire.id() else {
            return;
        };
        if !self.heard.is_some_and(|heard| is_past(heard, id)) {
            self.heard = Some(id);
            self.times.heard = wire.at().or(self.times.heard);
        }
        self.recognise(id, wire.at());
        self.come_and_go(&wire);
        let key = match &wire {
            Wire::Recorded(Recorded {
                body: Body::Message { key, .. },
                ..
            }) => key.clone(),
            _ => None,
        };
        let Some(entry) = HistoryEntry::of(wire, self.me(), self.local) else {
            return;
        };
        let said = match &entry.kind {
            EntryKind::Message {
                from,
                text,
                own: false,
                to_us,
                ..
            } => Some((from.to_string(), text.to_string(), *to_us)),
            _ => None,
        };
        if !self.history.push(entry) {
            return; // Seen before.
        }
        // What was left out is new as well, if this is.
        if std::mem::take(&mut self.left_out) {
            self.uncounted |= !self.was_read(id);
        }
        self.settle_pending(id, key.as_ref());
        self.found_live(id);
        self.trim();
        if let Some((from, text, to_us)) = said {
            let call = to_us.then_some(Effect::Notify { from, text });
            effects.extend(self.new_message(id, call));
        }
        self.look();
    }

    /// Counts a message of others until it is seen; a mention may notify the user.
    fn new_message(&mut self, id: Id, call: Option<Effect>) -> Option<Effect> {
        if self.was_read(id) {
            return None;
        }
        let missed = self.members_as_of.is_some_and(|as_of| is_past(as_of, id));
        if !self.is_reading() || missed {
            self.new_from.get_or_insert(id.offset);
        }
        if self.is_reading() {
            return None;
        }
        self.unread += 1;
        self.mentions += usize::from(call.is_some());
        call.filter(|_| !self.in_front && !missed)
    }

    fn was_read(&self, id: Id) -> bool {
        self.read.is_some_and(|read| is_past(read, id))
    }

    /// The offset at which unread events begin.
    fn first_unread(&self) -> u64 {
        self.read.map_or(0, |read| read.offset + 1)
    }

    /// Returns whether events are seen as they come.
    fn is_reading(&self) -> bool {
        self.in_front && self.at_end && self.settled
    }

    /// Marks everything as read if the end is visible.
    pub(super) fn look(&mut self) {
        // A gap at the end hides events that nobody has seen.
        if self.is_reading()
            && self.history.is_whole_at_end()
            && let Some(newest) = self.heard
        {
            // Events that another window read may come once more.
            if self.read == Some(newest) || !self.was_read(newest) {
                self.read = Some(newest);
                self.times.read = self.times.read.max(self.times.heard);
            }
            (self.unread, self.mentions, self.uncounted) = (0, 0, false);
        }
    }

    /// Marks what was scrolled through as read.
    pub(super) fn look_through(&mut self) {
        if !self.in_front || !self.settled || self.at_end {
            return;
        }
        let Some((seen, at)) = self
            .history
            .get(self.near)
            .map(|entry| (entry.id, entry.at))
        else {
            return;
        };
        if self.was_read(seen) {
            return;
        }
        let unread = self.first_unread();
        (self.read, self.times.read) = (Some(seen), self.times.read.max(at));
        let left = self.said_between(seen.offset + 1, u64::MAX);
        let gaps = || self.history.gaps().map(|gap| gap.end);
        if !gaps().any(|end| end > seen.offset) {
            (self.unread, self.mentions) = left;
            self.uncounted = false;
        } else if gaps().any(|end| end > unread && end <= seen.offset) {
            // Nobody knows how much of the part passed over had been counted.
            (self.unread, self.mentions) = left;
            self.uncounted = true;
        } else {
            let passed = self.said_between(unread, seen.offset);
            self.unread = self.unread.saturating_sub(passed.0).max(left.0);
            self.mentions = self.mentions.saturating_sub(passed.1).max(left.1);
        }
    }

    /// Counts again after a gap was filled.
    pub(super) fn count_again(&mut self) {
        if !self.uncounted {
            return;
        }
        let unread = self.first_unread();
        let here = self.said_between(unread, u64::MAX);
        self.unread = self.unread.max(here.0);
        self.mentions = self.mentions.max(here.1);
        self.uncounted = self.history.gaps().any(|gap| gap.end > unread);
    }

    /// The number of messages of others between two offsets, both included, and of those that
    /// mention us, as far as they are loaded.
    fn said_between(&self, from: u64, to: u64) -> (usize, usize) {
        let (mut said, mut named) = (0, 0);
        for entry in self.history.between(from, to) {
            if let EntryKind::Message {
                own: false, to_us, ..
            } = &entry.kind
            {
                said += 1;
                named += usize::from(*to_us);
            }
        }
        (said, named)
    }

    /// Has the "new messages" line drawn afresh above what comes from now on.
    pub(super) fn looked_away(&mut self) {
        if self.is_reading() {
            self.new_from = None;
        }
    }

    /// Opens the view at the first unread message, once everything from before the login has come.
    pub(super) fn settle(&mut self, effects: &mut Vec<Effect>) {
        if self.settled {
            return;
        }
        let Some(target) = self.members_as_of else {
            return;
        };
        if self.history.end() <= target.offset {
            return;
        }
        self.settled = true;
        // After months away the newest comes first.
        let at_unread = self.new_from.is_some() && !self.gap;
        self.at_end = !at_unread;
        effects.push(match at_unread {
            true => Effect::GoToUnread,
            false => Effect::GoToEnd,
        });
    }
}
