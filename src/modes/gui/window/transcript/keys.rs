//! The transcript's keys.

use fltk::app;
use fltk::enums::Key;
use fltk::prelude::*;

use super::{ClickTarget, Transcript};
use crate::modes::gui::model::Input;
use crate::modes::gui::window::appearance::row_height;
use crate::modes::gui::window::{Action, WindowAction};

impl Transcript {
    pub(super) fn key(&mut self, key: Key) -> bool {
        let row = row_height();
        let ctrl = app::is_event_ctrl();
        self.hide_time();
        match key {
            Key::Up | Key::Down if app::is_event_shift() => {
                self.inner.borrow_mut().select_more(key == Key::Up);
                self.area.redraw();
            }
            Key::Up => self.scroll(-row),
            Key::Down => self.scroll(row),
            Key::PageUp => self.scroll_pages(-1),
            Key::PageDown => self.scroll_pages(1),
            Key::Home => self.note(Action::Model(Input::GoToStart)),
            Key::End => self.note(Action::Model(Input::GoToEnd)),
            Key::Left => self.pick(-1),
            Key::Right => self.pick(1),
            Key::Enter | Key::KPEnter => return self.click_picked(),
            Key::Escape => self.note(Action::Window(WindowAction::Escape)),
            key if ctrl && key == Key::from_char('a') => {
                self.inner.borrow_mut().select_all();
                self.area.redraw();
            }
            key if ctrl && (key == Key::from_char('c') || key == Key::Insert) => {
                let selected = self.inner.borrow().selected();
                if let Some(text) = selected {
                    app::copy(&text);
                }
            }
            _ => return false,
        }
        true
    }

    /// Chooses the next (negative: the previous) visible click target.
    fn pick(&mut self, step: isize) {
        let mut inner = self.inner.borrow_mut();
        let mut clicks: Vec<ClickTarget> = Vec::new();
        for (n, _) in &inner.visible.items {
            let id = inner.items[*n].id;
            let laid = inner.laid.get(&id).into_iter();
            let targets = laid.flat_map(|laid| laid.line.clicks.iter().enumerate());
            clicks.extend(targets.map(|(number, (_, click))| ClickTarget {
                id,
                number,
                click: click.clone(),
            }));
        }
        let now = inner
            .picked
            .as_ref()
            .and_then(|picked| clicks.iter().position(|target| target == picked));
        let next = match (now, step > 0) {
            (Some(now), _) => now.checked_add_signed(step),
            (None, true) => Some(0),
            (None, false) => clicks.len().checked_sub(1),
        };
        if let Some(next) = next.and_then(|next| clicks.get(next)) {
            inner.picked = Some(next.clone());
        }
        drop(inner);
        self.area.redraw();
    }

    /// Clicks the target chosen with the keyboard. `false` if none is chosen.
    fn click_picked(&mut self) -> bool {
        let picked = self.inner.borrow().picked.clone();
        match picked {
            Some(hit) => {
                self.note(hit.click.into());
                true
            }
            None => false,
        }
    }
}
