//! The window: its widgets, what pressing them means, and how the model is shown.
//!
//! Callbacks do nothing but note an [`Action`]; the event loop does the work between two waits, so
//! that no widget is changed from inside itself.

pub mod dialog;
mod parts;
mod style;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use fltk::app::{self, App};
use fltk::draw;
use fltk::enums::{CallbackTrigger, Color, Event, Font, FrameType, Key};
use fltk::frame::Frame;
use fltk::group::{Flex, FlexType};
use fltk::image::PngImage;
use fltk::input::{Input, MultilineInput, SecretInput};
use fltk::prelude::*;
use fltk::window::Window as FltkWindow;

use super::model::Model;
use super::talk::Field;
use super::transcript::{Transcript, row_height};
use parts::{Here, Words};
use style::{button, caption, draw_border, field, mark_all, rows_needed};

/// The size of all letters.
pub const FONT_SIZE: i32 = 14;
/// The longest text that the input takes: more than can be said, so that it can be told.
const INPUT_LIMIT: i32 = 1 << 20;
const FIELD: i32 = 30;
const ICON: &[u8] = include_bytes!("../../../assets/icon-64.png");

/// What the user wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Log in with what stands in the fields.
    LogIn {
        /// The Server field.
        address: String,
        /// The Name field.
        name: String,
        /// The Room key field.
        key: String,
    },
    /// Say what stands in the input.
    Say(String),
    /// Refused messages have been read.
    Dismiss,
    /// The window came to the front or went to the back.
    Front(bool),
    /// Leave.
    Quit,
}

/// What stands in the fields at first.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// Where the room is.
    pub address: String,
    /// The name.
    pub name: String,
    /// The room key.
    pub key: String,
}

type Actions = Rc<RefCell<VecDeque<Action>>>;

/// The window.
pub struct Window {
    app: App,
    frame: FltkWindow,
    column: Flex,
    login: Flex,
    address: Input,
    name: Input,
    key_label: Frame,
    key: SecretInput,
    hint: Words,
    middle: Flex,
    transcript: Transcript,
    here: Here,
    talk: Flex,
    message: MultilineInput,
    status: Words,
    model: Rc<RefCell<Model>>,
    actions: Actions,
    shown: Shown,
    front: bool,
    /// The model's revision that the transcript shows.
    revision: Option<u64>,
}

/// What was shown last, so that only what changed is touched.
#[derive(Default, PartialEq)]
struct Shown {
    title: String,
    hint: Option<(Field, String)>,
    asks_key: bool,
    is_in: Option<bool>,
    status: (String, bool),
    width: i32,
    input_rows: i32,
}

/// A colour from `0xRRGGBB`.
pub fn rgb(value: u32) -> Color {
    Color::from_hex(value)
}

/// Has the event loop wait no longer. May be called from any thread.
pub fn wake() {
    app::awake();
}

