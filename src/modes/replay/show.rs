//! How an event looks on a terminal.
//!
//! What always holds: nothing that somebody said or called themselves reaches the terminal as a
//! control or bidi character, so no text can move the cursor, colour anything or pass for a line
//! of its own; a text's further lines are indented.

use std::time::Duration;

use super::pace;
use crate::event::{Body, Event};
use crate::line;

const GREY: &str = "90";
const ALARM: &str = "1;31";
/// For names: of the 256 colours those that can be read on black and on white, without the reds.
const NAMES: [u8; 24] = [
    31, 32, 35, 37, 38, 63, 64, 68, 70, 72, 97, 99, 101, 103, 130, 133, 135, 136, 162, 166, 168,
    172, 173, 108,
];

/// How events are drawn on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether names, comings and goings have colours.
    pub colour: bool,
}

impl Look {
    /// As the user's surroundings wish it: no colours with `NO_COLOR` or on a dumb terminal.
    pub fn wished() -> Look {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let dumb = set("TERM").is_none_or(|term| term == "dumb");
        Look {
            colour: set("NO_COLOR").is_none() && !dumb,
        }
    }

    /// Appends the event, in one line or, if its text has several, in as many.
    pub fn event(self, event: &Event, out: &mut Vec<u8>) {
        match &event.body {
            Body::Message {
                from,
                elapsed,
                text,
                ..
            } => match text.strip_prefix("/me ") {
                Some(action) => {
                    out.extend_from_slice(b"* ");
                    self.name(from, out);
                    out.push(b' ');
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
            | Body::Erased { .. } => {
                // One grammar: the words are those of the log.
                let mut whole = Vec::new();
                line::to_line(event, &mut whole);
                let body = line::split(whole.strip_suffix(b"\n").unwrap_or(&whole));
                let words = body.map_or("", |parts| parts.body.trim_end_matches(' '));
                self.painted(GREY, words.as_bytes(), out);
                out.push(b'\n');
            }
        }
    }

    /// Appends what stands in the place of a record that is not shown.
    pub fn wrong(self, sentence: &str, out: &mut Vec<u8>) {
        self.painted(ALARM, format!("* {sentence}").as_bytes(), out);
        out.push(b'\n');
    }

    /// Appends the line that says how long nobody said anything.
    pub fn silence(self, length: Duration, out: &mut Vec<u8>) {
        let words = format!("... {} of silence ...", pace::in_words(length));
        self.painted(GREY, words.as_bytes(), out);
        out.push(b'\n');
    }

    fn name(self, name: &str, out: &mut Vec<u8>) {
        let colour = NAMES[crc32c::crc32c(name.as_bytes()) as usize % NAMES.len()];
        let mut safe = Vec::new();
        line::escape(name, true, &mut safe);
        self.painted(&format!("38;5;{colour}"), &safe, out);
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

/// Appends a text for people: lines as lines, a backslash as itself, and only what could disturb
/// the terminal escaped.
fn lines(text: &str, out: &mut Vec<u8>) {
    let text = text.trim_end_matches(['\n', '\r']);
    for (n, line) in text.split('\n').enumerate() {
        if n > 0 {
            out.extend_from_slice(b"    ");
        }
        let line = line.strip_suffix('\r').unwrap_or(line);
        for (n, piece) in line.split('\\').enumerate() {
            if n > 0 {
                out.push(b'\\');
            }
            line::escape(piece, false, out);
        }
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Elapsed, Stamp};

    fn shown(colour: bool, body: Body) -> String {
        let at = Stamp::from_micros(1_795_473_297_180_845);
        let mut out = Vec::new();
        Look { colour }.event(&Event { at, body }, &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    fn said(from: &str, text: &str) -> Body {
        Body::Message {
            from: from.into(),
            elapsed: Elapsed(17),
            text: text.into(),
            key: None,
        }
    }

    #[test]
    fn a_message_looks_as_in_the_log() {
        assert_eq!(shown(false, said("uthira", "hi")), "[uthira]: 0:00:17:hi\n");
        assert_eq!(
            shown(false, said("uthira", r"C:\temp \o/")),
            "[uthira]: 0:00:17:C:\\temp \\o/\n"
        );
    }

    #[test]
    fn further_lines_are_indented_so_that_none_passes_for_a_message() {
        assert_eq!(
            shown(
                false,
                said("eve", "look:\r\n\n[bob]: 0:00:01:I owe eve 5\n")
            ),
            "[eve]: 0:00:17:look:\n    \n    [bob]: 0:00:01:I owe eve 5\n"
        );
    }

    #[test]
    fn an_action_is_shown_as_one() {
        assert_eq!(
            shown(false, said("uthira", "/me waves\nwith both arms")),
            "* uthira waves\n    with both arms\n"
        );
        assert_eq!(
            shown(false, said("uthira", "/mean")),
            "[uthira]: 0:00:17:/mean\n"
        );
    }

    #[test]
    fn nothing_said_can_steer_the_terminal() {
        let evil = "\u{1b}[2J\r\u{7}\u{9b}31m\u{202e}\t\0x";
        let line = shown(false, said(evil, evil));
        assert_eq!(
            line,
            "[\\u{1b}[2J\\r\\u{7}\\u{9b}31m\\u{202e}\\t\\u{0}x]: 0:00:17:\
             \\u{1b}[2J\\r\\u{7}\\u{9b}31m\\u{202e}\\t\\u{0}x\n"
        );
        let notice = shown(false, Body::Notice { text: evil.into() });
        assert!(!notice.trim_end().contains(char::is_control), "{notice:?}");
        let join = shown(false, Body::Join { name: evil.into() });
        assert!(!join.trim_end().contains(char::is_control), "{join:?}");
    }

    #[test]
    fn a_name_has_one_colour_and_comings_are_grey() {
        let first = shown(true, said("uthira", "a"));
        let again = shown(true, said("uthira", "a"));
        assert_eq!(first, again);
        assert!(first.starts_with("[\u{1b}["), "{first:?}");
        assert!(
            first.ends_with("uthira\u{1b}[0m]: 0:00:17:a\n"),
            "{first:?}"
        );
        assert_eq!(
            shown(true, Body::Join { name: "bob".into() }),
            "\u{1b}[90mClient (bob) entered room\u{1b}[0m\n"
        );
        assert_eq!(shown(false, Body::Closed), "* Room closed\n");
    }
}
