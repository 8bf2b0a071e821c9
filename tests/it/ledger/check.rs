//! The checker: what must hold between a book and the log at the end.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::book::{Book, Entry, Fate, Heard, Segment};
use super::line_up::LineUp;

/// A broken promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Acknowledged, and not in the log.
    Lost,
    /// In the log more than once, or acknowledged as new more than once.
    Doubled,
    /// Acknowledged under one id, and in the log under another, or under two ids.
    WrongId,
    /// In the log under another key than it was sent with.
    WrongKey,
    /// One name used a key for two lines.
    KeyTwice,
    /// "Nothing was stored", and it is in the log.
    RefusedStored,
    /// Refused although nothing was wrong with it, or taken although it was.
    WrongAnswer,
    /// In the log under a poster's name, and nobody sent it.
    Stranger,
    /// Seen, and not in the log at that id.
    Forged,
    /// Seen at that id with other content.
    WrongContent,
    /// A line was left out.
    Skipped,
    /// A line came again, or too late.
    Repeated,
    /// A resume did not begin with exactly the rest.
    Resume,
    /// A listener could not continue from its place.
    Reset,
    /// A listener was not sent everything up to the newest acknowledged message.
    Behind,
    /// A line of the log is damaged.
    Damaged,
    /// The log ends within a line.
    Torn,
    /// The times in the log go back.
    Time,
}

/// A violation, with enough text to understand it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its kind.
    pub kind: Kind,
    /// The events that led to it, as text.
    pub story: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.story)
    }
}

/// Compares the book with the log's bytes.
pub fn check(log: &[u8], book: &Book) -> Vec<Violation> {
    let all = LineUp::read(log);
    let mut found = Found(Vec::new());
    about_the_log(&all, &mut found);
    about_keys(&all, &mut found);
    for entry in &book.entries {
        about_entry(&all, entry, &mut found);
    }
    about_strangers(&all, book, &mut found);
    for heard in &book.heard {
        about_heard(&all, book, heard, &mut found);
    }
    found.0
}

/// Fails with every violation (the first of them, if there are many).
#[track_caller]
pub fn none(log: &[u8], book: &Book) {
    let violations = check(log, book);
    let told: Vec<String> = violations
        .iter()
        .take(20)
        .map(ToString::to_string)
        .collect();
    assert!(
        violations.is_empty(),
        "{} violations:\n{}\n({})",
        violations.len(),
        told.join("\n"),
        book.summary()
    );
}

struct Found(Vec<Violation>);

impl Found {
    fn add(&mut self, kind: Kind, story: String) {
        self.0.push(Violation { kind, story });
    }
}

fn about_the_log(all: &LineUp, found: &mut Found) {
    if all.unterminated > 0 {
        let story = format!("{} bytes after the last line", all.unterminated);
        found.add(Kind::Torn, story);
    }
    let mut before = None;
    for line in &all.lines {
        match &line.event {
            Err(damage) => found.add(Kind::Damaged, format!("{}: {damage}", line.id)),
            Ok(event) => {
                if before.is_some_and(|before| event.at < before) {
                    let story = format!("{} has {:?} after {before:?}", line.id, event.at);
                    found.add(Kind::Time, story);
                }
                before = Some(event.at);
            }
        }
    }
}

fn about_keys(all: &LineUp, found: &mut Found) {
    let mut keys = HashMap::new();
    for (index, from, text, key) in all.messages() {
        let Some(key) = key else { continue };
        if let Some(first) = keys.insert((from, key), index) {
            let (first, second) = (all.lines[first].id, all.lines[index].id);
            let story = format!("{from} used {key:?} at {first} and at {second} ({text:?})");
            found.add(Kind::KeyTwice, story);
        }
    }
}

fn about_entry(all: &LineUp, entry: &Entry, found: &mut Found) {
    let lines = all.said(&entry.from, &entry.text);
    let ids: Vec<String> = lines.iter().map(|i| all.lines[*i].id.to_string()).collect();
    let mut tell = |kind, what: &str| {
        found.add(kind, format!("{what}: in the log at {ids:?}; {entry:?}"));
    };
    let acknowledged = entry.fates.iter().filter_map(|fate| match fate {
        Fate::Acknowledged(status, id) => Some((*status, *id)),
        _ => None,
    });
    let acknowledged: Vec<_> = acknowledged.collect();
    let unknown = entry.fates.contains(&Fate::Unknown);
    if lines.len() > 1 {
        tell(Kind::Doubled, "said more than once");
    }
    if acknowledged.iter().filter(|(s, _)| *s == 201).count() > 1 {
        tell(Kind::Doubled, "acknowledged as new more than once");
    }
    if acknowledged.iter().any(|(_, id)| *id != acknowledged[0].1) {
        tell(Kind::WrongId, "acknowledged under several ids");
    }
    if acknowledged.iter().any(|(s, _)| *s == 200) && entry.fates.len() == 1 {
        tell(
            Kind::WrongAnswer,
            "the only attempt was told to be a repeat",
        );
    }
    match (acknowledged.first(), lines.first()) {
        (Some(_), None) => tell(Kind::Lost, "acknowledged"),
        (Some((_, id)), Some(_)) if all.index(*id).is_none_or(|at| !lines.contains(&at)) => {
            tell(Kind::WrongId, "acknowledged under another id");
        }
        (None, Some(_)) if !unknown => tell(Kind::RefusedStored, "every answer said no"),
        _ => {}
    }
    for line in lines {
        if all.key(*line) != entry.key.as_deref() {
            tell(Kind::WrongKey, "sent with another key");
        }
    }
    if entry.bad && !acknowledged.is_empty() {
        tell(Kind::WrongAnswer, "this should have been refused");
    }
    let misjudged = |fate: &Fate| matches!(fate, Fate::Refused(400 | 409 | 413 | 422, _));
    if !entry.bad && entry.fates.iter().any(misjudged) {
        tell(Kind::WrongAnswer, "nothing was wrong with this");
    }
}

