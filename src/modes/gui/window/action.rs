//! The user's actions, as the window's callbacks note them.

use fltk::prelude::*;

use super::Window;
use crate::modes::gui::keep::settings::MAX_SIZE;
use crate::modes::gui::keep::settings::MIN_SIZE;
use crate::modes::gui::keep::settings::Settings;
use crate::modes::gui::keep::settings::USUAL_SIZE;
use crate::modes::gui::model::Input;
use crate::modes::gui::rooms::JoinableRoom;
use crate::modes::gui::talk::Field;
use crate::modes::gui::transcript::styled::Click;

/// An action of the user.
#[derive(Clone, Debug)]
pub enum Action {
    /// Log in with these fields.
    LogIn {
        /// The Server field.
        address: String,
        /// The Name field.
        name: String,
        /// The Room key field.
        key: String,
    },
    /// Send this text, which was taken out of the input.
    Send(String),
    /// An input of the model, as it is.
    Model(Input),
    /// Open this address in the browser.
    OpenUrl(String),
    /// The settings were changed.
    Settings(Box<Settings>),
    /// Leave.
    Quit,
    /// Something that the window does by itself; [`Window::next_action`] never returns it.
    Window(WindowAction),
}

/// An action that the window itself carries out.
#[derive(Clone, Debug)]
pub enum WindowAction {
    /// Show the model: something may have changed.
    Refresh,
    /// Insert this text, which was typed or chosen elsewhere, into the input.
    Insert(String),
    /// Show the fields for another login.
    SwitchRoom,
    /// Hide them again.
    CloseLogin,
    /// Show the list of rooms and focus it.
    OpenRooms {
        /// Hide it instead if it is shown.
        toggle: bool,
    },
    /// Go back from the list of rooms to the Server field.
    CloseRooms,
    /// Join this room.
    JoinRoom(Box<JoinableRoom>),
    /// Show the search bar.
    OpenSearch,
    /// End the search.
    EndSearch,
    /// Escape was pressed: end the search, hide the fields for another login, or remove notes and
    /// refused messages.
    Escape,
    /// Scroll to the first unread message.
    GoToUnread,
    /// Show the settings.
    OpenSettings,
    /// Change the font size by so many pixels; 0 resets it.
    Zoom(i32),
}

impl From<Click> for Action {
    fn from(click: Click) -> Action {
        match click {
            Click::Open(address) => Action::OpenUrl(address),
            Click::Unfold(first) => Action::Model(Input::Unfold(first)),
            Click::FillGaps => Action::Model(Input::FillGaps),
            Click::Retry(key) => Action::Model(Input::Retry(key)),
            Click::Discard(key) => Action::Model(Input::Discard(key)),
        }
    }
}

impl Window {
    /// Carries out an action of the window's own.
    pub(super) fn do_window_action(&mut self, action: WindowAction) {
        if matches!(action, WindowAction::Escape) {
            self.middle.transcript.hide_time();
        }
        match action {
            WindowAction::Refresh => self.show(),
            WindowAction::Insert(text) => {
                if self.compose.message.active() {
                    // Refused only by a hidden or full input.
                    let _ = self.compose.message.take_focus();
                    let _ = self.compose.message.insert(&text);
                    self.compose.message.do_callback();
                }
            }
            WindowAction::CloseLogin => {
                (self.switching, self.rooms_open) = (false, false);
                self.note(Action::Model(Input::CancelLogin));
                self.show();
                self.focus(Field::Message);
            }
            WindowAction::SwitchRoom => {
                self.switching = true;
                self.note(Action::Model(Input::OfferRooms { search: true }));
                self.show();
                self.focus(Field::Name);
            }
            WindowAction::OpenRooms { toggle } => self.open_rooms(toggle),
            WindowAction::CloseRooms => self.close_rooms(),
            WindowAction::JoinRoom(offer) => self.join_room(&offer),
            WindowAction::OpenSearch => {
                // Opened by a key it is open already, so that what is typed next goes there.
                if !self.find.has_focus() {
                    self.find.open();
                }
                self.relayout();
            }
            WindowAction::EndSearch => {
                self.note(Action::Model(Input::Search(String::new())));
                self.relayout();
                self.focus(Field::Message);
            }
            WindowAction::Escape if self.find.is_open() => self.find.close(),
            WindowAction::Escape if self.switching => {
                self.do_window_action(WindowAction::CloseLogin)
            }
            WindowAction::Escape => self.note(Action::Model(Input::Dismiss)),
            WindowAction::GoToUnread => self.go_to_unread(),
            WindowAction::OpenSettings => self.open_settings(),
            WindowAction::Zoom(step) => {
                let mut settings = self.settings();
                settings.size = match step {
                    0 => USUAL_SIZE,
                    step => (settings.size + step).clamp(MIN_SIZE, MAX_SIZE),
                };
                self.note(Action::Settings(Box::new(settings)));
            }
        }
    }
}
