//! The transcript's widget: draws the visible part, scrolls, selects, copies, follows links.
//!
//! FLTK's own text widgets cut off the lower edge of every line with a fallback font (emoji, CJK,
//! Arabic), which pango moves down by some pixels. Our rows are higher than the letters and have room
//! for that.
//!
//! What always holds: only the visible part is laid out, and no redraw waits for more than some
//! rows of a very long text.

mod exact_time;
mod keys;
mod paint;
mod rows;
mod selection;
mod viewport;

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use fltk::app::{self, MouseWheel};
use fltk::draw;
use fltk::enums::{Cursor, Event, FrameType};
use fltk::prelude::*;
use fltk::valuator::Scrollbar;
use fltk::widget::Widget;

use crate::modes::gui::keep::settings::TimeDisplay;
use crate::modes::gui::model::{Input, Model};
use crate::modes::gui::transcript::items::{Item, ItemId, ItemRank};
use crate::modes::gui::transcript::layout::Widths;
use crate::modes::gui::transcript::styled::Click;
use crate::modes::gui::transcript::view::{View, Visible};
use crate::modes::gui::window::appearance;
use crate::modes::gui::window::appearance::row_height;
use crate::modes::gui::window::keyboard;
use crate::modes::gui::window::{Action, Actions, timer};
use rows::LaidOut;
use selection::Selection;

/// The window's handle of the transcript.
#[derive(Clone)]
pub struct Transcript {
    /// The drawn part, for the window's layout.
    pub area: Widget,
    /// Its scrollbar, for the window's layout.
    pub bar: Scrollbar,
    inner: Rc<RefCell<Viewport>>,
    actions: Actions,
}

/// The destination of a jump button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JumpTarget {
    End,
    Unread,
}

/// Something clickable in an item.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ClickTarget {
    id: ItemId,
    /// Its index among those of the item.
    number: usize,
    click: Click,
}

struct Viewport {
    model: Rc<RefCell<Model>>,
    items: Vec<Item>,
    /// The model's revision that the items show.
    revision: Option<u64>,
    view: View,
    widths: Widths,
    laid: HashMap<ItemId, LaidOut>,
    visible: Visible,
    generation: u64,
    width: i32,
    height: i32,
    times: TimeDisplay,
    /// The last scrolling went up.
    went_up: bool,
    selection: Selection,
    /// The item and byte at which the selection begins.
    selected_from: Option<(ItemId, usize)>,
    /// The text of that item when the selection was begun.
    selected_text: String,
    /// The item under the pointer.
    hover: Option<ItemId>,
    /// The item whose exact time is shown.
    time_shown: Option<ItemId>,
    /// Counts the movements that end the pointer's rest.
    moved: u64,
    /// The click target chosen with the keyboard.
    picked: Option<ClickTarget>,
    /// The click target on which the mouse was pressed.
    pressed: Option<ClickTarget>,
    /// The visible matches of the search, as bytes of items.
    matches: Vec<(ItemId, Range<usize>)>,
    /// The current match, as an offset.
    current_match: Option<u64>,
    /// The last report to the model: whether the end is visible, and the lowest visible event.
    reported: Option<(bool, u64)>,
    /// The most rows that were laid out for one redraw.
    most_rows: usize,
}

impl Transcript {
    /// Creates a transcript of the model's history. What the user does in it is noted in `actions`.
    pub fn new(model: Rc<RefCell<Model>>, actions: Actions) -> Transcript {
        let mut area = Widget::default();
        area.set_frame(FrameType::FlatBox);
        let mut bar = Scrollbar::default();
        bar.clear_visible_focus();
        let inner = Rc::new(RefCell::new(Viewport {
            model,
            items: Vec::new(),
            revision: None,
            view: View::default(),
            widths: Widths::default(),
            laid: HashMap::new(),
            visible: Visible::default(),
            generation: 0,
            width: 0,
            height: 0,
            times: TimeDisplay::default(),
            went_up: true,
            selection: Selection::Nothing,
            selected_from: None,
            selected_text: String::new(),
            hover: None,
            time_shown: None,
            moved: 0,
            picked: None,
            pressed: None,
            matches: Vec::new(),
            current_match: None,
            reported: None,
            most_rows: 0,
        }));
        let mut transcript = Transcript {
            area,
            bar,
            inner,
            actions,
        };
        transcript.wire_up();
        transcript
    }

