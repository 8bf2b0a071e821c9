//! The style of fields and buttons: flat, in the theme's colours, with a border of two pixels
//! around the focused one.
//!
//! Fields and menus are drawn by FLTK: they keep their colours and are told again by [`restyle`]
//! and [`paint_field`]. Everything else reads the appearance whenever it is drawn.

mod controls;
mod spinner;

use fltk::app;
use fltk::button::Button;
use fltk::draw;
use fltk::enums::{Color, Event, FrameType, Key};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::prelude::*;

use super::fitting::fitting;
use super::{appearance, keyboard, rgb};
use crate::modes::gui::transcript::layout::Wrapping;
pub use controls::{check, choice, scrollbar};
pub use spinner::Spinner;

/// The frame of the message field. Its text begins at the upper edge; the frame's height centres a
/// single line.
const MESSAGE_FRAME: FrameType = FrameType::EmbossedBox;
/// Padding of the message field: at its sides, and above and below its lines.
const MESSAGE_PAD: (i32, i32) = (7, 7);
/// Most lines of a message that the field shows at once.
const MESSAGE_LINES: usize = 6;

/// The hints in the empty field; the first one that fits is shown.
const MESSAGE_HINT: [&str; 3] = [
    "Type here. Enter sends, Shift+Enter: new line",
    "Type here. Enter sends",
    "Type here",
];

/// The kinds of buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ButtonKind {
    /// The button that is most likely wanted, in the theme's accent.
    Primary,
    /// Any other button.
    Plain,
}

/// Sets our frames in FLTK. Once, before anything is drawn.
pub fn frames() {
    app::set_visible_focus(true);
    app::set_frame_type_cb(FrameType::BorderBox, draw_border, 4, 2, 8, 4);
    let (side, above) = MESSAGE_PAD;
    app::set_frame_type_cb(MESSAGE_FRAME, draw_border, side, above, 2 * side, 2 * above);
    // Menus and tooltips.
    app::set_frame_type_cb(FrameType::UpBox, draw_border, 2, 2, 4, 4);
}

/// Draws a box with the theme's border; FLTK's own border is black.
pub fn draw_border(x: i32, y: i32, w: i32, h: i32, colour: Color) {
    draw::draw_rect_fill(x, y, w, h, colour);
    draw::set_draw_color(rgb(appearance::palette().border));
    draw::draw_rect(x, y, w, h);
}

/// Draws the border of a focused widget. To be drawn last.
pub fn draw_focus(widget: &impl WidgetExt) {
    if widget.has_focus() {
        draw::set_draw_color(rgb(appearance::palette().focus));
        let (x, y, w, h) = (widget.x(), widget.y(), widget.w(), widget.h());
        draw::draw_rect(x, y, w, h);
        draw::draw_rect(x + 1, y + 1, w - 2, h - 2);
    }
}

/// Redraws the border when the focus moves. For the event handler of a field, which redraws only
/// its text by itself.
pub fn on_focus(widget: &mut impl WidgetExt, event: Event) {
    if matches!(event, Event::Focus | Event::Unfocus) {
        widget.redraw();
    }
}

/// Focuses a field and selects its text, so that typing replaces it.
pub fn mark_all(input: &mut impl InputExt) {
    // These fail if nothing changes, or if the field cannot have the focus.
    let _ = input.take_focus();
    let _ = input.set_position(0);
    let _ = input.set_mark(input.value().len() as i32);
}

/// Adds a caption before a field, `width` pixels of a row. It draws itself in the appearance in
/// force.
pub fn caption(row: &mut Flex, text: &str, width: i32) -> Frame {
    let mut label = Frame::default().with_label(text);
    row.fixed(&label, width);
    label.super_draw(false);
    label.draw(|label| {
        let p = appearance::palette();
        let area = (label.x(), label.y(), label.w(), label.h());
        draw::draw_rect_fill(area.0, area.1, area.2, area.3, rgb(p.window));
        appearance::use_font();
        let wide = draw::width(&label.label()).ceil() as i32;
        draw_centred(&label.label(), p.text, (area.0, area.1, wide, area.3));
    });
    label
}

/// The width in pixels that a caption needs.
pub fn caption_width(text: &str) -> i32 {
    appearance::use_font();
    draw::width(text).ceil() as i32 + 8
}

/// Applies the appearance in force to a label that FLTK draws.
pub fn restyle(widget: &mut impl WidgetExt) {
    widget.set_label_font(appearance::font());
    widget.set_label_size(appearance::size());
    widget.set_label_color(rgb(appearance::palette().text));
    widget.redraw();
}

/// Styles a field of one line.
pub fn field(input: &mut (impl InputExt + WidgetBase)) {
    input.set_frame(FrameType::BorderBox);
    paint_field(input);
    input.draw(|input| draw_focus(input));
    on_field_event(input, |_, _| false);
}