impl Window {
    /// Builds the window and puts it on the screen.
    pub fn open(model: Rc<RefCell<Model>>, fields: &Fields) -> Window {
        let app = App::default();
        app::set_font_size(FONT_SIZE);
        app::background(0xF3, 0xF4, 0xF6);
        app::set_visible_focus(true);
        app::set_frame_type_cb(FrameType::BorderBox, draw_border, 4, 2, 8, 4);
        let actions = Actions::default();
        let mut frame = FltkWindow::default().with_size(820, 560);
        frame.set_label("chatroom");
        frame.set_xclass("chatroom");
        frame.size_range(520, 320, 0, 0);
        let mut column = Flex::default_fill().column();
        column.set_margin(10);
        column.set_pad(8);

        let mut login = Flex::default().row();
        login.set_pad(8);
        caption(&mut login, "Server", 48);
        let mut address = Input::default();
        address.set_value(&fields.address);
        caption(&mut login, "Name", 42);
        let mut name = Input::default();
        name.set_value(&fields.name);
        let key_label = caption(&mut login, "Room key", 66);
        let mut key = SecretInput::default();
        key.set_value(&fields.key);
        let mut enter = button("Log in", true);
        login.fixed(&enter, 84);
        login.end();
        column.fixed(&login, FIELD);

        let mut hint = Words::new();
        hint.area.hide();
        let mut middle = Flex::default().row();
        middle.set_pad(8);
        let mut seen = Flex::default().row();
        seen.set_pad(0);
        let transcript = Transcript::new(Rc::clone(&model));
        seen.fixed(&transcript.bar, 14);
        seen.end();
        let here = Here::new();
        middle.end();

        let mut talk = Flex::new(0, 0, 0, 0, None).with_type(FlexType::Row);
        talk.set_pad(8);
        let message = MultilineInput::default();
        // At the lower edge, however high the input grows.
        let mut side = Flex::default().column();
        let _above = Frame::default();
        let mut pair = Flex::default().row();
        pair.set_pad(8);
        let mut send = button("Send", true);
        let mut quit = button("Quit", false);
        pair.end();
        side.fixed(&pair, FIELD + 2);
        side.end();
        talk.fixed(&side, 160);
        talk.end();
        let status = Words::new();
        column.end();
        frame.resizable(&column);
        frame.end();

        for input in [&mut address, &mut name] {
            field(input);
        }
        field(&mut key);
        let log_in = {
            let (actions, address, name) = (Rc::clone(&actions), address.clone(), name.clone());
            let key = key.clone();
            move || {
                actions.borrow_mut().push_back(Action::LogIn {
                    address: address.value(),
                    name: name.value(),
                    key: key.value(),
                });
            }
        };
        let pressed = log_in.clone();
        enter.set_callback(move |_| pressed());
        for input in [&mut address, &mut name] {
            input.set_trigger(CallbackTrigger::EnterKeyAlways);
            let pressed = log_in.clone();
            input.set_callback(move |_| pressed());
        }
        key.set_trigger(CallbackTrigger::EnterKeyAlways);
        key.set_callback(move |_| log_in());
        let leaving = Rc::clone(&actions);
        quit.set_callback(move |_| leaving.borrow_mut().push_back(Action::Quit));
        let saying = (Rc::clone(&actions), message.clone());
        send.set_callback(move |_| {
            let (actions, message) = &saying;
            actions.borrow_mut().push_back(Action::Say(message.value()));
        });

        let mut window = Window {
            app,
            frame,
            column,
            login,
            address,
            name,
            key_label,
            key,
            hint,
            middle,
            transcript,
            here,
            talk,
            message,
            status,
            model,
            actions,
            shown: Shown::default(),
            front: true,
            revision: None,
        };
        window.wire_up_message();
        window.wire_up_frame();
        window.frame.show();
        window.show();
        let first = if window.name.value().is_empty() {
            Field::Name
        } else {
            Field::Message
        };
        window.focus(first);
        window
    }

    fn wire_up_message(&mut self) {
        field(&mut self.message);
        self.message.set_wrap(true);
        self.message.set_tab_nav(true);
        self.message.set_maximum_size(INPUT_LIMIT);
        self.message.set_trigger(CallbackTrigger::Changed);
        self.message.set_callback(|_| {}); // So that the loop turns and the height can follow.
        self.message.super_handle_first(false);
        let mut typed = self.message.clone();
        self.transcript.on_typing(move |text| {
            if !typed.active() {
                return;
            }
            // Neither is refused by an input that is shown and not full.
            let _ = typed.take_focus();
            let _ = typed.insert(text);
        });
        let actions = Rc::clone(&self.actions);
        let mut transcript = self.transcript.clone();
        self.message.handle(move |message, event| {
            if event != Event::KeyDown {
                return false;
            }
            match app::event_key() {
                Key::Enter | Key::KPEnter if app::is_event_shift() || app::is_event_ctrl() => {
                    // Refused only when the input is full.
                    let _ = message.insert("\n");
                }
                Key::Enter | Key::KPEnter => {
                    actions.borrow_mut().push_back(Action::Say(message.value()));
                }
                Key::PageUp => transcript.page(-1),
                Key::PageDown => transcript.page(1),
                Key::Escape => actions.borrow_mut().push_back(Action::Dismiss),
                _ => return false,
            }
            true
        });
        self.message.draw(|message| {
            if message.value().is_empty() && message.active() {
                draw::set_font(Font::Helvetica, FONT_SIZE);
                draw::set_draw_color(rgb(0x9AA0A8));
                let y = message.y() + 3 + draw::height() - draw::descent() + 2;
                draw::draw_text(
                    "Type here. Enter sends, Shift+Enter: new line",
                    message.x() + 10,
                    y,
                );
            }
        });
    }

