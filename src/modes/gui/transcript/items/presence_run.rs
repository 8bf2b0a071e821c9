//! A folded run of joins and leaves in words. Pure.

use crate::modes::gui::transcript::history::EntryKind;
use crate::modes::gui::transcript::history::HistoryEntry;

/// Describes a run of joins and leaves: `5 came (bob, eve, dan and others), 1 went (eve)`. The
/// parts stand in the order in which each happened last, so that the words end as the run did.
pub fn run_words<'a>(run: impl Iterator<Item = &'a HistoryEntry>) -> String {
    let (mut came, mut went) = ((0, Vec::new()), (0, Vec::new()));
    let (mut opened, mut closed) = ((0, 0), (0, 0));
    for (at, entry) in run.enumerate() {
        match &entry.kind {
            EntryKind::Joined(name) => {
                came.0 = at;
                came.1.push(&**name);
            }
            EntryKind::Left(name) => {
                went.0 = at;
                went.1.push(&**name);
            }
            EntryKind::Room(text) if text.starts_with("Room opened") => opened = (at, opened.1 + 1),
            EntryKind::Room(_) => closed = (at, closed.1 + 1),
            _ => {}
        }
    }
    let mut words = Vec::new();
    for ((last, names), did) in [(came, "came"), (went, "went")] {
        if !names.is_empty() {
            words.push((last, format!("{} {did} ({})", names.len(), some_of(&names))));
        }
    }
    for ((last, count), did) in [(opened, "opened"), (closed, "closed")] {
        match count {
            0 => {}
            1 => words.push((last, format!("the room was {did}"))),
            n => words.push((last, format!("the room was {did} {n} times"))),
        }
    }
    words.sort_by_key(|(last, _)| *last);
    let words: Vec<String> = words.into_iter().map(|(_, words)| words).collect();
    words.join(", ")
}

fn some_of(names: &[&str]) -> String {
    let mut different: Vec<&str> = Vec::new();
    for name in names {
        if !different.contains(name) {
            different.push(name);
        }
        if different.len() > 40 {
            break; // Enough to know that there are more.
        }
    }
    match different.len() {
        0..=4 => different.join(", "),
        _ => format!("{} and others", different[..3].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Id, LogId};

    fn entry(kind: EntryKind) -> HistoryEntry {
        let id = Id {
            log: LogId(1),
            offset: 0,
            check: 0,
        };
        HistoryEntry {
            id,
            at: None,
            local: None,
            kind,
        }
    }

    #[test]
    fn a_folded_line_ends_as_its_run_did() {
        let events = [
            EntryKind::Room("Room opened (1.0)".into()),
            EntryKind::Joined("uthira".into()),
            EntryKind::Room("Room closed".into()),
            EntryKind::Room("Room opened (1.0)".into()),
            EntryKind::Joined("uthira".into()),
        ];
        let words = |upto: usize| {
            let events = events[..upto].iter().cloned();
            let run: Vec<HistoryEntry> = events.map(entry).collect();
            run_words(run.iter())
        };
        assert_eq!(
            words(3),
            "the room was opened, 1 came (uthira), the room was closed"
        );
        assert_eq!(
            words(5),
            "the room was closed, the room was opened 2 times, 2 came (uthira)"
        );
    }
}
