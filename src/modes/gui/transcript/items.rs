//! The items of the transcript from top to bottom: messages in groups, days, pauses, folded runs of joins
//! and leaves, gaps, the "new messages" line. Pure; the page's twin is src/modes/server/page/items.js.

mod presence_run;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use super::history::action_of;
use super::history::{EntryKind, HistoryEntry, Part, Scrollback};
use super::surroundings::Surroundings;
pub use presence_run::run_words;

/// Shortest run of joins and leaves that is folded into one line.
const MANY: usize = 4;
/// The pause between two messages that ends a group.
const SAME_GROUP: TimeDelta = TimeDelta::minutes(5);
/// Shortest pause between two messages that is named in a line of its own.
const QUIET: TimeDelta = TimeDelta::minutes(10);

/// The order of items at the same offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemRank {
    /// A gap.
    Gap,
    /// The beginning of the room.
    Start,
    /// A change of the log.
    Replaced,
    /// A new day.
    Day,
    /// The "new messages" line.
    Unread,
    /// A pause.
    Pause,
    /// An event or a folded run.
    Entry,
    /// A message that is not in the room yet.
    Pending,
    /// A note of this window.
    Note,
}

/// Identifies an item while it exists; in the order of the items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId {
    /// The offset of the event at or before which it stands; after all events, a number beyond.
    pub offset: u64,
    /// Its order among items at that offset.
    pub rank: ItemRank,
}

/// An item of the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its identity.
    pub id: ItemId,
    /// The data needed to draw it.
    pub kind: ItemKind,
}

/// The kinds of items, with the data needed to draw them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// A gap.
    Gap,
    /// The beginning of the room.
    Start,
    /// A change of the log.
    Replaced,
    /// A new day.
    Day(NaiveDate),
    /// The "new messages" line.
    Unread,
    /// A pause before the next message, in whole minutes.
    Pause(i64),
    /// An event.
    Entry {
        /// The message continues the group above, without the name.
        grouped: bool,
    },
    /// A folded run of joins and leaves.
    Run {
        /// The offset of its last event.
        last: u64,
    },
    /// A message that is not in the room yet, by its index.
    Pending(usize),
    /// A note of this window, by its index.
    Note(usize),
}

/// Returns the items of the transcript, from top to bottom.
pub fn items(history: &Scrollback, surroundings: &Surroundings<'_>) -> Vec<Item> {
    let mut made = Items {
        items: Vec::with_capacity(history.len() + 16),
        run: Vec::new(),
        surroundings,
        day: None,
        message: None,
        said_at: None,
        new_from: surroundings.new_from,
        replaced: surroundings.log_change.map(|(at, _)| at),
    };
    let mut first = true;
    for part in history.parts() {
        match part {
            Part::Gap(gap) => {
                made.put_replaced_before(gap.end);
                made.end_run();
                made.put(gap.end, ItemRank::Gap, ItemKind::Gap);
                made.message = None;
                made.said_at = None;
            }
            Part::Entry(entry) => {
                if first {
                    made.put(entry.id.offset, ItemRank::Start, ItemKind::Start);
                }
                made.put_replaced_before(entry.id.offset + 1);
                made.put_entry(entry);
            }
        }
        first = false;
    }
    made.put_replaced_before(u64::MAX);
    made.end_run();
    let after_all = history.end().max(1 << 62);
    for n in 0..surroundings.pending.len() {
        made.put(
            after_all + n as u64,
            ItemRank::Pending,
            ItemKind::Pending(n),
        );
    }
    for n in 0..surroundings.notes.len() {
        made.put(
            after_all + (1 << 32) + n as u64,
            ItemRank::Note,
            ItemKind::Note(n),
        );
    }
    made.items
}

struct Items<'a> {
    items: Vec<Item>,
    /// Joins and leaves that may become one line.
    run: Vec<u64>,
    surroundings: &'a Surroundings<'a>,
    day: Option<NaiveDate>,
    /// The message whose group the next one may continue.
    message: Option<&'a HistoryEntry>,
    /// The time of the newest message of this day, if nothing is missing since.
    said_at: Option<NaiveDateTime>,
    new_from: Option<u64>,
    replaced: Option<u64>,
}

