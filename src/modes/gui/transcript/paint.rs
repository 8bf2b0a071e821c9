//! How the transcript is painted.

use fltk::draw;
use fltk::enums::Color;
use fltk::prelude::*;
use fltk::widget::Widget;

use super::{INDENT, Inner, MARGIN, Selection};
use crate::modes::gui::history::What;
use crate::modes::gui::lines::{Line, Look, Tone};
use crate::modes::gui::window::{look, rgb};

pub use crate::modes::gui::window::look::{baseline, row_height};

impl Inner {
    pub(super) fn draw(&mut self, area: &mut Widget) {
        let (x, y, w, h) = (area.x(), area.y(), area.w(), area.h());
        draw::push_clip(x, y, w, h);
        draw::draw_rect_fill(x, y, w, h, Color::White);
        let row = row_height();
        let base = baseline(row);
        for (number, top) in &self.placed.items {
            let Some(line) = self.laid.get(number) else {
                continue;
            };
            let mut row_y = y + top;
            if line.new_above {
                draw_new(x, row_y, w, row, base);
                row_y += row;
            }
            for index in 0..line.rows.len() {
                if row_y + row > y && row_y < y + h {
                    let left = x + row_left(line, index, w);
                    self.draw_marked(line, *number, index, left, row_y, row);
                    draw_row(line, index, left, row_y + base);
                }
                row_y += row;
            }
        }
        if self.placed.items.is_empty() {
            let words = match self.model.borrow().is_in() {
                true => "Nothing has been said here yet.",
                false => "Log in to see what is said here.",
            };
            draw::set_draw_color(rgb(0x8A8F98));
            let width = draw::width(words) as i32;
            draw::draw_text(words, x + (w - width) / 2, y + h / 2);
        }
        if let Some((words, (left, top, wide, high))) = self.below(w, h) {
            draw::draw_rect_fill(x + left, y + top, wide, high, rgb(0x2F6FDE));
            draw::set_draw_color(Color::White);
            draw::draw_text(&words, x + left + MARGIN, y + top + base);
        }
        draw::pop_clip();
        draw::set_draw_color(if area.has_focus() {
            rgb(0x7FA7E8)
        } else {
            rgb(0xD5D8DE)
        });
        draw::draw_rect(x, y, w, h);
    }

    /// What is said to who reads further up while others write: the words, and where they stand.
    pub(super) fn below(&self, w: i32, h: i32) -> Option<(String, (i32, i32, i32, i32))> {
        let model = self.model.borrow();
        let history = model.history();
        let from = self.view.came_below()?.max(history.first());
        let others = |number: &u64| {
            let what = history.get(*number).map(|entry| &entry.what);
            matches!(what, Some(What::Said { own: false, .. }))
        };
        let words = match (from..history.end()).filter(others).count() {
            0 => return None,
            1 => "1 new message below".to_string(),
            n => format!("{n} new messages below"),
        };
        look::use_font();
        let (wide, high) = (draw::width(&words) as i32 + 2 * MARGIN, row_height());
        Some((words, ((w - wide) / 2, h - high - MARGIN, wide, high)))
    }

    /// The background of what is marked.
    fn draw_marked(&self, line: &Line, number: u64, index: usize, left: i32, y: i32, row: i32) {
        let range = line.rows[index].clone();
        let (from, to) = match self.selection {
            Selection::Nothing => return,
            Selection::Lines(a, b) if (a..=b).contains(&number) => (range.start, range.end),
            Selection::Within(n, a, b) if n == number => (
                a.clamp(range.start, range.end),
                b.clamp(range.start, range.end),
            ),
            _ => return,
        };
        if from >= to {
            return;
        }
        let width = |end: usize| draw::width(&line.text[range.start..end]) as i32;
        let (a, b) = (width(from), width(to));
        draw::draw_rect_fill(left + a, y + 1, b - a + 1, row - 2, rgb(0xCFE1FF));
    }
}

/// Where a row begins.
pub(super) fn row_left(line: &Line, index: usize, width: i32) -> i32 {
    match line.look {
        Look::Centred => {
            let text = draw::width(&line.text[line.rows[index].clone()]) as i32;
            ((width - text) / 2).max(MARGIN)
        }
        Look::Left if index > 0 => MARGIN + INDENT,
        Look::Left => MARGIN,
    }
}

fn draw_row(line: &Line, index: usize, left: i32, base: i32) {
    let row = line.rows[index].clone();
    let mut x = f64::from(left);
    let ends = line.tones.iter().skip(1).map(|(start, _)| *start);
    let ends = ends.chain([line.text.len()]);
    for ((start, tone), end) in line.tones.iter().zip(ends) {
        let (from, to) = ((*start).max(row.start), end.min(row.end));
        if from >= to {
            continue;
        }
        let piece = &line.text[from..to];
        draw::set_draw_color(colour(*tone));
        draw::draw_text(piece, x.round() as i32, base);
        x += draw::width(piece);
    }
}

fn colour(tone: Tone) -> Color {
    match tone {
        Tone::Text => rgb(0x1E2126),
        Tone::Quiet => rgb(0x8A8F98),
        Tone::Waiting => rgb(0x9AA0A8),
        Tone::Wrong => rgb(0xB3261E),
        Tone::Own => rgb(0x1F5FBF),
        Tone::Name(rgb_of_name) => rgb(rgb_of_name),
    }
}

fn draw_new(x: i32, y: i32, w: i32, row: i32, base: i32) {
    let words = "new messages";
    let width = draw::width(words) as i32;
    let left = x + (w - width) / 2;
    draw::set_draw_color(rgb(0xD26A5C));
    draw::draw_text(words, left, y + base);
    draw::draw_line(x + MARGIN, y + row / 2, left - MARGIN, y + row / 2);
    draw::draw_line(
        left + width + MARGIN,
        y + row / 2,
        x + w - MARGIN,
        y + row / 2,
    );
}
