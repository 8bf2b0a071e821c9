//! The painting of the transcript.

use fltk::draw;
use fltk::prelude::*;
use fltk::widget::Widget;

use super::rows::{LaidOut, MARGIN};
use super::selection::Selection;
use super::{JumpTarget, Viewport};
use crate::modes::gui::theme::Palette;
use crate::modes::gui::transcript::history::EntryKind;
use crate::modes::gui::transcript::items::ItemId;
use crate::modes::gui::transcript::styled::Placement;
use crate::modes::gui::transcript::styled::Tone;
use crate::modes::gui::window::appearance::{self, baseline, row_height};
use crate::modes::gui::window::rgb;

impl Viewport {
    pub(super) fn draw(&mut self, area: &mut Widget) {
        let (x, y, w, h) = (area.x(), area.y(), area.w(), area.h());
        let palette = appearance::palette();
        let clip = appearance::Clip::to(x, y, w, h);
        draw::draw_rect_fill(x, y, w, h, rgb(palette.surface));
        let row = row_height();
        for (n, top) in &self.visible.items {
            let Some(id) = self.items.get(*n).map(|item| item.id) else {
                continue;
            };
            if let Some(laid) = self.laid.get(&id) {
                self.draw_line(laid, id, (x, y + top, w), (y, y + h), &palette);
            }
        }
        if self.visible.items.is_empty() {
            let model = self.model.borrow();
            let words = match (model.is_in(), model.is_connected()) {
                (true, true) => "Nothing has been said here yet.",
                (true, false) => "Messages appear once the room is back.",
                _ => "Log in to see the messages.",
            };
            draw::set_draw_color(rgb(palette.quiet));
            let width = draw::width(words) as i32;
            draw::draw_text(words, x + (w - width) / 2, y + h / 2);
        }
        self.draw_time((x, y, w, h), &palette);
        for button in self.jump_buttons(w, h) {
            let (left, top, wide, high) = button.area;
            draw::draw_rect_fill(x + left, y + top, wide, high, rgb(palette.accent));
            draw::set_draw_color(rgb(palette.accent_text));
            draw::draw_text(&button.words, x + left + MARGIN, y + top + baseline(row));
        }
        drop(clip);
        let (border, wide) = if area.has_focus() {
            (palette.focus, 2)
        } else {
            (palette.border, 1)
        };
        draw::set_draw_color(rgb(border));
        for inset in 0..wide {
            draw::draw_rect(x + inset, y + inset, w - 2 * inset, h - 2 * inset);
        }
    }

    fn draw_line(
        &self,
        laid: &LaidOut,
        id: ItemId,
        (x, top, w): (i32, i32, i32),
        (upper, lower): (i32, i32),
        palette: &Palette,
    ) {
        let row = laid.row;
        let base = baseline(row);
        let height = laid.height() - laid.space;
        if laid.line.mention {
            draw::draw_rect_fill(x, top + laid.space, w, height, rgb(palette.mention));
        }
        let mut y = top + laid.space;
        for index in 0..laid.rows() {
            if y + row > upper && y < lower {
                self.draw_backgrounds(laid, id, index, (x, y, w), palette);
                let name = self.name_colour(laid, id, palette);
                for piece in laid.pieces(index, w) {
                    let tone = laid.line.parts(piece.range.clone()).next();
                    let tone = tone.map_or(Tone::Text, |(_, tone)| tone);
                    let left = x + piece.x.round() as i32;
                    draw::set_draw_color(rgb(colour(tone, name, palette)));
                    draw::draw_text(&piece.text, left, y + base);
                    if tone == Tone::Link {
                        let right = left + piece.wide as i32;
                        draw::draw_line(left, y + base + 2, right, y + base + 2);
                    }
                }
                if index == 0 {
                    self.draw_beside(laid, (x, y, w), base, palette);
                }
            }
            y += row;
        }
    }

