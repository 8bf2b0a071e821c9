//! How an event reads in the window: its text, and which part has which tone. Pure.

use std::ops::Range;

use super::history::{Entry, What};
use super::layout::drawable;
use super::model::{Fate, Pending};

/// One event as text, laid out.
#[derive(Clone, Debug)]
pub struct Line {
    /// The text as drawn.
    pub text: String,
    /// Where it stands.
    pub look: Look,
    /// From which byte on which tone is used. Each part is drawn by itself, so that a name that
    /// runs from right to left cannot turn the brackets around it.
    pub tones: Vec<(usize, Tone)>,
    /// How many bytes at the beginning stay together: who and when.
    pub head: usize,
    /// Its rows, as ranges of bytes.
    pub rows: Vec<Range<usize>>,
    /// The line of new messages stands above it.
    pub new_above: bool,
}

impl Line {
    /// How many rows it takes.
    pub fn height_in_rows(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX) + u32::from(self.new_above)
    }

    fn new(look: Look, parts: &[(&str, Tone)]) -> Line {
        let mut line = Line {
            text: String::new(),
            look,
            tones: Vec::new(),
            head: 0,
            rows: Vec::new(),
            new_above: false,
        };
        for (text, tone) in parts {
            if *tone == Tone::Text {
                line.head = line.text.len();
            }
            line.tones.push((line.text.len(), *tone));
            line.text.push_str(text);
        }
        line
    }
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// At the left.
    Left,
    /// In the middle.
    Centred,
}

/// What colour a part has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// What was said.
    Text,
    /// Times, comings and goings.
    Quiet,
    /// Not in the room yet.
    Waiting,
    /// What went wrong.
    Wrong,
    /// Our own name.
    Own,
    /// Somebody's name, as red, green and blue.
    Name(u32),
}

/// The line for an event.
pub fn line_of_entry(entry: &Entry) -> Line {
    match &entry.what {
        What::Said {
            from,
            elapsed,
            text,
            own,
        } => {
            let name = drawable(from).replace('\n', " ");
            let tone = match own {
                true => Tone::Own,
                false => Tone::Name(colour_of(from)),
            };
            if let Some(action) = text.strip_prefix("/me ") {
                let action = format!(" {}", drawable(action));
                let parts = [("* ", tone), (&name[..], tone), (&action[..], tone)];
                return Line::new(Look::Left, &parts);
            }
            let (elapsed, text) = (format!("{elapsed}:"), drawable(text));
            let parts = [
                ("[", tone),
                (&name[..], tone),
                ("]: ", tone),
                (&elapsed[..], Tone::Quiet),
                (&text[..], Tone::Text),
            ];
            Line::new(Look::Left, &parts)
        }
        What::Came(_) | What::Went(_) => {
            let text = drawable(&entry.log_line());
            Line::new(Look::Centred, &[(&text[..], Tone::Quiet)])
        }
        What::Room(text) => Line::new(
            Look::Centred,
            &[("* ", Tone::Quiet), (&drawable(text)[..], Tone::Quiet)],
        ),
    }
}

/// The line for a message that is not in the transcript yet.
pub fn line_of_pending(me: &str, pending: Option<&Pending>) -> Line {
    let Some(pending) = pending else {
        return Line::new(Look::Left, &[]);
    };
    let said = format!("[{}]: {}", drawable(me), drawable(&pending.text));
    let (fate, tone) = match &pending.fate {
        Fate::Waiting => ("   waiting".to_string(), Tone::Waiting),
        Fate::Sent(_) => ("   sent".to_string(), Tone::Waiting),
        Fate::Refused(why) => (format!("\nrefused: {}", drawable(why)), Tone::Wrong),
    };
    Line::new(Look::Left, &[(&said[..], Tone::Waiting), (&fate[..], tone)])
}

/// A colour for a name: always the same one, and dark enough to read on white.
pub fn colour_of(name: &str) -> u32 {
    // FNV-1a: spreads short names well and never changes.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    const COLOURS: [u32; 12] = [
        0xA3333D, 0x8A4B08, 0x6B6100, 0x3F6B1F, 0x0F6E4F, 0x006B75, 0x23568F, 0x4B4FA8, 0x6F3FA0,
        0x8E2F86, 0x9C2B5E, 0xB0471E,
    ];
    COLOURS[((hash >> 5 ^ hash >> 32) % COLOURS.len() as u64) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Elapsed, Key};

    fn said(text: &str) -> Entry {
        Entry {
            id: None,
            what: What::Said {
                from: "bob".into(),
                elapsed: Elapsed(9),
                text: text.into(),
                own: false,
            },
        }
    }

    #[test]
    fn a_message_reads_as_in_the_log() {
        let line = line_of_entry(&said("hello @you & me"));
        assert_eq!(line.text, "[bob]: 0:00:09:hello @you & me");
        assert_eq!(line_of_entry(&said("a\nb")).text, "[bob]: 0:00:09:a\nb");
        assert_eq!(line_of_entry(&said("/me waves")).text, "* bob waves");
        assert_eq!(line_of_entry(&said("/mean")).text, "[bob]: 0:00:09:/mean");
    }

    #[test]
    fn what_became_of_a_message_is_said_beside_it() {
        let pending = |fate| Pending {
            key: Key::new("k").expect("a key"),
            text: "hi".into(),
            fate,
        };
        let text = |fate| line_of_pending("eve", Some(&pending(fate))).text;
        assert_eq!(text(Fate::Waiting), "[eve]: hi   waiting");
        assert_eq!(
            text(Fate::Refused("Too long.".into())),
            "[eve]: hi\nrefused: Too long."
        );
    }

    #[test]
    fn every_name_can_be_read_on_white() {
        for n in 0..200 {
            let colour = colour_of(&n.to_string());
            let part = |shift: u32| {
                let value = f64::from(colour >> shift & 255) / 255.0;
                if value <= 0.04045 {
                    value / 12.92
                } else {
                    ((value + 0.055) / 1.055).powf(2.4)
                }
            };
            let luminance = 0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0);
            let contrast = 1.05 / (luminance + 0.05);
            assert!(contrast > 4.5, "{colour:06x} has a contrast of {contrast}");
        }
    }
}
