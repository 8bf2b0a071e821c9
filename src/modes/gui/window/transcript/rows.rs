//! The rows of an item: where they begin, and which character is where.

use std::collections::HashMap;
use std::ops::Range;

use fltk::draw;
use unicode_segmentation::UnicodeSegmentation;

use crate::modes::gui::keep::settings::TimeDisplay;
use crate::modes::gui::transcript::history::{EntryKind, Scrollback};
use crate::modes::gui::transcript::items::Item;
use crate::modes::gui::transcript::items::ItemId;
use crate::modes::gui::transcript::items::ItemKind;
use crate::modes::gui::transcript::items::ItemRank;
use crate::modes::gui::transcript::layout::Widths;
use crate::modes::gui::transcript::layout::Wrapping;
use crate::modes::gui::transcript::layout::is_bidi;
use crate::modes::gui::transcript::layout::is_rtl;
use crate::modes::gui::transcript::styled::Placement;
use crate::modes::gui::transcript::styled::StyledText;
use crate::modes::gui::transcript::styled::text_of;
use crate::modes::gui::transcript::surroundings::Surroundings;
use crate::modes::gui::transcript::view::Heights;
use crate::modes::gui::window::appearance::row_height;

/// Space at the left and right edge.
pub(super) const MARGIN: i32 = 8;
/// Indentation of a long message's rows if there is no room below its beginning.
const INDENT: f64 = 16.0;
/// Most rows of a very long message that are made in one go.
const ROWS_AT_ONCE: usize = 200;

/// An item, laid out.
#[derive(Debug)]
pub(super) struct LaidOut {
    pub line: StyledText,
    pub kind: ItemKind,
    wrapping: Wrapping,
    /// Left edges of the first row and of the others.
    first: i32,
    hang: i32,
    /// Right edge of rows that run from right to left.
    right: i32,
    /// Space above the first row.
    pub space: i32,
    pub row: i32,
}

impl LaidOut {
    fn new(
        item: &Item,
        history: &Scrollback,
        surroundings: &Surroundings<'_>,
        times: TimeDisplay,
        width: i32,
    ) -> LaidOut {
        let line = text_of(item, history, surroundings, times);
        let row = row_height();
        let room = f64::from((width - 2 * MARGIN).max(1));
        let delivery = match line.delivery {
            "" => 0.0,
            delivery => draw::width(delivery) + f64::from(MARGIN),
        };
        let under = if line.under.is_empty() {
            0.0
        } else {
            draw::width(&line.under)
        };
        let head = line.parts(0..line.head);
        let head: f64 = head.map(|(part, _)| draw::width(&line.text[part])).sum();
        // Below the message's beginning, if that leaves enough room.
        let hang = match line.placement {
            Placement::Message | Placement::Grouped if under + head < room * 0.4 => under + head,
            Placement::Message | Placement::Grouped => INDENT,
            _ => 0.0,
        };
        let wrapping = Wrapping::new(under + head, room - delivery, hang);
        let space = match line.placement {
            Placement::Message => row / 5,
            Placement::Rule => row / 3,
            _ => 0,
        };
        LaidOut {
            kind: item.kind,
            wrapping,
            first: MARGIN + under as i32,
            hang: MARGIN + hang as i32,
            right: width - MARGIN - delivery as i32,
            space,
            row,
            line,
        }
    }

    pub fn is_done(&self) -> bool {
        self.wrapping.is_done()
    }

    /// Its height in pixels, as far as it is laid out.
    pub fn height(&self) -> i32 {
        let below = if self.line.placement == Placement::Rule {
            self.space
        } else {
            0
        };
        self.space + self.rows() as i32 * self.row + below
    }

    pub fn rows(&self) -> usize {
        self.wrapping.rows().len().max(1)
    }

    /// The message's bytes in a row, without sender and time.
    pub fn message_bytes(&self, index: usize) -> Range<usize> {
        let head = self.line.head;
        let range = self.wrapping.rows().get(index).cloned().unwrap_or(0..0);
        head + range.start..head + range.end
    }

