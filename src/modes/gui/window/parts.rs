//! Small own widgets: a line of words, and the list of who is here.
//!
//! FLTK's labels take `@` and `&` for commands; what others wrote is therefore drawn as it is.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use fltk::app::{self, MouseWheel};
use fltk::draw;
use fltk::enums::{Color, Event, FrameType};
use fltk::prelude::*;
use fltk::widget::Widget;
use unicode_segmentation::UnicodeSegmentation;

use super::rgb;
use crate::modes::gui::layout::{Widths, drawable};
use crate::modes::gui::lines::colour_of;
use crate::modes::gui::transcript::{baseline, row_height};

/// A sentence that wraps to the width it is given.
#[derive(Clone)]
pub struct Words {
    pub area: Widget,
    said: Rc<RefCell<Said>>,
}

#[derive(Default)]
struct Said {
    text: String,
    colour: u32,
    /// A dot before the words.
    dot: Option<u32>,
    rows: Vec<Range<usize>>,
}

const DOT: i32 = 16;

impl Words {
    pub fn new() -> Words {
        let mut area = Widget::default();
        area.set_frame(FrameType::NoBox);
        let said = Rc::new(RefCell::new(Said::default()));
        let to_draw = Rc::clone(&said);
        area.draw(move |area| {
            let said = to_draw.borrow();
            let row = row_height();
            let (mut x, mut y) = (area.x(), area.y());
            draw::push_clip(x, y, area.w(), area.h());
            if let Some(dot) = said.dot {
                let size = 9;
                draw::draw_circle_fill(x + 1, y + (row - size) / 2, size, rgb(dot));
                x += DOT;
            }
            draw::set_draw_color(rgb(said.colour));
            for range in &said.rows {
                draw::draw_text(&said.text[range.clone()], x, y + baseline(row));
                y += row;
            }
            draw::pop_clip();
        });
        Words { area, said }
    }

    /// Shows a sentence; the height that it needs at this width is the answer.
    pub fn show(&mut self, text: &str, colour: u32, dot: Option<u32>, width: i32) -> i32 {
        let row = row_height();
        let text = drawable(text);
        let room = f64::from((width - dot.map_or(0, |_| DOT)).max(40));
        let rows = Widths::default().wrap(&text, room, 0.0, &|piece| draw::width(piece));
        let height = rows.len() as i32 * row;
        let mut said = self.said.borrow_mut();
        *said = Said {
            text,
            colour,
            dot,
            rows,
        };
        self.area.redraw();
        height
    }
}

/// Who is here.
#[derive(Clone)]
pub struct Here {
    pub area: Widget,
    list: Rc<RefCell<List>>,
}

#[derive(Default)]
struct List {
    names: Vec<(String, bool)>,
    /// How many names are above the upper edge.
    above: usize,
}

impl Here {
    pub fn new() -> Here {
        let mut area = Widget::default();
        area.set_frame(FrameType::FlatBox);
        area.clear_visible_focus();
        let list = Rc::new(RefCell::new(List::default()));
        let to_draw = Rc::clone(&list);
        area.draw(move |area| draw_list(area, &mut to_draw.borrow_mut()));
        let to_scroll = Rc::clone(&list);
        area.handle(move |area, event| {
            if event != Event::MouseWheel {
                return false;
            }
            let mut list = to_scroll.borrow_mut();
            list.above = match app::event_dy() {
                MouseWheel::Up => list.above + 2,
                _ => list.above.saturating_sub(2),
            };
            area.redraw();
            true
        });
        Here { area, list }
    }

    /// Shows these names, our own marked.
    pub fn show(&mut self, names: Vec<(String, bool)>) {
        let mut list = self.list.borrow_mut();
        if list.names != names {
            list.names = names;
            self.area.redraw();
        }
    }
}

fn draw_list(area: &Widget, list: &mut List) {
    let (x, y, w, h) = (area.x(), area.y(), area.w(), area.h());
    let row = row_height();
    let base = baseline(row);
    draw::push_clip(x, y, w, h);
    draw::draw_rect_fill(x, y, w, h, Color::White);
    draw::set_draw_color(rgb(0x5A606B));
    draw::draw_text(&format!("Here ({})", list.names.len()), x + 8, y + base);
    draw::set_draw_color(rgb(0xE4E6EA));
    draw::draw_line(x + 8, y + row, x + w - 9, y + row);
    let seen = ((h - row - 4) / row).max(1) as usize;
    list.above = list.above.min(list.names.len().saturating_sub(seen));
    let mut top = y + row + 3;
    for (name, me) in list.names.iter().skip(list.above).take(seen + 1) {
        let mut left = x + 8;
        let you = if *me { draw::width("(you)") + 6.0 } else { 0.0 };
        let name_shown = shortened(drawable(name).replace('\n', " "), f64::from(w - 16) - you);
        draw::set_draw_color(rgb(if *me { 0x1F5FBF } else { colour_of(name) }));
        draw::draw_text(&name_shown, left, top + base);
        if *me {
            left += draw::width(&name_shown) as i32 + 6;
            draw::set_draw_color(rgb(0x8A8F98));
            draw::draw_text("(you)", left, top + base);
        }
        top += row;
    }
    draw::pop_clip();
    draw::set_draw_color(rgb(0xD5D8DE));
    draw::draw_rect(x, y, w, h);
}

/// As much of a name as fits.
fn shortened(name: String, room: f64) -> String {
    if draw::width(&name) <= room {
        return name;
    }
    let starts = name.grapheme_indices(true).rev();
    let mut shorter = starts.map(|(at, _)| format!("{}…", &name[..at]));
    shorter
        .find(|short| draw::width(short) <= room)
        .unwrap_or_default()
}
