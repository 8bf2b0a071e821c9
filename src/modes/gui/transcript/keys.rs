//! The transcript by keyboard.

use fltk::app;
use fltk::enums::Key;
use fltk::prelude::*;

use super::{Told, Transcript};
use crate::modes::gui::items;
use crate::modes::gui::window::look::row_height;

impl Transcript {
    pub(super) fn key(&mut self, key: Key) -> bool {
        let row = row_height();
        let ctrl = app::is_event_ctrl();
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
            Key::End => self.to_end(),
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
            _ if !ctrl && !app::is_event_alt() => {
                let text = app::event_text();
                if text.is_empty() || text.chars().any(char::is_control) {
                    return false;
                }
                self.tell(Told::Typed(text));
            }
            _ => return false,
        }
        true
    }

    /// Goes to the next (or, negative, the one before) of what can be clicked in sight.
    fn pick(&mut self, step: isize) {
        let mut inner = self.inner.borrow_mut();
        let mut acts: Vec<(items::Key, usize)> = Vec::new();
        for (n, _) in &inner.placed.seen {
            let key = inner.items[*n].key;
            let count = inner.laid.get(&key).map_or(0, |laid| laid.line.acts.len());
            acts.extend((0..count).map(|act| (key, act)));
        }
        let now = inner
            .picked
            .and_then(|p| acts.iter().position(|act| *act == p));
        let next = match (now, step > 0) {
            (Some(now), _) => now.checked_add_signed(step),
            (None, true) => Some(0),
            (None, false) => acts.len().checked_sub(1),
        };
        inner.picked = next
            .and_then(|next| acts.get(next))
            .copied()
            .or(inner.picked);
        drop(inner);
        self.area.redraw();
    }

    fn do_picked(&mut self) -> bool {
        let inner = self.inner.borrow();
        let act = inner.picked.and_then(|(key, n)| {
            let (_, act) = inner.laid.get(&key)?.line.acts.get(n)?;
            Some(act.clone())
        });
        drop(inner);
        match act {
            Some(act) => {
                self.tell(Told::Act(act));
                true
            }
            None => false,
        }
    }
}
