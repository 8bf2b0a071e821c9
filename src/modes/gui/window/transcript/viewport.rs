//! What of the transcript is seen: laid out where it has changed, placed, and told.

use std::rc::Rc;

use super::rows::{Laid, Layout};
use super::selection::Selection;
use super::{Hit, Inner, Told};
use crate::modes::gui::model::Model;
use crate::modes::gui::transcript::items::Key;
use crate::modes::gui::transcript::items::Rank;
use crate::modes::gui::transcript::items::items;
use crate::modes::gui::transcript::spans;
use crate::modes::gui::transcript::view::View;
use crate::modes::gui::window::appearance;

/// The most laid-out lines that are kept.
const LAID: usize = 300;
/// The rows that may be made for one picture.
const ROWS_A_PICTURE: usize = 400;
/// A hole so many items away is filled before it is seen.
const NEAR: usize = 40;

impl Inner {
    /// Takes in what has changed and places what is seen. `false` if something long is not laid
    /// out to its end yet.
    pub(super) fn place(&mut self, width: i32, height: i32) -> bool {
        appearance::use_font();
        let model = Rc::clone(&self.model);
        let model = model.borrow();
        let history = model.history();
        if history.generation() != self.generation {
            self.generation = history.generation();
            self.view = View::default();
            self.laid.clear();
            self.selection = Selection::Nothing;
            self.anchor = None;
            self.pressed = None;
            self.told = None;
        }
        if width != self.width {
            self.width = width;
            self.view.forget_heights();
            self.laid.clear();
        }
        self.height = height;
        if self.revision != Some(model.revision()) {
            self.revision = Some(model.revision());
            self.items = items(history, &model.around());
            self.forget_what_changed();
        }
        for (key, laid) in &self.laid {
            if !laid.is_done() {
                self.view.forget_height(*key);
            }
        }
        let mut layout = Layout {
            laid: &mut self.laid,
            widths: &mut self.widths,
            model: &model,
            times: self.times,
            width,
            budget: ROWS_A_PICTURE,
            made: 0,
        };
        self.placed = self.view.place(&self.items, height, &mut layout);
        // What is seen must be there even if its height was known.
        for (n, _) in &self.placed.seen {
            if !layout.laid.contains_key(&self.items[*n].key) {
                layout.lay(&self.items[*n]);
            }
        }
        self.most_rows = self.most_rows.max(layout.made);
        self.mark_found(&model);
        drop(model);
        self.drop_stale();
        let seen = |n: &usize| self.laid.get(&self.items[*n].key);
        let numbers = self.placed.seen.iter().map(|(n, _)| n);
        numbers.filter_map(seen).all(Laid::is_done)
    }

    /// Lines that may read differently now are laid out anew.
    fn forget_what_changed(&mut self) {
        let (items, view) = (&self.items, &mut self.view);
        if self.laid.len() > LAID {
            self.laid.clear();
        }
        self.laid.retain(|key, laid| {
            let at = items.binary_search_by_key(key, |item| item.key);
            let same = at.is_ok_and(|n| items[n].shape == laid.shape);
            let keeps = same && matches!(key.rank, Rank::Entry | Rank::Day | Rank::Unread);
            if !keeps {
                view.forget_height(*key);
            }
            keeps
        });
    }

    /// What is marked or picked in a line that reads differently by now is so no longer: other
    /// words stand there.
    fn drop_stale(&mut self) {
        let reads = |key: &Key| self.laid.get(key).map(|laid| &laid.line);
        let whole = matches!(self.selection, Selection::Lines(..));
        if let Some((key, _)) = &self.anchor
            && !whole
            && reads(key).is_some_and(|line| line.text != self.anchored)
        {
            (self.selection, self.anchor) = (Selection::Nothing, None);
        }
        let gone = |hit: &Hit| {
            let acts = reads(&hit.key).map(|line| &line.acts);
            acts.is_some_and(|acts| acts.get(hit.number).map(|(_, act)| act) != Some(&hit.act))
        };
        if self.picked.as_ref().is_some_and(gone) {
            self.picked = None;
        }
    }

    fn mark_found(&mut self, model: &Model) {
        self.found.clear();
        self.found_now = model.found_now();
        let Some(needle) = model.needle() else {
            return;
        };
        for (n, _) in &self.placed.seen {
            let key = self.items[*n].key;
            let Some(laid) = self.laid.get(&key).filter(|_| key.rank == Rank::Entry) else {
                continue;
            };
            let head = laid.line.head;
            let found = spans::found(&laid.line.text[head..], needle).into_iter();
            let found = found.map(|range| (key, head + range.start..head + range.end));
            self.found.extend(found);
        }
    }

    pub(super) fn scroll_by(&mut self, pixels: i32) {
        self.up = pixels < 0;
        self.view.scroll_by(pixels, &self.items, &self.placed);
    }

    pub(super) fn scroll_to(&mut self, above: i32) {
        self.up = above < self.placed.above;
        let model = Rc::clone(&self.model);
        let layout = Layout {
            laid: &mut self.laid,
            widths: &mut self.widths,
            model: &model.borrow(),
            times: self.times,
            width: self.width,
            budget: 0,
            made: 0,
        };
        self.view.scroll_to(above, &self.items, &layout);
    }

    /// Whether what is new begins above what is seen.
    pub(super) fn unread_above(&self) -> bool {
        let new_from = self.model.borrow().new_from();
        let first = self
            .placed
            .seen
            .first()
            .map(|(n, _)| self.items[*n].key.place);
        new_from.zip(first).is_some_and(|(new, first)| new < first)
    }

    /// What the window is to know now.
    pub(super) fn whats_to_tell(&mut self) -> Vec<Told> {
        let mut told = Vec::new();
        let lasting = |n: usize| self.items[n].key.rank == Rank::Entry;
        let seen = self.placed.seen.iter().map(|(n, _)| *n);
        let (first, last) = (seen.clone().next(), seen.clone().next_back());
        let lowest = seen.rev().find(|n| lasting(*n));
        let near = lowest.map_or(0, |n| self.items[n].key.place);
        let at_end = self.view.sticks();
        if self.told != Some((at_end, near)) {
            self.told = Some((at_end, near));
            told.push(Told::Seen { at_end, near });
        }
        let (Some(first), Some(last)) = (first, last) else {
            return told;
        };
        let model = self.model.borrow();
        let from = first.saturating_sub(NEAR);
        let to = (last + NEAR + 1).min(self.items.len());
        for n in from..to {
            let item = self.items[n];
            if item.key.rank != Rank::Hole {
                continue;
            }
            let mut holes = model.history().holes();
            let hole = holes.find(|hole| hole.end == item.key.place);
            let above = (first..n).any(lasting);
            let below = (n + 1..last + 1).any(lasting);
            let from_above = above && !(below && self.up);
            if let Some(hole) = hole.filter(|hole| model.would_fetch(hole)) {
                told.push(Told::Missing { hole, from_above });
            }
        }
        told
    }
}
