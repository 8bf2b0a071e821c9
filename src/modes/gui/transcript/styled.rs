//! The text of an item, with the tone of each part and what can be clicked. Pure.

use std::ops::Range;

use chrono::NaiveDateTime;

use super::history::{EntryKind, HistoryEntry, Scrollback, action_of};
use super::items::{Item, ItemKind, run_words};
use super::layout::is_rtl;
use super::surroundings::{Delivery, LogChange, Pending, Surroundings};
use crate::event::Key;
use crate::modes::gui::keep::settings::TimeDisplay;
use crate::modes::gui::text::{drawable, without_empty_end};
use crate::text_forms::{BlockForm, SpanForm, blocks, spans};
use crate::urls::target;

/// The sentence where another log begins.
const REPLACED: &str =
    "The room's log was replaced or restored: what you saw before is not in this one.";

/// The sentence where an older copy of the log went on.
const RESTORED: &str = "The room's log was restored from an older copy: the newest of what you \
                        saw before is not in it.";

/// An item as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StyledText {
    /// The text as drawn: sender and time, then the message.
    pub text: String,
    /// The length in bytes of sender and time, which stay together.
    pub head: usize,
    /// The name of the group that the item belongs to, which indents it without being shown.
    pub under: String,
    /// The tones, each with the byte from which it is used. Each part is drawn by itself, so that a
    /// name that runs from right to left cannot turn the brackets around it.
    pub tones: Vec<(usize, Tone)>,
    /// The clickable ranges of bytes.
    pub clicks: Vec<(Range<usize>, Click)>,
    /// Its place across the transcript.
    pub placement: Placement,
    /// The message runs from right to left.
    pub rtl: bool,
    /// The message mentions us.
    pub mention: bool,
    /// Its delivery in a word, for the right edge.
    pub delivery: &'static str,
}

/// The place of a text across the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// At the left; begins a group.
    Message,
    /// At the left; continues a group.
    Grouped,
    /// At the left, quiet.
    Note,
    /// Centred.
    Centred,
    /// Centred in a horizontal line.
    Rule,
}

/// The colour of a part, by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The text of a message.
    Text,
    /// Times, joins and leaves.
    Quiet,
    /// Not in the room yet.
    Waiting,
    /// Errors.
    Wrong,
    /// The "new messages" line.
    Unread,
    /// A link or another clickable part.
    Link,
    /// Our own name.
    Own,
    /// A sender's name.
    Name,
    /// Our own name in a message of others.
    Mention,
}

/// The effect of a click.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Click {
    /// Open this URL in the browser.
    Open(String),
    /// Unfold the run of joins and leaves that begins at this offset.
    Unfold(u64),
    /// Fill the gaps.
    FillGaps,
    /// Send a refused message again.
    Retry(Key),
    /// Remove a refused message.
    Discard(Key),
}

impl StyledText {
    fn new(placement: Placement) -> StyledText {
        StyledText {
            text: String::new(),
            head: 0,
            under: String::new(),
            tones: Vec::new(),
            clicks: Vec::new(),
            placement,
            rtl: false,
            mention: false,
            delivery: "",
        }
    }

    fn add(&mut self, text: &str, tone: Tone) -> Range<usize> {
        let start = self.text.len();
        self.tones.push((start, tone));
        self.text.push_str(text);
        start..self.text.len()
    }

    fn click(&mut self, text: &str, click: Click) {
        let range = self.add(text, Tone::Link);
        self.clicks.push((range, click));
    }

    /// Adds the text of a message, with its links and mentions.
    fn say(&mut self, text: &str, me: Option<&str>, tone: Tone) {
        // Empty lines at its end are not shown.
        let text = drawable(without_empty_end(text));
        self.rtl = is_rtl(&text);
        let mut from = 0;
        for block in blocks(&text) {
            // With the line break before it.
            let part = &text[from..block.range.end];
            from = block.range.end;
            match block.form {
                BlockForm::Text => self.say_words(part, me, tone),
                BlockForm::Quote if tone == Tone::Text => self.say_words(part, me, Tone::Quiet),
                BlockForm::Quote => self.say_words(part, me, tone),
                BlockForm::Code => {
                    self.add(part, tone);
                }
            }
        }
    }