    fn wire_up_frame(&mut self) {
        if let Ok(icon) = PngImage::from_data(ICON) {
            self.frame.set_icon(Some(icon));
        }
        let actions = Rc::clone(&self.actions);
        self.frame.set_callback(move |_| {
            // Escape closes a window of FLTK; nobody wants to leave a room by it.
            let escape = app::event() == Event::Shortcut && app::event_key() == Key::Escape;
            if !escape {
                actions.borrow_mut().push_back(Action::Quit);
            }
        });
    }

    /// Waits for something to happen. `false` means that the window is gone.
    pub fn wait(&mut self) -> bool {
        let open = self.app.wait();
        // One of our widgets has the cursor exactly while the window is in front.
        let front = app::focus().is_some();
        if front != self.front {
            self.front = front;
            self.actions.borrow_mut().push_back(Action::Front(front));
        }
        open
    }

    /// What the user wants next.
    pub fn next_action(&self) -> Option<Action> {
        self.actions.borrow_mut().pop_front()
    }

    /// Shows what the model holds now.
    pub fn show(&mut self) {
        let model = Rc::clone(&self.model);
        let model = model.borrow();
        let revision = model.revision();
        let hint = model.hint().map(|(field, text)| (field, text.to_string()));
        let now = Shown {
            title: model.title(),
            hint,
            asks_key: model.asks_key() || !self.key.value().is_empty(),
            is_in: Some(model.is_in()),
            status: (model.status(), model.is_connected()),
            width: self.frame.w(),
            input_rows: rows_needed(&self.message.value(), self.message.w() - 16),
        };
        self.here.show(model.members());
        drop(model);
        if now != self.shown {
            self.apply(&now);
            self.shown = now;
        }
        // Drawing is what wakes the loop: without this it would never rest.
        if self.revision != Some(revision) {
            self.revision = Some(revision);
            self.transcript.refresh();
        }
    }

    fn apply(&mut self, now: &Shown) {
        let before = &self.shown;
        if now.title != before.title {
            self.frame.set_label(&now.title);
        }
        if before.is_in != now.is_in {
            match now.is_in {
                Some(true) => self.message.activate(),
                _ => self.message.deactivate(),
            }
        }
        let width = now.width - 20;
        let (status, connected) = &now.status;
        let dot = match (connected, now.is_in) {
            (true, _) => 0x2E9E5B,
            (false, Some(true)) => 0xD9822B,
            _ => 0xB0B5BD,
        };
        let tall = self.status.show(status, 0x4A505A, Some(dot), width);
        self.column
            .fixed(&self.status.area, tall.min(3 * row_height()));
        for (label, shown) in [
            (self.key_label.as_base_widget(), now.asks_key),
            (self.key.as_base_widget(), now.asks_key),
        ] {
            let mut label = label;
            if shown { label.show() } else { label.hide() }
        }
        let wrong = now.hint.as_ref().map(|(field, _)| *field);
        let mark = |is_wrong: bool| match is_wrong {
            true => rgb(0xFDE7E5),
            false => Color::White,
        };
        self.address.set_color(mark(wrong == Some(Field::Address)));
        self.name.set_color(mark(wrong == Some(Field::Name)));
        self.key.set_color(mark(wrong == Some(Field::Key)));
        match &now.hint {
            Some((_, sentence)) => {
                let tall = self.hint.show(sentence, 0xB3261E, None, width);
                self.column
                    .fixed(&self.hint.area, tall.min(4 * row_height()));
                self.hint.area.show();
            }
            None => self.hint.area.hide(),
        }
        draw::set_font(Font::Helvetica, FONT_SIZE);
        let line = draw::height();
        let side = (now.width / 5).clamp(110, 190);
        self.middle.fixed(&self.here.area, side);
        self.middle.layout();
        self.column
            .fixed(&self.talk, now.input_rows * line + FIELD - line + 2);
        self.login.layout();
        self.column.layout();
        self.frame.redraw();
    }

    /// Empties the input.
    pub fn clear_input(&mut self) {
        self.message.set_value("");
        // What one said oneself is to be seen.
        self.transcript.to_end();
    }

    /// Puts the cursor into a field and marks what stands there.
    pub fn focus(&mut self, field: Field) {
        match field {
            Field::Address => mark_all(&mut self.address),
            Field::Name => mark_all(&mut self.name),
            Field::Key => mark_all(&mut self.key),
            Field::Message => {
                // Before the login there is no cursor to be had here; the login brings it.
                let _ = self.message.take_focus();
            }
        }
    }

    /// Takes the window off the screen at once.
    pub fn hide(&mut self) {
        self.frame.hide();
        app::flush();
    }
}
