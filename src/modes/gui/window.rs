//! The window: its widgets, their callbacks, and how the model is shown.
//!
//! Callbacks note an [`Action`], and at most move the focus; the event loop does the work between
//! two waits, so that no widget is changed from inside itself.

mod action;
pub mod appearance;
mod badge;
mod callbacks;
pub mod find_bar;
mod fitting;
mod geometry;
pub mod keyboard;
mod parts;
mod render;
mod room_picker;
pub mod settings_dialog;
mod style;
mod transcript;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use fltk::app::{self, App};
use fltk::button::Button;
use fltk::enums::Color;
use fltk::frame::Frame;
use fltk::group::{Flex, FlexType};
use fltk::input::{Input, MultilineInput, SecretInput};
use fltk::prelude::*;
use fltk::window::Window as FltkWindow;

use super::model::{self, Model};
use super::talk::Field;
use crate::failure::Failure;
use crate::modes::gui::keep::session_file::Geometry;
use crate::modes::gui::keep::settings::Settings;
use crate::modes::gui::model::completion::Completion;
use crate::modes::gui::model::sent_texts::Recall;
use crate::modes::gui::window::transcript::Transcript;
pub use action::{Action, WindowAction};
use find_bar::FindBar;
use parts::{MemberList, RoomList, Words};
use render::Rendered;
use settings_dialog::SettingsDialog;
use style::{ButtonKind, button, caption};

/// Longest text that the input takes, in bytes: twice the longest message, so that its excess can
/// be told, and no more, since FLTK lays out all of it at every key.
const INPUT_LIMIT: usize = 2 * crate::event::MAX_TEXT;

/// The initial content of the login's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginFields {
    /// The address of the room.
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
    recent: Button,
    name: Input,
    key_label: Frame,
    key: SecretInput,
    enter: Button,
    back: Button,
    header: Flex,
    room: Words,
    search: Button,
    settings_button: Button,
    switch: Button,
    hint: Words,
    rooms: RoomList,
    find: FindBar,
    middle: Flex,
    seen: Flex,
    transcript: Transcript,
    here: MemberList,
    talk: Flex,
    side: Flex,
    pair: Flex,
    message: MultilineInput,
    send: Button,
    quit: Button,
    foot: Flex,
    status: Words,
    limit: Words,
    try_now: Button,
    captions: Vec<Frame>,
    dialog: Option<SettingsDialog>,

    model: Rc<RefCell<Model>>,
    actions: Actions,
    settings: Rc<RefCell<Settings>>,
    recall: Rc<RefCell<Recall>>,
    completion: Rc<RefCell<Completion>>,
    /// The login's fields are shown although we are in a room.
    switching: bool,
    /// The list of rooms is shown with them, on request.
    rooms_open: bool,
    system_is_dark: bool,
    shown: Rendered,
    front: bool,
    /// The model's revision that the transcript shows.
    revision: Option<u64>,
    /// The scale that the screen wants by itself.
    own_scale: f32,
    icon: (Vec<u8>, i32, i32),
    badge: (usize, usize),
}

/// Converts `0xRRGGBB` to a colour.
pub fn rgb(value: u32) -> Color {
    match value {
        // FLTK takes a colour of 0 for the foreground colour.
        0 => Color::Black,
        value => Color::from_hex(value),
    }
}

/// Wakes the event loop. May be called from any thread.
pub fn wake() {
    app::awake();
}

