//! The status line below a play: one line, however narrow the terminal is. Pure.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::density::{Density, PARTS};
use super::player::{PlayState, Player};
use crate::cli::Speed;
use crate::event::Stamp;
use crate::modes::replay::painter;
use crate::modes::replay::wording;

/// The fewest columns in which the amount of talk is shown.
const FEWEST: usize = 8;
/// The columns from which there is room for the date.
const WIDE: usize = 64;

/// The abilities of the terminal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Abilities {
    /// Characters beyond ASCII.
    pub unicode: bool,
    pub colour: bool,
}

/// The contents of the status line.
#[derive(Debug)]
pub(super) struct StatusLine<'a> {
    /// The share of the log's time that is past, 0 to 1.
    pub share: Option<f64>,
    /// Bytes that have come, while more are to come.
    pub coming: Option<u64>,
    /// The time in the log.
    pub clock: Option<Stamp>,
    pub speed: Speed,
    pub state: PlayState,
    /// The text in the prompt.
    pub prompt: Option<&'a str>,
    /// The note to the user.
    pub note: Option<&'a str>,
    /// The pattern of the search.
    pub pattern: Option<&'a str>,
    /// The amount of talk over time.
    pub density: &'a Density,
}

impl StatusLine<'_> {
    /// The status line for so many columns, of which the last stays free.
    pub(super) fn line(&self, columns: usize, abilities: Abilities) -> String {
        let room = columns.saturating_sub(1);
        if let Some(text) = self.prompt {
            return prompt(text, room);
        }
        let share = match (self.coming, self.share) {
            (Some(bytes), _) => indicatif::BinaryBytes(bytes).to_string(),
            (None, Some(share)) => format!("{:>3.0}%", (share * 100.0).floor()),
            (None, None) => String::new(),
        };
        let clock = match self.clock {
            Some(at) if columns >= WIDE => wording::date_and_clock_or_elapsed(at),
            Some(at) => wording::clock_or_elapsed(at),
            None => String::new(),
        };
        let speed = match self.speed {
            Speed::Max => "max".to_string(),
            Speed::Times(times) => format!("x{times}"),
        };
        let state = match self.state {
            PlayState::Playing => String::new(),
            PlayState::Paused => "paused".to_string(),
            PlayState::AtEnd => "end, q leaves".to_string(),
            PlayState::Live => "live".to_string(),
            PlayState::WaitingForInput => "reading".to_string(),
            PlayState::Searching => match self.pattern {
                Some(pattern) => format!("searching: {}", painter::safe(pattern)),
                None => "searching".to_string(),
            },
        };
        if let Some(note) = self.note {
            return cut(&join(&[&share, note]), room);
        }
        let parts = [clock, speed, state];
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let right = join(&parts);
        let left = room.saturating_sub(share.width() + right.width() + 4);
        let talk = self.talk(left.min(PARTS), abilities);
        if talk.is_empty() {
            let fits = share.width() + 2 + right.width() <= room;
            return cut(&join(&[if fits { &share } else { "" }, &right]), room);
        }
        join(&[&share, &talk, &right])
    }

    /// The small columns; empty if there is no room for them.
    fn talk(&self, count: usize, abilities: Abilities) -> String {
        const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        const ASCII: [char; 9] = [' ', '.', ':', '-', '=', '+', '*', '#', '#'];
        if count < FEWEST {
            return String::new();
        }
        let Some(columns) = self.density.columns(count) else {
            return String::new();
        };
        let letters = if abilities.unicode { BLOCKS } else { ASCII };
        let here = self
            .share
            .map(|share| ((share * count as f64) as usize).min(count - 1));
        let mut line = String::new();
        for (n, height) in columns.iter().enumerate() {
            // Even the smallest amount shows.
            let letter = letters[((height * 8.0).ceil() as usize).min(8)];
            match (Some(n) == here, abilities.colour) {
                (true, true) => line.push_str(&format!("\x1b[7m{letter}\x1b[0m\x1b[90m")),
                (true, false) => line.push('|'),
                (false, _) => line.push(letter),
            }
        }
        if abilities.colour {
            line.push_str("\x1b[0m");
        }
        line
    }
}

