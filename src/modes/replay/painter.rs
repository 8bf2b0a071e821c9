//! Events as text on a terminal.
//!
//! Invariant: no part of a message or name reaches the terminal as a control or bidi character, so no text
//! can move the cursor, set colours or pass for a line of its own; the further lines of a text are indented.

use std::time::Duration;

use super::wording;
use crate::cli::Colour;
use crate::event::{Body, Event, Stamp};
use crate::hue;
use crate::line;
use crate::system::terminal::takes_colours;

const GREY: &str = "90";
const ALARM: &str = "1;31";

/// Draws events on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Painter {
    /// Colours are used.
    pub colour: bool,
}

impl Painter {
    /// A painter as the environment wants it: without colours if `NO_COLOR` is set or the terminal is dumb.
    pub(super) fn wished() -> Painter {
        Painter {
            colour: takes_colours(),
        }
    }

    /// A painter as `--color` says, on a terminal.
    pub(super) fn chosen(colour: Colour) -> Painter {
        match colour {
            Colour::Auto => Painter::wished(),
            Colour::Always => Painter { colour: true },
            Colour::Never => Painter { colour: false },
        }
    }

    /// Appends an event, in as many lines as its text has.
    pub(super) fn event(self, event: &Event, out: &mut Vec<u8>) {
        match &event.body {
            Body::Message {
                from,
                elapsed,
                text,
                ..
            } => match text.strip_prefix("/me ") {
                Some(action) => {
                    // In brackets, or a name could turn it into one of the room's own lines.
                    out.extend_from_slice(b"* [");
                    self.name(from, out);
                    out.extend_from_slice(b"] ");
                    lines(action, out);
                }
                None => {
                    out.push(b'[');
                    self.name(from, out);
                    out.extend_from_slice(format!("]: {elapsed}:").as_bytes());
                    lines(text, out);
                }
            },
            Body::Notice { text } => {
                out.extend_from_slice(b"* Notice: ");
                lines(text, out);
            }
            Body::Join { .. }
            | Body::Leave { .. }
            | Body::Opened { .. }
            | Body::Closed
            | Body::Erased { .. }
            | Body::Other { .. } => {
                // The same words as in the log.
                let mut whole = Vec::new();
                line::to_line(event, &mut whole);
                let body = line::split(whole.strip_suffix(b"\n").unwrap_or(&whole));
                let words = body.map_or("", |parts| parts.body.trim_end_matches(' '));
                self.painted(GREY, words.as_bytes(), out);
                out.push(b'\n');
            }
        }
    }

    /// Appends the sentence in place of a line that is not shown.
    pub(super) fn defect(self, sentence: &str, out: &mut Vec<u8>) {
        self.painted(ALARM, format!("* {sentence}").as_bytes(), out);
        out.push(b'\n');
    }

    /// Appends a line about a silence of that length.
    pub(super) fn silence(self, length: Duration, out: &mut Vec<u8>) {
        self.remark(
            &format!("... {} of silence ...", wording::duration(length)),
            out,
        );
    }

    /// Appends a line that is not from the log.
    pub(super) fn remark(self, words: &str, out: &mut Vec<u8>) {
        self.painted(GREY, words.as_bytes(), out);
        out.push(b'\n');
    }

    /// Appends a separator with words in it, for a terminal of so many columns.
    pub(super) fn divider(self, words: &str, columns: usize, out: &mut Vec<u8>) {
        let dashes = (columns.saturating_sub(words.len() + 2) / 2).clamp(2, 8);
        let dashes = "-".repeat(dashes);
        self.remark(&format!("{dashes} {words} {dashes}"), out);
    }

    /// Appends the time before an event.
    pub(super) fn time(self, at: Stamp, out: &mut Vec<u8>) {
        self.painted(GREY, wording::clock_or_elapsed(at).as_bytes(), out);
        out.push(b' ');
    }

    fn name(self, name: &str, out: &mut Vec<u8>) {
        let colour = hue::on_terminal(name);
        let safe = line::escaped_name(name);
        self.painted(&format!("38;5;{colour}"), safe.as_bytes(), out);
    }

    fn painted(self, colour: &str, text: &[u8], out: &mut Vec<u8>) {
        if self.colour {
            out.extend_from_slice(format!("\x1b[{colour}m").as_bytes());
        }
        out.extend_from_slice(text);
        if self.colour {
            out.extend_from_slice(b"\x1b[0m");
        }
    }
}

