//! The search bar: a field, the result in words, previous and next.
//!
//! The bar decides nothing: what is typed and pressed goes to the callback, and its owner gives it
//! the words.

use std::cell::RefCell;
use std::rc::Rc;

use fltk::app;
use fltk::button::Button;
use fltk::draw;
use fltk::enums::{CallbackTrigger, Event, FrameType, Key};
use fltk::group::Flex;
use fltk::input::Input;
use fltk::prelude::*;
use fltk::widget::Widget;

use super::fitting::shortened;
use super::listener::Listener;
use super::style::{ButtonKind, button, button_width};
use super::style::{field, mark_all, on_field_event, paint_field};
use super::{appearance, rgb};

/// The user's actions in the bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindAction {
    /// The text to find has changed; empty for none.
    Changed(String),
    /// The match before this one: Enter, Previous.
    Older,
    /// The match after this one: Shift+Enter, Next.
    Newer,
    /// The bar was closed: Escape, Close. It is hidden already.
    Closed,
}

/// The bar, hidden at first.
#[derive(Clone)]
pub struct FindBar {
    /// For the layout, with a height of `appearance::field_height()`.
    pub row: Flex,
    /// For the keyboard.
    pub input: Input,
    label: Widget,
    words: Rc<RefCell<String>>,
    buttons: [Button; 3],
    listener: Listener<FindAction>,
}

impl Default for FindBar {
    fn default() -> FindBar {
        FindBar::new()
    }
}

impl FindBar {
    /// Adds a bar to the group that is being built.
    pub fn new() -> FindBar {
        let mut row = Flex::default().row();
        row.set_pad(8);
        let mut input = Input::default();
        let mut label = Widget::default();
        let buttons = ["Previous", "Next", "Close"].map(|name| button(name, ButtonKind::Plain));
        row.end();
        row.hide();
        field(&mut input);
        label.set_frame(FrameType::NoBox);
        let words = Rc::new(RefCell::new(String::new()));
        let to_draw = Rc::clone(&words);
        label.draw(move |label| draw_words(label, &to_draw.borrow()));
        let mut bar = FindBar {
            row,
            input,
            label,
            words,
            buttons,
            listener: Listener::default(),
        };
        bar.restyle();
        bar.wire_up();
        bar
    }

    fn wire_up(&mut self) {
        let mut this = self.clone();
        self.input.set_trigger(CallbackTrigger::Changed);
        self.input
            .set_callback(move |input| this.tell(FindAction::Changed(input.value())));
        let mut this = self.clone();
        on_field_event(&mut self.input, move |_, event| {
            let step = match app::event_key() {
                Key::Enter | Key::KPEnter if app::is_event_shift() => FindAction::Newer,
                Key::Enter | Key::KPEnter => FindAction::Older,
                _ => return false,
            };
            let pressed = event == Event::KeyDown;
            if pressed {
                this.tell(step);
            }
            pressed
        });
        let actions = [FindAction::Older, FindAction::Newer, FindAction::Closed];
        for (mut button, action) in self.buttons.clone().into_iter().zip(actions) {
            let mut this = self.clone();
            button.set_callback(move |_| {
                this.tell(action.clone());
                // Enter then continues in that direction. Refused while the bar is hidden.
                let _ = this.input.take_focus();
            });
        }
        // Keys that the field and the buttons do not want.
        let mut this = self.clone();
        self.row.handle(move |_, event| {
            let close = event == Event::KeyDown && app::event_key() == Key::Escape;
            if close {
                this.tell(FindAction::Closed);
            }
            close
        });
    }

    /// Sets the callback.
    pub fn on_find(&mut self, callback: impl FnMut(FindAction) + 'static) {
        self.listener.set(callback);
    }

    /// Shows the bar with its text selected, so that typing replaces it. The column that contains
    /// it has to be laid out again.
    pub fn open(&mut self) {
        self.row.show();
        mark_all(&mut self.input);
    }

    /// Returns whether its field has the focus.
    pub fn has_focus(&self) -> bool {
        self.input.has_focus()
    }

    /// Closes the bar, like its button.
    pub fn close(&mut self) {
        self.tell(FindAction::Closed);
    }

    /// Returns whether it is shown.
    pub fn is_open(&self) -> bool {
        self.row.visible()
    }

    /// Shows the result: "3 of 17", "nothing found".
    pub fn show_result(&mut self, words: &str) {
        let mut shown = self.words.borrow_mut();
        if *shown != words {
            *shown = words.to_string();
            self.label.redraw();
        }
    }

    /// Applies the appearance in force.
    pub fn restyle(&mut self) {
        paint_field(&mut self.input);
        for button in &self.buttons {
            self.row.fixed(button, button_width(&button.label()));
        }
        appearance::use_font();
        let room = draw::width("1000 of at least 1000") as i32;
        self.row.fixed(&self.label, room);
        self.row.layout();
        self.row.redraw();
    }

    fn tell(&mut self, action: FindAction) {
        if action == FindAction::Closed {
            self.row.hide();
        }
        self.listener.call(action);
    }
}

fn draw_words(label: &Widget, words: &str) {
    let p = appearance::palette();
    let (x, y, w, h) = (label.x(), label.y(), label.w(), label.h());
    draw::draw_rect_fill(x, y, w, h, rgb(p.window));
    appearance::use_font();
    draw::set_draw_color(rgb(p.quiet));
    let words = shortened(words.to_string(), f64::from(w));
    draw::draw_text(&words, x, y + appearance::baseline(h));
}