impl Window {
    /// Builds the window and shows it.
    ///
    /// # Errors
    /// There is no font.
    pub fn open(
        model: Rc<RefCell<Model>>,
        fields: &LoginFields,
        settings: Settings,
        place: Option<Geometry>,
    ) -> Result<Window, Failure> {
        let app = App::default();
        appearance::check()?;
        app::keyboard_screen_scaling(false);
        style::frames();
        let actions = Actions::default();
        let mut frame = FltkWindow::default();
        match place {
            Some(place) => frame.resize(place.x, place.y, place.width, place.height),
            None => frame.set_size(settings.window.width, settings.window.height),
        }
        frame.set_label("chatroom");
        frame.set_xclass("chatroom");
        frame.size_range(420, 320, 0, 0);
        let mut column = Flex::default_fill().column();
        column.set_margin(10);
        column.set_pad(8);
        let mut captions = Vec::new();

        let mut login = Flex::default().row();
        login.set_pad(8);
        captions.push(caption(&mut login, "Server", 48));
        let mut address = Input::default();
        address.set_value(&fields.address);
        let recent = button("▾", ButtonKind::Plain);
        captions.push(caption(&mut login, "Name", 42));
        let mut name = Input::default();
        name.set_value(&fields.name);
        let key_label = caption(&mut login, "Room key", 66);
        captions.push(key_label.clone());
        let mut key = SecretInput::default();
        key.set_value(&fields.key);
        style::field(&mut address);
        style::field(&mut name);
        style::field(&mut key);
        let enter = button("Log in", ButtonKind::Primary);
        let mut back = button("Back", ButtonKind::Plain);
        back.hide();
        login.end();

        let mut header = Flex::default().row();
        header.set_pad(8);
        let room = Words::new();
        let search = button("Find", ButtonKind::Plain);
        let settings_button = button("Settings", ButtonKind::Plain);
        let switch = button("Switch", ButtonKind::Plain);
        header.end();

        let mut hint = Words::new();
        hint.area.hide();
        let mut rooms = RoomList::new(Rc::clone(&actions));
        rooms.area.hide();
        let find = FindBar::new();
        let mut middle = Flex::default().row();
        middle.set_pad(8);
        let mut seen = Flex::default().row();
        seen.set_pad(0);
        let transcript = Transcript::new(Rc::clone(&model), Rc::clone(&actions));
        seen.end();
        let here = MemberList::new(Rc::clone(&actions));
        middle.end();

        let mut talk = Flex::new(0, 0, 0, 0, None).with_type(FlexType::Row);
        talk.set_pad(8);
        let mut message = MultilineInput::default();
        style::message_field(&mut message);
        // At the lower edge, however high the input grows.
        let side = Flex::default().column();
        let _above = Frame::default();
        let mut pair = Flex::default().row();
        pair.set_pad(8);
        let send = button("Send", ButtonKind::Primary);
        let quit = button("Quit", ButtonKind::Plain);
        pair.end();
        side.end();
        talk.end();
        let mut foot = Flex::default().row();
        foot.set_pad(8);
        let status = Words::new();
        let limit = Words::new();
        let try_now = button("Try now", ButtonKind::Plain);
        foot.end();
        column.end();
        frame.resizable(&column);
        frame.end();

        let mut window = Window {
            app,
            frame,
            column,
            login,
            address,
            recent,
            name,
            key_label,
            key,
            enter,
            back,
            header,
            room,
            search,
            settings_button,
            switch,
            hint,
            rooms,
            find,
            middle,
            seen,
            transcript,
            here,
            talk,
            side,
            pair,
            message,
            send,
            quit,
            foot,
            status,
            limit,
            try_now,
            captions,
            dialog: None,
            model,
            actions,
            settings: Rc::new(RefCell::new(settings)),
            recall: Rc::default(),
            completion: Rc::default(),
            switching: false,
            rooms_open: false,
            system_is_dark: false,
            shown: Rendered::default(),
            front: true,
            revision: None,
            own_scale: 1.0,
            icon: render::icon(),
            badge: (0, 0),
        };
        window.own_scale = app::screen_scale(window.frame.screen_num());
        window.wire_up();
        window.restyle();
        if let Some(place) = place {
            window.put_in_reach(place);
        }
        window.frame.show();
        window.fit_on_screen();
        window.show_badge(0, 0);
        window.show();
        let first = match (fields.address.is_empty(), fields.name.is_empty()) {
            (true, _) => Field::Address,
            (_, true) => Field::Name,
            _ => Field::Message,
        };
        window.focus(first);
        Ok(window)
    }