/// A text or file name with everything escaped that could disturb the terminal; backslashes stay.
pub(super) fn safe(text: &str) -> String {
    let mut out = Vec::new();
    inert(text, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends one line of a text, with everything escaped that could disturb the terminal.
fn inert(line: &str, out: &mut Vec<u8>) {
    for (n, piece) in line.split('\\').enumerate() {
        if n > 0 {
            out.push(b'\\');
        }
        line::escape(piece, out);
    }
}

/// Appends a text: further lines are indented, backslashes stay, and everything is escaped that could disturb
/// the terminal.
fn lines(text: &str, out: &mut Vec<u8>) {
    let text = text.trim_end_matches(['\n', '\r']);
    for (n, line) in text.split('\n').enumerate() {
        if n > 0 {
            out.extend_from_slice(b"    ");
        }
        let line = line.strip_suffix('\r').unwrap_or(line);
        inert(line, out);
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Stamp;

    fn shown(colour: bool, body: Body) -> String {
        let at = Stamp::from_micros(1_795_473_297_180_845);
        let mut out = Vec::new();
        Painter { colour }.event(&Event { at, body }, &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_message_looks_as_in_the_log() {
        assert_eq!(
            shown(false, Body::message("uthira", "hi")),
            "[uthira]: 0:00:00:hi\n"
        );
        assert_eq!(
            shown(false, Body::message("uthira", r"C:\temp \o/")),
            "[uthira]: 0:00:00:C:\\temp \\o/\n"
        );
    }

    #[test]
    fn further_lines_are_indented_so_that_none_passes_for_a_message() {
        assert_eq!(
            shown(
                false,
                Body::message("eve", "look:\r\n\n[bob]: 0:00:01:I owe eve 5\n")
            ),
            "[eve]: 0:00:00:look:\n    \n    [bob]: 0:00:01:I owe eve 5\n"
        );
    }

    #[test]
    fn an_action_is_shown_as_one() {
        assert_eq!(
            shown(false, Body::message("uthira", "/me waves\nwith both arms")),
            "* [uthira] waves\n    with both arms\n"
        );
        assert_eq!(
            shown(false, Body::message("uthira", "/mean")),
            "[uthira]: 0:00:00:/mean\n"
        );
    }

    #[test]
    fn nothing_said_can_steer_the_terminal() {
        let evil = "\u{1b}[2J\r\u{7}\u{9b}31m\u{202e}\t\0x";
        let line = shown(false, Body::message(evil, evil));
        assert_eq!(
            line,
            "[\\u{1b}[2J\\r\\u{7}\\u{9b}31m\\u{202e}\\t\\u{0}x]: 0:00:00:\
             \\u{1b}[2J\\r\\u{7}\\u{9b}31m\\u{202e}\\t\\u{0}x\n"
        );
        let notice = shown(false, Body::notice(evil));
        assert!(!notice.trim_end().contains(char::is_control), "{notice:?}");
        let join = shown(false, Body::join(evil));
        assert!(!join.trim_end().contains(char::is_control), "{join:?}");
    }

    #[test]
    fn a_parting_line_fits_where_it_stands() {
        let part = |columns| {
            let mut out = Vec::new();
            Painter { colour: false }.divider("back to noon", columns, &mut out);
            String::from_utf8(out).expect("UTF-8")
        };
        assert_eq!(part(80), "-------- back to noon --------\n");
        assert_eq!(part(20), "--- back to noon ---\n");
    }

    #[test]
    fn a_name_has_one_colour_and_comings_are_grey() {
        let first = shown(true, Body::message("uthira", "a"));
        let again = shown(true, Body::message("uthira", "a"));
        assert_eq!(first, again);
        assert!(first.starts_with("[\u{1b}["), "{first:?}");
        assert!(
            first.ends_with("uthira\u{1b}[0m]: 0:00:00:a\n"),
            "{first:?}"
        );
        assert_eq!(
            shown(true, Body::join("bob")),
            "\u{1b}[90mClient (bob) entered room\u{1b}[0m\n"
        );
        assert_eq!(shown(false, Body::Closed), "* Room closed\n");
    }
}
