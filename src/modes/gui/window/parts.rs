//! Widgets of our own: wrapped sentences, the list of members, the list of rooms.
//!
//! FLTK's labels take `@` and `&` for commands; text that others wrote is therefore drawn as it is.

mod member_list;
mod pick_list;
mod room_list;

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use fltk::draw;
use fltk::enums::FrameType;
use fltk::prelude::*;
use fltk::widget::Widget;

use super::{appearance, rgb};
use crate::modes::gui::text::drawable;
use crate::modes::gui::theme::Palette;
pub use member_list::MemberList;
pub use room_list::RoomList;

/// One of a palette's colours, in whichever palette is in force.
pub type Ink = fn(&Palette) -> u32;

/// A sentence that wraps to the width it is given.
#[derive(Clone)]
pub struct Words {
    /// For the layout.
    pub area: Widget,
    state: Rc<RefCell<WordsState>>,
}

struct WordsState {
    text: String,
    ink: Ink,
    /// The dot before the sentence, if there is one.
    dot: Option<Ink>,
    rows: Vec<Range<usize>>,
    width: i32,
}

/// The width that a dot takes.
fn dot_room() -> i32 {
    appearance::size() + 2
}

impl Default for Words {
    fn default() -> Words {
        Words::new()
    }
}

impl Words {
    /// Adds an empty sentence to the group that is being built.
    pub fn new() -> Words {
        let mut area = Widget::default();
        area.set_frame(FrameType::NoBox);
        let state = Rc::new(RefCell::new(WordsState {
            text: String::new(),
            ink: |p| p.text,
            dot: None,
            rows: Vec::new(),
            width: 0,
        }));
        let to_draw = Rc::clone(&state);
        area.draw(move |area| {
            let state = to_draw.borrow();
            let p = appearance::palette();
            let row = appearance::row_height();
            let (mut x, mut y) = (area.x(), area.y());
            let _clip = appearance::Clip::to(x, y, area.w(), area.h());
            draw::draw_rect_fill(x, y, area.w(), area.h(), rgb(p.window));
            // Centred in what is higher.
            y += ((area.h() - state.rows.len() as i32 * row) / 2).max(0);
            if let Some(dot) = state.dot {
                let size = appearance::size() * 2 / 3;
                draw::draw_circle_fill(x + 1, y + (row - size) / 2, size, rgb(dot(&p)));
                x += dot_room();
            }
            draw::set_draw_color(rgb((state.ink)(&p)));
            for range in &state.rows {
                draw::draw_text(&state.text[range.clone()], x, y + appearance::baseline(row));
                y += row;
            }
        });
        Words { area, state }
    }

    /// Shows a sentence. Returns the height in pixels that it needs at this width.
    pub fn show(&mut self, text: &str, ink: Ink, dot: Option<Ink>, width: i32) -> i32 {
        *self.state.borrow_mut() = WordsState {
            text: drawable(text),
            ink,
            dot,
            rows: Vec::new(),
            width,
        };
        self.restyle()
    }

    /// Wraps the sentence again after a change of appearance. Returns the height that it needs now.
    pub fn restyle(&mut self) -> i32 {
        let mut state = self.state.borrow_mut();
        let row = appearance::row_height();
        let room = f64::from((state.width - state.dot.map_or(0, |_| dot_room())).max(40));
        let measure = |piece: &str| draw::width(piece);
        state.rows =
            appearance::with_widths(|widths| widths.wrap(&state.text, room, 0.0, &measure));
        self.area.redraw();
        state.rows.len() as i32 * row
    }
}
