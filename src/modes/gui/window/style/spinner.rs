//! A number field with steps. The buttons of FLTK's own cannot be coloured.

use std::ops::RangeInclusive;

use fltk::app;
use fltk::button::Button;
use fltk::enums::{CallbackTrigger, Event, Key};
use fltk::group::Flex;
use fltk::input::IntInput;
use fltk::prelude::*;

use super::{ButtonKind, button, field, on_field_event, paint_field};
use crate::modes::gui::window::appearance;
use crate::modes::gui::window::listener::Listener;

/// A field for a whole number with a button on each side.
#[derive(Clone)]
pub struct Spinner {
    /// For the layout.
    pub row: Flex,
    /// For the keyboard.
    pub input: IntInput,
    less: Button,
    more: Button,
    within: RangeInclusive<i32>,
    listener: Listener<i32>,
}

impl Spinner {
    /// Adds a spinner for a range of numbers, at `value`.
    pub fn new(within: RangeInclusive<i32>, value: i32) -> Spinner {
        let mut row = Flex::default().row();
        row.set_pad(4);
        let mut input = IntInput::default();
        let less = button("\u{2212}", ButtonKind::Plain);
        let more = button("+", ButtonKind::Plain);
        row.end();
        field(&mut input);
        input.set_trigger(CallbackTrigger::Changed);
        let mut spinner = Spinner {
            row,
            input,
            less,
            more,
            within,
            listener: Listener::default(),
        };
        spinner.set(value);
        spinner.restyle();
        spinner.wire_up();
        spinner
    }

    fn wire_up(&mut self) {
        for (button, step) in [(&mut self.less.clone(), -1), (&mut self.more.clone(), 1)] {
            let mut this = self.clone();
            button.set_callback(move |_| this.step(step));
        }
        let this = self.clone();
        self.input.set_callback(move |_| this.tell());
        let mut this = self.clone();
        on_field_event(&mut self.input, move |_, event| {
            let step = match (event, app::event_key()) {
                (Event::KeyDown, Key::Up) => 1,
                (Event::KeyDown, Key::Down) => -1,
                (Event::Unfocus, _) => {
                    // Corrects what is out of bounds or no number.
                    let value = this.value();
                    this.set(value);
                    return false;
                }
                _ => return false,
            };
            this.step(step);
            true
        });
    }

    /// Sets the callback, which gets the number whenever the user changes it.
    pub fn on_change(&mut self, callback: impl FnMut(i32) + 'static) {
        self.listener.set(callback);
    }

    /// The number; the nearest allowed one if another was typed.
    pub fn value(&self) -> i32 {
        let (least, most) = (*self.within.start(), *self.within.end());
        let typed = self.input.value().trim().parse::<i64>();
        let typed = typed.unwrap_or(i64::from(least));
        typed.clamp(i64::from(least), i64::from(most)) as i32
    }

    /// Shows a number.
    pub fn set(&mut self, value: i32) {
        let value = value.clamp(*self.within.start(), *self.within.end());
        if self.input.value() != value.to_string() {
            self.input.set_value(&value.to_string());
        }
    }

    /// Applies the appearance in force.
    pub fn restyle(&mut self) {
        paint_field(&mut self.input);
        let wide = appearance::field_height();
        self.row.fixed(&self.less, wide);
        self.row.fixed(&self.more, wide);
        self.row.redraw();
    }

    fn step(&mut self, by: i32) {
        self.set(self.value().saturating_add(by));
        self.tell();
    }

    fn tell(&self) {
        self.listener.call(self.value());
    }
}
