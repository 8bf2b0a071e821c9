//! The window: its widgets, their callbacks, and how the model is shown.
//!
//! Callbacks note an [`Action`], and at most move the focus; the event loop does the work between
//! two waits, so that no widget is changed from inside itself.

mod action;
pub mod appearance;
mod badge;
mod build;
mod callbacks;
pub mod find_bar;
mod fitting;
mod geometry;
pub mod keyboard;
mod listener;
mod parts;
mod render;
mod room_picker;
pub mod settings_dialog;
mod style;
mod timer;
mod transcript;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use fltk::app::{self, App};
use fltk::enums::Color;
use fltk::group::Flex;
use fltk::prelude::*;
use fltk::window::Window as FltkWindow;

use super::model::{self, Model};
use super::talk::Field;
use crate::failure::Failure;
use crate::modes::gui::keep::session_file::Geometry;
use crate::modes::gui::keep::settings::Settings;
use crate::modes::gui::model::completion::Completion;
use crate::modes::gui::model::sent_texts::Recall;
pub use action::{Action, WindowAction};
use build::{ComposeRow, FootRow, HeaderRow, LoginRow, MiddleRow};
use find_bar::FindBar;
use parts::{RoomList, Words};
use render::Rendered;
use settings_dialog::SettingsDialog;

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
    login: LoginRow,
    header: HeaderRow,
    hint: Words,
    rooms: RoomList,
    find: FindBar,
    middle: MiddleRow,
    compose: ComposeRow,
    foot: FootRow,
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
    rendered: Rendered,
    front: bool,
    /// The model's revision that the transcript shows.
    revision: Option<u64>,
    /// The scale that the screen wants by itself, used unless the settings have another.
    screen_scale: f32,
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

/// The field to type into first: the first empty one, or the message.
fn first_field(fields: &LoginFields) -> Field {
    match (fields.address.is_empty(), fields.name.is_empty()) {
        (true, _) => Field::Address,
        (_, true) => Field::Name,
        _ => Field::Message,
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
        geometry: Option<Geometry>,
    ) -> Result<Window, Failure> {
        let app = App::default();
        appearance::check()?;
        app::keyboard_screen_scaling(false);
        style::frames();
        let mut window = Window::build(app, model, fields, settings, geometry);
        window.screen_scale = app::screen_scale(window.frame.screen_num());
        window.wire_up();
        window.restyle();
        if let Some(geometry) = geometry {
            window.put_in_reach(geometry);
        }
        window.frame.show();
        window.fit_on_screen();
        window.show_badge(0, 0);
        window.show();
        window.focus(first_field(fields));
        Ok(window)
    }

    /// Builds the widgets, without their callbacks and not shown yet.
    fn build(
        app: App,
        model: Rc<RefCell<Model>>,
        fields: &LoginFields,
        settings: Settings,
        geometry: Option<Geometry>,
    ) -> Window {
        let actions = Actions::default();
        let frame = build::frame(&settings, geometry);
        let column = build::column();
        let login = LoginRow::build(fields);
        let header = HeaderRow::build();
        let mut hint = Words::new();
        hint.area.hide();
        let mut rooms = RoomList::new(Rc::clone(&actions));
        rooms.area.hide();
        let find = FindBar::new();
        let middle = MiddleRow::build(&model, &actions);
        let compose = ComposeRow::build();
        let foot = FootRow::build();
        column.end();
        frame.resizable(&column);
        frame.end();
        Window {
            app,
            frame,
            column,
            login,
            header,
            hint,
            rooms,
            find,
            middle,
            compose,
            foot,
            dialog: None,
            model,
            actions,
            settings: Rc::new(RefCell::new(settings)),
            recall: Rc::default(),
            completion: Rc::default(),
            switching: false,
            rooms_open: false,
            system_is_dark: false,
            rendered: Rendered::default(),
            front: true,
            revision: None,
            screen_scale: 1.0,
            icon: render::icon(),
            badge: (0, 0),
        }
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
        if self
            .rendered
            .is_another_size(self.frame.w(), self.frame.h())
        {
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
                Action::Window(action) => self.do_window_action(action),
                action => return Some(action),
            }
        }
    }

    fn note(&self, action: Action) {
        self.actions.borrow_mut().push_back(action);
    }

    /// Remembers an accepted text, which the up key brings back.
    pub fn remember_sent(&mut self, text: &str) {
        self.recall.borrow_mut().add(text);
    }

    /// Puts a text that was not accepted back into the input, before what was typed since.
    pub fn give_back(&mut self, text: &str) {
        let whole = text.to_string() + &self.compose.message.value();
        self.compose.message.set_value(&whole);
        // Fails only for a position outside of the text.
        let _ = self.compose.message.set_position(whole.len() as i32);
    }

    /// The text in the input.
    pub fn draft(&self) -> String {
        self.compose.message.value()
    }

    /// Puts a text into the input, if that is empty.
    pub fn restore(&mut self, text: &str) {
        if self.compose.message.value().is_empty() {
            self.compose.message.set_value(text);
            // Fails only for a position outside of the text.
            let _ = self.compose.message.set_position(text.len() as i32);
        }
    }

    /// Scrolls to the end of the transcript.
    pub fn go_to_end(&mut self) {
        self.forget_viewed();
        self.middle.transcript.go_to_end();
    }

    /// Scrolls to the beginning of the transcript.
    pub fn go_to_start(&mut self) {
        self.forget_viewed();
        self.middle.transcript.go_to_start();
    }

    /// Scrolls to the first unread message.
    pub fn go_to_unread(&mut self) {
        self.forget_viewed();
        self.middle.transcript.go_to_unread();
    }

    /// Scrolls to the event at that offset.
    pub fn go_to_event(&mut self, offset: u64) {
        self.forget_viewed();
        self.middle.transcript.go_to_event(offset);
    }

    /// Drops what was noted as visible before the view was sent elsewhere.
    fn forget_viewed(&mut self) {
        let is_viewed =
            |action: &Action| matches!(action, Action::Model(model::Input::Viewed { .. }));
        self.actions
            .borrow_mut()
            .retain(|action| !is_viewed(action));
    }

    /// Hides the fields of an accepted login.
    pub fn close_login(&mut self) {
        (self.switching, self.rooms_open) = (false, false);
    }

    /// Focuses a field and selects its text.
    pub fn focus(&mut self, field: Field) {
        match field {
            Field::Address => style::mark_all(&mut self.login.address),
            Field::Name => style::mark_all(&mut self.login.name),
            Field::Key => style::mark_all(&mut self.login.key),
            Field::Message => {
                // Refused before the login; the login brings it.
                let _ = self.compose.message.take_focus();
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

    /// Applies whether the desktop is dark.
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
