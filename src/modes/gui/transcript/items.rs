//! The transcript as a reader sees it, from top to bottom: messages in groups, days, comings and
//! goings in one line where there are many, holes, the line of what is new. Pure.

mod presence_run;

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};

use super::history::{Entry, History, Part, What};
use super::styled::action_of;
pub use presence_run::run_words;

/// From so many on, comings and goings in a row are shown as one line.
const MANY: usize = 4;
/// Messages of one sender that are further apart are not one group.
const PAUSE: TimeDelta = TimeDelta::minutes(10);

/// What an item is, in the order in which those of one place stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Something is missing here.
    Hole,
    /// The room's first event comes next.
    Start,
    /// The log became another one here.
    Replaced,
    /// A day begins.
    Day,
    /// What is new begins.
    Unread,
    /// An event, or several comings and goings.
    Entry,
    /// A message that is not in the room yet.
    Pending,
    /// Something that this window says by itself.
    Note,
}

/// What names an item as long as it is there, in the order in which they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The offset of the event at or before which it stands; behind all events, a number.
    pub place: u64,
    /// What it is.
    pub rank: Rank,
}

/// One thing that stands in the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub key: Key,
    /// What is to be known to draw it.
    pub shape: Shape,
}

/// What is to be known to draw an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Something is missing here.
    Hole,
    /// The room's first event comes next.
    Start,
    /// The log became another one here.
    Replaced,
    /// A day begins.
    Day(NaiveDate),
    /// What is new begins.
    Unread,
    /// An event; `grouped` says that it goes on with what its sender said just before.
    Entry {
        /// Its sender stands above.
        grouped: bool,
    },
    /// Comings and goings up to the event at this offset, as one line.
    Run {
        /// The last of them.
        last: u64,
    },
    /// A message that is not in the room yet, by its place among those.
    Pending(usize),
    /// Something that this window says by itself, by its place among those.
    Note(usize),
}

/// What besides the history decides how the transcript looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around<'a> {
    /// The line of what is new stands before the first event at or behind this offset.
    pub new_from: Option<u64>,
    /// The log became another one when everything before this offset was in it already.
    pub replaced: Option<u64>,
    /// How many messages are not in the room yet.
    pub pending: usize,
    /// How many notes this window has to show.
    pub notes: usize,
    /// The runs of comings and goings that are to be seen one by one, by their first offsets.
    pub opened: Option<&'a BTreeSet<u64>>,
}

/// Everything that stands in the transcript, from top to bottom.
pub fn items(history: &History, around: &Around<'_>) -> Vec<Item> {
    let mut made = Items {
        items: Vec::with_capacity(history.len() + 16),
        run: Vec::new(),
        around,
        day: None,
        said: None,
        new_from: around.new_from,
        replaced: around.replaced,
    };
    let mut first = true;
    for part in history.parts() {
        match part {
            Part::Hole(hole) => {
                made.replaced_before(hole.end);
                made.end_run();
                made.put(hole.end, Rank::Hole, Shape::Hole);
                made.said = None;
            }
            Part::Entry(entry) => {
                if first {
                    made.put(entry.id.offset, Rank::Start, Shape::Start);
                }
                made.replaced_before(entry.id.offset + 1);
                made.entry(entry);
            }
        }
        first = false;
    }
    made.replaced_before(u64::MAX);
    made.end_run();
    let behind = history.end().max(1 << 62);
    for n in 0..around.pending {
        made.put(behind + n as u64, Rank::Pending, Shape::Pending(n));
    }
    for n in 0..around.notes {
        made.put(behind + (1 << 32) + n as u64, Rank::Note, Shape::Note(n));
    }
    made.items
}

struct Items<'a> {
    items: Vec<Item>,
    /// Comings and goings that may become one line.
    run: Vec<u64>,
    around: &'a Around<'a>,
    day: Option<NaiveDate>,
    /// The message that the next one may go on with.
    said: Option<&'a Entry>,
    new_from: Option<u64>,
    replaced: Option<u64>,
}

impl<'a> Items<'a> {
    fn put(&mut self, place: u64, rank: Rank, shape: Shape) {
        let key = Key { place, rank };
        self.items.push(Item { key, shape });
    }

    /// The line that says so, if it stands before `place`.
    fn replaced_before(&mut self, place: u64) {
        if let Some(at) = self.replaced.take_if(|at| *at < place) {
            self.end_run();
            self.said = None;
            self.put(at, Rank::Replaced, Shape::Replaced);
        }
    }

