//! The callbacks of the widgets: the effects of keys, clicks and typing.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use fltk::app;
use fltk::button::Button;
use fltk::enums::{CallbackTrigger, Event as Happened, Key};
use fltk::input::MultilineInput;
use fltk::prelude::*;

use super::find_bar::FindAction;
use super::keyboard;
use super::settings_dialog::SettingsDialog;
use super::style;
use super::transcript::Transcript;
use super::{Action, Actions, INPUT_LIMIT, Window, WindowAction, timer};
use crate::modes::gui::model::completion::Completion;
use crate::modes::gui::model::limits::grouped;
use crate::modes::gui::model::sent_texts::Recall;
use crate::modes::gui::model::{Input, Model};

/// Wait of a search for more letters, in seconds.
const PAUSE: f64 = 0.3;

impl Window {
    pub(super) fn wire_up(&mut self) {
        self.wire_up_login();
        self.wire_up_buttons();
        self.wire_up_message();
        self.wire_up_find();
        self.wire_up_frame();
    }

    fn wire_up_login(&mut self) {
        let log_in = {
            let actions = Rc::clone(&self.actions);
            let (address, name, key) = (
                self.login.address.clone(),
                self.login.name.clone(),
                self.login.key.clone(),
            );
            move || {
                actions.borrow_mut().push_back(Action::LogIn {
                    address: address.value(),
                    name: name.value(),
                    key: key.value(),
                });
            }
        };
        let pressed = log_in.clone();
        on_press(&mut self.login.log_in, &self.compose.message, pressed);
        self.wire_up_rooms();
        let pressed = log_in.clone();
        self.login
            .address
            .set_trigger(CallbackTrigger::EnterKeyAlways);
        self.login.address.set_callback(move |_| pressed());
        let pressed = log_in.clone();
        self.login
            .name
            .set_trigger(CallbackTrigger::EnterKeyAlways | CallbackTrigger::Changed);
        let actions = Rc::clone(&self.actions);
        self.login
            .name
            .set_callback(move |_| match app::event_key() {
                Key::Enter | Key::KPEnter => pressed(),
                // A typed name is counted as it grows.
                _ => actions
                    .borrow_mut()
                    .push_back(Action::Window(WindowAction::Refresh)),
            });
        self.login.key.set_trigger(CallbackTrigger::EnterKeyAlways);
        self.login.key.set_callback(move |_| log_in());
        let note = |action: WindowAction| {
            let actions = Rc::clone(&self.actions);
            move || {
                actions
                    .borrow_mut()
                    .push_back(Action::Window(action.clone()))
            }
        };
        on_press(
            &mut self.login.back,
            &self.compose.message,
            note(WindowAction::CloseLogin),
        );
        on_press(
            &mut self.header.switch,
            &self.compose.message,
            note(WindowAction::SwitchRoom),
        );
    }

    fn wire_up_buttons(&mut self) {
        let note = |action: Action| {
            let actions = Rc::clone(&self.actions);
            move || actions.borrow_mut().push_back(action.clone())
        };
        on_press(
            &mut self.compose.quit,
            &self.compose.message,
            note(Action::Quit),
        );
        let again = note(Action::Model(Input::TryNow));
        on_press(&mut self.foot.try_now, &self.compose.message, again);
        on_press(
            &mut self.header.find,
            &self.compose.message,
            note(Action::Window(WindowAction::OpenSearch)),
        );
        let settings = note(Action::Window(WindowAction::OpenSettings));
        on_press(&mut self.header.settings, &self.compose.message, settings);
        let (actions, mut message) = (Rc::clone(&self.actions), self.compose.message.clone());
        on_press(&mut self.compose.send, &self.compose.message, move || {
            send(&mut message, &actions)
        });
        // A user who has left the input and types on must not leave the room by a space.
        let mut message = self.compose.message.clone();
        self.compose.quit.super_handle_first(false);
        self.compose.quit.handle(move |quit, event| {
            match app::event_key() {
                _ if event != Happened::KeyDown => return false,
                Key::Enter | Key::KPEnter => quit.do_callback(),
                _ => return type_on(&mut message),
            }
            true
        });
    }

    fn wire_up_message(&mut self) {
        let message = &mut self.compose.message;
        message.set_wrap(true);
        message.set_maximum_size(INPUT_LIMIT as i32);
        message.set_trigger(CallbackTrigger::Changed);
        let (actions, completion) = (Rc::clone(&self.actions), Rc::clone(&self.completion));
        message.set_callback(move |message| {
            completion.borrow_mut().forget();
            let draft = Input::Draft(message.value());
            actions.borrow_mut().push_back(Action::Model(draft));
        });
        let mut keys = MessageKeys {
            actions: Rc::clone(&self.actions),
            model: Rc::clone(&self.model),
            transcript: self.middle.transcript.clone(),
            recall: Rc::clone(&self.recall),
            completion: Rc::clone(&self.completion),
        };
        let mut editing = keyboard::Editing::default();
        // Before the field itself, which would take Enter for a new line.
        message.super_handle_first(false);
        message.handle(move |message, event| {
            style::on_focus(message, event);
            if event == Happened::Paste {
                return paste(message, &keys.actions);
            }
            if event == Happened::KeyDown {
                keys.transcript.hide_time();
            }
            if editing.edit(message, event) {
                return true;
            }
            event == Happened::KeyDown && keys.press(message)
        });
    }

