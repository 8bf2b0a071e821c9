//! The transcript by keyboard.

use fltk::app;
use fltk::enums::Key;
use fltk::prelude::*;

use super::{Hit, Told, Transcript};
use crate::modes::gui::window::appearance::row_height;

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
            Key::PageUp => self.page(-1),
            Key::PageDown => self.page(1),
            Key::Home => self.tell(Told::ToStart),
            Key::End => self.tell(Told::ToEnd),
            Key::Left => self.pick(-1),
            Key::Right => self.pick(1),
            Key::Enter | Key::KPEnter => return self.do_picked(),
            Key::Escape => self.tell(Told::Escape),
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

    /// Goes to the next (or, negative, the one before) of what can be clicked in sight.
    fn pick(&mut self, step: isize) {
        let mut inner = self.inner.borrow_mut();
        let mut acts: Vec<Hit> = Vec::new();
        for (n, _) in &inner.placed.seen {
            let key = inner.items[*n].key;
            let here = inner.laid.get(&key).into_iter();
            let here = here.flat_map(|laid| laid.line.acts.iter().enumerate());
            acts.extend(here.map(|(number, (_, act))| Hit {
                key,
                number,
                act: act.clone(),
            }));
        }
        let now = inner
            .picked
            .as_ref()
            .and_then(|picked| acts.iter().position(|act| act == picked));
        let next = match (now, step > 0) {
            (Some(now), _) => now.checked_add_signed(step),
            (None, true) => Some(0),
            (None, false) => acts.len().checked_sub(1),
        };
        if let Some(next) = next.and_then(|next| acts.get(next)) {
            inner.picked = Some(next.clone());
        }
        drop(inner);
        self.area.redraw();
    }

    fn do_picked(&mut self) -> bool {
        let picked = self.inner.borrow().picked.clone();
        match picked {
            Some(hit) => {
                self.tell(Told::Act(hit.act));
                true
            }
            None => false,
        }
    }
}
