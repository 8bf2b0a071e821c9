//! The search bar: a field, the result in words, previous and next.
//!
//! It decides nothing: what is typed and pressed goes to the callback, and the words come from
//! outside.

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
use super::style::{ButtonKind, button, button_width, field, mark_all, on_focus, paint_field};
use super::{appearance, keyboard, rgb};

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

type Told = Box<dyn FnMut(FindAction)>;

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
    told: Rc<RefCell<Told>>,
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
        let nobody: Told = Box::new(|_| {});
        let mut bar = FindBar {
            row,
            input,
            label,
            words,
            buttons,
            told: Rc::new(RefCell::new(nobody)),
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
        let mut editing = keyboard::Editing::default();
        self.input.super_handle_first(false);
        self.input.handle(move |input, event| {
            on_focus(input, event);
            if editing.edit(input, event) {
                return true;
            }
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
        let means = [FindAction::Older, FindAction::Newer, FindAction::Closed];
        for (mut button, means) in self.buttons.clone().into_iter().zip(means) {
            let mut this = self.clone();
            button.set_callback(move |_| {
                this.tell(means.clone());
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
    pub fn on_find(&mut self, told: impl FnMut(FindAction) + 'static) {
        *self.told.borrow_mut() = Box::new(told);
    }

    /// Shows the bar with its text selected, so that typing replaces it. The column that contains
    /// it has to be laid out again.
    pub fn open(&mut self) {
        self.row.show();
        mark_all(&mut self.input);
    }

    /// Returns whether it has the focus.
    pub fn has_keyboard(&self) -> bool {
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
    pub fn say(&mut self, words: &str) {
        let mut said = self.words.borrow_mut();
        if *said != words {
            *said = words.to_string();
            self.label.redraw();
        }
    }

    /// Applies the appearance in force.
    pub fn restyle(&mut self) {
        paint_field(&mut self.input, false);
        for button in &self.buttons {
            self.row.fixed(button, button_width(&button.label()));
        }
        appearance::use_font();
        let room = draw::width("1000 of at least 1000") as i32;
        self.row.fixed(&self.label, room);
        self.row.layout();
        self.row.redraw();
    }

    fn tell(&mut self, find: FindAction) {
        if find == FindAction::Closed {
            self.row.hide();
        }
        (self.told.borrow_mut())(find);
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