/// Has a field handle the focus, and the keys that FLTK does not know; other events go to `handle`,
/// which returns whether they are handled, and then to FLTK.
pub fn on_field_event<F>(input: &mut F, mut handle: impl FnMut(&mut F, Event) -> bool + 'static)
where
    F: InputExt + WidgetBase,
{
    let mut editing = keyboard::Editing::default();
    // Before the field itself, which would take unknown keys for letters.
    input.super_handle_first(false);
    input.handle(move |input, event| {
        on_focus(input, event);
        editing.edit(input, event) || handle(input, event)
    });
}

/// Styles the message field. A handler or drawing of its own has to call [`on_focus`],
/// [`keyboard::Editing::edit`] and [`draw_message`].
pub fn message_field(input: &mut (impl InputExt + WidgetBase)) {
    field(input);
    input.set_frame(MESSAGE_FRAME);
    input.draw(|input| draw_message(input));
}

/// Draws the message field's hint, if it is empty, and its border.
pub fn draw_message(input: &impl InputExt) {
    if input.value().is_empty() && input.active() {
        appearance::use_font();
        draw::set_draw_color(rgb(appearance::palette().quiet));
        let (side, above) = MESSAGE_PAD;
        let y = input.y() + above + draw::height() - draw::descent();
        let _clip = appearance::Clip::to(input.x(), input.y(), input.w() - side, input.h());
        let hint = fitting(&MESSAGE_HINT, f64::from(input.w() - 2 * side - 3));
        draw::draw_text(&hint, input.x() + side + 3, y);
    }
    draw_focus(input);
}

/// The height in pixels of the message field for `text` at a width in pixels: one line to six.
pub fn message_height(text: &str, width: i32) -> i32 {
    appearance::use_font();
    let line = draw::height();
    let (side, above) = MESSAGE_PAD;
    let mut lines = Wrapping::new(0.0, f64::from((width - 2 * side - 4).max(40)), 0.0);
    let measure = |piece: &str| draw::width(piece);
    // Far more than are shown need not be wrapped.
    appearance::with_widths(|widths| lines.go_on(text, widths, &measure, MESSAGE_LINES));
    lines.rows().len().clamp(1, MESSAGE_LINES) as i32 * line + 2 * above
}

/// Applies the appearance in force to a field of the login, and shows whether its content was
/// refused.
pub fn paint_login_field(input: &mut impl InputExt, is_wrong: bool) {
    paint_field(input);
    if is_wrong && input.active() {
        input.set_color(rgb(appearance::palette().wrong_field));
    }
}

/// Applies the appearance in force to a field.
pub fn paint_field(input: &mut impl InputExt) {
    let p = appearance::palette();
    let face = if input.active() { p.field } else { p.off };
    input.set_color(rgb(face));
    input.set_text_color(rgb(p.text));
    input.set_cursor_color(rgb(p.text));
    input.set_selection_color(rgb(p.selection));
    input.set_text_font(appearance::font());
    input.set_text_size(appearance::size());
    input.redraw();
}

/// Adds a button. It draws itself in the appearance in force.
pub fn button(label: &str, kind: ButtonKind) -> Button {
    let mut button = Button::default().with_label(label);
    button.set_frame(FrameType::FlatBox);
    button.super_draw(false);
    button.draw(move |button| draw_button(button, kind));
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

/// The width in pixels that a button with this label needs.
pub fn button_width(label: &str) -> i32 {
    appearance::use_font();
    draw::width(label).ceil() as i32 + 2 * appearance::size()
}

fn draw_button(button: &Button, kind: ButtonKind) {
    let p = appearance::palette();
    let (face, letters) = match (button.active_r(), kind, button.value()) {
        (false, ..) => (p.off, p.off_text),
        (true, ButtonKind::Primary, false) => (p.accent, p.accent_text),
        (true, ButtonKind::Primary, true) => (p.accent_pressed, p.accent_text),
        (true, ButtonKind::Plain, false) => (p.button, p.text),
        (true, ButtonKind::Plain, true) => (p.button_pressed, p.text),
    };
    let (x, y, w, h) = (button.x(), button.y(), button.w(), button.h());
    let border = match (button.active_r(), kind) {
        (true, ButtonKind::Primary) => face,
        (true, ButtonKind::Plain) => p.border,
        (false, _) => p.line,
    };
    draw::draw_rect_fill(x, y, w, h, rgb(face));
    draw::set_draw_color(rgb(border));
    draw::draw_rect(x, y, w, h);
    if button.has_focus() {
        // A gap separates the border from a face of nearly its colour.
        draw::set_draw_color(rgb(p.window));
        draw::draw_rect(x + 2, y + 2, w - 4, h - 4);
        draw_focus(button);
    }
    draw_centred(&button.label(), letters, (x, y, w, h));
}

/// Draws words in the middle of a rectangle, literally: FLTK's labels take `@` and `&` for
/// commands.
fn draw_centred(words: &str, colour: u32, (x, y, w, h): (i32, i32, i32, i32)) {
    appearance::use_font();
    draw::set_draw_color(rgb(colour));
    let left = x + (w - draw::width(words) as i32) / 2;
    let _clip = appearance::Clip::to(x, y, w, h);
    draw::draw_text(words, left, y + appearance::baseline(h));
}