    fn wire_up(&mut self) {
        let inner = Rc::clone(&self.inner);
        self.area.draw(move |area| {
            appearance::use_font();
            inner.borrow_mut().draw(area);
        });
        let mut this = self.clone();
        self.area.handle(move |_, event| this.handle(event));
        let mut this = self.clone();
        self.area
            .resize_callback(move |_, _, _, _, _| this.refresh());
        let mut this = self.clone();
        self.bar.set_callback(move |bar| {
            let above = bar.value() as i32;
            this.inner.borrow_mut().scroll_to(above);
            this.refresh();
        });
    }

    /// The most rows that were laid out for one redraw so far.
    pub fn most_rows(&self) -> usize {
        self.inner.borrow().most_rows
    }

    /// Shows elapsed times or the time of day.
    pub fn set_times(&mut self, times: TimeDisplay) {
        self.inner.borrow_mut().times = times;
        self.restyle();
    }

    /// Lays everything out anew: font or colours have changed.
    pub fn restyle(&mut self) {
        let mut inner = self.inner.borrow_mut();
        inner.widths = Widths::default();
        inner.width = 0;
        drop(inner);
        self.refresh();
    }

    /// Lays out the visible part, has it redrawn, and notes what the model has to know about it.
    pub fn refresh(&mut self) {
        let (width, height) = (self.area.w(), self.area.h());
        let mut inner = self.inner.borrow_mut();
        let done = inner.lay_out(width, height);
        let (total, above) = (inner.visible.total, inner.visible.above);
        let inputs = inner.inputs();
        drop(inner);
        let hidden = (total - height).max(0);
        self.bar.set_maximum(f64::from(hidden));
        self.bar
            .set_slider_size((height as f32 / total.max(1) as f32).clamp(0.05, 1.0));
        self.bar.set_linesize(row_height());
        self.bar.set_value(f64::from(above.clamp(0, hidden)));
        if hidden > 0 {
            self.bar.activate();
        } else {
            self.bar.deactivate();
        }
        self.bar.redraw();
        self.area.redraw();
        if !done {
            // The rest of a long text, once this much has been drawn.
            let mut this = self.clone();
            timer::after(0.001, move || this.refresh());
        }
        for input in inputs {
            self.note(Action::Model(input));
        }
    }

    fn note(&self, action: Action) {
        self.actions.borrow_mut().push_back(action);
    }

    /// Scrolls up (negative) or down by so many pages.
    pub fn scroll_pages(&mut self, pages: i32) {
        let step = (self.area.h() - row_height()).max(row_height());
        self.scroll(step * pages);
    }

    /// Scrolls to the first item.
    pub fn go_to_start(&mut self) {
        let first = self.inner.borrow().items.first().map(|item| item.id);
        if let Some(first) = first {
            self.show(first, 0);
        }
    }

    /// Scrolls to the end and follows it.
    pub fn go_to_end(&mut self) {
        let mut inner = self.inner.borrow_mut();
        inner.view.go_to_end();
        // A reader goes up from the end.
        inner.went_up = true;
        // The model is told the result even if it is as before.
        inner.reported = None;
        drop(inner);
        self.refresh();
    }

    /// Scrolls to the first unread message.
    pub fn go_to_unread(&mut self) {
        let new_from = self.inner.borrow().model.borrow().new_from();
        if let Some(offset) = new_from {
            let rank = ItemRank::Unread;
            self.show(ItemId { offset, rank }, self.area.h() / 4);
        }
    }

    /// Scrolls to the event at that offset.
    pub fn go_to_event(&mut self, offset: u64) {
        let rank = ItemRank::Entry;
        self.show(ItemId { offset, rank }, self.area.h() / 2);
    }

    fn show(&mut self, id: ItemId, y: i32) {
        let mut inner = self.inner.borrow_mut();
        inner.went_up = true;
        inner.view.show(id, y);
        inner.reported = None;
        drop(inner);
        self.refresh();
    }