    /// Draws what stands beside an item: the horizontal line, or the delivery of a message.
    fn draw_beside(
        &self,
        laid: &LaidOut,
        (x, y, w): (i32, i32, i32),
        base: i32,
        palette: &Palette,
    ) {
        let line = &laid.line;
        let tone = line.tones.first().map_or(Tone::Quiet, |(_, tone)| *tone);
        if line.placement == Placement::Rule {
            let middle = y + laid.row / 2;
            let words = laid.span(0, 0..line.text.len(), w).unwrap_or((w / 2, 0));
            draw::set_draw_color(rgb(match tone {
                Tone::Quiet => palette.border,
                tone => colour(tone, 0, palette),
            }));
            draw::draw_line(x + MARGIN, middle, x + words.0 - MARGIN, middle);
            draw::draw_line(
                x + words.0 + words.1 + MARGIN,
                middle,
                x + w - MARGIN,
                middle,
            );
        }
        if !line.delivery.is_empty() {
            let tone = if line.delivery == "refused" {
                palette.wrong
            } else {
                palette.quiet
            };
            draw::set_draw_color(rgb(tone));
            let wide = draw::width(line.delivery) as i32;
            draw::draw_text(line.delivery, x + w - MARGIN - wide, y + base);
        }
    }

    fn name_colour(&self, laid: &LaidOut, id: ItemId, palette: &Palette) -> u32 {
        if !laid.line.tones.iter().any(|(_, tone)| *tone == Tone::Name) {
            return 0;
        }
        let model = self.model.borrow();
        match model.history().get(id.offset).map(|entry| &entry.kind) {
            Some(EntryKind::Message { from, .. }) => palette.name(from),
            _ => palette.text,
        }
    }

    /// Draws the backgrounds: selection, matches, and the click target chosen with the keyboard.
    fn draw_backgrounds(
        &self,
        laid: &LaidOut,
        id: ItemId,
        index: usize,
        (x, y, w): (i32, i32, i32),
        palette: &Palette,
    ) {
        let bytes = laid.bytes(index);
        let fill = |range: std::ops::Range<usize>, colour: u32| {
            let range = range.start.max(bytes.start)..range.end.min(bytes.end);
            if range.start < range.end
                && let Some((left, wide)) = laid.span(index, range, w)
            {
                draw::draw_rect_fill(x + left, y + 1, wide, laid.row - 2, rgb(colour));
            }
        };
        for (item, range) in &self.matches {
            if *item == id {
                let is_current = self.current_match == Some(id.offset);
                let colour = if is_current {
                    palette.found_current
                } else {
                    palette.found
                };
                fill(range.clone(), colour);
            }
        }
        match self.selection {
            Selection::Lines(a, b) if a <= id && id <= b => {
                fill(bytes.clone(), palette.selection);
            }
            Selection::Within(of, a, b) if of == id => fill(a..b, palette.selection),
            _ => {}
        }
        if let Some(hit) = &self.picked
            && hit.id == id
            && let Some((range, _)) = laid.line.clicks.get(hit.number)
            && let Some((left, wide)) = laid.span(index, range.clone(), w)
        {
            draw::set_draw_color(rgb(palette.focus));
            for inset in 0..2 {
                let (grown, less) = (2 - inset, 2 * (2 - inset));
                draw::draw_rect(
                    x + left - grown,
                    y + inset,
                    wide + less,
                    laid.row - 2 * inset,
                );
            }
        }
    }

    /// The buttons that lead to the newest message, if it is not visible, and to the first unread
    /// one, if it is above: their words and places.
    pub(super) fn jump_buttons(&self, w: i32, h: i32) -> Vec<JumpButton> {
        appearance::use_font();
        let high = row_height();
        let mut buttons = Vec::new();
        let model = self.model.borrow();
        let mut add = |words: String, top: i32, target| {
            let wide = draw::width(&words) as i32 + 2 * MARGIN;
            let area = ((w - wide) / 2, top, wide, high);
            buttons.push(JumpButton {
                words,
                area,
                target,
            });
        };
        if !self.view.follows_end() {
            let words = model.unread_words();
            let words = words.unwrap_or_else(|| "to the newest".to_string());
            add(format!("{words}  ↓"), h - high - MARGIN, JumpTarget::End);
        }
        if self.unread_above() {
            add(
                "new since you left  ↑".to_string(),
                MARGIN,
                JumpTarget::Unread,
            );
        }
        buttons
    }
}

/// A button at an edge that scrolls elsewhere.
pub(super) struct JumpButton {
    pub words: String,
    /// Left, top, width and height.
    pub area: (i32, i32, i32, i32),
    pub target: JumpTarget,
}

fn colour(tone: Tone, name: u32, palette: &Palette) -> u32 {
    match tone {
        Tone::Text => palette.text,
        Tone::Quiet => palette.quiet,
        Tone::Waiting => palette.waiting,
        Tone::Wrong => palette.wrong,
        Tone::Unread => palette.unread,
        Tone::Link => palette.link,
        Tone::Own | Tone::Mention => palette.own,
        Tone::Name => name,
    }
}
