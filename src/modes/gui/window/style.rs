//! How the window's fields and buttons look.

use fltk::app;
use fltk::button::Button;
use fltk::draw;
use fltk::enums::{Color, Event, FrameType, Key};
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

pub fn mark_all(input: &mut impl InputExt) -> Result<(), FltkError> {
    input.take_focus()?;
    let length = input.value().len() as i32;
    input.set_position(length)?;
    input.set_mark(0)
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
    input.set_selection_color(rgb(0x2F6FDE));
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