    fn scroll(&mut self, pixels: i32) {
        self.hide_time();
        self.inner.borrow_mut().scroll_by(pixels);
        self.refresh();
    }

    fn handle(&mut self, event: Event) -> bool {
        match event {
            Event::Focus | Event::Unfocus => {
                self.inner.borrow_mut().picked = None;
                self.area.redraw();
                true
            }
            Event::Enter => true,
            Event::Leave => {
                draw::set_cursor(Cursor::Default);
                self.hover(None);
                true
            }
            Event::Move => {
                let point = self.point();
                let target = point.and_then(|point| self.hit(point));
                draw::set_cursor(match target {
                    Some(_) => Cursor::Hand,
                    None => Cursor::Insert,
                });
                self.hover(point.map(|(id, ..)| id));
                true
            }
            Event::Push if app::event_button() == 1 => {
                // Refused only by a widget that cannot have the focus; this one can.
                let _ = self.area.take_focus();
                self.push();
                true
            }
            Event::Drag => {
                self.drag();
                true
            }
            Event::Released => {
                self.release();
                true
            }
            Event::MouseWheel => {
                let rows = match app::event_dy() {
                    MouseWheel::Up => 3,
                    MouseWheel::Down => -3,
                    _ => 0,
                };
                self.scroll(rows * row_height());
                true
            }
            Event::KeyDown => self.key(keyboard::key()),
            _ => false,
        }
    }

    /// Presses a jump button or a click target, or begins a selection.
    fn push(&mut self) {
        let (w, h) = (self.area.w(), self.area.h());
        let buttons = self.inner.borrow().jump_buttons(w, h);
        let on = |(x, y, w, h)| app::event_inside(self.area.x() + x, self.area.y() + y, w, h);
        let pressed = buttons.iter().find(|button| on(button.area));
        let target = pressed.map(|button| button.target);
        if target.is_some() {
            let mut inner = self.inner.borrow_mut();
            (inner.pressed, inner.selected_from) = (None, None);
        }
        match target {
            Some(JumpTarget::End) => return self.note(Action::Model(Input::GoToEnd)),
            Some(JumpTarget::Unread) => return self.go_to_unread(),
            None => {}
        }
        let point = self.point();
        let pressed = point.and_then(|point| self.hit(point));
        let clicks = app::event_clicks_num();
        let mut inner = self.inner.borrow_mut();
        inner.pressed = pressed;
        inner.begin_selection(point, clicks);
        drop(inner);
        self.area.redraw();
    }

    /// Extends the selection, scrolling at the edges.
    fn drag(&mut self) {
        let (_, y) = app::event_coords();
        if y < self.area.y() {
            self.scroll(-row_height());
        } else if y > self.area.y() + self.area.h() {
            self.scroll(row_height());
        }
        let point = self.point();
        self.inner.borrow_mut().extend_selection(point);
        self.area.redraw();
    }

    /// Ends a selection or a click.
    fn release(&mut self) {
        // For the middle button.
        let selected = self.inner.borrow().selected();
        let point = self.point();
        let pressed = self.inner.borrow_mut().pressed.take();
        match (selected, point.and_then(|point| self.hit(point))) {
            (Some(text), _) => app::copy2(&text),
            // Another click target may have moved under the pointer since.
            (None, Some(hit)) if app::event_is_click() && pressed.as_ref() == Some(&hit) => {
                self.note(hit.click.into());
            }
            _ => {}
        }
    }

    /// The item and the byte at the pointer, and whether the pointer is on it.
    fn point(&self) -> Option<(ItemId, usize, bool)> {
        appearance::use_font();
        let (x, y) = app::event_coords();
        let inner = self.inner.borrow();
        inner.point(x - self.area.x(), y - self.area.y())
    }

    /// The click target at a point.
    fn hit(&self, (id, at, on): (ItemId, usize, bool)) -> Option<ClickTarget> {
        let inner = self.inner.borrow();
        let line = &inner.laid.get(&id).filter(|_| on)?.line;
        let mut clicks = line.clicks.iter().enumerate();
        let (number, (_, click)) = clicks.find(|(_, (range, _))| range.contains(&at))?;
        let click = click.clone();
        Some(ClickTarget { id, number, click })
    }
}
