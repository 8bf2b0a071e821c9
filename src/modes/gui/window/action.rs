//! What the user wants, as the window's callbacks note it.

use fltk::prelude::*;

use super::Window;
use crate::modes::gui::keep::settings::MAX_SIZE;
use crate::modes::gui::keep::settings::MIN_SIZE;
use crate::modes::gui::keep::settings::Settings;
use crate::modes::gui::keep::settings::USUAL_SIZE;
use crate::modes::gui::model::Event;
use crate::modes::gui::rooms::Offer;
use crate::modes::gui::talk::Field;
use crate::modes::gui::transcript::styled::Act;

/// What the user wants.
#[derive(Clone, Debug)]
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
    /// Something that the model understands as it is.
    Tell(Event),
    /// Open this address in the browser.
    Open(String),
    /// The settings were changed.
    Changed(Box<Settings>),
    /// Leave.
    Quit,
    /// What only the window itself has to do with.
    Own(Own),
}

/// What only the window itself has to do with.
#[derive(Clone, Debug)]
pub enum Own {
    /// Something that is shown may have changed.
    Look,
    /// Text for the input that was not typed there.
    Typed(String),
    /// Show the fields for another login.
    Switch,
    /// Hide them again.
    Back,
    /// Show the rooms, with the keyboard among them.
    Rooms {
        /// Hide them if they are shown.
        toggle: bool,
    },
    /// Go back from the rooms to the field for the address.
    RoomsEnd,
    /// Join this room.
    Pick(Box<Offer>),
    /// Show the search.
    Find,
    /// End the search.
    FindEnd,
    /// Escape was pressed: end the search, put the fields for another login away, or take away what was said below.
    Escape,
    /// Show where what is new begins.
    Unread,
    /// Show the settings.
    Settings,
    /// Letters larger, smaller, or (0) as they come.
    Size(i32),
}

/// What a click in the transcript means.
pub(super) fn action_of(act: Act) -> Action {
    match act {
        Act::Open(address) => Action::Open(address),
        Act::Unfold(first) => Action::Tell(Event::Unfold(first)),
        Act::Fetch => Action::Tell(Event::Fetch),
        Act::Retry(key) => Action::Tell(Event::Retry(key)),
        Act::Discard(key) => Action::Tell(Event::Discard(key)),
    }
}

impl Window {
    /// Does what only the window itself has to do with.
    pub(super) fn do_own(&mut self, own: Own) {
        if matches!(own, Own::Escape) {
            self.transcript.hide_time();
        }
        match own {
            Own::Look => self.show(),
            Own::Typed(text) => {
                if self.message.active() {
                    // Neither is refused by an input that is shown and not full.
                    let _ = self.message.take_focus();
                    let _ = self.message.insert(&text);
                    self.message.do_callback();
                }
            }
            Own::Back => {
                (self.switching, self.rooms_open) = (false, false);
                self.note(Action::Tell(Event::Back));
                self.show();
                self.focus(Field::Message);
            }
            Own::Switch => {
                self.switching = true;
                self.note(Action::Tell(Event::Offer { search: true }));
                self.show();
                self.focus(Field::Name);
            }
            Own::Rooms { toggle } => self.open_rooms(toggle),
            Own::RoomsEnd => self.leave_rooms(),
            Own::Pick(offer) => self.pick(&offer),
            Own::Find => {
                // By keys it is open already, so that what is typed next goes there.
                if !self.find.has_keyboard() {
                    self.find.open();
                }
                self.relayout();
            }
            Own::FindEnd => {
                self.note(Action::Tell(Event::Find(String::new())));
                self.relayout();
                self.focus(Field::Message);
            }
            Own::Escape if self.find.is_open() => self.find.close(),
            Own::Escape if self.switching => self.do_own(Own::Back),
            Own::Escape => self.note(Action::Tell(Event::Dismiss)),
            Own::Unread => self.go_to_unread(),
            Own::Settings => self.open_settings(),
            Own::Size(step) => {
                let mut settings = self.settings();
                settings.size = match step {
                    0 => USUAL_SIZE,
                    step => (settings.size + step).clamp(MIN_SIZE, MAX_SIZE),
                };
                self.note(Action::Changed(Box::new(settings)));
            }
        }
    }
}
