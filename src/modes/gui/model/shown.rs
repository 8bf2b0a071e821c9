//! What the window reads from the model.

use super::{Fate, Model, Pending, Phase};
use crate::modes::gui::history::History;
use crate::modes::gui::talk::{Field, State};

impl Model {
    /// Something else whenever anything may have to be drawn anew.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether the login was accepted.
    pub fn is_in(&self) -> bool {
        matches!(self.phase, Phase::In { .. })
    }

    /// The title of the window, with how many messages came while it is in the back.
    pub fn title(&self) -> String {
        match &self.phase {
            Phase::In { login, room, .. } => {
                let unread = match self.unread {
                    0 => String::new(),
                    n => format!("({n}) "),
                };
                format!("{unread}chatroom - {room} @ {}", login.address.short())
            }
            _ => "chatroom".to_string(),
        }
    }

    /// The status line.
    pub fn status(&self) -> String {
        if let Some(note) = &self.note {
            return note.clone();
        }
        let again = |after: &std::time::Duration| match after.as_secs_f64().round() as u64 {
            0 => "trying again".to_string(),
            seconds => format!("trying again in {seconds} s"),
        };
        let address = match &self.phase {
            Phase::Out => "the room".to_string(),
            Phase::Asking(login) | Phase::In { login, .. } => login.address.to_string(),
        };
        match &self.state {
            None => "not logged in".to_string(),
            Some(State::Connecting) => format!("connecting to {address}"),
            Some(State::Connected) => "connected".to_string(),
            Some(State::Held { why, again: after }) => {
                format!("the room is busy: {why} {}", again(after))
            }
            Some(State::Offline { why, again: after }) => {
                format!("offline: {}; {}", why.trim_end_matches('.'), again(after))
            }
        }
    }

    /// Whether the stream is open, for the colour of the status line.
    pub fn is_connected(&self) -> bool {
        matches!(self.state, Some(State::Connected | State::Held { .. }))
    }

    /// What is wrong with a field, and with which.
    pub fn hint(&self) -> Option<(Field, &str)> {
        let (field, sentence) = self.hint.as_ref()?;
        Some((*field, sentence))
    }

    /// Whether the Room key field is needed.
    pub fn asks_key(&self) -> bool {
        self.ask_key
    }

    /// The transcript.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The number of the first message that came while the window was in the back.
    pub fn new_from(&self) -> Option<u64> {
        self.new_from
    }

    /// What stands below the transcript's end.
    pub fn pending(&self) -> &[Pending] {
        &self.pending
    }

    /// Our own name, while logged in.
    pub fn me(&self) -> Option<&str> {
        match &self.phase {
            Phase::In { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Who is here, by name, our own marked.
    pub fn members(&self) -> Vec<(String, bool)> {
        let mut names: Vec<(String, bool)> = self
            .members
            .iter()
            .map(|name| (name.clone(), self.me() == Some(name)))
            .collect();
        names.sort_by_cached_key(|(name, _)| (name.to_lowercase(), name.clone()));
        names
    }

    pub(super) fn waiting(&self) -> usize {
        let waits = |p: &&Pending| matches!(p.fate, Fate::Waiting);
        self.pending.iter().filter(waits).count()
    }
}
