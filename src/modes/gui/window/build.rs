//! The building of the window's widgets, row by row from top to bottom.
//!
//! What always holds: FLTK puts a widget into the group that is open when the widget is made, so the
//! order of making is the order on the screen and that of the Tab key.

use std::cell::RefCell;
use std::rc::Rc;

use fltk::button::Button;
use fltk::frame::Frame;
use fltk::group::{Flex, FlexType};
use fltk::input::{Input, MultilineInput, SecretInput};
use fltk::prelude::*;
use fltk::window::Window as FltkWindow;

use super::parts::{MemberList, Words};
use super::style::{self, ButtonKind, button, caption};
use super::transcript::Transcript;
use super::{Actions, LoginFields};
use crate::modes::gui::keep::session_file::Geometry;
use crate::modes::gui::keep::settings::Settings;
use crate::modes::gui::model::Model;

/// The fields of the login.
pub(super) struct LoginRow {
    pub(super) row: Flex,
    pub(super) address: Input,
    /// The button that opens the list of rooms.
    pub(super) recent: Button,
    pub(super) name: Input,
    pub(super) key_label: Frame,
    pub(super) key: SecretInput,
    pub(super) log_in: Button,
    pub(super) back: Button,
    /// All captions of the row, `key_label` among them.
    pub(super) captions: Vec<Frame>,
}

/// The room's name with the buttons beside it, while the login's fields are hidden.
pub(super) struct HeaderRow {
    pub(super) row: Flex,
    pub(super) room: Words,
    pub(super) find: Button,
    pub(super) settings: Button,
    pub(super) switch: Button,
}

/// The transcript, and the members beside it.
pub(super) struct MiddleRow {
    pub(super) row: Flex,
    /// The transcript and its scrollbar.
    pub(super) transcript_row: Flex,
    pub(super) transcript: Transcript,
    pub(super) members: MemberList,
}

/// The input for the next message, and the buttons beside it.
pub(super) struct ComposeRow {
    pub(super) row: Flex,
    /// The column that holds `buttons` at its lower edge, however high the input grows.
    pub(super) side: Flex,
    pub(super) buttons: Flex,
    pub(super) message: MultilineInput,
    pub(super) send: Button,
    pub(super) quit: Button,
}

/// The status line, with what stands beside it.
pub(super) struct FootRow {
    pub(super) row: Flex,
    pub(super) status: Words,
    /// The words about the length of the text in the input.
    pub(super) limit: Words,
    pub(super) try_now: Button,
}

/// Begins the window's frame, of its last or usual size.
pub(super) fn frame(settings: &Settings, geometry: Option<Geometry>) -> FltkWindow {
    let mut frame = FltkWindow::default();
    match geometry {
        Some(last) => frame.resize(last.x, last.y, last.width, last.height),
        None => frame.set_size(settings.window.width, settings.window.height),
    }
    frame.set_label("chatroom");
    frame.set_xclass("chatroom");
    frame.size_range(420, 320, 0, 0);
    frame
}

/// Begins the column of all rows.
pub(super) fn column() -> Flex {
    let mut column = Flex::default_fill().column();
    column.set_margin(10);
    column.set_pad(8);
    column
}

/// Begins a row.
fn row() -> Flex {
    let mut row = Flex::default().row();
    row.set_pad(8);
    row
}

impl LoginRow {
    /// Adds the row, filled with `fields`.
    pub(super) fn build(fields: &LoginFields) -> LoginRow {
        let mut row = row();
        let mut captions = vec![caption(&mut row, "Server", 48)];
        let mut address = Input::default();
        address.set_value(&fields.address);
        let recent = button("▾", ButtonKind::Plain);
        captions.push(caption(&mut row, "Name", 42));
        let mut name = Input::default();
        name.set_value(&fields.name);
        let key_label = caption(&mut row, "Room key", 66);
        captions.push(key_label.clone());
        let mut key = SecretInput::default();
        key.set_value(&fields.key);
        style::field(&mut address);
        style::field(&mut name);
        style::field(&mut key);
        let log_in = button("Log in", ButtonKind::Primary);
        let mut back = button("Back", ButtonKind::Plain);
        back.hide();
        row.end();
        LoginRow {
            row,
            address,
            recent,
            name,
            key_label,
            key,
            log_in,
            back,
            captions,
        }
    }
}

impl HeaderRow {
    /// Adds the row.
    pub(super) fn build() -> HeaderRow {
        let row = row();
        let room = Words::new();
        let find = button("Find", ButtonKind::Plain);
        let settings = button("Settings", ButtonKind::Plain);
        let switch = button("Switch", ButtonKind::Plain);
        row.end();
        HeaderRow {
            row,
            room,
            find,
            settings,
            switch,
        }
    }
}

impl MiddleRow {
    /// Adds the row. What the user does in it is noted in `actions`.
    pub(super) fn build(model: &Rc<RefCell<Model>>, actions: &Actions) -> MiddleRow {
        let row = row();
        let mut transcript_row = Flex::default().row();
        transcript_row.set_pad(0);
        let transcript = Transcript::new(Rc::clone(model), Rc::clone(actions));
        transcript_row.end();
        let members = MemberList::new(Rc::clone(actions));
        row.end();
        MiddleRow {
            row,
            transcript_row,
            transcript,
            members,
        }
    }
}

impl ComposeRow {
    /// Adds the row.
    pub(super) fn build() -> ComposeRow {
        let mut row = Flex::new(0, 0, 0, 0, None).with_type(FlexType::Row);
        row.set_pad(8);
        let mut message = MultilineInput::default();
        style::message_field(&mut message);
        let side = Flex::default().column();
        let _above = Frame::default();
        let buttons = self::row();
        let send = button("Send", ButtonKind::Primary);
        let quit = button("Quit", ButtonKind::Plain);
        buttons.end();
        side.end();
        row.end();
        ComposeRow {
            row,
            side,
            buttons,
            message,
            send,
            quit,
        }
    }
}

impl FootRow {
    /// Adds the row.
    pub(super) fn build() -> FootRow {
        let row = row();
        let status = Words::new();
        let limit = Words::new();
        let try_now = button("Try now", ButtonKind::Plain);
        row.end();
        FootRow {
            row,
            status,
            limit,
            try_now,
        }
    }
}