    /// All bytes in a row.
    pub fn bytes(&self, index: usize) -> Range<usize> {
        let message = self.message_bytes(index);
        match index {
            0 => 0..message.end,
            _ => message,
        }
    }

    /// The fragments of a row as they are drawn: bytes, left edge, width, and the text with what
    /// sets its direction.
    pub fn pieces(&self, index: usize, width: i32) -> Vec<Fragment> {
        let message = self.message_bytes(index);
        let mut pieces = Vec::new();
        let mut x = f64::from(match index {
            0 => self.first,
            _ => self.hang,
        });
        if index == 0 {
            for (range, _) in self.line.parts(0..self.line.head) {
                let wide = draw::width(&self.line.text[range.clone()]);
                let text = self.line.text[range.clone()].to_string();
                pieces.push(Fragment {
                    range,
                    x,
                    wide,
                    text,
                });
                x += wide;
            }
        }
        let text = &self.line.text[message.clone()];
        if is_bidi(text) {
            // Its parts are not in the order of the text: the row is one fragment.
            let directed = match (self.line.rtl, is_rtl(text)) {
                (true, false) => format!("\u{200f}{text}"),
                (false, true) => format!("\u{200e}{text}"),
                _ => text.to_string(),
            };
            let wide = draw::width(&directed);
            if self.line.rtl {
                x = (f64::from(self.right) - wide).max(x);
            }
            pieces.push(Fragment {
                range: message,
                x,
                wide,
                text: directed,
            });
        } else {
            if self.line.rtl {
                x = (f64::from(self.right) - draw::width(text)).max(x);
            }
            for (range, _) in self.line.parts(message) {
                let text = self.line.text[range.clone()].to_string();
                let wide = draw::width(&text);
                pieces.push(Fragment {
                    range,
                    x,
                    wide,
                    text,
                });
                x += wide;
            }
        }
        if matches!(self.line.placement, Placement::Centred | Placement::Rule) {
            let all: f64 = pieces.iter().map(|piece| piece.wide).sum();
            let left = ((f64::from(width) - all) / 2.0).max(f64::from(MARGIN));
            let first = pieces.first().map_or(0.0, |piece| piece.x);
            for piece in &mut pieces {
                piece.x += left - first;
            }
        }
        pieces
    }

    /// The left edge and width of a range of bytes of a row.
    pub fn span(&self, index: usize, range: Range<usize>, width: i32) -> Option<(i32, i32)> {
        let mut found: Option<(f64, f64)> = None;
        for piece in self.pieces(index, width) {
            let from = range.start.max(piece.range.start);
            let to = range.end.min(piece.range.end);
            if from >= to {
                continue;
            }
            let (left, right) = if is_bidi(&piece.text) {
                (piece.x, piece.x + piece.wide)
            } else {
                let text = &self.line.text;
                // A byte within a letter counts as the letter's beginning.
                let wide = |to: usize| draw::width(&text[piece.range.start..begins_at(text, to)]);
                (piece.x + wide(from), piece.x + wide(to))
            };
            found = Some(match found {
                Some((a, b)) => (a.min(left), b.max(right)),
                None => (left, right),
            });
        }
        found.map(|(left, right)| (left as i32, (right - left).ceil() as i32))
    }

    /// The place for something of that width beside the text of these rows: the row, and a left
    /// edge. If no row has room, it covers the end of the last one.
    pub fn place_for(&self, wide: i32, rows: Range<usize>, width: i32) -> (usize, i32) {
        let last = self.rows() - 1;
        let rows = rows.start.min(last)..rows.end.clamp(1, last + 1);
        for index in rows.clone() {
            let right = if index == 0 {
                self.right
            } else {
                width - MARGIN
            };
            let text = self.span(index, self.bytes(index), width);
            let (from, to) = text.map_or((0, 0), |(left, wide)| (left, left + wide));
            if right - wide >= to + MARGIN {
                return (index, right - wide);
            }
            let head = if index == 0 { self.first } else { MARGIN };
            if from - MARGIN - wide >= head {
                return (index, from - MARGIN - wide);
            }
        }
        (rows.end - 1, (width - MARGIN - wide).max(0))
    }

