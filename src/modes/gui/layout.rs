//! How a text becomes rows of a given width. Pure: the caller measures.

use std::collections::HashMap;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// How many measured pieces are remembered.
const REMEMBERED: usize = 20_000;

/// Widths of pieces of text, remembered: asking the font each time is what makes layout slow.
#[derive(Default)]
pub struct Widths {
    known: HashMap<String, f64>,
}

impl Widths {
    fn of(&mut self, piece: &str, measure: &dyn Fn(&str) -> f64) -> f64 {
        if let Some(width) = self.known.get(piece) {
            return *width;
        }
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        let width = measure(piece);
        self.known.insert(piece.to_string(), width);
        width
    }

    /// Breaks `text` into rows no wider than `width`, all but the first shorter by `indent`.
    /// Rows are ranges of bytes; spaces and line breaks at a row's end are in no row. The first
    /// `head` bytes stay together.
    pub fn wrap(
        &mut self,
        text: &str,
        head: usize,
        width: f64,
        indent: f64,
        measure: &dyn Fn(&str) -> f64,
    ) -> Vec<Range<usize>> {
        let mut rows = Vec::new();
        let mut at = 0;
        for line in text.split('\n') {
            let head = head.saturating_sub(at).min(line.len());
            self.wrap_line(line, (at, head), width, indent, measure, &mut rows);
            at += line.len() + 1;
        }
        rows
    }

    fn wrap_line(
        &mut self,
        line: &str,
        (base, head): (usize, usize),
        width: f64,
        indent: f64,
        measure: &dyn Fn(&str) -> f64,
        rows: &mut Vec<Range<usize>>,
    ) {
        let room = |rows: &Vec<Range<usize>>| match rows.is_empty() {
            true => width,
            false => (width - indent).max(1.0),
        };
        // Most lines fit as they are. A character is hardly ever wider than two of its height;
        // a long line is not measured whole only to find that it does not fit.
        if line.len() < 512 && measure(line) <= room(rows) {
            rows.push(base..base + line.len());
            return;
        }
        let (mut start, mut used) = (0, 0.0);
        let put = |from: usize, to: usize, rows: &mut Vec<Range<usize>>| {
            let end = from + line[from..to].trim_end().len();
            rows.push(base + from..base + end);
        };
        let first = (head > 0).then_some((0, &line[..head]));
        let others = pieces(&line[head..]).map(|(at, piece)| (head + at, piece));
        for (at, piece) in first.into_iter().chain(others) {
            let bare = self.of(piece.trim_end(), measure);
            // What is broken anyway begins where there is room.
            let whole = bare <= (width - indent).max(1.0);
            if whole && used + bare > room(rows) && at > start {
                put(start, at, rows);
                (start, used) = (at, 0.0);
            }
            if used + bare <= room(rows) {
                used += self.of(piece, measure);
                continue;
            }
            // Wider than a whole row: broken between characters as a reader counts them.
            for (offset, cluster) in piece.grapheme_indices(true) {
                let wide = self.of(cluster, measure);
                if used + wide > room(rows) && at + offset > start {
                    put(start, at + offset, rows);
                    (start, used) = (at + offset, 0.0);
                }
                used += wide;
            }
        }
        put(start, line.len(), rows);
    }
}

/// The pieces that a line may be broken between: words with the spaces behind them, and every
/// character of the scripts that are written without spaces.
fn pieces(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut ends = Vec::new();
    let mut previous = "";
    for (at, cluster) in line.grapheme_indices(true) {
        let after_space = previous.ends_with(char::is_whitespace) && !is_space(cluster);
        let free = stands_alone(previous) || stands_alone(cluster);
        if at > 0 && (after_space || (free && !is_space(cluster))) {
            ends.push(at);
        }
        previous = cluster;
    }
    ends.push(line.len());
    let mut start = 0;
    ends.into_iter().map(move |end| {
        let piece = (start, &line[start..end]);
        start = end;
        piece
    })
}

fn is_space(cluster: &str) -> bool {
    cluster.starts_with(char::is_whitespace)
}

fn stands_alone(cluster: &str) -> bool {
    let Some(c) = cluster.chars().next() else {
        return false;
    };
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ff60}' | '\u{1f000}'..='\u{1faff}' | '\u{20000}'..='\u{3ffff}')
        // Full stops and the like stay with what they end.
        && !matches!(c, '\u{3001}' | '\u{3002}' | '\u{ff0c}' | '\u{ff01}' | '\u{ff1f}')
}

/// The text as it is drawn: tabs as spaces, and what would move or reorder its neighbours as the
/// escape that the log has for it.
pub fn drawable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '\n' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\r' => {
                if letters.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\t' => out.push_str("    "),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Whether the text runs from right to left somewhere, so that places in it cannot be told by
/// measuring what stands before them.
pub fn is_bidi(text: &str) -> bool {
    text.chars().any(|c| {
        matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}' | '\u{200f}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of a font in which every character is one wide.
    fn rows(text: &str, width: usize) -> Vec<String> {
        let measure = |piece: &str| piece.graphemes(true).count() as f64;
        Widths::default()
            .wrap(text, 0, width as f64, 1.0, &measure)
            .into_iter()
            .map(|row| text[row].to_string())
            .collect()
    }

    #[test]
    fn words_stay_whole_and_rows_fit() {
        assert_eq!(rows("one two three", 20), ["one two three"]);
        assert_eq!(rows("one two three", 7), ["one two", "three"]);
        assert_eq!(rows("one two three", 6), ["one", "two", "three"]);
        assert_eq!(rows("one  two", 4), ["one", "two"]);
        assert_eq!(rows("", 5), [""]);
        assert_eq!(rows("a\n\nb\n", 5), ["a", "", "b", ""]);
    }

    #[test]
    fn what_is_wider_than_a_row_is_broken_between_characters() {
        assert_eq!(rows("abcdefgh", 4), ["abcd", "efg", "h"]);
        assert_eq!(rows("x abcdefgh", 4), ["x ab", "cde", "fgh"]);
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        assert_eq!(
            rows(&family.repeat(3), 2),
            [family.repeat(2), family.into()]
        );
        assert_eq!(rows("漢字かな交じり文", 4), ["漢字かな", "交じり", "文"]);
        assert_eq!(rows("ab", 0), ["a", "b"], "a narrow window hides nothing");
    }

    #[test]
    fn who_and_when_stay_together() {
        let measure = |piece: &str| piece.len() as f64;
        let text = "[a b]: 0:hello";
        let rows = Widths::default().wrap(text, 9, 10.0, 1.0, &measure);
        assert_eq!(rows, [0..9, 9..14]);
        let rows = Widths::default().wrap(text, 9, 14.0, 1.0, &measure);
        assert_eq!(rows.len(), 1);
    }

    #[test]
    fn no_character_is_lost() {
        let text = "Lorem ipsum @dolor sit amet,consectetur 漢字 & adipiscing\u{301} elit";
        for width in 1..text.len() {
            let all: String = rows(text, width).concat();
            let bare = |t: &str| t.replace(' ', "");
            assert_eq!(bare(&all), bare(text), "at width {width}");
        }
    }

    #[test]
    fn what_would_disturb_the_drawing_is_shown_as_its_escape() {
        assert_eq!(drawable("a\tb\r\nc\rd"), "a    b\nc\nd");
        assert_eq!(drawable("\u{1b}[31m\u{202e}"), "\\u{1b}[31m\\u{202e}");
        assert_eq!(drawable("@ & \\n"), "@ & \\n");
    }
}
