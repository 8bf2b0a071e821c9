//! How the window's fields and buttons look.

use fltk::app;
use fltk::button::Button;
use fltk::draw;
use fltk::enums::{Color, Event, Font, FrameType, Key};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::prelude::*;

use super::{FONT_SIZE, rgb};

/// FLTK's own border is black.
pub fn draw_border(x: i32, y: i32, w: i32, h: i32, colour: Color) {
    draw::draw_rect_fill(x, y, w, h, colour);
    draw::set_draw_color(rgb(0xC3C8D0));
    draw::draw_rect(x, y, w, h);
}

/// Puts the cursor into a field and marks everything in it, so that typing replaces it.
pub fn mark_all(input: &mut impl InputExt) {
    // These fail where nothing has to be changed, and what cannot have the cursor never gets it.
    let _ = input.take_focus();
    let _ = input.set_position(0);
    let _ = input.set_mark(input.value().len() as i32);
}

pub fn caption(row: &mut Flex, text: &str, width: i32) -> Frame {
    let label = Frame::default().with_label(text);
    row.fixed(&label, width);
    label
}

pub fn field(input: &mut impl InputExt) {
    input.set_frame(FrameType::BorderBox);
    input.set_color(Color::White);
    input.set_text_size(FONT_SIZE);
    input.set_selection_color(rgb(0xB9D3FB));
}

pub fn button(label: &str, primary: bool) -> Button {
    let mut button = Button::default().with_label(label);
    button.set_frame(FrameType::BorderBox);
    button.set_down_frame(FrameType::BorderBox);
    let (face, letters, pressed) = match primary {
        true => (0x2F6FDE, 0xFFFFFF, 0x2459B8),
        false => (0xFFFFFF, 0x1E2126, 0xE4E6EA),
    };
    button.set_color(rgb(face));
    button.set_label_color(rgb(letters));
    button.set_selection_color(rgb(pressed));
    button.handle(|button, event| {
        // FLTK presses a button with the space bar only.
        let enter = matches!(app::event_key(), Key::Enter | Key::KPEnter);
        let pressed = event == Event::KeyDown && enter && button.has_focus();
        if pressed {
            button.do_callback();
        }
        pressed
    });
    button
}

/// How many rows an input of that width in pixels needs for `text`, from one to six.
pub fn rows_needed(text: &str, width: i32) -> i32 {
    if text.is_empty() {
        return 1;
    }
    draw::set_font(Font::Helvetica, FONT_SIZE);
    let width = f64::from(width.max(40));
    // Far more than six rows take; the rest of a long text need not be measured.
    let shown: String = text.chars().take(4000).collect();
    let rows = shown
        .split('\n')
        .map(|line| (draw::width(line) / width) as i32 + 1);
    rows.sum::<i32>().clamp(1, 6)
}
