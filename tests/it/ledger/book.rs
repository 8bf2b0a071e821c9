//! The record of a load: the answers that posters got, the events that listeners saw.

use chatroom::event::Id;
use chatroom::wire::Wire;

/// The outcome of one attempt to post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Answered with 201 or 200.
    Acknowledged(u16, Id),
    /// The answer said that nothing was stored: the status and its word.
    Refused(u16, String),
    /// No answer arrived, or it said that the outcome is unknown.
    Unknown,
}

/// One message: who says it under which key, and how each attempt ended.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The poster.
    pub from: String,
    /// The key of every attempt; `None` if it is sent without.
    pub key: Option<String>,
    /// The text, which no other message has.
    pub text: String,
    /// True if the poster meant it to be refused.
    pub bad: bool,
    /// The attempts, in order.
    pub fates: Vec<Fate>,
}

/// The part of a stream between two breaks.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    /// The id it was resumed from.
    pub after: Option<Id>,
    /// The id of its hello.
    pub hello: Option<Id>,
    /// The other events of a structured stream; never `hello` or `bye`.
    pub events: Vec<Wire>,
    /// The lines, if it was a plain one.
    pub lines: Vec<String>,
    /// The answer, if it was no stream, or the part that could not be parsed.
    pub refused: Option<String>,
}

/// The record of one listener.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Its name.
    pub who: String,
    /// The segments, in order.
    pub segments: Vec<Segment>,
    /// True if it was asked to read up to the newest acknowledged message, and could.
    pub caught_up: bool,
}

/// The record of all posters and listeners.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// The messages of all posters.
    pub entries: Vec<Entry>,
    /// The records of all listeners.
    pub heard: Vec<Heard>,
}

impl Book {
    /// The number of acknowledged messages.
    pub fn acknowledged(&self) -> usize {
        let good = |fate: &Fate| matches!(fate, Fate::Acknowledged(..));
        let entries = self.entries.iter();
        entries.filter(|entry| entry.fates.iter().any(good)).count()
    }

    /// The number of attempts with such an outcome.
    pub fn count(&self, which: impl Fn(&Fate) -> bool) -> usize {
        let fates = self.entries.iter().flat_map(|entry| &entry.fates);
        fates.filter(|fate| which(fate)).count()
    }

    /// The number of events and lines that were seen.
    pub fn seen(&self) -> usize {
        let segments = self.heard.iter().flat_map(|heard| &heard.segments);
        segments.map(|s| s.events.len() + s.lines.len()).sum()
    }

    /// The number of times that a listener resumed.
    pub fn resumes(&self) -> usize {
        let segments = self.heard.iter().flat_map(|heard| &heard.segments);
        segments.filter(|s| s.after.is_some()).count()
    }

    /// A one-line summary for the test's output.
    pub fn summary(&self) -> String {
        format!(
            "{} messages, {} acknowledged, {} attempts unanswered, {} refused, {} repeats told so; \
             {} events seen by {} listeners, {} resumes",
            self.entries.len(),
            self.acknowledged(),
            self.count(|fate| *fate == Fate::Unknown),
            self.count(|fate| matches!(fate, Fate::Refused(..))),
            self.count(|fate| matches!(fate, Fate::Acknowledged(200, _))),
            self.seen(),
            self.heard.len(),
            self.resumes()
        )
    }
}