impl<'a> Items<'a> {
    fn put(&mut self, offset: u64, rank: ItemRank, kind: ItemKind) {
        let id = ItemId { offset, rank };
        self.items.push(Item { id, kind });
    }

    /// Puts the line about a change of the log if it stands before this offset.
    fn put_replaced_before(&mut self, offset: u64) {
        if let Some(at) = self.replaced.take_if(|at| *at < offset) {
            self.end_run();
            self.message = None;
            self.said_at = None;
            self.put(at, ItemRank::Replaced, ItemKind::Replaced);
        }
    }

    fn put_entry(&mut self, entry: &'a HistoryEntry) {
        let offset = entry.id.offset;
        let day = entry.local.map(|at| at.date());
        if day.is_some() && day != self.day {
            self.end_run();
            self.message = None;
            self.said_at = None;
            self.day = day;
            self.put(
                offset,
                ItemRank::Day,
                ItemKind::Day(day.unwrap_or_default()),
            );
        }
        let is_message = matches!(entry.kind, EntryKind::Message { .. });
        if is_message && self.new_from.is_some_and(|from| from <= offset) {
            self.end_run();
            self.message = None;
            self.new_from = None;
            self.put(offset, ItemRank::Unread, ItemKind::Unread);
        }
        if entry.is_presence() {
            self.message = None;
            self.run.push(offset);
            return;
        }
        self.end_run();
        if is_message {
            let before = std::mem::replace(&mut self.said_at, entry.local);
            let pause = before.zip(entry.local).map(|(before, now)| now - before);
            if let Some(pause) = pause.filter(|pause| *pause >= QUIET) {
                self.message = None;
                let kind = ItemKind::Pause(pause.num_minutes());
                self.put(offset, ItemRank::Pause, kind);
            }
        }
        let grouped = self
            .message
            .is_some_and(|before| continues_group(before, entry));
        self.put(offset, ItemRank::Entry, ItemKind::Entry { grouped });
        self.message = is_message.then_some(entry);
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            return;
        };
        let unfolded = self.surroundings.unfolded;
        let is_unfolded = unfolded.is_some_and(|unfolded| unfolded.contains(first));
        if run.len() >= MANY && !is_unfolded {
            self.put(*first, ItemRank::Entry, ItemKind::Run { last: *last });
        } else {
            for offset in run {
                self.put(offset, ItemRank::Entry, ItemKind::Entry { grouped: false });
            }
        }
    }
}

