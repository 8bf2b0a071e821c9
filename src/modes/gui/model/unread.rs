//! Events from the room, and the count of what is unread.

use super::{Effect, EntryKind, HistoryEntry, Id, Model, is_past};
use crate::event::{Body, Recorded};
use crate::wire::Wire;

impl Model {
    /// Takes in an object of the stream.
    pub(super) fn receive(&mut self, wire: Wire, effects: &mut Vec<Effect>) {
        match &wire {
            Wire::Hello { id, now, .. } => {
                self.set_ahead(now.micros() - self.now.micros());
                self.stream_from = *id;
                self.newest = *id;
                self.history.stream_from(*id);
            }
            Wire::Gap { .. } => (self.had_gap, self.gap_before_next) = (true, true),
            Wire::Reset { earlier, .. } => self.begin_other_log(earlier.as_deref()),
            _ => {
                if let Some(id) = wire.id() {
                    self.receive_event(id, wire, effects);
                }
            }
        }
    }

    /// Takes in an event of the stream.
    fn receive_event(&mut self, id: Id, wire: Wire, effects: &mut Vec<Effect>) {
        if !self.newest.is_some_and(|newest| is_past(newest, id)) {
            self.newest = Some(id);
            self.times.newest = wire.at().or(self.times.newest);
        }
        self.judge_by_time(id, wire.at());
        self.update_members(&wire);
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
        let by_others = match &entry.kind {
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
        if std::mem::take(&mut self.gap_before_next) {
            self.uncounted |= !self.was_read(id);
        }
        self.settle_pending(id, key.as_ref());
        self.match_live_event(id);
        self.trim();
        if let Some((from, text, to_us)) = by_others {
            let notification = to_us.then_some(Effect::Notify { from, text });
            effects.extend(self.count_message(id, notification));
        }
        self.mark_read();
    }

    /// Counts a message of others until it is seen. Returns the `notification` of a mention if the
    /// user is to get it.
    fn count_message(&mut self, id: Id, notification: Option<Effect>) -> Option<Effect> {
        if self.was_read(id) {
            return None;
        }
        let from_before = self.members_as_of.is_some_and(|as_of| is_past(as_of, id));
        if !self.is_reading() || from_before {
            self.new_from.get_or_insert(id.offset);
        }
        if self.is_reading() {
            return None;
        }
        self.unread += 1;
        self.mentions += usize::from(notification.is_some());
        notification.filter(|_| !self.in_front && !from_before)
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
        self.in_front && self.at_end && self.caught_up
    }

    /// Marks everything as read if the end is visible.
    pub(super) fn mark_read(&mut self) {
        // A gap at the end hides events that nobody has seen.
        if self.is_reading()
            && self.history.is_whole_at_end()
            && let Some(newest) = self.newest
        {
            // Events that another window read may come once more.
            if self.read == Some(newest) || !self.was_read(newest) {
                self.read = Some(newest);
                self.times.read = self.times.read.max(self.times.newest);
            }
            (self.unread, self.mentions, self.uncounted) = (0, 0, false);
        }
    }

    /// Marks what was scrolled through as read.
    pub(super) fn mark_scrolled_read(&mut self) {
        if !self.in_front || !self.caught_up || self.at_end {
            return;
        }
        let Some((lowest, at)) = self
            .history
            .get(self.lowest_visible)
            .map(|entry| (entry.id, entry.at))
        else {
            return;
        };
        if self.was_read(lowest) {
            return;
        }
        let unread = self.first_unread();
        (self.read, self.times.read) = (Some(lowest), self.times.read.max(at));
        let below = self.said_between(lowest.offset + 1, u64::MAX);
        let gaps = || self.history.gaps().map(|gap| gap.end);
        if !gaps().any(|end| end > lowest.offset) {
            (self.unread, self.mentions) = below;
            self.uncounted = false;
        } else if gaps().any(|end| end > unread && end <= lowest.offset) {
            // Nobody knows how much of the part passed over had been counted.
            (self.unread, self.mentions) = below;
            self.uncounted = true;
        } else {
            let passed = self.said_between(unread, lowest.offset);
            self.unread = self.unread.saturating_sub(passed.0).max(below.0);
            self.mentions = self.mentions.saturating_sub(passed.1).max(below.1);
        }
    }

    /// Counts again after a gap was filled.
    pub(super) fn count_again(&mut self) {
        if !self.uncounted {
            return;
        }
        let unread = self.first_unread();
        let loaded = self.said_between(unread, u64::MAX);
        self.unread = self.unread.max(loaded.0);
        self.mentions = self.mentions.max(loaded.1);
        self.uncounted = self.history.gaps().any(|gap| gap.end > unread);
    }

    /// The number of messages of others between two offsets, both included, and of those that
    /// mention us, as far as they are loaded.
    fn said_between(&self, from: u64, to: u64) -> (usize, usize) {
        let (mut messages, mut mentions) = (0, 0);
        for entry in self.history.between(from, to) {
            if let EntryKind::Message {
                own: false, to_us, ..
            } = &entry.kind
            {
                messages += 1;
                mentions += usize::from(*to_us);
            }
        }
        (messages, mentions)
    }

    /// Removes the "new messages" line if everything is being read: the next one stands above what
    /// comes from now on.
    pub(super) fn renew_unread_line(&mut self) {
        if self.is_reading() {
            self.new_from = None;
        }
    }

    /// Opens the view at the first unread message, once everything from before the login has come.
    pub(super) fn open_view(&mut self, effects: &mut Vec<Effect>) {
        if self.caught_up {
            return;
        }
        let Some(login) = self.members_as_of else {
            return;
        };
        if self.history.end() <= login.offset {
            return;
        }
        self.caught_up = true;
        // After months away the newest comes first.
        let at_unread = self.new_from.is_some() && !self.had_gap;
        self.at_end = !at_unread;
        effects.push(if at_unread {
            Effect::GoToUnread
        } else {
            Effect::GoToEnd
        });
    }
}
