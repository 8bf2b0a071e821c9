//! The visible part of the transcript: what changed is laid out, placed, and reported.

use std::rc::Rc;

use super::rows::{LaidOut, RowLayout};
use super::selection::Selection;
use super::{ClickTarget, Viewport};
use crate::modes::gui::model::{Input, Model};
use crate::modes::gui::transcript::found::found;
use crate::modes::gui::transcript::items::ItemId;
use crate::modes::gui::transcript::items::ItemRank;
use crate::modes::gui::transcript::items::items;
use crate::modes::gui::transcript::view::View;
use crate::modes::gui::window::appearance;

/// Most laid-out items that are kept.
const LAID: usize = 300;
/// Most rows that are made for one redraw.
const ROWS_A_PICTURE: usize = 400;
/// A gap this many items away is filled before it is visible.
const NEAR: usize = 40;

impl Viewport {
    /// Takes in the model's changes and places the visible items. `false` if something long is not
    /// laid out to its end yet.
    pub(super) fn lay_out(&mut self, width: i32, height: i32) -> bool {
        appearance::use_font();
        let model = Rc::clone(&self.model);
        let model = model.borrow();
        let history = model.history();
        let surroundings = model.surroundings();
        if history.generation() != self.generation {
            self.generation = history.generation();
            self.view = View::default();
            self.laid.clear();
            self.selection = Selection::Nothing;
            self.selected_from = None;
            self.pressed = None;
            self.reported = None;
        }
        if width != self.width {
            self.width = width;
            self.view.forget_heights();
            self.laid.clear();
        }
        self.height = height;
        if self.revision != Some(model.revision()) {
            self.revision = Some(model.revision());
            self.items = items(history, &surroundings);
            self.forget_what_changed();
        }
        for (id, laid) in &self.laid {
            if !laid.is_done() {
                self.view.forget_height(*id);
            }
        }
        let mut layout = RowLayout {
            laid: &mut self.laid,
            widths: &mut self.widths,
            history,
            surroundings: &surroundings,
            times: self.times,
            width,
            budget: ROWS_A_PICTURE,
            made: 0,
        };
        self.visible = self.view.lay_out(&self.items, height, &mut layout);
        // A visible item must be laid out even if its height was known.
        for (n, _) in &self.visible.items {
            if !layout.laid.contains_key(&self.items[*n].id) {
                layout.lay(&self.items[*n]);
            }
        }
        self.most_rows = self.most_rows.max(layout.made);
        self.find_matches(&model);
        drop(surroundings);
        drop(model);
        self.drop_stale();
        let laid = |(n, _): &(usize, i32)| self.laid.get(&self.items[*n].id);
        let mut laid = self.visible.items.iter().filter_map(laid);
        laid.all(LaidOut::is_done)
    }

    /// Forgets the layout of items whose text may have changed.
    fn forget_what_changed(&mut self) {
        let (items, view) = (&self.items, &mut self.view);
        if self.laid.len() > LAID {
            self.laid.clear();
        }
        self.laid.retain(|id, laid| {
            let at = items.binary_search_by_key(id, |item| item.id);
            let same = at.is_ok_and(|n| items[n].kind == laid.kind);
            let unchanged =
                same && matches!(id.rank, ItemRank::Entry | ItemRank::Day | ItemRank::Unread);
            if !unchanged {
                view.forget_height(*id);
            }
            unchanged
        });
    }

    /// Drops a selection or a chosen click target if its text has changed.
    fn drop_stale(&mut self) {
        let line_of = |id: &ItemId| self.laid.get(id).map(|laid| &laid.line);
        let whole = matches!(self.selection, Selection::Lines(..));
        if let Some((id, _)) = &self.selected_from
            && !whole
            && line_of(id).is_some_and(|line| line.text != self.selected_text)
        {
            (self.selection, self.selected_from) = (Selection::Nothing, None);
        }
        let gone = |hit: &ClickTarget| {
            let clicks = line_of(&hit.id).map(|line| &line.clicks);
            clicks.is_some_and(|clicks| {
                clicks.get(hit.number).map(|(_, click)| click) != Some(&hit.click)
            })
        };
        if self.picked.as_ref().is_some_and(gone) {
            self.picked = None;
        }
    }

    /// Finds the visible matches of the search.
    fn find_matches(&mut self, model: &Model) {
        self.matches.clear();
        self.current_match = model.current_match();
        let Some(needle) = model.needle() else {
            return;
        };
        for (n, _) in &self.visible.items {
            let id = self.items[*n].id;
            let Some(laid) = self.laid.get(&id).filter(|_| id.rank == ItemRank::Entry) else {
                continue;
            };
            let head = laid.line.head;
            let ranges = found(&laid.line.text[head..], needle).into_iter();
            let ranges = ranges.map(|range| (id, head + range.start..head + range.end));
            self.matches.extend(ranges);
        }
    }

    pub(super) fn scroll_by(&mut self, pixels: i32) {
        self.went_up = pixels < 0;
        self.view.scroll_by(pixels, &self.items, &self.visible);
    }

    pub(super) fn scroll_to(&mut self, above: i32) {
        self.went_up = above < self.visible.above;
        let model = Rc::clone(&self.model);
        let model = model.borrow();
        let layout = RowLayout {
            laid: &mut self.laid,
            widths: &mut self.widths,
            history: model.history(),
            surroundings: &model.surroundings(),
            times: self.times,
            width: self.width,
            budget: 0,
            made: 0,
        };
        self.view.scroll_to(above, &self.items, &layout);
    }

    /// Returns whether the first unread message is above the visible part.
    pub(super) fn unread_above(&self) -> bool {
        let new_from = self.model.borrow().new_from();
        let first = self
            .visible
            .items
            .first()
            .map(|(n, _)| self.items[*n].id.offset);
        new_from.zip(first).is_some_and(|(new, first)| new < first)
    }

    /// Returns what the model has to know about the visible part, if that changed.
    pub(super) fn inputs(&mut self) -> Vec<Input> {
        let mut inputs = Vec::new();
        let lasting = |n: usize| self.items[n].id.rank == ItemRank::Entry;
        let seen = self.visible.items.iter().map(|(n, _)| *n);
        let (first, last) = (seen.clone().next(), seen.clone().next_back());
        let lowest = seen.rev().find(|n| lasting(*n));
        let lowest_visible = lowest.map_or(0, |n| self.items[n].id.offset);
        let at_end = self.view.follows_end();
        if self.reported != Some((at_end, lowest_visible)) {
            self.reported = Some((at_end, lowest_visible));
            inputs.push(Input::Viewed {
                at_end,
                lowest_visible,
            });
        }
        let (Some(first), Some(last)) = (first, last) else {
            return inputs;
        };
        let model = self.model.borrow();
        let from = first.saturating_sub(NEAR);
        let to = (last + NEAR + 1).min(self.items.len());
        for n in from..to {
            let item = self.items[n];
            if item.id.rank != ItemRank::Gap {
                continue;
            }
            let mut gaps = model.history().gaps();
            let gap = gaps.find(|gap| gap.end == item.id.offset);
            let above = (first..n).any(lasting);
            let below = (n + 1..last + 1).any(lasting);
            let from_above = above && !(below && self.went_up);
            if let Some(gap) = gap.filter(|gap| model.would_fetch(gap)) {
                inputs.push(Input::GapInSight { gap, from_above });
            }
        }
        inputs
    }
}
