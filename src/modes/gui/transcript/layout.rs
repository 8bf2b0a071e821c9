//! The wrapping of a text into rows of a given width. Pure: the caller measures.
//!
//! Rows are made a few at a time, since a message may have 100,000 characters and no redraw may
//! wait for it. A row depends on its beginning and on nothing before it, so a text that is wrapped
//! in steps has the same rows as one that is wrapped at once.

mod direction;
mod widths;

use std::ops::Range;

use unicode_segmentation::{Graphemes, UnicodeSegmentation};

pub use direction::{is_bidi, is_rtl};
pub use widths::Widths;
use widths::simple;

/// Pixels by which a row is kept narrower: hinting may make a word a pixel wider than its letters.
const SLACK: f64 = 2.0;
/// Most bytes of a row, however narrow they are: a row is drawn in one go.
const ROW: usize = 2048;
/// Longest word, in bytes, that is measured whole if its letters do not add up.
const WORD: usize = 512;
/// Longest grapheme cluster, in bytes, that is kept together: some texts pile up marks without end.
const CLUSTER: usize = 128;
/// Distance in bytes within which the end of a word is searched.
const AHEAD: usize = 2 * ROW;
/// Most questions to the font before a redraw.
const MEASURED_AT_ONCE: u64 = 400;

/// A text that is being wrapped.
#[derive(Clone, Debug)]
pub struct Wrapping {
    first_indent: f64,
    width: f64,
    hang: f64,
    rows: Vec<Range<usize>>,
    /// The beginning of the next row.
    at: usize,
    done: bool,
}

impl Wrapping {
    /// Begins a text. `width` is that of a full row in pixels; the first row has `first_indent`
    /// less, all others `hang` less.
    pub fn new(first_indent: f64, width: f64, hang: f64) -> Wrapping {
        Wrapping {
            first_indent,
            width,
            hang,
            rows: Vec::new(),
            at: 0,
            done: false,
        }
    }

    /// Wraps until everything is done or `budget` more rows are made; returns whether it is done.
    /// At least one row is made (unless `budget` is 0), but it stops sooner if the font had to be
    /// asked very often. The text, the widths and the font must be those of the calls before.
    pub fn go_on(
        &mut self,
        text: &str,
        widths: &mut Widths,
        measure: &dyn Fn(&str) -> f64,
        budget: usize,
    ) -> bool {
        let enough = widths.measured() + MEASURED_AT_ONCE;
        for _ in 0..budget {
            if self.done {
                break;
            }
            self.row(text, widths, measure);
            if widths.measured() >= enough {
                break;
            }
        }
        self.done
    }

    /// The rows so far, as ranges of bytes: line breaks and the spaces at a row's end are in no
    /// row. The first one is empty if its indent leaves no room for the first word.
    pub fn rows(&self) -> &[Range<usize>] {
        &self.rows
    }

    /// Returns whether all rows are made.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Makes the next row.
    fn row(&mut self, text: &str, widths: &mut Widths, measure: &dyn Fn(&str) -> f64) {
        let first = self.rows.is_empty();
        let others = (self.width - self.hang - SLACK).max(1.0);
        let room = if first {
            (self.width - self.first_indent - SLACK).max(1.0)
        } else {
            others
        };
        let start = self.at;
        // A word that does not fit goes to the next row if this row has something or is the shorter
        // one.
        let may_end = |at: usize| at > start || (first && room < others);
        // `end` is after the last letter; `used` is the row's width up to `at`.
        let (mut end, mut at, mut used) = (start, start, 0.0);
        'pieces: loop {
            let piece = Word::at(text, at, others, widths, measure);
            let fits = piece.width.is_some_and(|width| used + width <= room);
            let long = at + piece.letters - start > ROW;
            if let Some(width) = piece.width {
                if (!fits || long) && may_end(at) {
                    break;
                }
                if fits {
                    used += width;
                    at += piece.letters;
                    if piece.letters > 0 {
                        end = at;
                    }
                }
            }
            if !fits {
                // Wider than a whole row: broken between grapheme clusters. It begins where there
                // is room.
                for cluster in Clusters::of(ahead(text, at)) {
                    let wide = widths.of_cluster(cluster, measure);
                    let long = at + cluster.len() - start > ROW;
                    if (used + wide > room || long) && may_end(at) {
                        break 'pieces;
                    }
                    used += wide;
                    at += cluster.len();
                    end = at;
                }
            }
            for space in spaces(&text[at..]) {
                used += widths.of_cluster(space, measure);
                at += space.len();
            }
            let rest = &text[at..];
            let break_here = rest.graphemes(true).next().filter(|c| c.ends_with('\n'));
            if let Some(line_break) = break_here {
                at += line_break.len();
                break;
            }
            if rest.is_empty() {
                self.done = true;
                break;
            }
        }
        self.rows.push(start..end);
        self.at = at;
    }
}