    fn wire_up_find(&mut self) {
        let actions = Rc::clone(&self.actions);
        let input = self.find.input.clone();
        // Searched once nothing more is typed for a moment.
        let typed = Rc::new(Cell::new(0_u64));
        self.find.on_find(move |find| {
            let number = typed.get() + 1;
            typed.set(number);
            match find {
                FindAction::Changed(text) => {
                    let (actions, typed) = (Rc::clone(&actions), Rc::clone(&typed));
                    timer::after(PAUSE, move || {
                        if typed.get() == number {
                            let find = Input::Search(text.clone());
                            actions.borrow_mut().push_back(Action::Model(find));
                        }
                    });
                }
                FindAction::Older | FindAction::Newer => {
                    let older = find == FindAction::Older;
                    let mut actions = actions.borrow_mut();
                    // A search that is under way is not repeated.
                    actions.push_back(Action::Model(Input::Search(input.value())));
                    actions.push_back(Action::Model(Input::SearchStep { older }));
                }
                FindAction::Closed => actions
                    .borrow_mut()
                    .push_back(Action::Window(WindowAction::EndSearch)),
            }
        });
    }

    fn wire_up_frame(&mut self) {
        let actions = Rc::clone(&self.actions);
        self.frame.set_callback(move |_| {
            // FLTK closes a window at Escape; here Escape must not leave the room.
            let escape = app::event() == Happened::Shortcut && app::event_key() == Key::Escape;
            actions.borrow_mut().push_back(if escape {
                Action::Window(WindowAction::Escape)
            } else {
                Action::Quit
            });
        });
        let actions = Rc::clone(&self.actions);
        let (mut message, mut column) = (self.compose.message.clone(), self.column.clone());
        let mut find = self.find.clone();
        self.frame.handle(move |_, event| {
            if event == Happened::KeyDown && !app::is_event_ctrl() {
                // A key that no widget wanted: Tab goes on from the last widget to the first, and
                // text is meant for the message.
                return match app::event_key() {
                    Key::Tab => column.take_focus().is_ok(),
                    _ => type_on(&mut message),
                };
            }
            if !matches!(event, Happened::Shortcut | Happened::KeyDown) || !app::is_event_ctrl() {
                return false;
            }
            let action = shortcut(keyboard::key());
            if let Some(Action::Window(WindowAction::OpenSearch)) = action {
                find.open();
            }
            let is_one = action.is_some();
            actions.borrow_mut().extend(action);
            is_one
        });
    }

    /// Opens the settings, or brings them to the front.
    pub(super) fn open_settings(&mut self) {
        if let Some(dialog) = self.dialog.as_mut().filter(|dialog| dialog.is_open()) {
            return dialog.raise();
        }
        let actions = Rc::clone(&self.actions);
        let on_change = move |settings| {
            let changed = Action::Settings(Box::new(settings));
            actions.borrow_mut().push_back(changed);
        };
        let put_over = |dialog: &mut fltk::window::Window| self.put_over(dialog);
        let dialog = SettingsDialog::open(&self.settings.borrow(), put_over, on_change);
        self.dialog = Some(dialog);
    }
}

/// The keys of the input, and what they act on.
struct MessageKeys {
    actions: Actions,
    model: Rc<RefCell<Model>>,
    transcript: Transcript,
    recall: Rc<RefCell<Recall>>,
    completion: Rc<RefCell<Completion>>,
}

impl MessageKeys {
    /// Handles the key that was pressed. `false` leaves it to FLTK.
    fn press(&mut self, message: &mut MultilineInput) -> bool {
        let (shift, ctrl) = (app::is_event_shift(), app::is_event_ctrl());
        match app::event_key() {
            Key::Enter | Key::KPEnter if shift || ctrl => {
                // Refused only when the input is full.
                let _ = message.insert("\n");
                message.do_callback();
            }
            Key::Enter | Key::KPEnter => send(message, &self.actions),
            // With nothing to complete, Tab moves on to the next widget.
            Key::Tab if !ctrl => return self.complete(message),
            key @ (Key::Up | Key::Down) if !shift && at_edge(message, key) => {
                return self.recall(message, key);
            }
            Key::PageUp => self.transcript.scroll_pages(-1),
            Key::PageDown => self.transcript.scroll_pages(1),
            Key::Home if ctrl => self.note(Action::Model(Input::GoToStart)),
            Key::End if ctrl => self.note(Action::Model(Input::GoToEnd)),
            Key::Escape => self.note(Action::Window(WindowAction::Escape)),
            _ => return false,
        }
        true
    }

