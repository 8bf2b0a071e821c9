//! A report about the lines of another program's log.
//!
//! Invariant: every line that is not blank is counted, and one that added nothing to the room's log is
//! counted as not understood.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::line::escaped;

/// Lines that are kept to be reported, at most.
const NAMED: usize = 1_000;
/// Characters of a reported line that are shown, at most.
const SHOWN: usize = 100;

/// Numbers of lines by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineCounts {
    /// Lines that are not blank; of the original program's log, records.
    pub lines: u64,
    /// Messages in the room's log, including actions.
    pub messages: u64,
    /// Messages without text; they are kept.
    pub empty: u64,
    pub joins: u64,
    pub leaves: u64,
    pub notices: u64,
    /// Lines that are not in the room's log.
    pub not_understood: u64,
    /// Lines that were not UTF-8 and were decoded as Windows-1252.
    pub not_utf8: u64,
    /// Lines earlier than the line before.
    pub back: u64,
    /// Lines so long that only their beginning was read.
    pub cut: u64,
}

/// A line that is reported with `--verbose`.
#[derive(Debug)]
struct Named {
    line: u64,
    what: &'static str,
    text: String,
}

/// The contents of a report, which grow while the log is read.
#[derive(Debug, Default)]
pub(crate) struct ReportEntries {
    pub counts: LineCounts,
    named: Vec<Named>,
    /// Sources of the times that the log lacks.
    pub notes: Vec<String>,
}

impl ReportEntries {
    /// Keeps a line for the report; the first has number 1.
    pub(crate) fn name(&mut self, line: u64, what: &'static str, text: &str) {
        if self.named.len() < NAMED {
            let beginning: String = text.chars().take(SHOWN).collect();
            let dots = if beginning.len() < text.len() {
                "..."
            } else {
                ""
            };
            self.named.push(Named {
                line,
                what,
                text: escaped(&beginning) + dots,
            });
        }
    }
}

/// A report that can be shared while the conversion runs.
#[derive(Debug, Default)]
pub(crate) struct ConversionReport {
    entries: Mutex<ReportEntries>,
}

impl ConversionReport {
    /// A report with nothing but one note, which the log's name precedes.
    pub(crate) fn of_note(note: String) -> Arc<ConversionReport> {
        let report = ConversionReport::default();
        report.change(|entries| entries.notes.push(note));
        Arc::new(report)
    }

    /// Runs `change` on the contents.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut ReportEntries) -> T) -> T {
        change(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Prints on stderr the differences between the room's log and the log called `name`; with `verbose`, the
    /// lines concerned.
    pub(crate) fn tell(&self, name: &str, verbose: bool) {
        let text = self.change(|entries| told(entries, name, verbose));
        // Nothing can be reported if stderr is closed.
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

/// The sentences of the report, one a line.
fn told(entries: &ReportEntries, name: &str, verbose: bool) -> String {
    let mut out = String::new();
    let mut say = |sentence: String| out += &format!("chatroom: {sentence}\n");
    for note in &entries.notes {
        say(format!("{name} {note}"));
    }
    let counts = &entries.counts;
    let which = if verbose { "" } else { "; -v lists them" };
    let lines = |count: u64| match count {
        1 => format!("1 line of {name} was"),
        _ => format!("{count} lines of {name} were"),
    };
    if verbose {
        for Named { line, what, text } in &entries.named {
            say(format!("{name}, line {line} {what}: {text}"));
        }
        let more = counts.not_understood + counts.not_utf8 + counts.cut;
        let more = more.saturating_sub(entries.named.len() as u64);
        if more > 0 {
            say(format!("{more} more such lines of {name} are not listed."));
        }
    }
    let not = counts.not_understood;
    if not > 0 {
        let them = if not == 1 { "is" } else { "are" };
        say(format!(
            "{} not understood and {them} not in the result{which}.",
            lines(not)
        ));
    }
    if counts.cut > 0 {
        say(format!(
            "{} longer than 1 MiB; the rest of it is not in the result{which}.",
            lines(counts.cut)
        ));
    }
    if counts.not_utf8 > 0 {
        say(format!(
            "{} not UTF-8 and read as Windows-1252{which}.",
            lines(counts.not_utf8)
        ));
    }
    if counts.back > 0 {
        say(format!(
            "{} earlier than the line before; a room's time never goes back, so the later time is \
             used.",
            lines(counts.back)
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_and_named() {
        let mut entries = ReportEntries::default();
        assert_eq!(told(&entries, "irc.log", true), "");
        entries.counts.not_understood = 2;
        entries.counts.not_utf8 = 1;
        entries.name(7, "was not understood", "what\u{1b} is this");
        entries.name(9, "was not understood", &"x".repeat(101));
        assert_eq!(
            told(&entries, "irc.log", false),
            "chatroom: 2 lines of irc.log were not understood and are not in the result; -v lists them.\n\
             chatroom: 1 line of irc.log was not UTF-8 and read as Windows-1252; -v lists them.\n"
        );
        let verbose = told(&entries, "irc.log", true);
        let lines: Vec<&str> = verbose.lines().collect();
        let long = format!(
            "chatroom: irc.log, line 9 was not understood: {}...",
            "x".repeat(100)
        );
        assert_eq!(
            lines[0],
            "chatroom: irc.log, line 7 was not understood: what\\u{1b} is this"
        );
        assert_eq!(lines[1], long);
        assert_eq!(
            lines[2],
            "chatroom: 1 more such lines of irc.log are not listed."
        );
        assert!(!verbose.contains("-v"), "{verbose}");
    }

    #[test]
    fn the_lines_that_are_kept_are_bounded() {
        let mut entries = ReportEntries::default();
        for line in 0..2 * NAMED as u64 {
            entries.name(line, "was not understood", "x");
        }
        assert_eq!(entries.named.len(), NAMED);
    }
}
