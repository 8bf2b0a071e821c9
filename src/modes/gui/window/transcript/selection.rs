//! Selecting and copying.

use unicode_segmentation::UnicodeSegmentation;

use super::Viewport;
use crate::modes::gui::transcript::history::Scrollback;
use crate::modes::gui::transcript::items::ItemId;
use crate::modes::gui::transcript::items::ItemKind;
use crate::modes::gui::transcript::items::ItemRank;

/// The line in a copy for what is not loaded.
const MISSING: &str = "(messages in between are not loaded)\n";

/// The selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    Nothing,
    /// Some bytes of one item.
    Within(ItemId, usize, usize),
    /// Whole items, both ends included.
    Lines(ItemId, ItemId),
}

impl Viewport {
    /// The item and the byte in it at a pixel, and whether the pixel is on it.
    pub(super) fn point(&self, x: i32, y: i32) -> Option<(ItemId, usize, bool)> {
        let (first, last) = (self.visible.items.first()?, self.visible.items.last()?);
        let found = self.visible.items.iter().rev().find(|(_, top)| *top <= y);
        let (n, top) = *found.unwrap_or(first);
        let id = self.items.get(n)?.id;
        let laid = self.laid.get(&id)?;
        let index = (y - top - laid.space).div_euclid(laid.row.max(1));
        if n == last.0 && index >= laid.rows() as i32 {
            return Some((id, laid.line.text.len(), false));
        }
        let row = (index.max(0) as usize).min(laid.rows() - 1);
        let (byte, on) = laid.byte_at(row, x, self.width);
        Some((id, byte, on && index == row as i32))
    }

    /// Begins a selection at a press of the mouse, or selects a word or an item at a further click
    /// in the same place.
    pub(super) fn begin_selection(&mut self, point: Option<(ItemId, usize, bool)>, clicks: i32) {
        self.selection = Selection::Nothing;
        self.selected_from = point.map(|(id, at, _)| (id, at));
        let Some((id, at, _)) = point else {
            return;
        };
        let line = self.laid.get(&id).map(|laid| &laid.line);
        self.selected_text = line.map(|line| line.text.clone()).unwrap_or_default();
        self.selection = match (clicks, self.laid.get(&id)) {
            (1, Some(laid)) => {
                let mut words = laid.line.text.split_word_bound_indices();
                let word = words.find(|(start, word)| (*start..start + word.len()).contains(&at));
                match word {
                    Some((start, word)) => Selection::Within(id, start, start + word.len()),
                    None => Selection::Nothing,
                }
            }
            (2.., _) => Selection::Lines(id, id),
            _ => Selection::Nothing,
        };
    }

    /// Extends the selection to where the mouse was moved.
    pub(super) fn extend_selection(&mut self, point: Option<(ItemId, usize, bool)>) {
        let (Some((from, a)), Some((to, b, _))) = (self.selected_from, point) else {
            return;
        };
        self.selection = match from == to {
            true if a == b => return,
            true => Selection::Within(from, a.min(b), a.max(b)),
            false => Selection::Lines(from.min(to), from.max(to)),
        };
    }

    pub(super) fn select_all(&mut self) {
        let mut entries = self.items.iter().filter(|i| i.id.rank == ItemRank::Entry);
        if let Some(first) = entries.next() {
            let last = entries.next_back().unwrap_or(first);
            self.selection = Selection::Lines(first.id, last.id);
        }
    }

    /// Extends the selection by one item above, or below if not `up`.
    pub(super) fn select_more(&mut self, up: bool) {
        let lines: Vec<ItemId> = self
            .items
            .iter()
            .map(|item| item.id)
            .filter(|id| id.rank == ItemRank::Entry)
            .collect();
        let visible = self.visible.items.iter().rev();
        let mut visible = visible.filter_map(|(n, _)| Some(self.items.get(*n)?.id));
        let start = visible.find(|id| id.rank == ItemRank::Entry);
        let (from, to) = match (self.selection, self.selected_from, start) {
            (Selection::Lines(a, b), Some((begun, _)), _) if begun == a => (a, b),
            (Selection::Lines(a, b), ..) => (b, a),
            (_, _, Some(start)) => {
                self.selected_from = Some((start, 0));
                self.selection = Selection::Lines(start, start);
                return;
            }
            _ => return,
        };
        let at = lines.partition_point(|id| *id < to);
        let next = if up {
            at.saturating_sub(1)
        } else {
            (at + 1).min(lines.len().saturating_sub(1))
        };
        if let Some(to) = lines.get(next) {
            self.selected_from = Some((from, 0));
            self.selection = Selection::Lines(from.min(*to), from.max(*to));
        }
    }

