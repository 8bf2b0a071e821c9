//! The controls of a dialog beside fields and buttons: check boxes and menus; and the scrollbar.

use fltk::button::CheckButton;
use fltk::draw;
use fltk::enums::FrameType;
use fltk::menu::Choice;
use fltk::prelude::*;
use fltk::valuator::Scrollbar;

use super::{draw_border, draw_focus};
use crate::modes::gui::window::{appearance, rgb};

/// Adds a check box. It draws itself in the appearance in force.
pub fn check(label: &str) -> CheckButton {
    let mut check = CheckButton::default().with_label(label);
    check.set_frame(FrameType::FlatBox);
    check.super_draw(false);
    check.draw(|check| {
        let p = appearance::palette();
        let (x, y, w, h) = (check.x(), check.y(), check.w(), check.h());
        draw::draw_rect_fill(x, y, w, h, rgb(p.window));
        appearance::use_font();
        let size = appearance::size() + 2;
        let (left, top) = (x + 5, y + (h - size) / 2);
        let (ticked, active) = (check.value(), check.active_r());
        let face = match (active, ticked) {
            (false, _) => p.off,
            (true, true) => p.accent,
            (true, false) => p.field,
        };
        draw_border(left, top, size, size, rgb(face));
        if ticked {
            let colour = if active { p.accent_text } else { p.off_text };
            draw_tick(left, top, size, colour);
        }
        draw::set_draw_color(rgb(if active { p.text } else { p.off_text }));
        let clip = appearance::Clip::to(x, y, w - 2, h);
        draw::draw_text(&check.label(), left + size + 7, y + appearance::baseline(h));
        drop(clip);
        draw_focus(check);
    });
    check
}

fn draw_tick(left: i32, top: i32, size: i32, colour: u32) {
    draw::set_draw_color(rgb(colour));
    let at = |part: f64| (f64::from(size) * part).round() as i32;
    for down in 0..(size / 7).max(2) {
        let (x, y) = (left, top + down);
        draw::draw_line2(
            draw::Coord(x + at(0.2), y + at(0.45)),
            draw::Coord(x + at(0.4), y + at(0.65)),
            draw::Coord(x + at(0.78), y + at(0.24)),
        );
    }
}

/// Adds a menu button. It draws itself in the appearance in force, which it gives to its menu too.
/// Its entries have to be escaped for FLTK: `&`, `/`, `\` and `_` need a `\` before them.
pub fn choice() -> Choice {
    let mut choice = Choice::default();
    choice.set_frame(FrameType::BorderBox);
    choice.super_draw(false);
    choice.draw(|choice| {
        let p = appearance::palette();
        menu(choice);
        let (x, y, w, h) = (choice.x(), choice.y(), choice.w(), choice.h());
        let (face, letters) = if choice.active_r() {
            (p.field, p.text)
        } else {
            (p.off, p.off_text)
        };
        draw_border(x, y, w, h, rgb(face));
        appearance::use_font();
        draw::set_draw_color(rgb(letters));
        let arrow = appearance::size() / 3;
        let clip = appearance::Clip::to(x, y, w - 4 * arrow, h);
        // Without what FLTK's menus want written twice.
        let words = choice.choice().unwrap_or_default();
        let words = words.replace("&&", "&").replace("@@", "@");
        draw::draw_text(&words, x + 8, y + appearance::baseline(h));
        drop(clip);
        let (middle, top) = (x + w - 2 * arrow - 4, y + (h - arrow) / 2);
        draw::draw_polygon(
            middle - arrow,
            top,
            middle + arrow,
            top,
            middle,
            top + arrow,
        );
        draw_focus(choice);
    });
    choice
}

/// Applies the appearance in force to a menu.
fn menu(menu: &mut impl MenuExt) {
    let p = appearance::palette();
    menu.set_color(rgb(p.field));
    menu.set_text_color(rgb(p.text));
    menu.set_selection_color(rgb(p.selection));
    menu.set_text_font(appearance::font());
    menu.set_text_size(appearance::size());
}

/// Styles a scrollbar. It draws itself in the appearance in force, and needs a width of
/// `appearance::bar_width()`.
pub fn scrollbar(bar: &mut Scrollbar) {
    bar.clear_visible_focus();
    bar.set_frame(FrameType::FlatBox);
    bar.super_draw(false);
    bar.draw(|bar| {
        let p = appearance::palette();
        let (x, y, w, h) = (bar.x(), bar.y(), bar.w(), bar.h());
        draw::draw_rect_fill(x, y, w, h, rgb(p.bar));
        if !bar.active_r() {
            return;
        }
        // The places at which FLTK expects the arrows and the slider.
        let (mut top, mut room) = (y, h);
        let slider = rgb(p.slider);
        if h >= 3 * w {
            (top, room) = (y + w, h - 2 * w);
            draw::set_draw_color(slider);
            let (middle, arm) = (x + w / 2, w / 4);
            for (tip, back) in [(y + w / 3, arm), (y + h - w / 3, -arm)] {
                let base = tip + back;
                draw::draw_polygon(middle - arm, base, middle + arm, base, middle, tip);
            }
        }
        let span = bar.maximum() - bar.minimum();
        let part = match span {
            0.0 => 0.5,
            span => ((bar.value() - bar.minimum()) / span).clamp(0.0, 1.0),
        };
        let size = (f64::from(bar.slider_size()) * f64::from(room) + 0.5) as i32;
        let size = size.max(w / 2 + 1);
        let start = (part * f64::from(room - size) + 0.5) as i32;
        draw::draw_rect_fill(x + 3, top + start, w - 6, size, slider);
    });
}
