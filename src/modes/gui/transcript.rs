//! The transcript as a widget: draws what is seen, scrolls, selects, copies.
//!
//! An own widget because FLTK's text widgets cut off the lower edge of every line with a fallback
//! font (emoji, CJK, Arabic): pango moves such a run down by some pixels. Lines 1.8 times the letters'
//! size have room for that.

mod paint;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use fltk::app::{self, MouseWheel};
use fltk::draw;
use fltk::enums::{Color, Cursor, Event, FrameType, Key};
use fltk::prelude::*;
use fltk::valuator::Scrollbar;
use fltk::widget::Widget;
use unicode_segmentation::UnicodeSegmentation;

use super::layout::{Widths, is_bidi};
use super::lines::{Line, line_of_entry, line_of_pending};
use super::model::Model;
use super::view::{Placed, View};
use super::window::style;
use paint::row_left;
pub use paint::{baseline, row_height};

/// Space at the left and right edge.
const MARGIN: i32 = 8;
/// How far the rows of a long message are moved in.
const INDENT: i32 = 16;
/// The most laid-out events that are kept.
const LAID: usize = 400;

/// The transcript, as the window holds it.
#[derive(Clone)]
pub struct Transcript {
    /// The drawn part, for the window's layout.
    pub area: Widget,
    /// Its scrollbar, for the window's layout.
    pub bar: Scrollbar,
    inner: Rc<RefCell<Inner>>,
    /// What is typed here is meant for the input.
    typing: Rc<RefCell<Typing>>,
}

type Typing = Box<dyn FnMut(&str)>;

/// What is marked for copying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Selection {
    Nothing,
    /// Some characters of one event.
    Within(u64, usize, usize),
    /// Whole events, both ends included.
    Lines(u64, u64),
}

struct Inner {
    model: Rc<RefCell<Model>>,
    view: View,
    widths: Widths,
    laid: HashMap<u64, Line>,
    placed: Placed,
    generation: u64,
    width: i32,
    /// The number behind the last event that was laid out as one.
    end: u64,
    new_from: Option<u64>,
    selection: Selection,
    /// Where the marking began.
    anchor: Option<(u64, usize)>,
}

impl Transcript {
    /// A transcript of the model's history.
    pub fn new(model: Rc<RefCell<Model>>) -> Transcript {
        let mut area = Widget::default();
        area.set_frame(FrameType::FlatBox);
        area.set_color(Color::White);
        let mut bar = Scrollbar::default();
        style::scrollbar(&mut bar);
        let inner = Rc::new(RefCell::new(Inner {
            model,
            view: View::default(),
            widths: Widths::default(),
            laid: HashMap::new(),
            placed: Placed::default(),
            generation: 0,
            width: 0,
            end: 0,
            new_from: None,
            selection: Selection::Nothing,
            anchor: None,
        }));
        let mut transcript = Transcript {
            area,
            bar,
            inner,
            typing: Rc::new(RefCell::new(Box::new(|_| {}))),
        };
        transcript.wire_up();
        transcript
    }

    fn wire_up(&mut self) {
        let inner = Rc::clone(&self.inner);
        self.area.draw(move |area| inner.borrow_mut().draw(area));
        let mut this = self.clone();
        self.area.handle(move |_, event| this.handle(event));
        let mut this = self.clone();
        self.area
            .resize_callback(move |_, _, _, _, _| this.refresh());
        let mut this = self.clone();
        self.bar.set_callback(move |bar| {
            let row = row_height();
            this.inner
                .borrow_mut()
                .view
                .scroll_to(bar.value() as i32, row);
            this.refresh();
        });
    }

    /// Lays out what is to be seen now and has it drawn.
    pub fn refresh(&mut self) {
        let (width, height) = (self.area.w(), self.area.h());
        let mut inner = self.inner.borrow_mut();
        inner.place(width, height);
        let (total, above) = (inner.placed.total, inner.placed.above);
        drop(inner);
        let hidden = (total - height).max(0);
        self.bar.set_maximum(f64::from(hidden));
        self.bar
            .set_slider_size((height as f32 / total.max(1) as f32).clamp(0.05, 1.0));
        self.bar.set_linesize(row_height());
        self.bar.set_value(f64::from(above.min(hidden)));
        if hidden > 0 {
            self.bar.activate();
        } else {
            self.bar.deactivate();
        }
        self.bar.redraw();
        self.area.redraw();
    }

    /// Goes up (negative) or down by so many pages.
    pub fn page(&mut self, pages: i32) {
        let step = (self.area.h() - row_height()).max(row_height());
        self.scroll(step * pages);
    }

