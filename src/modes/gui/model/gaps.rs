//! What is missing, and the pages that fill it.

use std::collections::BTreeSet;

use super::{Ask, Effect, Entry, Hole, Id, Model};
use crate::wire::{HistoryRange, Wire};

impl Model {
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
        let tried =
            hole.cleared || self.failed.contains_key(&hole.end) || self.parked.contains(&hole.end);
        // One after the other: what comes may fill the next one too.
        !tried && self.is_connected() && self.settled && self.asking.is_empty()
    }

    /// Goes to the room's beginning, which may have to be asked for.
    pub(super) fn go_to_start(&mut self) -> Effect {
        self.history.wake();
        let known = self.history.holes().all(|hole| hole.above.is_some());
        if known || !self.is_connected() || !self.settled || self.asking.contains(&Ask::Oldest) {
            return Effect::GoToStart;
        }
        self.asking.push(Ask::Oldest);
        Effect::Ask(Ask::Oldest)
    }

    /// Goes to the newest, which may have to be asked for.
    pub(super) fn go_to_end(&mut self) -> Effect {
        if self.history.is_whole_at_end() || !self.is_connected() || !self.settled {
            return Effect::GoToEnd;
        }
        if !self.asking.contains(&Ask::Newest) {
            self.asking.push(Ask::Newest);
        }
        (self.at_end, self.near) = (true, u64::MAX);
        Effect::Ask(Ask::Newest)
    }

    /// A page has come, or cannot be had.
    pub(super) fn page(
        &mut self,
        ask: Ask,
        page: Result<HistoryRange, String>,
        effects: &mut Vec<Effect>,
    ) {
        let asked = self.asking.len();
        self.asking.retain(|waiting| *waiting != ask);
        if let Ask::Find { text, before } = ask {
            return self.found(&text, before, page, effects);
        }
        if asked == self.asking.len() {
            return; // It was asked before a break.
        }
        let taken = page.and_then(|page| match self.take_page(&ask, page) {
            true => Ok(()),
            // Asked once more it would say the same, without end.
            false => Err("the server's answer is not what was asked for.".to_string()),
        });
        if let Err(why) = taken {
            let missed = self.history.holes().find(|hole| match ask {
                Ask::Before(id) => hole.below == Some(id),
                Ask::After(id) => hole.above == Some(id),
                Ask::Oldest => hole.above.is_none(),
                _ => hole.below.is_none(),
            });
            self.failed.extend(missed.map(|hole| (hole.end, why)));
            return;
        }
        // A page may have shown nothing of what it covers: the same question has the same answer.
        let again = |hole: &Hole| {
            [true, false]
                .map(|above| filling(hole, above))
                .contains(&ask)
        };
        let again: Vec<u64> = self
            .history
            .holes()
            .filter(again)
            .map(|hole| hole.end)
            .collect();
        for end in again {
            let why = "the server's answer had nothing that this window can show.";
            self.failed.insert(end, why.to_string());
        }
        match ask {
            Ask::Oldest => {
                (self.at_end, self.near) = (false, 0);
                effects.push(Effect::GoToStart);
            }
            Ask::Newest if self.at_end => effects.push(Effect::GoToEnd),
            _ => {}
        }
        self.recognise_older();
        self.count_again();
        self.trim();
        self.look();
    }

    /// Whether the page has what was asked for; then it is in the history.
    fn take_page(&mut self, ask: &Ask, page: HistoryRange) -> bool {
        let ids = || page.events.iter().filter_map(Wire::id);
        let next = page.next.map(|id| id.offset);
        let first = ids().next().map(|id| id.offset);
        let behind = ids().next_back().map(|id| id.offset + 1);
        // So far back, and so far on, nothing is missing. Without a next page that is everything.
        let back_to = next.map_or(0, |next| first.map_or(next, |first| first.min(next)));
        let on_to = |end: u64| match next {
            None => behind.unwrap_or(0).max(end),
            Some(next) => behind.unwrap_or(0).max(next + 1),
        };
        let covers = match ask {
            Ask::After(id) => id.offset + 1..on_to(self.hole_behind(*id)),
            Ask::Before(id) => back_to..id.offset,
            Ask::Oldest => 0..on_to(self.history.end()),
            _ => back_to..behind.unwrap_or(self.history.end()),
        };
        // What is newer than the stream's newest is the stream's to bring.
        let end = self.history.end();
        let is_ahead = |entry: &Entry| entry.id.offset >= end && entry.id.offset < covers.end;
        let (me, local) = (self.me().map(str::to_string), self.local);
        let entries = page.events.into_iter();
        let entries = entries.filter_map(|wire| Entry::of(wire, me.as_deref(), local));
        let entries = entries.filter(|entry| !is_ahead(entry)).collect();
        let covers = covers.start..covers.end.min(end);
        !covers.is_empty() && self.history.insert(covers, entries)
    }

    /// Where the hole behind this event ends.
    fn hole_behind(&self, id: Id) -> u64 {
        let behind = self.history.holes().find(|hole| hole.end > id.offset);
        behind.map_or(self.history.end(), |hole| hole.end)
    }

    /// Drops what is far from what is seen, if there is too much.
    pub(super) fn trim(&mut self) {
        let before: BTreeSet<u64> = self.history.holes().map(|hole| hole.end).collect();
        let dropped = self.history.trim(match self.at_end {
            true => u64::MAX,
            false => self.near,
        });
        if dropped {
            let now: BTreeSet<u64> = self.history.holes().map(|hole| hole.end).collect();
            self.parked.retain(|end| now.contains(end));
            self.parked.extend(now.difference(&before));
        }
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
