//! What comes from the room: events, pages, and what of them is new.

use super::{Ask, Effect, Entry, Fate, Hole, Id, Model, What, is_past};
use crate::modes::gui::spans::mentions;
use crate::wire::{Page, Wire};

impl Model {
    pub(super) fn take_in(&mut self, wire: Wire, effects: &mut Vec<Effect>) {
        match &wire {
            Wire::Hello { id, now, .. } => {
                self.set_ahead(now.micros() - self.now.micros());
                self.stream_from = *id;
                self.history.stream_from(*id);
                return;
            }
            Wire::Gap { .. } => {
                self.gap = true;
                return;
            }
            Wire::Reset { message } => {
                self.forget();
                self.history.stream_from(self.stream_from);
                self.notes.push(message.clone());
                // Where the stream will bring them is not known any more; the server has them.
                self.pending.retain(|p| !matches!(p.fate, Fate::Sent(_)));
                self.read = self.members_as_of;
                return;
            }
            _ => {}
        }
        let Some(id) = wire.id() else {
            return;
        };
        self.come_and_go(&wire);
        let key = match &wire {
            Wire::Message { key, .. } => key.clone(),
            _ => None,
        };
        let Some(entry) = Entry::of(wire, self.me(), self.local) else {
            return;
        };
        let said = match &entry.what {
            What::Said {
                from,
                text,
                own: false,
                ..
            } => Some((from.to_string(), text.to_string())),
            _ => None,
        };
        if !self.history.push(entry) {
            return; // Seen before.
        }
        self.settle_pending(id, key.as_ref());
        self.found_live(id);
        let near = match self.at_end {
            true => u64::MAX,
            false => self.near,
        };
        self.history.trim(near);
        if let Some((from, text)) = said {
            self.new_message(id, from, text, effects);
        }
        self.look();
    }

    /// What others say is new until it was seen.
    fn new_message(&mut self, id: Id, from: String, text: String, effects: &mut Vec<Effect>) {
        if self.read.is_some_and(|read| is_past(read, id)) {
            return;
        }
        let missed = self.members_as_of.is_some_and(|as_of| is_past(as_of, id));
        if !self.is_reading() || missed {
            self.new_from.get_or_insert(id.offset);
        }
        if self.is_reading() {
            return;
        }
        self.unread += 1;
        if self.me().is_some_and(|me| mentions(&text, me)) {
            self.mentions += 1;
            if !self.in_front && !missed {
                effects.push(Effect::Notify { from, text });
            }
        }
    }

    /// Whether what comes now is seen as it comes.
    fn is_reading(&self) -> bool {
        self.in_front && self.at_end && self.settled
    }

    /// What is in sight is read.
    pub(super) fn look(&mut self) {
        if self.is_reading()
            && let Some(newest) = self.history.newest()
        {
            self.read = Some(newest);
            (self.unread, self.mentions) = (0, 0);
        }
    }

    /// The line of what is new is drawn afresh above what comes from now on.
    pub(super) fn looked_away(&mut self) {
        if self.is_reading() {
            self.new_from = None;
        }
    }

    /// Once everything from before the login is here, the window opens where its reader was.
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

    /// A hole is in sight: it is filled, unless that is on its way or did not work.
    pub(super) fn missing(&mut self, hole: Hole, from_above: bool) -> Option<Effect> {
        if !self.would_fetch(&hole) {
            return None;
        }
        let ask = filling(&hole, from_above);
        self.asking.push(ask.clone());
        Some(Effect::Ask(ask))
    }

    /// Whether a hole in sight is to be filled now.
    pub fn would_fetch(&self, hole: &Hole) -> bool {
        let tried = hole.cleared || self.failed.contains_key(&hole.end);
        // One after the other: what comes may fill the next one too.
        !tried && self.is_connected() && self.settled && self.asking.is_empty()
    }

    pub(super) fn page(&mut self, ask: Ask, page: Result<Page, String>, effects: &mut Vec<Effect>) {
        let asked = self.asking.len();
        self.asking.retain(|waiting| *waiting != ask);
        if let Ask::Find { text, before } = ask {
            return self.found(&text, before, page, effects);
        }
        if asked == self.asking.len() {
            return; // It was asked before a break.
        }
        let page = match page {
            Ok(page) => page,
            Err(why) => {
                let missed = self.history.holes().find(|hole| match ask {
                    Ask::Before(id) => hole.below == Some(id),
                    Ask::After(id) => hole.above == Some(id),
                    _ => hole.below.is_none(),
                });
                self.failed.extend(missed.map(|hole| (hole.end, why)));
                return;
            }
        };
        let first = page.events.iter().find_map(Wire::id).map(|id| id.offset);
        let last = page.events.iter().rev().find_map(Wire::id);
        let behind = last.map(|id| id.offset + 1);
        let all = page.next.is_none();
        let covers = match ask {
            Ask::After(id) => {
                let end = match all {
                    // Nothing is missing up to where the stream has come.
                    true => behind.unwrap_or(0).max(self.hole_behind(id)),
                    false => behind.unwrap_or(id.offset + 1),
                };
                id.offset + 1..end
            }
            Ask::Before(id) => first.filter(|_| !all).unwrap_or(0)..id.offset,
            _ => first.filter(|_| !all).unwrap_or(0)..behind.unwrap_or(self.history.end()),
        };
        if first.is_none() && !all {
            return;
        }
        let (me, local) = (self.me().map(str::to_string), self.local);
        let entries = page.events.into_iter();
        let entries = entries.filter_map(|wire| Entry::of(wire, me.as_deref(), local));
        self.history.insert(covers, entries.collect());
        let near = match self.at_end {
            true => u64::MAX,
            false => self.near,
        };
        self.history.trim(near);
        self.look();
    }

    /// Where the hole behind this event ends.
    fn hole_behind(&self, id: Id) -> u64 {
        let behind = self.history.holes().find(|hole| hole.end > id.offset);
        behind.map_or(self.history.end(), |hole| hole.end)
    }
}

/// What fills a hole from where its reader is.
fn filling(hole: &Hole, from_above: bool) -> Ask {
    match (hole.above, hole.below) {
        (Some(above), _) if from_above => Ask::After(above),
        (_, Some(below)) => Ask::Before(below),
        (Some(above), None) => Ask::After(above),
        (None, None) => Ask::Newest,
    }
}