    /// Goes to the end and follows it.
    pub fn to_end(&mut self) {
        self.inner.borrow_mut().view.to_end();
        self.refresh();
    }

    fn scroll(&mut self, pixels: i32) {
        self.inner.borrow_mut().view.scroll_by(pixels);
        self.refresh();
    }

    fn handle(&mut self, event: Event) -> bool {
        match event {
            Event::Focus | Event::Unfocus => {
                self.area.redraw();
                true
            }
            Event::Enter => {
                draw::set_cursor(Cursor::Insert);
                true
            }
            Event::Leave => {
                draw::set_cursor(Cursor::Default);
                true
            }
            Event::Push if app::event_button() == 1 => {
                // Refused only by a widget that cannot have it; this one can.
                let _ = self.area.take_focus();
                let below = self.inner.borrow().below(self.area.w(), self.area.h());
                let on =
                    |(x, y, w, h)| app::event_inside(self.area.x() + x, self.area.y() + y, w, h);
                if below.is_some_and(|(_, place)| on(place)) {
                    self.to_end();
                }
                let point = self.point(app::event_coords());
                self.inner
                    .borrow_mut()
                    .begin(point, app::event_clicks_num());
                self.area.redraw();
                true
            }
            Event::Drag => {
                let (_, y) = app::event_coords();
                if y < self.area.y() {
                    self.scroll(-row_height());
                } else if y > self.area.y() + self.area.h() {
                    self.scroll(row_height());
                }
                let point = self.point(app::event_coords());
                self.inner.borrow_mut().extend(point);
                self.area.redraw();
                true
            }
            Event::Released => {
                // For the middle button.
                if let Some(text) = self.inner.borrow_mut().selected() {
                    app::copy2(&text);
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
            Event::KeyDown => self.key(app::event_key()),
            _ => false,
        }
    }

    fn key(&mut self, key: Key) -> bool {
        let row = row_height();
        match key {
            Key::Up => self.scroll(-row),
            Key::Down => self.scroll(row),
            Key::PageUp => self.page(-1),
            Key::PageDown => self.page(1),
            Key::Home => {
                self.inner.borrow_mut().view.to_start();
                self.refresh();
            }
            Key::End => self.to_end(),
            key if app::is_event_ctrl() && key == Key::from_char('a') => {
                self.inner.borrow_mut().select_all();
                self.area.redraw();
            }
            key if app::is_event_ctrl() && (key == Key::from_char('c') || key == Key::Insert) => {
                if let Some(text) = self.inner.borrow_mut().selected() {
                    app::copy(&text);
                }
            }
            _ if !app::is_event_ctrl() && !app::is_event_alt() => {
                let text = app::event_text();
                if text.is_empty() || text.chars().any(char::is_control) {
                    return false;
                }
                (self.typing.borrow_mut())(&text);
            }
            _ => return false,
        }
        true
    }

    /// What to do with text that is typed while the transcript has the cursor.
    pub fn on_typing(&mut self, typing: impl FnMut(&str) + 'static) {
        *self.typing.borrow_mut() = Box::new(typing);
    }

    fn point(&self, (x, y): (i32, i32)) -> Option<(u64, usize)> {
        let origin = (self.area.x(), self.area.y());
        self.inner.borrow_mut().point(x - origin.0, y - origin.1)
    }
}

impl Inner {
    fn place(&mut self, width: i32, height: i32) {
        let model = Rc::clone(&self.model);
        let model = model.borrow();
        let history = model.history();
        if history.generation() != self.generation {
            self.generation = history.generation();
            self.view = View::default();
            self.laid.clear();
            self.selection = Selection::Nothing;
            self.anchor = None;
        }
        if width != self.width {
            self.width = width;
            self.view.forget_heights();
            self.laid.clear();
        }
        for number in [self.new_from, model.new_from()].into_iter().flatten() {
            if self.new_from != model.new_from() {
                self.view.forget_height(number);
                self.laid.remove(&number);
            }
        }
        self.new_from = model.new_from();
        // What is pending stands behind the events and has the numbers behind theirs: what was
        // laid out for one of those may be an event now.
        let end = history.end() + model.pending().len() as u64;
        let laid_out = history.first()..self.end.min(history.end());
        self.laid.retain(|number, _| laid_out.contains(number));
        if self.laid.len() > LAID {
            self.laid.clear();
        }
        self.view.sync(history.first(), end);
        (laid_out.end..end).for_each(|number| self.view.forget_height(number));
        self.end = history.end();
        let row = row_height();
        let (laid, widths) = (&mut self.laid, &mut self.widths);
        let room = f64::from((width - 2 * MARGIN).max(1));
        self.placed = self.view.place(height, row, |number| {
            lay(laid, widths, &model, number, room).height_in_rows()
        });
        // What is seen must be there even if its height was known.
        for (number, _) in &self.placed.items {
            lay(laid, widths, &model, *number, room);
        }
    }

    /// The event and the place in its text at a pixel.
    fn point(&mut self, x: i32, y: i32) -> Option<(u64, usize)> {
        let row = row_height();
        let (first, last) = (self.placed.items.first()?, self.placed.items.last()?);
        let found = self.placed.items.iter().rev().find(|(_, top)| *top <= y);
        let (number, top) = *found.unwrap_or(first);
        let line = self.laid.get(&number)?;
        let above = i32::from(line.new_above);
        let index = (y - top) / row - above;
        if number == last.0 && index >= line.rows.len() as i32 {
            return Some((number, line.text.len()));
        }
        let index = (index.max(0) as usize).min(line.rows.len() - 1);
        let range = line.rows[index].clone();
        let text = &line.text[range.clone()];
        let x = f64::from(x - row_left(line, index, self.width));
        if is_bidi(text) {
            // What stands where cannot be told by measuring: the row is one piece.
            let half = draw::width(text) / 2.0;
            return Some((number, if x < half { range.start } else { range.end }));
        }
        let mut before = 0.0;
        for (at, cluster) in text.grapheme_indices(true) {
            let behind = draw::width(&text[..at + cluster.len()]);
            if x < (before + behind) / 2.0 {
                return Some((number, range.start + at));
            }
            before = behind;
        }
        Some((number, range.end))
    }

    fn begin(&mut self, point: Option<(u64, usize)>, clicks: i32) {
        self.selection = Selection::Nothing;
        self.anchor = point;
        let Some((number, at)) = point else {
            return;
        };
        self.selection = match (clicks, self.laid.get(&number)) {
            (1, Some(line)) => {
                let word = line
                    .text
                    .split_word_bound_indices()
                    .find(|(start, word)| (*start..start + word.len()).contains(&at));
                match word {
                    Some((start, word)) => Selection::Within(number, start, start + word.len()),
                    None => Selection::Nothing,
                }
            }
            (2.., _) => Selection::Lines(number, number),
            _ => Selection::Nothing,
        };
    }

    fn extend(&mut self, point: Option<(u64, usize)>) {
        let (Some((from, a)), Some((to, b))) = (self.anchor, point) else {
            return;
        };
        self.selection = match from == to {
            true if a == b => return,
            true => Selection::Within(from, a.min(b), a.max(b)),
            false => Selection::Lines(from.min(to), from.max(to)),
        };
    }

    fn select_all(&mut self) {
        let model = self.model.borrow();
        let (first, end) = (model.history().first(), model.history().end());
        if end > first {
            self.selection = Selection::Lines(first, end - 1);
        }
    }

    /// What is marked: whole events as lines of the log, some characters as themselves.
    fn selected(&mut self) -> Option<String> {
        let model = self.model.borrow();
        let history = model.history();
        match self.selection {
            Selection::Nothing => None,
            Selection::Within(number, a, b) => {
                let whole = self.laid.get(&number)?;
                match (history.get(number), a == 0 && b == whole.text.len()) {
                    (Some(entry), true) => Some(entry.log_line() + "\n"),
                    _ => whole.text.get(a..b).map(str::to_string),
                }
            }
            Selection::Lines(a, b) => {
                let from = a.max(history.first());
                let lines = (from..=b).map_while(|number| history.get(number));
                let text: String = lines.map(|entry| entry.log_line() + "\n").collect();
                Some(text).filter(|text| !text.is_empty())
            }
        }
    }
}

/// Lays an event out, unless it is.
fn lay<'a>(
    laid: &'a mut HashMap<u64, Line>,
    widths: &mut Widths,
    model: &Model,
    number: u64,
    room: f64,
) -> &'a Line {
    laid.entry(number).or_insert_with(|| {
        let history = model.history();
        let mut line = match history.get(number) {
            Some(entry) => line_of_entry(entry),
            None => {
                let index = usize::try_from(number - history.end()).ok();
                let pending = index.and_then(|index| model.pending().get(index));
                line_of_pending(model.me().unwrap_or_default(), pending)
            }
        };
        line.new_above = model.new_from() == Some(number);
        let measure = |piece: &str| draw::width(piece);
        line.rows = widths.wrap(&line.text, room, f64::from(INDENT), &measure);
        line
    })
}