    /// Waits for an event, for at most `limit`. `false` means that the window is gone.
    pub fn wait(&mut self, limit: Option<Duration>) -> bool {
        let open = match limit {
            // An error of the display; the next wait tells whether it is gone.
            Some(limit) => {
                app::wait_for(limit.as_secs_f64()).unwrap_or(false) || self.frame.shown()
            }
            None => self.app.wait(),
        };
        if self.shown.is_another_size(self.frame.w(), self.frame.h()) {
            self.note(Action::Window(WindowAction::Refresh));
        }
        // One of our widgets has the focus exactly while the window is in front.
        let front = app::focus().is_some();
        if front != self.front {
            self.front = front;
            self.note(Action::Model(model::Input::Front(front)));
        }
        open
    }

    /// Returns the next action of the user, and carries out the window's own.
    pub fn next_action(&mut self) -> Option<Action> {
        loop {
            let action = self.actions.borrow_mut().pop_front()?;
            match action {
                Action::Window(own) => self.do_window_action(own),
                action => return Some(action),
            }
        }
    }

    fn note(&self, action: Action) {
        self.actions.borrow_mut().push_back(action);
    }

    /// The text was accepted: the up key brings it back.
    pub fn taken(&mut self, text: &str) {
        self.recall.borrow_mut().add(text);
    }

    /// The text was not accepted: puts it back into the input, before what was typed since.
    pub fn give_back(&mut self, text: &str) {
        let whole = text.to_string() + &self.message.value();
        self.message.set_value(&whole);
        // Fails only for a position outside of the text.
        let _ = self.message.set_position(whole.len() as i32);
    }

    /// The text in the input.
    pub fn draft(&self) -> String {
        self.message.value()
    }

    /// Puts a text into the input, if that is empty.
    pub fn restore(&mut self, text: &str) {
        if self.message.value().is_empty() {
            self.message.set_value(text);
            // Fails only for a position outside of the text.
            let _ = self.message.set_position(text.len() as i32);
        }
    }

    /// Scrolls to the end of the transcript.
    pub fn go_to_end(&mut self) {
        self.forget_seen();
        self.transcript.go_to_end();
    }

    /// Scrolls to the beginning of the transcript.
    pub fn go_to_start(&mut self) {
        self.forget_seen();
        self.transcript.go_to_start();
    }

    /// Scrolls to the first unread message.
    pub fn go_to_unread(&mut self) {
        self.forget_seen();
        self.transcript.go_to_unread();
    }

    /// Scrolls to the event at that offset.
    pub fn go_to_event(&mut self, place: u64) {
        self.forget_seen();
        self.transcript.go_to_event(place);
    }

    /// Drops what was noted as visible before the view was sent elsewhere.
    fn forget_seen(&mut self) {
        let seen = |action: &Action| matches!(action, Action::Model(model::Input::Viewed { .. }));
        self.actions.borrow_mut().retain(|action| !seen(action));
    }

    /// Hides the login's fields: it was accepted.
    pub fn entered(&mut self) {
        (self.switching, self.rooms_open) = (false, false);
    }

    /// Focuses a field and selects its text.
    pub fn focus(&mut self, field: Field) {
        match field {
            Field::Address => style::mark_all(&mut self.address),
            Field::Name => style::mark_all(&mut self.name),
            Field::Key => style::mark_all(&mut self.key),
            Field::Message => {
                // Refused before the login; the login brings it.
                let _ = self.message.take_focus();
            }
        }
    }

    /// The present settings.
    pub fn settings(&self) -> Settings {
        self.settings.borrow().clone()
    }

    /// Applies settings.
    pub fn apply(&mut self, settings: Settings) {
        *self.settings.borrow_mut() = settings;
        self.restyle();
    }

    /// Takes in whether the desktop is dark.
    pub fn set_system_dark(&mut self, dark: bool) {
        if self.system_is_dark != dark {
            self.system_is_dark = dark;
            self.restyle();
        }
    }

    /// Beeps.
    pub fn bell(&self) {
        fltk::dialog::beep(fltk::dialog::BeepType::Message);
    }

    /// Draws what is due.
    pub fn draw(&self) {
        app::flush();
    }

    /// Closes the window at once.
    pub fn hide(&mut self) {
        self.dialog = None;
        self.frame.hide();
        app::flush();
    }
}