    /// Adds words that are no block of code.
    fn say_words(&mut self, text: &str, me: Option<&str>, tone: Tone) {
        let mut at = 0;
        for span in spans(text, me.as_slice()) {
            let range = match span.form {
                SpanForm::Code => continue,
                SpanForm::Link | SpanForm::Name => span.range,
            };
            if at < range.start {
                self.add(&text[at..range.start], tone);
            }
            at = range.end;
            if span.form == SpanForm::Link {
                self.click(&text[range.clone()], Click::Open(target(&text[range])));
            } else {
                self.mention = true;
                self.add(&text[range], Tone::Mention);
            }
        }
        if at < text.len() || at == 0 {
            self.add(&text[at..], tone);
        }
    }

    /// The parts within a range of bytes, each with its tone.
    pub fn parts(&self, range: Range<usize>) -> impl Iterator<Item = (Range<usize>, Tone)> {
        let ends = self.tones.iter().skip(1).map(|(start, _)| *start);
        let ends = ends.chain([self.text.len()]);
        let parts = self.tones.iter().zip(ends);
        parts.filter_map(move |((start, tone), end)| {
            let part = (*start).max(range.start)..end.min(range.end);
            (part.start < part.end).then_some((part, *tone))
        })
    }
}

/// Returns the text of an item.
pub fn text_of(
    item: &Item,
    history: &Scrollback,
    surroundings: &Surroundings<'_>,
    times: TimeDisplay,
) -> StyledText {
    match item.kind {
        ItemKind::Entry { grouped } => match history.get(item.id.offset) {
            Some(entry) => {
                let mut line = of_entry(entry, grouped, surroundings.me, times);
                if !surroundings.was_here(entry.id) {
                    line.delivery = ""; // Long ago, and nobody wonders.
                }
                line
            }
            None => StyledText::new(Placement::Note), // It has gone since the items were made.
        },
        ItemKind::Run { last } => {
            let mut line = StyledText::new(Placement::Centred);
            let words = run_words(history.between(item.id.offset, last));
            line.add(&drawable(&words), Tone::Quiet);
            line.add("  ", Tone::Quiet);
            line.click("show", Click::Unfold(item.id.offset));
            line
        }
        ItemKind::Gap => {
            let mut line = StyledText::new(Placement::Centred);
            let found = history.gaps().find(|gap| gap.end == item.id.offset);
            let words = found.map(|gap| surroundings.gap_words(&gap));
            let words = words.unwrap_or_default();
            match words.split_once("Click here") {
                Some((before, after)) => {
                    line.add(before, Tone::Quiet);
                    line.click("Click here", Click::FillGaps);
                    line.add(after, Tone::Quiet);
                }
                None => {
                    line.add(&words, Tone::Quiet);
                }
            }
            line
        }
        ItemKind::Start => centred(
            "This is where the room begins.",
            Placement::Centred,
            Tone::Quiet,
        ),
        ItemKind::Day(day) => centred(
            &day.format("%A, %-d %B %Y").to_string(),
            Placement::Rule,
            Tone::Quiet,
        ),
        ItemKind::Replaced => {
            let words = match surroundings.log_change.map(|(_, change)| change) {
                Some(LogChange::Rotated(name)) => format!(
                    "The room has a new log: what you saw before is in the earlier one, {name}, \
                     which the operator has."
                ),
                Some(LogChange::Restored) => RESTORED.to_string(),
                Some(LogChange::Replaced) | None => REPLACED.to_string(),
            };
            centred(&words, Placement::Centred, Tone::Text)
        }
        ItemKind::Unread => centred("new messages", Placement::Rule, Tone::Unread),
        ItemKind::Pause(minutes) => {
            let words = match (minutes / 60, minutes) {
                (0, minutes) => format!("{minutes} minutes later"),
                (1, _) => "1 hour later".to_string(),
                (hours, _) => format!("{hours} hours later"),
            };
            centred(&words, Placement::Centred, Tone::Quiet)
        }
        ItemKind::Pending(n) => match surroundings.pending.get(n) {
            Some(pending) => of_pending(surroundings.writer, surroundings.saves, pending),
            None => StyledText::new(Placement::Note),
        },
        ItemKind::Note(n) => {
            let mut line = StyledText::new(Placement::Note);
            let note = surroundings.notes.get(n).map(String::as_str);
            line.add(&drawable(note.unwrap_or_default()), Tone::Quiet);
            line
        }
    }
}