fn about_strangers(all: &LineUp, book: &Book, found: &mut Found) {
    let names: HashSet<&str> = book.entries.iter().map(|e| &*e.from).collect();
    let sent: HashSet<(&str, &str)> = (book.entries.iter().map(|e| (&*e.from, &*e.text))).collect();
    for (index, from, text, key) in all.messages() {
        if names.contains(from) && !sent.contains(&(from, text)) {
            let id = all.lines[index].id;
            let story = format!("{from} never sent {text:?} (key {key:?}) at {id}");
            found.add(Kind::Stranger, story);
        }
    }
}

fn about_heard(all: &LineUp, book: &Book, heard: &Heard, found: &mut Found) {
    let who = &heard.who;
    let mut place = None;
    for (n, segment) in heard.segments.iter().enumerate() {
        let mut tell = |kind, what: String| {
            let after = segment.after.map(|id| id.to_string());
            let story = format!("{who}, segment {n} (resumed after {after:?}): {what}");
            found.add(kind, story);
        };
        if let Some(refused) = &segment.refused {
            tell(Kind::Reset, refused.clone());
        }
        if !segment.lines.is_empty() {
            about_lines(all, segment, &mut tell);
            continue;
        }
        if let Some(id) = segment.after {
            place = all.index(id);
            if place.is_none() {
                tell(Kind::Forged, "what it had seen before is not there".into());
            }
            if segment.hello.is_some_and(|hello| hello != id) {
                tell(Kind::Resume, format!("hello says {:?}", segment.hello));
            }
        } else if let Some(hello) = segment.hello {
            place = all.index(hello);
            if place.is_none() {
                tell(Kind::Forged, format!("hello's {hello} is not there"));
            }
        }
        for event in &segment.events {
            let Some(id) = event.id() else {
                tell(Kind::Reset, format!("it was sent {event:?}"));
                continue;
            };
            let Some(index) = all.index(id) else {
                let there = all.at(id.offset).map(|at| &all.lines[at]);
                tell(Kind::Forged, format!("{event:?}; there is {there:?}"));
                continue;
            };
            if !all.is_sent_as(index, event) {
                let line = &all.lines[index];
                tell(Kind::WrongContent, format!("{event:?} for {line:?}"));
            }
            let wanted = place.map_or(index, |place| place + 1);
            if index > wanted {
                let first = all.lines[wanted].id;
                let what = format!("{} lines from {first} to {id}", index - wanted);
                tell(Kind::Skipped, what);
            } else if index < wanted {
                tell(Kind::Repeated, format!("{event:?} came after a later one"));
            }
            place = Some(index);
        }
    }
    let newest = newest_acknowledged(all, book);
    if heard.caught_up && newest > place && heard.segments.iter().all(|s| s.lines.is_empty()) {
        let story = format!("{who} ends at line {place:?}, the newest is {newest:?}");
        found.add(Kind::Behind, story);
    }
}

/// Checks the lines of a plain stream. They have no ids, so they are found by their text, which is mostly unique.
fn about_lines(all: &LineUp, segment: &Segment, tell: &mut impl FnMut(Kind, String)) {
    let lines = segment.lines.iter().enumerate();
    let known = lines.filter_map(|(n, line)| match all.plain(line) {
        [only] => Some((n, *only)),
        _ => None,
    });
    let Some((n, index)) = known.into_iter().next() else {
        return;
    };
    let Some(mut wanted) = index.checked_sub(n) else {
        return tell(Kind::Forged, "lines before the log's first".into());
    };
    for line in &segment.lines {
        let expected = all.lines.get(wanted).and_then(|l| l.plain.as_deref());
        if expected != Some(line) {
            let places = all.plain(line);
            match places {
                [] => tell(Kind::Forged, format!("{line:?}")),
                _ if places.iter().any(|at| *at >= wanted) => {
                    tell(Kind::Skipped, format!("{line:?} came for {expected:?}"));
                }
                _ => tell(Kind::Repeated, format!("{line:?} came for {expected:?}")),
            }
            match places {
                [only] => wanted = *only,
                _ => return,
            }
        }
        wanted += 1;
    }
}

fn newest_acknowledged(all: &LineUp, book: &Book) -> Option<usize> {
    let fates = book.entries.iter().flat_map(|entry| &entry.fates);
    let ids = fates.filter_map(|fate| match fate {
        Fate::Acknowledged(_, id) => all.index(*id),
        _ => None,
    });
    ids.max()
}