    /// The selected text for the clipboard: whole messages as the log has them, parts as they are
    /// shown.
    pub(super) fn selected(&self) -> Option<String> {
        self.selected_as_shown().map(|text| portable(&text))
    }

    /// The selected text, control characters included.
    fn selected_as_shown(&self) -> Option<String> {
        let model = self.model.borrow();
        let history = model.history();
        match self.selection {
            Selection::Nothing => None,
            Selection::Within(id, a, b) => {
                let line = &self.laid.get(&id)?.line;
                let whole = a == 0 && b == line.text.len() && line.under.is_empty();
                match history
                    .get(id.offset)
                    .filter(|_| id.rank == ItemRank::Entry)
                {
                    Some(entry) if whole => Some(entry.copied() + "\n"),
                    _ => line.text.get(a..b).map(str::to_string),
                }
            }
            Selection::Lines(a, b) => {
                let at = self.items.binary_search_by_key(&b, |item| item.id);
                let end = match at.ok().map(|n| self.items[n].kind) {
                    Some(ItemKind::Run { last }) => last,
                    _ => b.offset,
                };
                Some(copied(history, a.offset, end)).filter(|text| !text.is_empty())
            }
        }
    }
}

/// The events from one offset to another, both included. A line marks each gap.
fn copied(history: &Scrollback, from: u64, to: u64) -> String {
    let gaps: Vec<u64> = history.gaps().map(|gap| gap.end).collect();
    let mut text = String::new();
    let mut before: Option<u64> = None;
    for entry in history.between(from, to) {
        let at = entry.id.offset;
        let missing = |before| gaps.iter().any(|end| before < *end && *end <= at);
        if before.is_some_and(missing) {
            text.push_str(MISSING);
        }
        text.push_str(&entry.copied());
        text.push('\n');
        before = Some(at);
    }
    text
}

/// Escapes control characters as in the log, so that a terminal into which the text is pasted does
/// not obey them. Not one NUL may reach FLTK: fltk-rs cuts the text there and hands over the length
/// of the whole, so that whatever follows it in memory would be copied.
fn portable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' | '\r' => safe.push(c),
            c if c.is_control() => safe.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::{copied, portable};
    use crate::event::{Body, Stamp};
    use crate::modes::gui::tests::{at, id, recorded};
    use crate::modes::gui::transcript::history::{HistoryEntry, Scrollback};

    fn said(offset: u64) -> HistoryEntry {
        let wire = recorded(id(offset), at(), Body::message("bob", offset.to_string()));
        let local = |at: Stamp| at.utc().naive_utc();
        HistoryEntry::of(wire, None, local).expect("a message")
    }

    #[test]
    fn what_is_missing_is_marked_in_a_copy() {
        let mut history = Scrollback::default();
        history.stream_from(Some(said(500).id));
        history.push(said(510));
        assert!(history.insert(100..300, vec![said(100), said(200)]));
        let line = |at: u64| format!("[bob]: 0:00:00:{at}\n");
        let missing = "(messages in between are not loaded)\n";
        let all = line(100) + &line(200) + missing + &line(510);
        assert_eq!(copied(&history, 100, 510), all);
        assert_eq!(copied(&history, 100, 200), line(100) + &line(200));
        assert_eq!(copied(&history, 510, 510), line(510));
        // Once the gap is filled there is nothing to mark.
        assert!(history.insert(300..501, vec![said(300)]));
        assert!(!copied(&history, 100, 510).contains(missing));
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_copied() {
        let said = "a\tb\nc \u{0}\u{1b}[31m\u{7f}\u{9b} שלום 👩‍👧";
        let copied = "a\tb\nc \\u{0}\\u{1b}[31m\\u{7f}\\u{9b} שלום 👩‍👧";
        assert_eq!(portable(said), copied);
    }
}