fn centred(words: &str, placement: Placement, tone: Tone) -> StyledText {
    let mut line = StyledText::new(placement);
    line.add(words, tone);
    line
}

fn of_entry(
    entry: &HistoryEntry,
    grouped: bool,
    me: Option<&str>,
    times: TimeDisplay,
) -> StyledText {
    match &entry.kind {
        EntryKind::Message {
            from,
            elapsed,
            text,
            own,
            ..
        } => {
            let name = drawable(from).replace('\n', " ");
            let tone = if *own { Tone::Own } else { Tone::Name };
            // Our own messages do not mention us.
            let me = me.filter(|_| !own);
            let mut line = StyledText::new(if grouped {
                Placement::Grouped
            } else {
                Placement::Message
            });
            line.delivery = if *own { "sent" } else { "" };
            if let Some(action) = action_of(text) {
                line.add("* ", tone);
                line.add(&name, tone);
                line.add(" ", tone);
                line.head = line.text.len();
                line.say(action, me, tone);
                return line;
            }
            if grouped {
                line.under = format!("[{name}]: ")
            } else {
                line.add("[", tone);
                line.add(&name, tone);
                line.add("]: ", tone);
            }
            let when = match (times, entry.local) {
                (TimeDisplay::Clock, Some(at)) => at.format("%H:%M:%S ").to_string(),
                _ => format!("{elapsed}:"),
            };
            line.add(&when, Tone::Quiet);
            line.head = line.text.len();
            line.say(text, me, Tone::Text);
            line
        }
        EntryKind::Joined(_) | EntryKind::Left(_) | EntryKind::Room(_) => {
            centred(&drawable(&entry.copied()), Placement::Centred, Tone::Quiet)
        }
        EntryKind::Notice(text) => centred(
            &format!("* {}", drawable(text)),
            Placement::Centred,
            Tone::Text,
        ),
    }
}

fn of_pending(me: &str, saves: bool, pending: &Pending) -> StyledText {
    let mut line = StyledText::new(Placement::Message);
    line.add("[", Tone::Waiting);
    line.add(&drawable(me).replace('\n', " "), Tone::Waiting);
    line.add("]: ", Tone::Waiting);
    line.head = line.text.len();
    line.say(&pending.message.text, None, Tone::Waiting);
    match &pending.delivery {
        // A waiting message is on the disk.
        Delivery::Waiting => {
            line.delivery = match (saves, pending.durable) {
                (false, _) => "not kept",
                (true, false) => "saving",
                (true, true) => "waiting",
            };
        }
        Delivery::Accepted(_) => line.delivery = "sent",
        Delivery::Refused(why) => {
            line.delivery = "refused";
            line.rtl = false;
            line.add(&format!("\nrefused: {}  ", drawable(why)), Tone::Wrong);
            line.click("Retry", Click::Retry(pending.message.key.clone()));
            line.add("  ", Tone::Wrong);
            line.click("Remove", Click::Discard(pending.message.key.clone()));
        }
    }
    line
}

