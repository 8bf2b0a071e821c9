//! The summary of a run: messages that were posted, those that were not, and the reasons.

use std::time::Duration;

use crate::line::escaped;
use crate::modes::replay::read::defects::advice;
use crate::modes::replay::wording::{counted, duration};

/// Most changed names that are listed without `--verbose`.
const FEW: usize = 20;

/// The counts of a run.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// Messages that the room accepted.
    pub said: u64,
    /// Joins.
    pub joined: u64,
    /// Leaves.
    pub left: u64,
    /// Names of the log with their names in the room, where they differ.
    pub renamed: Vec<(String, String)>,
    /// The number of people.
    pub people: usize,
    /// Texts of nothing but white space.
    pub empty: u64,
    /// Texts that were posted in several parts, and the number of these parts.
    pub split: (u64, u64),
    /// Lines that only a server writes.
    pub unsaid: u64,
    /// Lines that are not as a room wrote them, and the position of the first.
    pub damaged: (u64, u64),
    /// Messages that the room refused, and its first sentence about them.
    pub refused: (u64, String),
    /// Messages that the room may or may not have.
    pub doubtful: u64,
    /// People for whom the room accepts no name, and their messages.
    pub turned_away: (usize, u64),
    /// Members who had to leave early to make room for others.
    pub made_room: u64,
    /// Members who could not log out.
    pub stranded: usize,
    /// The user stopped the run.
    pub cut_short: bool,
    /// The duration of the run.
    pub took: Duration,
}

impl Summary {
    /// Counts a damaged line at `position`.
    pub(super) fn add_damaged(&mut self, position: u64) {
        let (count, first) = self.damaged;
        self.damaged = (count + 1, if count == 0 { position } else { first });
    }

    /// Returns whether the room has everything that it could have.
    pub(super) fn is_whole(&self) -> bool {
        self.refused.0 + self.doubtful + self.turned_away.0 as u64 == 0
    }

    /// The summary in sentences. `file` is the log's name, `room` the room's address; with `all`, every
    /// changed name is listed.
    pub(super) fn words(&self, file: &str, room: &str, all: bool) -> String {
        let seconds = self.took.as_secs_f64();
        let mut lines = vec![match self.said {
            0 => format!("No message of {file} was posted in the room at {room}."),
            said => format!(
                "{} of {file} by {} posted again in the room at {room}, in {}: {:.1} a second.",
                counted(said, "message", "messages"),
                counted(self.people as u64, "person", "people"),
                in_words_or_tenths(self.took),
                said as f64 / seconds.max(1e-3)
            ),
        }];
        if self.cut_short {
            lines.push(format!(
                "It ended before {file} did, and the rest was not posted. Use --from to post it."
            ));
        }
        lines.push(format!("Came in: {}. Left: {}.", self.joined, self.left));
        if !self.renamed.is_empty() {
            let shown = if all { self.renamed.len() } else { FEW };
            let names = self.renamed.iter().take(shown);
            let names: Vec<_> = names
                .map(|(who, name)| match who.trim() {
                    "" => format!("nobody's as {}", escaped(name)),
                    _ => format!("{} as {}", escaped(who), escaped(name)),
                })
                .collect();
            let more = self.renamed.len() - names.len();
            let more = match more {
                0 => String::new(),
                n => format!(", and {n} more (-v lists all)"),
            };
            lines.push(format!(
                "Under another name, since the room did not accept their own: {}{more}.",
                names.join(", ")
            ));
        }
        if self.split.0 > 0 {
            lines.push(format!(
                "{} longer than the room allows: posted in {} parts.",
                counted(self.split.0, "text", "texts"),
                self.split.1
            ));
        }
        if self.made_room > 0 {
            lines.push(format!(
                "Left early, to come back when they have something to say, since too many were \
                 present at once: {}.",
                self.made_room
            ));
        }
        lines.extend(self.not_said(file));
        if self.stranded > 0 {
            lines.push(format!(
                "{} could not leave, since the room does not answer; it ends their sessions by \
                 itself when it is back.",
                counted(self.stranded as u64, "member", "members")
            ));
        }
        lines.join("\n") + "\n"
    }

    fn not_said(&self, file: &str) -> Vec<String> {
        let mut lines = Vec::new();
        let (damaged, first) = self.damaged;
        for (number, one, many, more) in [
            (
                self.unsaid,
                "line that only a server writes",
                "lines that only a server writes",
                " (its starts, stops and notices)".to_string(),
            ),
            (self.empty, "empty text", "empty texts", String::new()),
            (
                damaged,
                "damaged line",
                "damaged lines",
                format!(", first at byte {first}{}", advice(file)),
            ),
            (
                self.refused.0,
                "message that the room refused",
                "messages that the room refused",
                format!(" ({})", self.refused.1),
            ),
            (
                self.doubtful,
                "message that was on its way when its sender lost the name",
                "messages that were on their way when their senders lost the name",
                String::new(),
            ),
            (
                self.turned_away.1,
                "message",
                "messages",
                format!(
                    " of {}, whom the room accepts under no name",
                    counted(self.turned_away.0 as u64, "person", "people")
                ),
            ),
        ] {
            if number > 0 {
                lines.push(format!(
                    "Not posted again: {}{more}.",
                    counted(number, one, many)
                ));
            }
        }
        lines
    }
}

fn in_words_or_tenths(length: Duration) -> String {
    match length.as_secs() {
        0..60 => format!("{:.1} s", length.as_secs_f64()),
        _ => duration(length),
    }
}
