//! The exact time of the item on which the pointer rests.
//!
//! The time is shown in the item until the next key, turn of the wheel or move to another item.

use fltk::draw;
use fltk::prelude::*;

use super::rows::MARGIN;
use super::{Transcript, Viewport};
use crate::modes::gui::theme::Palette;
use crate::modes::gui::transcript::items::ItemId;
use crate::modes::gui::transcript::styled::exact_time;
use crate::modes::gui::window::appearance::{self, baseline};
use crate::modes::gui::window::{rgb, timer};

/// Rest of the pointer on an item before its time is shown, in seconds.
const REST: f64 = 0.4;

impl Transcript {
    /// Takes in the item under the pointer, if there is one.
    pub(super) fn hover(&mut self, id: Option<ItemId>) {
        if self.inner.borrow().hover == id {
            return;
        }
        self.hide_time();
        let mut inner = self.inner.borrow_mut();
        inner.hover = id;
        let moved = inner.moved;
        drop(inner);
        if id.is_some() {
            let mut this = self.clone();
            timer::after(REST, move || this.show_time(moved));
        }
    }

    /// Shows the time, unless the pointer has moved since its rest began.
    fn show_time(&mut self, moved: u64) {
        let mut inner = self.inner.borrow_mut();
        if inner.moved == moved {
            inner.time_shown = inner.hover;
            self.area.redraw();
        }
    }

    /// Hides the time until the pointer moves to another item.
    pub fn hide_time(&mut self) {
        let mut inner = self.inner.borrow_mut();
        inner.moved += 1;
        if inner.time_shown.take().is_some() {
            self.area.redraw();
        }
    }
}

impl Viewport {
    pub(super) fn draw_time(&self, (x, y, w, h): (i32, i32, i32, i32), palette: &Palette) {
        let Some(id) = self.time_shown else {
            return;
        };
        let model = self.model.borrow();
        let Some(at) = model.history().get(id.offset).and_then(|entry| entry.local) else {
            return;
        };
        let is_it = |(n, _): &&(usize, i32)| self.items.get(*n).is_some_and(|i| i.id == id);
        let Some((_, top)) = self.visible.items.iter().find(is_it) else {
            return;
        };
        let Some(laid) = self.laid.get(&id) else {
            return;
        };
        appearance::use_font();
        let words = exact_time(at);
        let wide = draw::width(&words) as i32 + 2 * MARGIN;
        // The rows that are visible as a whole, or the one that is visible in part.
        let first = top + laid.space;
        let high = laid.row.max(1);
        let from = ((-first).max(0) + high - 1) / high;
        let to = ((h - first) / high).clamp(from + 1, laid.rows().max(1) as i32);
        let (row, left) = laid.place_for(wide, from as usize..to.max(from + 1) as usize, w);
        let (left, top) = (x + left, y + first + row as i32 * laid.row);
        draw::draw_rect_fill(left, top, wide, laid.row, rgb(palette.window));
        draw::set_draw_color(rgb(palette.border));
        draw::draw_rect(left, top, wide, laid.row);
        draw::set_draw_color(rgb(palette.text));
        draw::draw_text(&words, left + MARGIN, top + baseline(laid.row));
    }
}