    fn entry(&mut self, entry: &'a Entry) {
        let place = entry.id.offset;
        let day = entry.local.map(|at| at.date());
        if day.is_some() && day != self.day {
            self.end_run();
            self.said = None;
            self.day = day;
            self.put(place, Rank::Day, Shape::Day(day.unwrap_or_default()));
        }
        let said = matches!(entry.what, What::Said { .. });
        if said && self.new_from.is_some_and(|from| from <= place) {
            self.end_run();
            self.said = None;
            self.new_from = None;
            self.put(place, Rank::Unread, Shape::Unread);
        }
        if entry.is_presence() {
            self.said = None;
            self.run.push(place);
            return;
        }
        self.end_run();
        let grouped = self.said.is_some_and(|before| goes_on(before, entry));
        self.put(place, Rank::Entry, Shape::Entry { grouped });
        self.said = said.then_some(entry);
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            return;
        };
        let opened = self.around.opened.is_some_and(|o| o.contains(first));
        if run.len() >= MANY && !opened {
            self.put(*first, Rank::Entry, Shape::Run { last: *last });
        } else {
            for place in run {
                self.put(place, Rank::Entry, Shape::Entry { grouped: false });
            }
        }
    }
}

/// Whether a message stands below the same sender's one before, without the name.
fn goes_on(before: &Entry, entry: &Entry) -> bool {
    let (
        What::Said {
            from: a, text: x, ..
        },
        What::Said {
            from: b, text: y, ..
        },
    ) = (&before.what, &entry.what)
    else {
        return false;
    };
    let near = match (before.local, entry.local) {
        (Some(before), Some(now)) => now - before < PAUSE,
        _ => false,
    };
    a == b && near && action_of(x).is_none() && action_of(y).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Elapsed, Id, LogId};
    use chrono::NaiveDateTime;

    fn entry(offset: u64, minute: i64, what: What) -> Entry {
        let start = NaiveDate::from_ymd_opt(2026, 11, 23).expect("a day");
        let local: NaiveDateTime = start.and_hms_opt(23, 0, 0).expect("a time");
        Entry {
            id: Id {
                log: LogId(1),
                offset,
                check: 0,
            },
            at: None,
            local: Some(local + TimeDelta::minutes(minute)),
            what,
        }
    }

    fn said(from: &str, text: &str) -> What {
        What::Said {
            from: from.into(),
            elapsed: Elapsed(9),
            text: text.into(),
            own: false,
            to_us: false,
        }
    }

    /// The events, ten bytes apart, as a reader sees them.
    fn drawn(events: Vec<(i64, What)>, around: Around<'_>) -> Vec<String> {
        let mut history = History::default();
        history.stream_from(None);
        for (n, (minute, what)) in (0..).zip(events) {
            history.push(entry(n * 10, minute, what));
        }
        let shown = |item: Item| match item.shape {
            Shape::Hole => "~".to_string(),
            Shape::Start => "start".to_string(),
            Shape::Day(day) => format!("-- {day}"),
            Shape::Unread => "-- new".to_string(),
            Shape::Replaced => "-- replaced".to_string(),
            Shape::Entry { grouped: true } => {
                let entry = history.get(item.key.place).expect("it is there").copied();
                format!("    {}", entry.split_once("]: ").expect("a message").1)
            }
            Shape::Entry { .. } => history.get(item.key.place).expect("there").copied(),
            Shape::Run { last } => run_words(history.between(item.key.place, last)),
            Shape::Pending(n) => format!("pending {n}"),
            Shape::Note(n) => format!("note {n}"),
        };
        let items = items(&history, &around);
        assert!(items.is_sorted_by(|a, b| a.key < b.key), "{items:?}");
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
            drawn(events, Around::default()),
            [
                "start",
                "-- 2026-11-23",
                "[bob]: 0:00:09:one",
                "    0:00:09:two",
                "[eve]: 0:00:09:three",
                "[bob]: 0:00:09:four",
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
        let around = Around {
            new_from: Some(21),
            pending: 1,
            notes: 1,
            ..Around::default()
        };
        assert_eq!(
            drawn(events, around),
            [
                "start",
                "-- 2026-11-23",
                "[bob]: 0:00:09:one",
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
            let around = Around {
                replaced: Some(at),
                notes: 1,
                ..Around::default()
            };
            let mut lines = drawn(events.clone(), around);
            assert_eq!(lines.remove(line), "-- replaced", "{at}: {lines:?}");
            assert_eq!(lines.len(), 5);
        }
    }

    #[test]
    fn many_comings_and_goings_are_one_line_unless_it_is_opened() {
        let names = ["a", "b", "c", "d"];
        let mut events: Vec<(i64, What)> =
            names.iter().map(|n| (0, What::Came((*n).into()))).collect();
        events.push((0, What::Went("a".into())));
        events.push((0, said("b", "hello")));
        events.push((0, What::Went("b".into())));
        events.push((0, What::Room("Room closed".into())));
        let shown = drawn(events.clone(), Around::default());
        assert_eq!(
            shown[2..],
            [
                "4 came (a, b, c, d), 1 went (a)",
                "[b]: 0:00:09:hello",
                "Client (b) is offline",
                "* Room closed",
            ]
        );
        let opened = BTreeSet::from([0]);
        let around = Around {
            opened: Some(&opened),
            ..Around::default()
        };
        assert_eq!(drawn(events, around)[2], "Client (a) entered room");
    }
}