    /// Completes the name before the cursor, with Shift to the previous one. `false` if there is
    /// none to complete.
    fn complete(&self, message: &mut MultilineInput) -> bool {
        let (text, at) = (message.value(), message.position().max(0) as usize);
        let names = self.model.borrow().speakers();
        let mut completion = self.completion.borrow_mut();
        let completed = if app::is_event_shift() {
            completion.previous(&text, at, &names)
        } else {
            completion.next(&text, at, &names)
        };
        drop(completion);
        if let Some((text, at)) = &completed {
            self.put(message, text, *at);
        }
        completed.is_some()
    }

    /// Brings back a text that was sent, by the up or down key. `false` if there is none.
    fn recall(&self, message: &mut MultilineInput, key: Key) -> bool {
        let current = message.value();
        let mut recall = self.recall.borrow_mut();
        let recalled = match key {
            Key::Up => recall.up(&current),
            _ => recall.down(&current),
        };
        if let Some(text) = recalled {
            self.put(message, text, text.len());
        }
        recalled.is_some()
    }

    /// Puts a text with its cursor into the input.
    fn put(&self, message: &mut MultilineInput, text: &str, at: usize) {
        message.set_value(text);
        // Fails only for a position outside of the text.
        let _ = message.set_position(at as i32);
        self.note(Action::Model(Input::Draft(text.to_string())));
    }

    fn note(&self, action: Action) {
        self.actions.borrow_mut().push_back(action);
    }
}

/// Sets what a button does when it is pressed. The focus then goes to the input, unless that moves
/// it elsewhere.
fn on_press(button: &mut Button, message: &MultilineInput, mut act: impl FnMut() + 'static) {
    let mut message = message.clone();
    button.set_callback(move |_| {
        act();
        // Refused before the login.
        let _ = message.take_focus();
    });
}

/// The action of a key that was pressed with Ctrl.
fn shortcut(key: Key) -> Option<Action> {
    let is = |c: char| key == Key::from_char(c);
    Some(if is('f') {
        Action::Window(WindowAction::OpenSearch)
    } else if is('q') {
        Action::Quit
    } else if is(',') {
        Action::Window(WindowAction::OpenSettings)
    } else if is('u') {
        Action::Window(WindowAction::GoToUnread)
    } else if is('t') {
        Action::Model(Input::TryNow)
    } else if is('+') || is('=') || key == Key::from_i32(0xffab) {
        Action::Window(WindowAction::Zoom(1))
    } else if is('-') || key == Key::from_i32(0xffad) {
        Action::Window(WindowAction::Zoom(-1))
    } else if is('0') || key == Key::from_i32(0xffb0) {
        Action::Window(WindowAction::Zoom(0))
    } else {
        return None;
    })
}

/// Types on in the input after a key outside of a field. `false` if the key was no text, or if
/// nothing can be written.
fn type_on(message: &mut MultilineInput) -> bool {
    if !message.active() || keyboard::typed().is_none() {
        return false;
    }
    // At once, so that what is typed next goes there by itself.
    message.take_focus().is_ok() && message.handle_event(Happened::KeyDown)
}

/// Sends the text in the input. It is taken out at once: what is typed before the loop's next turn
/// belongs to the next message.
fn send(message: &mut MultilineInput, actions: &Actions) {
    let text = message.value();
    message.set_value("");
    actions.borrow_mut().push_back(Action::Send(text));
}

/// Pastes as much of a text that is too long as there is room for, and says how much was left out.
/// `false` leaves a text that fits to FLTK.
fn paste(message: &mut MultilineInput, actions: &Actions) -> bool {
    let text = app::event_text();
    let (from, to) = (message.position(), message.mark());
    let (from, to) = (from.min(to), from.max(to));
    let stays = message.value().len().saturating_sub((to - from) as usize);
    let room = INPUT_LIMIT.saturating_sub(stays);
    if text.len() <= room {
        return false;
    }
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take_while(|end| *end <= room).last().unwrap_or(0);
    if end > 0 {
        // Refused only for positions outside of the text.
        let _ = message.replace(from, to, &text[..end]);
        message.do_callback();
    }
    let sentence = format!(
        "There is room for {} bytes: the last {} bytes of your paste were left out. Paste and send \
         it in parts.",
        grouped(INPUT_LIMIT),
        grouped(text.len() - end)
    );
    let mut actions = actions.borrow_mut();
    actions.push_back(Action::Model(Input::Note(sentence)));
    true
}

/// Returns whether the cursor is in the first row of the input, for any key but up in its last row,
/// so that the key can bring back sent texts.
fn at_edge(message: &MultilineInput, key: Key) -> bool {
    let text = message.value();
    let at = message.position().max(0) as usize;
    let (before, after) = text.split_at_checked(at).unwrap_or((&text, ""));
    let is_row = |part: &str| {
        !part.contains('\n')
            && style::message_height(part, message.w()) == style::message_height("", message.w())
    };
    is_row(if key == Key::Up { before } else { after })
}