impl Widths {
    /// Wraps a short text at once. See [`Wrapping`].
    pub fn wrap(
        &mut self,
        text: &str,
        width: f64,
        hang: f64,
        measure: &dyn Fn(&str) -> f64,
    ) -> Vec<Range<usize>> {
        let mut wrapping = Wrapping::new(0.0, width, hang);
        while !wrapping.go_on(text, self, measure, usize::MAX) {}
        wrapping.rows
    }
}

/// A piece within which a row is not broken: a word, or one character of scripts without spaces.
struct Word {
    /// Its length in bytes; 0 if spaces or a line break come first.
    letters: usize,
    /// Its width, if that is not more than a row.
    width: Option<f64>,
}

impl Word {
    /// Measures the piece at an offset, reading no further than needed to know that it is too wide.
    fn at(
        text: &str,
        at: usize,
        most: f64,
        widths: &mut Widths,
        measure: &dyn Fn(&str) -> f64,
    ) -> Word {
        let window = ahead(text, at);
        let (mut letters, mut sum, mut adds_up) = (0, 0.0, true);
        for cluster in Clusters::of(window) {
            letters += cluster.len();
            match simple(cluster) {
                Some(c) => sum += widths.of_char(c, measure),
                None => adds_up = false,
            }
            if sum > most || (!adds_up && letters > WORD) {
                return Word {
                    letters,
                    width: None,
                };
            }
        }
        let cut_short = letters == window.len() && at + letters < text.len();
        let width = if adds_up {
            sum
        } else {
            widths.of(&window[..letters], measure)
        };
        Word {
            letters,
            width: (!cut_short && width <= most).then_some(width),
        }
    }
}

/// A bounded part of the text from `at` on.
fn ahead(text: &str, at: usize) -> &str {
    &text[at..boundary(text, at.saturating_add(AHEAD))]
}

/// The last character boundary up to `at`.
fn boundary(text: &str, at: usize) -> usize {
    let end = at.min(text.len());
    (0..=end)
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0)
}

/// The leading spaces of a text, without line breaks.
fn spaces(text: &str) -> impl Iterator<Item = &str> {
    let blank = |cluster: &&str| is_space(cluster) && !cluster.ends_with('\n');
    text.graphemes(true).take_while(blank)
}

fn is_space(cluster: &str) -> bool {
    cluster.chars().all(char::is_whitespace)
}

/// The grapheme clusters of the leading word of a text.
struct Clusters<'a> {
    clusters: Graphemes<'a>,
    /// The rest of a cluster that is too long to be kept together.
    rest: &'a str,
    /// A row may be broken after the last cluster; `None` before the first.
    free: Option<bool>,
}

impl<'a> Clusters<'a> {
    fn of(text: &'a str) -> Clusters<'a> {
        Clusters {
            clusters: text.graphemes(true),
            rest: "",
            free: None,
        }
    }
}

impl<'a> Iterator for Clusters<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            let cluster = self.clusters.next()?;
            let alone = stands_alone(cluster);
            let ends = self.free.is_some_and(|free| free || alone);
            if is_space(cluster) || (ends && !stays_behind(cluster)) {
                // The rest is another word.
                self.clusters = "".graphemes(true);
                return None;
            }
            self.free = Some(alone);
            self.rest = cluster;
        }
        let (part, rest) = self.rest.split_at(boundary(self.rest, CLUSTER));
        self.rest = rest;
        Some(part)
    }
}

/// Returns whether a row may be broken before and after it: ideographs, syllables, emoji.
fn stands_alone(cluster: &str) -> bool {
    let Some(c) = cluster.chars().next() else {
        return false;
    };
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ff60}' | '\u{1f000}'..='\u{1faff}' | '\u{20000}'..='\u{3ffff}')
        && !stays_behind(cluster)
}

/// Returns whether it stays with what it ends, as full stops do.
fn stays_behind(cluster: &str) -> bool {
    let stops = ['\u{3001}', '\u{3002}', '\u{ff0c}', '\u{ff01}', '\u{ff1f}'];
    cluster.starts_with(stops)
}

#[cfg(test)]
mod tests;
