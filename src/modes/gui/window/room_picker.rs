//! The choice of a room: the list below the login's fields.

use std::rc::Rc;

use fltk::app;
use fltk::enums::{Event as Happened, Key};
use fltk::prelude::*;

use super::render::{Rendered, show_if};
use super::{Action, Window, WindowAction, appearance, style};
use crate::address::Address;
use crate::modes::gui::rooms::JoinableRoom;
use crate::modes::gui::talk::Field;

impl Window {
    /// Opens the list by the button beside the Server field, by that field's down key, and by Tab.
    pub(super) fn wire_up_rooms(&mut self) {
        let actions = Rc::clone(&self.actions);
        self.login.recent.set_callback(move |_| {
            let rooms = WindowAction::OpenRooms { toggle: true };
            actions.borrow_mut().push_back(Action::Window(rooms));
        });
        let (actions, model) = (Rc::clone(&self.actions), Rc::clone(&self.model));
        style::on_field_event(&mut self.login.address, move |_, event| {
            let down = event == Happened::KeyDown && app::event_key() == Key::Down;
            let opens = down && model.borrow().has_offers();
            if opens {
                let rooms = WindowAction::OpenRooms { toggle: false };
                actions.borrow_mut().push_back(Action::Window(rooms));
            }
            opens
        });
    }

    /// Shows the list and focuses it; with `toggle`, hides it instead if it is shown on request.
    pub(super) fn open_rooms(&mut self, toggle: bool) {
        if toggle && self.rooms_open {
            return self.close_rooms();
        }
        // Before the login it is shown anyway.
        self.rooms_open = self.switching;
        self.choose_room();
    }

    /// Goes back to the Server field.
    pub(super) fn close_rooms(&mut self) {
        self.rooms_open = false;
        self.show();
        self.focus(Field::Address);
    }

    /// Focuses the list of rooms.
    pub fn choose_room(&mut self) {
        self.show();
        if self.rooms.area.visible() {
            // Accepted, since it is shown.
            let _ = self.rooms.area.take_focus();
        }
    }

    /// Gives the list the height that it needs, as far as there is room: half of the transcript's,
    /// or all of it if that is little and nobody is in a room. `others` is the height of the status
    /// line and the hint.
    pub(super) fn fit_rooms(&mut self, now: &Rendered, others: i32) {
        let shown = !now.rooms.is_empty();
        show_if(&mut self.rooms.area, shown);
        let needed = self.rooms.show(&now.rooms);
        let (row, pad) = (appearance::row_height(), 8);
        let find = if self.find.is_open() {
            appearance::field_height() + pad
        } else {
            0
        };
        let fixed = appearance::field_height() + others + now.input_height + find;
        let free = self.frame.h() - 2 * 10 - fixed - 3 * pad;
        let list = needed.min((free - pad) / 2).max(3 * row);
        let rest = free - list - pad;
        let alone = shown && now.is_in != Some(true) && rest < 4 * row;
        show_if(&mut self.middle.row, !alone);
        self.column
            .fixed(&self.rooms.area, if alone { free } else { list });
    }

    /// Joins a room, unless the name is still missing.
    pub(super) fn join_room(&mut self, offer: &JoinableRoom) {
        let address = offer.address.to_string();
        self.login.address.set_value(&address);
        let name = self.login.name.value();
        if self.model.borrow().is_at(&address, &name) {
            return self.do_window_action(WindowAction::CloseLogin);
        }
        if name.trim().is_empty() {
            return self.focus(Field::Name);
        }
        // A key that was typed for another room is told only to a room that wants one.
        let key = if offer.there && !offer.key {
            String::new()
        } else {
            self.login.key.value()
        };
        self.note(Action::LogIn { address, name, key });
    }

    /// Writes an address into the Server field.
    pub fn fill_address(&mut self, address: &Address) {
        self.login.address.set_value(&address.to_string());
    }

    /// The content of the login's fields.
    pub fn fields(&self) -> super::LoginFields {
        super::LoginFields {
            address: self.login.address.value(),
            name: self.login.name.value(),
            key: self.login.key.value(),
        }
    }
}
