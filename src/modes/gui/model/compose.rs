//! Sending messages, their delivery, and carrying out commands.

use super::{
    Delivery, Effect, Id, Key, Model, OutboxMessage, Pending, Phase, SavedSession, is_past,
};
use crate::event::MAX_TEXT;
use crate::modes::gui::model::commands;
use crate::modes::gui::model::commands::HELP;
use crate::modes::gui::model::commands::Typed;
use crate::wire::Said;

/// Most messages that may stand below the transcript, waiting or refused; more are not accepted
/// from the input.
const MAX_WAITING: usize = 1000;
/// Most text that may wait, in bytes.
const MAX_WAITING_BYTES: usize = 1 << 20;

impl Model {
    /// Sends a text that was entered, or carries out its command. `key` is for the message.
    pub(super) fn enter_text(&mut self, text: &str, key: Key) -> Vec<Effect> {
        let accepted = |text: &str| vec![Effect::Accepted(text.to_string())];
        self.notes.clear();
        let command = commands::read(text);
        if !matches!(command, Typed::Say(_) | Typed::Unknown(_)) {
            self.draft.clear();
        }
        // A hint about an earlier text is settled by a command that works.
        if matches!(command, Typed::Who | Typed::Clear | Typed::Help) {
            (self.note, self.minor_note) = (None, None);
        }
        match command {
            Typed::Nothing => Vec::new(),
            Typed::Say(message) => self.send(text, message.to_string(), key),
            Typed::Who => {
                self.notes.push(self.who_words());
                accepted(text)
            }
            Typed::Clear => {
                self.history.hide_all();
                (self.new_from, self.log_change) = (None, None);
                accepted(text)
            }
            Typed::Help => {
                let lines = HELP.iter().map(|(what, does)| format!("{what}   {does}"));
                self.notes.extend(lines);
                accepted(text)
            }
            Typed::Quit => vec![Effect::Quit],
            Typed::Unknown(word) => {
                self.note = Some(format!(
                    "There is no command {word}. /help lists them; put a space in front to send it \
                     as text."
                ));
                Vec::new()
            }
        }
    }

    /// Sends the message `text`, which was typed as `typed`, or notes why it cannot be sent.
    fn send(&mut self, typed: &str, text: String, key: Key) -> Vec<Effect> {
        (self.note, self.minor_note) = (None, None);
        let (waiting, bytes) = self.waiting();
        if !self.is_in() {
            let sentence = if self.may_write() {
                "You are not in the room yet. Send your message once you are."
            } else {
                "Log in first, then your message can be sent."
            };
            self.note = Some(sentence.to_string());
        } else if text.len() > MAX_TEXT {
            self.note = Some(format!(
                "A message has at most {MAX_TEXT} bytes; this one has {}. Shorten it, or send it \
                 in parts.",
                text.len()
            ));
        } else if waiting >= MAX_WAITING || bytes + text.len() > MAX_WAITING_BYTES {
            self.note = Some(format!(
                "{waiting} messages are waiting or were refused. Send this one once they are \
                 through; Escape removes the refused ones."
            ));
        } else {
            // A user who writes has read what is there.
            self.new_from = None;
            self.draft.clear();
            let after = self.newest.or(self.read).or(self.joined);
            let message = OutboxMessage { key, text, after };
            self.pending.push(Pending {
                message: message.clone(),
                delivery: Delivery::Waiting,
                durable: false,
            });
            let accepted = Effect::Accepted(typed.to_string());
            return vec![Effect::Send(message), accepted, self.go_to_end()];
        }
        Vec::new()
    }

    /// Sends a refused message again.
    pub(super) fn retry(&mut self, key: &Key) -> Vec<Effect> {
        let refused =
            |p: &&mut Pending| p.message.key == *key && matches!(p.delivery, Delivery::Refused(_));
        let Some(pending) = self.pending.iter_mut().find(refused) else {
            return Vec::new();
        };
        pending.delivery = Delivery::Waiting;
        pending.durable = false;
        // The user wants it sent: it is not searched for again. If it did arrive, the server knows
        // its key.
        pending.message.after = None;
        vec![Effect::Send(pending.message.clone())]
    }

    /// Takes in the server's answer to a message.
    pub(super) fn answered(&mut self, key: &Key, answer: Result<Said, String>) {
        if let Some(pending) = self.pending.iter_mut().find(|p| p.message.key == *key) {
            pending.delivery = match answer {
                Ok(said) => Delivery::Accepted(said.id),
                Err(why) => Delivery::Refused(why),
            };
        }
        let end = self.history.end();
        let log = self.history.log();
        let is_shown = |p: &Pending| matches!(p.delivery, Delivery::Accepted(at) if log == Some(at.log) && at.offset < end);
        self.pending.retain(|p| !is_shown(p));
    }

    /// Removes the pending messages that this event of the stream shows.
    pub(super) fn settle_pending(&mut self, id: Id, key: Option<&Key>) {
        self.pending.retain(|p| {
            let is_shown = matches!(p.delivery, Delivery::Accepted(at) if is_past(id, at));
            Some(&p.message.key) != key && !is_shown
        });
    }

    /// The number of messages below the transcript, and their size in bytes.
    fn waiting(&self) -> (usize, usize) {
        let bytes = self.pending.iter().map(|p| p.message.text.len()).sum();
        (self.pending.len(), bytes)
    }

    /// The state to save for the next window of this name in this room, while logged in or on the
    /// way there.
    pub fn session_to_save(&self) -> Option<SavedSession> {
        let ((read, read_at), token) = match (&self.phase, &self.requested) {
            (Phase::In { .. }, _) => ((self.read, self.times.read), self.token.clone()),
            // On the way in only the draft may differ from the saved state.
            (Phase::LoggingIn(_), Some((_, Some(saved)))) => {
                ((saved.read, saved.read_at), saved.token.clone())
            }
            _ => return None,
        };
        let is_waiting = |p: &&Pending| matches!(p.delivery, Delivery::Waiting);
        let messages = self.pending.iter().filter(is_waiting);
        Some(SavedSession {
            read,
            read_at,
            token,
            draft: self.draft.clone(),
            messages: messages.map(|p| p.message.clone()).collect(),
            geometry: None,
        })
    }

    /// The answer to `/who`.
    fn who_words(&self) -> String {
        let people = self.people();
        let words = people.iter().map(|person| match (&person.idle, person.me) {
            (_, true) => format!("{} (you)", person.name),
            (Some(idle), false) => format!("{} (quiet for {idle})", person.name),
            (None, false) => person.name.clone(),
        });
        let words: Vec<String> = words.collect();
        format!("{} here: {}", people.len(), words.join(", "))
    }
}