    /// The byte at a pixel of a row, and whether the pixel is on it.
    pub fn byte_at(&self, index: usize, x: i32, width: i32) -> (usize, bool) {
        let x = f64::from(x);
        let pieces = self.pieces(index, width);
        for piece in &pieces {
            if x < piece.x || x >= piece.x + piece.wide {
                continue;
            }
            let range = piece.range.clone();
            if is_bidi(&piece.text) {
                let first = x < piece.x + piece.wide / 2.0;
                return (if first { range.start } else { range.end }, true);
            }
            let text = &self.line.text[range.clone()];
            let clusters: Vec<(usize, &str)> = text.grapheme_indices(true).collect();
            let is_left = |(at, cluster): &(usize, &str)| {
                let (before, through) = (&text[..*at], &text[..at + cluster.len()]);
                x - piece.x >= (draw::width(before) + draw::width(through)) / 2.0
            };
            let left = clusters.partition_point(is_left);
            let at = clusters.get(left).map_or(text.len(), |(at, _)| *at);
            return (range.start + at, true);
        }
        let bytes = self.bytes(index);
        let left = pieces.first().is_none_or(|first| x < first.x);
        (if left { bytes.start } else { bytes.end }, false)
    }
}

/// The beginning of the letter that contains byte `at`, or the text's end.
fn begins_at(text: &str, at: usize) -> usize {
    let mut places = (0..=at.min(text.len())).rev();
    places.find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// A fragment of a row.
pub(super) struct Fragment {
    pub range: Range<usize>,
    pub x: f64,
    pub wide: f64,
    /// The text as it is drawn.
    pub text: String,
}

/// Lays items out and keeps the result.
pub(super) struct RowLayout<'a> {
    pub laid: &'a mut HashMap<ItemId, LaidOut>,
    pub widths: &'a mut Widths,
    pub history: &'a Scrollback,
    pub surroundings: &'a Surroundings<'a>,
    pub times: TimeDisplay,
    pub width: i32,
    /// The number of rows that may still be made before the next redraw.
    pub budget: usize,
    /// The number of rows made.
    pub made: usize,
}

impl RowLayout<'_> {
    /// Lays an item out, unless it is; a very long one only in part.
    pub fn lay(&mut self, item: &Item) -> i32 {
        let (history, surroundings) = (self.history, self.surroundings);
        let (times, width) = (self.times, self.width);
        let make = || LaidOut::new(item, history, surroundings, times, width);
        let laid = self.laid.entry(item.id).or_insert_with(make);
        if !laid.is_done() {
            let body = &laid.line.text[laid.line.head..];
            let made = laid.wrapping.rows().len();
            let rows = self.budget.clamp(1, ROWS_AT_ONCE);
            let measure = |piece: &str| draw::width(piece);
            laid.wrapping.go_on(body, self.widths, &measure, rows);
            let made = laid.wrapping.rows().len() - made;
            self.budget = self.budget.saturating_sub(made);
            self.made += made;
        }
        laid.height()
    }
}

impl Heights for RowLayout<'_> {
    fn estimate(&self, item: &Item) -> i32 {
        let row = row_height();
        let ItemRank::Entry = item.id.rank else {
            return row;
        };
        let entry = self.history.get(item.id.offset);
        match entry.map(|entry| &entry.kind) {
            Some(EntryKind::Message { text, .. }) if text.len() > 40 => {
                // A letter is about half as wide as it is high.
                let letters = (self.width - 150).max(100) / (row * 2 / 5).max(1);
                (text.len() as i32 / letters.max(1) + 1) * row
            }
            _ => row,
        }
    }

    fn measure(&mut self, item: &Item) -> i32 {
        self.lay(item)
    }
}

#[cfg(test)]
mod tests {
    use super::begins_at;

    #[test]
    fn no_letter_is_cut() {
        let places = [0, 1, 2, 3, 4, 5, 9].map(|at| begins_at("aẞé", at));
        assert_eq!(places, [0, 1, 1, 1, 4, 4, 6]);
    }
}
