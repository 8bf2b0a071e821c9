//! A list from which the user picks: scrolled by the wheel, walked by the arrow keys; a click or
//! Enter picks an entry.

use std::cell::RefCell;
use std::rc::Rc;

use fltk::app::{self, MouseWheel};
use fltk::draw;
use fltk::enums::{Event, FrameType, Key};
use fltk::prelude::*;
use fltk::widget::Widget;

use crate::modes::gui::window::style::draw_focus;
use crate::modes::gui::window::{Action, Actions, WindowAction, appearance, rgb};

/// Space at the left and right edge, in pixels.
pub(super) const MARGIN: i32 = 8;
/// Rows by which one turn of the wheel scrolls.
const WHEEL: usize = 2;

/// The entries of a list, and how they are drawn and picked.
pub trait Entries: Default + 'static {
    /// The position in the list.
    fn cursor(&mut self) -> &mut ListCursor;
    /// The number of entries.
    fn count(&self) -> usize;
    /// The entry at so many pixels below the upper edge.
    fn entry_at(&self, y: i32) -> Option<usize>;
    /// The number of rows that fit into a height in pixels.
    fn rows_in(height: i32) -> usize;
    /// Scrolls to the chosen entry; `page` is the number of visible rows.
    fn bring_into_sight(&mut self, page: usize);
    /// The action of picking the chosen entry.
    fn pick(&self) -> Option<WindowAction>;
    /// The action of the Escape key.
    fn escape(&self) -> Option<WindowAction> {
        None
    }
    /// Draws the entries; the background is drawn already, and the border comes last.
    fn draw(&mut self, area: &Widget);
}

/// The position in a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListCursor {
    /// The number of rows above the upper edge.
    pub above: usize,
    /// The chosen entry.
    pub at: Option<usize>,
    /// The entry from which the arrow keys go on.
    pub near: usize,
}

impl ListCursor {
    /// Chooses an entry.
    pub fn choose(&mut self, at: usize) {
        (self.at, self.near) = (Some(at), at);
    }
}

/// A list from which the user picks.
pub struct PickList<E> {
    /// For the layout.
    pub area: Widget,
    pub(super) entries: Rc<RefCell<E>>,
    actions: Actions,
}

impl<E: Entries> PickList<E> {
    /// Adds an empty list to the group that is being built. What is picked in it is noted in
    /// `actions`.
    pub fn new(actions: Actions) -> PickList<E> {
        let mut area = Widget::default();
        area.set_frame(FrameType::FlatBox);
        let entries = Rc::new(RefCell::new(E::default()));
        let to_draw = Rc::clone(&entries);
        area.draw(move |area| {
            let p = appearance::palette();
            let (x, y, w, h) = (area.x(), area.y(), area.w(), area.h());
            let clip = appearance::Clip::to(x, y, w, h);
            draw::draw_rect_fill(x, y, w, h, rgb(p.surface));
            to_draw.borrow_mut().draw(area);
            drop(clip);
            draw::set_draw_color(rgb(p.line));
            draw::draw_rect(x, y, w, h);
            draw_focus(area);
        });
        let mut this = PickList {
            area: area.clone(),
            entries: Rc::clone(&entries),
            actions: Rc::clone(&actions),
        };
        area.handle(move |_, event| this.handle(event));
        PickList {
            area,
            entries,
            actions,
        }
    }

    fn handle(&mut self, event: Event) -> bool {
        match event {
            Event::Focus | Event::Unfocus => self.area.redraw(),
            Event::MouseWheel => {
                let mut entries = self.entries.borrow_mut();
                let cursor = entries.cursor();
                // Drawing corrects what goes beyond the end.
                cursor.above = match app::event_dy() {
                    MouseWheel::Up => cursor.above + WHEEL,
                    _ => cursor.above.saturating_sub(WHEEL),
                };
                self.area.redraw();
            }
            Event::Push if app::event_button() == 1 => {
                // Refused only by a widget that cannot have the focus; this one can.
                let _ = self.area.take_focus();
                let mut entries = self.entries.borrow_mut();
                let hit = entries.entry_at(app::event_y() - self.area.y());
                if let Some(at) = hit {
                    entries.cursor().choose(at);
                }
                self.area.redraw();
                if hit.is_some() {
                    self.note(entries.pick());
                }
            }
            Event::KeyDown => return self.key(app::event_key()),
            _ => return false,
        }
        true
    }

    fn key(&mut self, key: Key) -> bool {
        let mut entries = self.entries.borrow_mut();
        let page = E::rows_in(self.area.h());
        let last = entries.count().saturating_sub(1);
        let ListCursor { at, near, .. } = *entries.cursor();
        // If the chosen entry went, the one in its place comes first.
        let step = usize::from(at.is_some());
        let to = match key {
            Key::Up => near.saturating_sub(step),
            Key::Down => near + step,
            Key::PageUp => near.saturating_sub(page),
            Key::PageDown => near + page,
            Key::Home => 0,
            Key::End => last,
            Key::Enter | Key::KPEnter => {
                self.note(entries.pick());
                return true;
            }
            Key::Escape => {
                let escape = entries.escape();
                let handled = escape.is_some();
                self.note(escape);
                return handled;
            }
            _ => return false,
        };
        entries.cursor().choose(to.min(last));
        entries.bring_into_sight(page);
        self.area.redraw();
        true
    }

    fn note(&self, action: Option<WindowAction>) {
        let action = action.map(Action::Window);
        self.actions.borrow_mut().extend(action);
    }
}

/// Draws the background of the chosen entry, if the list has the focus.
pub(super) fn draw_chosen(area: &Widget, top: i32) {
    if area.has_focus() {
        let (x, w) = (area.x(), area.w());
        let colour = rgb(appearance::palette().selection);
        draw::draw_rect_fill(x + 3, top, w - 6, appearance::row_height(), colour);
    }
}
