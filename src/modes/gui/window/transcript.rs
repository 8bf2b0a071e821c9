//! The transcript's widget: draws the visible part, scrolls, selects, copies, follows links.
//!
//! It is our own because FLTK's text widgets cut off the lower edge of every line with a fallback
//! font (emoji, CJK, Arabic), which pango moves down by some pixels. Our rows are higher than the
//! letters and have room for that.
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
use crate::modes::gui::window::{Action, Actions, wake};
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
    up: bool,
    selection: Selection,
    /// The beginning of the selection.
    anchor: Option<(ItemId, usize)>,
    /// The text of that item at the time.
    anchored: String,
    /// The item under the pointer, and the item whose exact time is shown.
    hover: Option<ItemId>,
    timed: Option<ItemId>,
    /// Counts the movements that end the pointer's rest.
    moved: u64,
    /// The click target chosen with the keyboard.
    picked: Option<ClickTarget>,
    /// The click target on which the mouse was pressed.
    pressed: Option<ClickTarget>,
    /// The visible matches of the search, and the current one.
    found: Vec<(ItemId, Range<usize>)>,
    found_now: Option<u64>,
    told: Option<(bool, u64)>,
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
            up: true,
            selection: Selection::Nothing,
            anchor: None,
            anchored: String::new(),
            hover: None,
            timed: None,
            moved: 0,
            picked: None,
            pressed: None,
            found: Vec::new(),
            found_now: None,
            told: None,
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

    /// Lays out the visible part and has it redrawn.
    pub fn refresh(&mut self) {
        let (width, height) = (self.area.w(), self.area.h());
        let mut inner = self.inner.borrow_mut();
        let done = inner.place(width, height);
        let (total, above) = (inner.visible.total, inner.visible.above);
        let news = inner.news();
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
            app::add_timeout3(0.001, move |_| {
                this.refresh();
                // What it noted is not left until the wait, in which this runs, ends by itself.
                wake();
            });
        }
        for input in news {
            self.note(Action::Model(input));
        }
    }

    fn note(&self, action: Action) {
        self.actions.borrow_mut().push_back(action);
    }

    /// Scrolls up (negative) or down by so many pages.
    pub fn page(&mut self, pages: i32) {
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
        // Whoever follows the end reads upwards from it.
        inner.up = true;
        // Whoever asked for this gets a report of the result.
        inner.told = None;
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
        inner.up = true;
        inner.view.show(id, y);
        inner.told = None;
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
                let act = point.and_then(|point| self.hit(point));
                draw::set_cursor(match act {
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
                let (_, y) = app::event_coords();
                if y < self.area.y() {
                    self.scroll(-row_height());
                } else if y > self.area.y() + self.area.h() {
                    self.scroll(row_height());
                }
                let point = self.point();
                self.inner.borrow_mut().extend(point);
                self.area.redraw();
                true
            }
            Event::Released => {
                // For the middle button.
                let selected = self.inner.borrow().selected();
                let point = self.point();
                let pressed = self.inner.borrow_mut().pressed.take();
                match (selected, point.and_then(|point| self.hit(point))) {
                    (Some(text), _) => app::copy2(&text),
                    // Another click target may have moved under the pointer since.
                    (None, Some(hit))
                        if app::event_is_click() && pressed.as_ref() == Some(&hit) =>
                    {
                        self.note(hit.click.into());
                    }
                    _ => {}
                }
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

    fn push(&mut self) {
        let marks = self.inner.borrow().marks(self.area.w(), self.area.h());
        let on = |(x, y, w, h)| app::event_inside(self.area.x() + x, self.area.y() + y, w, h);
        let goes = marks.iter().find(|mark| on(mark.place)).map(|m| m.goes);
        if goes.is_some() {
            let mut inner = self.inner.borrow_mut();
            (inner.pressed, inner.anchor) = (None, None);
        }
        match goes {
            Some(JumpTarget::End) => return self.note(Action::Model(Input::GoToEnd)),
            Some(JumpTarget::Unread) => return self.go_to_unread(),
            None => {}
        }
        let point = self.point();
        let pressed = point.and_then(|point| self.hit(point));
        let clicks = app::event_clicks_num();
        let mut inner = self.inner.borrow_mut();
        inner.pressed = pressed;
        inner.begin(point, clicks);
        drop(inner);
        self.area.redraw();
    }

    fn point(&self) -> Option<(ItemId, usize, bool)> {
        appearance::use_font();
        let (x, y) = app::event_coords();
        let inner = self.inner.borrow();
        inner.point(x - self.area.x(), y - self.area.y())
    }

    fn hit(&self, (id, at, on): (ItemId, usize, bool)) -> Option<ClickTarget> {
        let inner = self.inner.borrow();
        let line = &inner.laid.get(&id).filter(|_| on)?.line;
        let mut clicks = line.clicks.iter().enumerate();
        let (number, (_, click)) = clicks.find(|(_, (range, _))| range.contains(&at))?;
        let click = click.clone();
        Some(ClickTarget { id, number, click })
    }
}