/// Returns whether a message continues the group of the one before.
fn continues_group(before: &HistoryEntry, entry: &HistoryEntry) -> bool {
    let (
        EntryKind::Message {
            from: a, text: x, ..
        },
        EntryKind::Message {
            from: b, text: y, ..
        },
    ) = (&before.kind, &entry.kind)
    else {
        return false;
    };
    let is_soon = match (before.local, entry.local) {
        (Some(before), Some(now)) => now - before < SAME_GROUP,
        _ => false,
    };
    a == b && is_soon && action_of(x).is_none() && action_of(y).is_none()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::event::{Elapsed, Id, Key, LogId};
    use crate::golden::cases;
    use crate::modes::gui::talk::OutboxMessage;
    use crate::modes::gui::transcript::surroundings::{Delivery, LogChange, Pending};
    use serde_json::Value;

    fn entry(offset: u64, minute: i64, kind: EntryKind) -> HistoryEntry {
        let start = NaiveDate::from_ymd_opt(2026, 11, 23).expect("a day");
        let local: NaiveDateTime = start.and_hms_opt(23, 0, 0).expect("a time");
        HistoryEntry {
            id: Id {
                log: LogId(1),
                offset,
                check: 0,
            },
            at: None,
            local: Some(local + TimeDelta::minutes(minute)),
            kind,
        }
    }

    fn said(from: &str, text: &str) -> EntryKind {
        EntryKind::Message {
            from: from.into(),
            elapsed: Elapsed(9),
            text: text.into(),
            own: false,
            to_us: false,
        }
    }

    fn pending() -> Pending {
        Pending {
            message: OutboxMessage {
                key: Key::new("k").expect("a key"),
                text: "hi".to_string(),
                after: None,
            },
            delivery: Delivery::Waiting,
            durable: true,
        }
    }

    /// The events, ten bytes apart, as a reader sees them.
    fn drawn(events: Vec<(i64, EntryKind)>, surroundings: Surroundings<'_>) -> Vec<String> {
        let mut history = Scrollback::default();
        history.stream_from(None);
        for (n, (minute, kind)) in (0..).zip(events) {
            history.push(entry(n * 10, minute, kind));
        }
        let shown = |item: Item| match item.kind {
            ItemKind::Gap => "~".to_string(),
            ItemKind::Start => "start".to_string(),
            ItemKind::Day(day) => format!("-- {day}"),
            ItemKind::Unread => "-- new".to_string(),
            ItemKind::Pause(minutes) => format!("-- {minutes} minutes"),
            ItemKind::Replaced => "-- replaced".to_string(),
            ItemKind::Entry { grouped: true } => {
                let entry = history.get(item.id.offset).expect("it is there").copied();
                format!("    {}", entry.split_once("]: ").expect("a message").1)
            }
            ItemKind::Entry { .. } => history.get(item.id.offset).expect("there").copied(),
            ItemKind::Run { last } => run_words(history.between(item.id.offset, last)),
            ItemKind::Pending(n) => format!("pending {n}"),
            ItemKind::Note(n) => format!("note {n}"),
        };
        let items = items(&history, &surroundings);
        assert!(items.is_sorted_by(|a, b| a.id < b.id), "{items:?}");
        items.into_iter().map(shown).collect()
    }

    #[test]
    fn one_senders_messages_are_one_group_until_something_comes_between() {
        let events = vec![
            (0, said("bob", "one")),
            (1, said("bob", "two")),
            (2, said("eve", "three")),
            (3, said("bob", "four")),
            (30, said("bob", "five")),
            (30, said("bob", "/me waves")),
            (30, said("bob", "six")),
        ];
        assert_eq!(
            drawn(events, Surroundings::default()),
            [
                "start",
                "-- 2026-11-23",
                "[bob]: 0:00:09:one",
                "    0:00:09:two",
                "[eve]: 0:00:09:three",
                "[bob]: 0:00:09:four",
                "-- 27 minutes",
                "[bob]: 0:00:09:five",
                "[bob]: 0:00:09:/me waves",
                "[bob]: 0:00:09:six",
            ]
        );
    }

    #[test]
    fn days_and_what_is_new_begin_with_a_line_and_a_name() {
        let events = vec![
            (0, said("bob", "one")),
            (59, said("bob", "two")),
            (60, said("bob", "three")),
            (61, said("bob", "four")),
        ];
        let surroundings = Surroundings {
            new_from: Some(21),
            pending: &[pending()],
            notes: &["a note".to_string()],
            ..Surroundings::default()
        };
        assert_eq!(
            drawn(events, surroundings),
            [
                "start",
                "-- 2026-11-23",
                "[bob]: 0:00:09:one",
                "-- 59 minutes",
                "[bob]: 0:00:09:two",
                "-- 2026-11-24",
                "[bob]: 0:00:09:three",
                "-- new",
                "[bob]: 0:00:09:four",
                "pending 0",
                "note 0",
            ]
        );
    }

    #[test]
    fn where_the_log_became_another_one_is_a_line_of_its_own() {
        let events = vec![(0, said("bob", "one")), (0, said("bob", "two"))];
        for (at, line) in [(0, 1), (1, 3), (10, 3), (11, 4), (90, 4)] {
            let surroundings = Surroundings {
                log_change: Some((at, &LogChange::Replaced)),
                notes: &["a note".to_string()],
                ..Surroundings::default()
            };
            let mut lines = drawn(events.clone(), surroundings);
            assert_eq!(lines.remove(line), "-- replaced", "{at}: {lines:?}");
            assert_eq!(lines.len(), 5);
        }
    }

    #[test]
    fn many_comings_and_goings_are_one_line_unless_it_is_opened() {
        let names = ["a", "b", "c", "d"];
        let mut events: Vec<(i64, EntryKind)> = names
            .iter()
            .map(|n| (0, EntryKind::Joined((*n).into())))
            .collect();
        events.push((0, EntryKind::Left("a".into())));
        events.push((0, said("b", "hello")));
        events.push((0, EntryKind::Left("b".into())));
        events.push((0, EntryKind::Room("Room closed".into())));
        let shown = drawn(events.clone(), Surroundings::default());
        assert_eq!(
            shown[2..],
            [
                "4 came (a, b, c, d), 1 went (a)",
                "[b]: 0:00:09:hello",
                "Client (b) is offline",
                "* Room closed",
            ]
        );
        let unfolded = BTreeSet::from([0]);
        let surroundings = Surroundings {
            unfolded: Some(&unfolded),
            ..Surroundings::default()
        };
        assert_eq!(drawn(events, surroundings)[2], "Client (a) entered room");
    }

    /// An event of a case.
    fn event_of(case: &Value) -> HistoryEntry {
        let word = |field: &str| case[field].as_str().unwrap_or_default();
        let name = || word("name").into();
        let kind = match word("type") {
            "message" => said(word("name"), word("text")),
            "join" => EntryKind::Joined(name()),
            "leave" => EntryKind::Left(name()),
            "opened" => EntryKind::Room("Room opened (1.0)".into()),
            "closed" => EntryKind::Room("Room closed".into()),
            "notice" => EntryKind::Notice("Notice: tea".into()),
            other => panic!("an event of no kind: {other}"),
        };
        let minute = case["minute"].as_f64().expect("a time");
        let mut entry = entry(case["offset"].as_u64().expect("an offset"), 0, kind);
        let after = TimeDelta::milliseconds((minute * 60_000.0).round() as i64);
        entry.local = entry.local.map(|local| local + after);
        entry
    }

    #[test]
    fn the_transcript_has_the_items_that_the_page_has() {
        for case in cases("items") {
            let mut history = Scrollback::default();
            let since = case["since"].as_u64();
            history.stream_from(since.map(|offset| entry(offset, 0, said("", "")).id));
            for event in case["events"].as_array().expect("events") {
                assert!(history.push(event_of(event)));
            }
            let unfolded = case["unfolded"].as_array().into_iter().flatten();
            let unfolded: BTreeSet<u64> = unfolded.filter_map(Value::as_u64).collect();
            let count = case["pending"].as_u64().unwrap_or_default();
            let waiting: Vec<Pending> = (0..count).map(|_| pending()).collect();
            let surroundings = Surroundings {
                new_from: case["unread"].as_u64(),
                unfolded: Some(&unfolded),
                pending: &waiting,
                ..Surroundings::default()
            };
            let shown = |item: Item| match item.kind {
                ItemKind::Gap => format!("gap {}", item.id.offset),
                ItemKind::Start => "start".to_string(),
                ItemKind::Day(day) => format!("day {day}"),
                ItemKind::Unread => "unread".to_string(),
                ItemKind::Pause(minutes) => format!("pause {minutes}"),
                ItemKind::Run { last } => format!("run {}-{last}", item.id.offset),
                ItemKind::Entry { grouped } => {
                    let kind = match &history.get(item.id.offset).expect("it is there").kind {
                        EntryKind::Message { .. } if grouped => "grouped",
                        EntryKind::Message { .. } => "message",
                        EntryKind::Notice(_) => "notice",
                        _ => "presence",
                    };
                    format!("{kind} {}", item.id.offset)
                }
                ItemKind::Pending(n) => format!("pending {n}"),
                ItemKind::Replaced | ItemKind::Note(_) => "no such thing".to_string(),
            };
            let items: Vec<String> = items(&history, &surroundings)
                .into_iter()
                .map(shown)
                .collect();
            assert_eq!(Value::from(items), case["items"], "{}", case["title"]);
        }
    }
}
