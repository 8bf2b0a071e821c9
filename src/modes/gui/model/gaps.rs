//! Gaps of the history, and the ranges that fill them.

use std::collections::BTreeSet;

use super::{Effect, Gap, HistoryEntry, HistoryQuery, Id, Model, Scrollback};
use crate::wire::{HistoryRange, Wire};

impl Model {
    /// Fills a gap in sight, unless that is under way or has failed.
    pub(super) fn fill_gap(&mut self, gap: Gap, from_above: bool) -> Option<Effect> {
        if !self.would_fetch(&gap) {
            return None;
        }
        let query = if from_above {
            query_from_above(&gap)
        } else {
            query_from_below(&gap)
        };
        self.fetching.push(query.clone());
        Some(Effect::Fetch(query))
    }

    /// Returns whether a gap in sight would be filled now.
    pub fn would_fetch(&self, gap: &Gap) -> bool {
        let tried =
            gap.cleared || self.failed.contains_key(&gap.end) || self.parked.contains(&gap.end);
        // One after the other: a range may fill the next gap too.
        !tried && self.is_connected() && self.caught_up && self.fetching.is_empty()
    }

    /// Returns whether a query that fills the gap is under way.
    pub(super) fn is_loading(&self, gap: &Gap) -> bool {
        self.fetching.iter().any(|query| match query {
            HistoryQuery::Before(id) => gap.below == Some(*id),
            HistoryQuery::After(id) => gap.above == Some(*id),
            HistoryQuery::Newest => gap.below.is_none(),
            HistoryQuery::Oldest => gap.above.is_none(),
            HistoryQuery::Find { .. } => false,
        })
    }

    /// Goes to the beginning of the room, which may have to be fetched.
    pub(super) fn go_to_start(&mut self) -> Effect {
        self.history.reopen_cleared();
        let is_loaded = self.history.gaps().all(|gap| gap.above.is_some());
        if is_loaded
            || !self.is_connected()
            || !self.caught_up
            || self.fetching.contains(&HistoryQuery::Oldest)
        {
            return Effect::GoToStart;
        }
        self.fetching.push(HistoryQuery::Oldest);
        Effect::Fetch(HistoryQuery::Oldest)
    }

    /// Goes to the newest event, which may have to be fetched.
    pub(super) fn go_to_end(&mut self) -> Effect {
        if self.history.is_whole_at_end() || !self.is_connected() || !self.caught_up {
            return Effect::GoToEnd;
        }
        if !self.fetching.contains(&HistoryQuery::Newest) {
            self.fetching.push(HistoryQuery::Newest);
        }
        (self.at_end, self.lowest_visible) = (true, u64::MAX);
        Effect::Fetch(HistoryQuery::Newest)
    }

    /// Takes in a range, or the reason why there is none.
    pub(super) fn take_range(
        &mut self,
        query: HistoryQuery,
        range: Result<HistoryRange, String>,
        effects: &mut Vec<Effect>,
    ) {
        let expected = self.fetching.len();
        self.fetching.retain(|fetching| *fetching != query);
        if let HistoryQuery::Find { text, before } = query {
            return self.take_matches(&text, before, range, effects);
        }
        if expected == self.fetching.len() {
            return; // The query is from before a break.
        }
        let inserted = range.and_then(|range| {
            if self.insert_range(&query, range) {
                Ok(())
            } else {
                // Asking again would return the same, without end.
                Err("the server's answer does not match the request.".to_string())
            }
        });
        if let Err(why) = inserted {
            return self.note_unfilled(&query, why);
        }
        self.note_unshown(&query);
        match query {
            HistoryQuery::Oldest => {
                (self.at_end, self.lowest_visible) = (false, 0);
                effects.push(Effect::GoToStart);
            }
            HistoryQuery::Newest if self.at_end => effects.push(Effect::GoToEnd),
            _ => {}
        }
        self.judge_loaded_by_time();
        self.count_again();
        self.trim();
        self.mark_read();
    }