/// Formats the exact time.
pub fn exact_time(at: NaiveDateTime) -> String {
    at.format("%A, %-d %B %Y, %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Elapsed, Id, LogId};
    use crate::modes::gui::talk::OutboxMessage;
    use crate::modes::gui::transcript::items::{ItemId, ItemRank};
    use chrono::NaiveDate;

    fn said(text: &str) -> HistoryEntry {
        let day = NaiveDate::from_ymd_opt(2026, 11, 23).expect("a day");
        HistoryEntry {
            id: Id {
                log: LogId(1),
                offset: 1,
                check: 0,
            },
            at: None,
            local: day.and_hms_opt(22, 34, 57),
            kind: EntryKind::Message {
                from: "bob".into(),
                elapsed: Elapsed(9),
                text: text.into(),
                own: false,
                to_us: false,
            },
        }
    }

    fn line(text: &str) -> StyledText {
        of_entry(&said(text), false, Some("eve"), TimeDisplay::Elapsed)
    }

    #[test]
    fn a_message_reads_as_in_the_log() {
        assert_eq!(
            line("hello @you & me").text,
            "[bob]: 0:00:09:hello @you & me"
        );
        assert_eq!(line("a\nb").text, "[bob]: 0:00:09:a\nb");
        assert_eq!(line("a\nb\n\n").text, "[bob]: 0:00:09:a\nb");
        assert_eq!(line("/me waves").text, "* bob waves");
        assert_eq!(line("/mean").text, "[bob]: 0:00:09:/mean");
        let below = of_entry(&said("two"), true, None, TimeDisplay::Elapsed);
        assert_eq!((&*below.under, &*below.text), ("[bob]: ", "0:00:09:two"));
        let clock = of_entry(&said("hi"), false, None, TimeDisplay::Clock);
        assert_eq!(clock.text, "[bob]: 22:34:57 hi");
        let at = said("").local.expect("a time");
        assert_eq!(exact_time(at), "Monday, 23 November 2026, 22:34:57");
    }

    #[test]
    fn links_and_our_name_are_parts_of_their_own() {
        let line = line("eve: see https://a.example/x?y=1. Bye");
        assert!(line.mention);
        let parts = line.parts(line.head..line.text.len());
        let parts: Vec<(&str, Tone)> = parts.map(|(r, tone)| (&line.text[r], tone)).collect();
        assert_eq!(
            parts,
            [
                ("eve", Tone::Mention),
                (": see ", Tone::Text),
                ("https://a.example/x?y=1", Tone::Link),
                (". Bye", Tone::Text),
            ]
        );
        let (range, click) = &line.clicks[0];
        assert_eq!(*click, Click::Open("https://a.example/x?y=1".to_string()));
        assert_eq!(&line.text[range.clone()], "https://a.example/x?y=1");
    }

    #[test]
    fn code_is_left_alone_and_a_quote_is_quiet() {
        assert!(!line("`eve`").mention);
        let line = line("> eve: see http://a.example\n`eve http://b.example`\n```\neve\n```\nend");
        assert!(line.mention);
        let parts = line.parts(line.head..line.text.len());
        let parts: Vec<(&str, Tone)> = parts.map(|(r, tone)| (&line.text[r], tone)).collect();
        assert_eq!(
            parts,
            [
                ("> ", Tone::Quiet),
                ("eve", Tone::Mention),
                (": see ", Tone::Quiet),
                ("http://a.example", Tone::Link),
                ("\n`eve http://b.example`", Tone::Text),
                ("\n```\neve\n```", Tone::Text),
                ("\nend", Tone::Text),
            ]
        );
        assert_eq!(line.clicks.len(), 1);
    }

    #[test]
    fn a_pause_is_named_by_its_largest_unit() {
        for (minutes, words) in [
            (10, "10 minutes later"),
            (59, "59 minutes later"),
            (60, "1 hour later"),
            (119, "1 hour later"),
            (300, "5 hours later"),
        ] {
            let (offset, rank) = (1, ItemRank::Pause);
            let id = ItemId { offset, rank };
            let kind = ItemKind::Pause(minutes);
            let (history, around) = (Scrollback::default(), Surroundings::default());
            let line = text_of(&Item { id, kind }, &history, &around, TimeDisplay::Elapsed);
            assert_eq!(line.text, words);
        }
    }

    #[test]
    fn a_message_has_its_own_direction() {
        assert!(line("שלום abc").rtl);
        assert!(!line("abc שלום").rtl);
    }

    #[test]
    fn what_became_of_a_message_is_said_beside_it() {
        let pending = |delivery| Pending {
            message: OutboxMessage {
                key: Key::new("k").expect("a key"),
                text: "hi".into(),
                after: None,
            },
            delivery,
            durable: true,
        };
        let waiting = of_pending("eve", true, &pending(Delivery::Waiting));
        assert_eq!((&*waiting.text, waiting.delivery), ("[eve]: hi", "waiting"));
        let refused = of_pending("eve", true, &pending(Delivery::Refused("Too long.".into())));
        assert_eq!(refused.text, "[eve]: hi\nrefused: Too long.  Retry  Remove");
        assert_eq!(refused.clicks.len(), 2);
    }
}