/// The player's part of the status line; the caller adds the rest.
pub(super) fn of<'a>(player: &'a Player, density: &'a Density) -> StatusLine<'a> {
    StatusLine {
        share: None,
        coming: None,
        clock: None,
        speed: player.speed(),
        state: player.state(),
        prompt: player.prompt().map(|prompt| prompt.text.as_str()),
        note: player.note(),
        pattern: player.search().map(|search| search.pattern.as_str()),
        density,
    }
}

/// As much of the prompt's end as there is room for.
fn prompt(text: &str, all: usize) -> String {
    const ASKS: &str = "find: ";
    let text = painter::safe(text);
    let room = all.saturating_sub(ASKS.len());
    let mut from = text.len();
    let mut taken = 0;
    for (at, c) in text.char_indices().rev() {
        taken += c.width().unwrap_or(0);
        if taken > room {
            break;
        }
        from = at;
    }
    cut(&format!("{ASKS}{}", &text[from..]), all)
}

fn join(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts
        .iter()
        .filter(|part| !part.is_empty())
        .copied()
        .collect();
    parts.join("  ")
}

/// As much of the line's beginning as there is room for.
fn cut(line: &str, room: usize) -> String {
    let mut taken = 0;
    let fits = |c: &char| {
        taken += c.width().unwrap_or(0);
        taken <= room
    };
    line.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Abilities = Abilities {
        unicode: false,
        colour: false,
    };

    fn status(density: &Density) -> StatusLine<'_> {
        StatusLine {
            share: Some(0.429),
            coming: None,
            clock: Some(Stamp::from_micros(60_000_000)),
            speed: Speed::Times(0.5),
            state: PlayState::Paused,
            prompt: None,
            note: None,
            pattern: None,
            density,
        }
    }

    fn counted() -> Density {
        let mut density = Density::default();
        density.set((0..40).map(|n| n * 10).collect());
        density
    }

    #[test]
    fn the_bar_says_where_the_play_is_in_one_line_of_any_width() {
        let (density, long) = (counted(), "日本語".repeat(20));
        let mut status = status(&density);
        let line = status.line(80, PLAIN);
        assert!(line.starts_with(" 42%  "), "{line:?}");
        assert!(line.ends_with("  0:01:00  x0.5  paused"), "{line:?}");
        assert!(line.contains('|') && line.contains('#'), "{line:?}");
        for columns in 0..120 {
            for abilities in [
                PLAIN,
                Abilities {
                    unicode: true,
                    ..PLAIN
                },
            ] {
                for prompt in [None, Some(long.as_str())] {
                    status.prompt = prompt;
                    let line = status.line(columns, abilities);
                    let width = line.width();
                    assert!(width < columns.max(1), "{columns}: {line:?}");
                }
            }
        }
        status.prompt = None;
        status.note = Some("not found after this: 日本語  (N searches back)");
        assert!(status.line(40, PLAIN).width() < 40);
        assert!(
            status
                .line(100, PLAIN)
                .contains("not found after this: 日本語")
        );
    }

    #[test]
    fn a_place_has_a_mark_and_colours_take_no_room() {
        let density = counted();
        let status = status(&density);
        let abilities = Abilities {
            unicode: true,
            colour: true,
        };
        let line = status.line(80, abilities);
        assert!(line.contains("\x1b[7m▄\x1b[0m"), "{line:?}");
        assert_eq!(console_width(&line), status.line(80, PLAIN).width());
    }

    fn console_width(line: &str) -> usize {
        let bare: Vec<&str> = line.split('\x1b').collect();
        let rest = bare[1..]
            .iter()
            .map(|part| part.split_once('m').map_or("", |p| p.1));
        bare[0].width() + rest.map(UnicodeWidthStr::width).sum::<usize>()
    }

    #[test]
    fn what_is_typed_shows_its_end() {
        let density = Density::default();
        let mut status = status(&density);
        status.prompt = Some(r"a\Wb");
        assert_eq!(status.line(40, PLAIN), r"find: a\Wb");
        status.prompt = Some("0123456789");
        assert_eq!(status.line(12, PLAIN), "find: 56789");
    }
}