    /// Notes why the gap that a query was to fill is not filled.
    fn note_unfilled(&mut self, query: &HistoryQuery, why: String) {
        let unfilled = self.history.gaps().find(|gap| match query {
            HistoryQuery::Before(id) => gap.below == Some(*id),
            HistoryQuery::After(id) => gap.above == Some(*id),
            HistoryQuery::Oldest => gap.above.is_none(),
            _ => gap.below.is_none(),
        });
        self.failed.extend(unfilled.map(|gap| (gap.end, why)));
    }

    /// Gives up the gaps that the answer to a query left as they are, since it had nothing to show:
    /// the query that fills them is still the same, and would have the same answer.
    fn note_unshown(&mut self, query: &HistoryQuery) {
        let is_left = |gap: &Gap| [query_from_above(gap), query_from_below(gap)].contains(query);
        let left = self.history.gaps().filter(is_left);
        let why = "the server's answer had nothing that this window can show.";
        let left = left.map(|gap| (gap.end, why.to_string()));
        self.failed.extend(left);
    }

    /// Inserts a range into the history. `false` if it is not what was asked for.
    fn insert_range(&mut self, query: &HistoryQuery, range: HistoryRange) -> bool {
        let ids = || range.events.iter().filter_map(Wire::id);
        let next = range.next.map(|id| id.offset);
        let first = ids().next().map(|id| id.offset);
        let after_last = ids().next_back().map(|id| id.offset + 1);
        // The bounds within which nothing is missing; without a next range they are the log's.
        let back_to = next.map_or(0, |next| first.map_or(next, |first| first.min(next)));
        let on_to = |end: u64| match next {
            None => after_last.unwrap_or(0).max(end),
            Some(next) => after_last.unwrap_or(0).max(next + 1),
        };
        let covers = match query {
            HistoryQuery::After(id) => id.offset + 1..on_to(self.gap_end_after(*id)),
            HistoryQuery::Before(id) => back_to..id.offset,
            HistoryQuery::Oldest => 0..on_to(self.history.end()),
            _ => back_to..after_last.unwrap_or(self.history.end()),
        };
        // Events newer than the stream's newest are left to the stream.
        let end = self.history.end();
        let is_ahead =
            |entry: &HistoryEntry| entry.id.offset >= end && entry.id.offset < covers.end;
        let (me, local) = (self.me().map(str::to_string), self.local);
        let entries = range.events.into_iter();
        let entries = entries.filter_map(|wire| HistoryEntry::of(wire, me.as_deref(), local));
        let entries = entries.filter(|entry| !is_ahead(entry)).collect();
        let covers = covers.start..covers.end.min(end);
        !covers.is_empty() && self.history.insert(covers, entries)
    }

    /// The end of the gap after this event.
    fn gap_end_after(&self, id: Id) -> u64 {
        let next = self.history.gaps().find(|gap| gap.end > id.offset);
        next.map_or(self.history.end(), |gap| gap.end)
    }

    /// Drops what is far from what is visible, if there is too much.
    pub(super) fn trim(&mut self) {
        let ends =
            |history: &Scrollback| -> BTreeSet<u64> { history.gaps().map(|gap| gap.end).collect() };
        let before = ends(&self.history);
        let dropped = self.history.trim(if self.at_end {
            u64::MAX
        } else {
            self.lowest_visible
        });
        if dropped {
            let now = ends(&self.history);
            self.parked.retain(|end| now.contains(end));
            self.parked.extend(now.difference(&before));
        }
    }
}

/// The query that fills a gap for a reader who comes from above it.
fn query_from_above(gap: &Gap) -> HistoryQuery {
    match gap.above {
        Some(above) => HistoryQuery::After(above),
        None => query_from_below(gap),
    }
}

/// The query that fills a gap for a reader who comes from below it.
fn query_from_below(gap: &Gap) -> HistoryQuery {
    match (gap.above, gap.below) {
        (_, Some(below)) => HistoryQuery::Before(below),
        (Some(above), None) => HistoryQuery::After(above),
        (None, None) => HistoryQuery::Newest,
    }
}
