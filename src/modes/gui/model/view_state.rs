//! The parts of the model's state that the window shows.

use std::collections::HashSet;
use std::time::Duration;

use super::{EntryKind, Model, Phase};
use crate::modes::gui::model::limits::grouped;
use crate::modes::gui::talk::{Field, LinkState};
use crate::modes::gui::text::drawable;
use crate::modes::gui::transcript::history::Scrollback;
use crate::modes::gui::transcript::surroundings::Surroundings;

/// Shortest silence that is called idle.
const IDLE: Duration = Duration::from_secs(5 * 60);

/// A member present, as the list shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// This is us.
    pub me: bool,
    /// The time of their silence, in words, if it is long.
    pub idle: Option<String>,
}

impl Model {
    /// Changes whenever anything may have to be redrawn.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns whether the login was accepted.
    pub fn is_in(&self) -> bool {
        matches!(self.phase, Phase::In { .. })
    }

    /// Returns whether messages can be written: in the room, or on the way there.
    pub fn may_write(&self) -> bool {
        !matches!(self.phase, Phase::Out)
    }

    /// Returns whether the session is over: nothing is tried before the user logs in again.
    pub fn is_over(&self) -> bool {
        self.is_in() && self.link_state.is_none()
    }

    /// The window's title, with the numbers of unread messages and mentions.
    pub fn title(&self) -> String {
        let unread = match (self.unread, self.mentions) {
            (0, _) => String::new(),
            (_, 0) => format!("({}) ", self.unread_count()),
            (_, m) => format!("({}, {m} for you) ", self.unread_count()),
        };
        match &self.phase {
            Phase::In { login, room, .. } => {
                let room = drawable(room).replace('\n', " ");
                format!("{unread}chatroom - {room} @ {}", login.address.short())
            }
            _ => "chatroom".to_string(),
        }
    }

    /// The number of unread messages in words, if there are any.
    pub fn unread_words(&self) -> Option<String> {
        match self.unread {
            0 => None,
            1 if !self.uncounted => Some("1 new message".to_string()),
            _ => Some(format!("{} new messages", self.unread_count())),
        }
    }

    /// The number of unread messages; if some are not loaded, a round number that is smaller.
    fn unread_count(&self) -> String {
        let mut unit = 1;
        while self.uncounted && self.unread / unit >= 100 {
            unit *= 10;
        }
        let count = grouped(self.unread / unit * unit);
        if self.uncounted {
            format!("more than {count}")
        } else {
            count
        }
    }

    /// The known numbers of unread messages and of mentions among them.
    pub fn unread(&self) -> (usize, usize) {
        (self.unread, self.mentions)
    }

    /// The room's name and address, while logged in.
    pub fn room(&self) -> Option<(String, String)> {
        match &self.phase {
            Phase::In { login, room, .. } => Some((room.clone(), login.address.short())),
            _ => None,
        }
    }

    /// The status line.
    pub fn status(&self) -> String {
        match &self.note {
            // A broken connection is more important than any note.
            Some(note) if self.is_offline() => format!("{}. {note}", self.connection_words()),
            Some(note) => note.clone(),
            // A minor note waits until the room is back.
            None => match self.minor_note.as_ref().filter(|_| !self.is_offline()) {
                Some(note) => note.clone(),
                None => self.connection_words(),
            },
        }
    }

    fn connection_words(&self) -> String {
        let address = match &self.phase {
            Phase::Searching { .. } => return "looking for rooms on this network…".to_string(),
            Phase::Out => "the room".to_string(),
            Phase::LoggingIn(login) | Phase::In { login, .. } => login.address.to_string(),
        };
        match &self.link_state {
            None => "not logged in".to_string(),
            Some(LinkState::Connecting) => format!("connecting to {address}"),
            Some(LinkState::Connected) => {
                if self.fetching.is_empty() {
                    "connected".to_string()
                } else {
                    "connected, loading earlier messages".to_string()
                }
            }
            Some(LinkState::Paused { why, again }) => {
                let again = again.as_secs_f64().round().max(1.0);
                format!("the room is busy: {why} trying again in {again} s")
            }
            Some(LinkState::Offline { why, .. }) => {
                let why = why.trim_end_matches('.');
                match self.seconds_to_go() {
                    0 => format!("offline: {why}; trying again"),
                    seconds => format!("offline: {why}; trying again in {seconds} s"),
                }
            }
        }
    }

    /// Whole seconds until the next attempt to connect, rounded up.
    fn seconds_to_go(&self) -> u64 {
        let left = self.retry_at.micros() - self.now.micros();
        (left.max(0) as u64).div_ceil(1_000_000)
    }

    /// Returns whether the stream is open, for the colour of the status line.
    pub fn is_connected(&self) -> bool {
        matches!(
            self.link_state,
            Some(LinkState::Connected | LinkState::Paused { .. })
        )
    }

    /// Returns whether the next attempt to connect is pending.
    pub fn is_offline(&self) -> bool {
        matches!(self.link_state, Some(LinkState::Offline { .. }))
    }

    /// The time until something that is shown changes by itself.
    pub fn changes_in(&self) -> Option<Duration> {
        match &self.link_state {
            Some(LinkState::Offline { .. }) if self.seconds_to_go() > 0 => {
                Some(Duration::from_secs(1))
            }
            Some(LinkState::Connected) if !self.members.is_empty() => Some(Duration::from_secs(60)),
            _ => None,
        }
    }

    /// The field that is wrong, and the sentence about it.
    pub fn hint(&self) -> Option<(Field, &str)> {
        let (field, sentence) = self.hint.as_ref()?;
        Some((*field, sentence))
    }

    /// Returns whether the Room key field is needed.
    pub fn asks_key(&self) -> bool {
        self.ask_key
    }

    /// The longest name that the room takes, once it has said so.
    pub fn name_limit(&self) -> Option<usize> {
        self.name_limit
            .and_then(|limit| usize::try_from(limit).ok())
    }

    /// The loaded part of the room's log.
    pub fn history(&self) -> &Scrollback {
        &self.history
    }

    /// Returns everything beside the history that decides how the transcript reads.
    pub fn surroundings(&self) -> Surroundings<'_> {
        let gaps = self.history.gaps().filter(|gap| self.is_loading(gap));
        Surroundings {
            me: self.me(),
            writer: self.writer(),
            joined: self.joined,
            new_from: self.new_from,
            log_change: self
                .log_change
                .as_ref()
                .map(|changed| (changed.at, &changed.change)),
            pending: &self.pending,
            saves: self.saves,
            notes: &self.notes,
            unfolded: Some(&self.unfolded),
            loading: gaps.map(|gap| gap.end).collect(),
            failed: Some(&self.failed),
            connected: self.is_connected(),
        }
    }

    /// The offset from which the "new messages" line stands.
    pub fn new_from(&self) -> Option<u64> {
        self.new_from
    }

    /// Our own name, while logged in.
    pub fn me(&self) -> Option<&str> {
        match &self.phase {
            Phase::In { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The name under which pending messages stand: ours, or the one we are about to have.
    fn writer(&self) -> &str {
        match &self.phase {
            Phase::In { name, .. } => name,
            Phase::LoggingIn(login) => &login.name,
            _ => "",
        }
    }

    /// The members present, sorted by name.
    pub fn people(&self) -> Vec<Person> {
        let now = self.server_now();
        let mut people: Vec<Person> = self
            .members
            .iter()
            .map(|member| Person {
                name: member.name.clone(),
                me: self.me() == Some(&member.name),
                idle: idle_words(now.since(member.active)),
            })
            .collect();
        people.sort_by_cached_key(|person| (person.name.to_lowercase(), person.name.clone()));
        people
    }

    /// The names that Tab offers: members present before those who left, and of each the most
    /// recent speaker first, then those who have said nothing.
    pub fn speakers(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for entry in self.history.iter().rev().take(2000) {
            if let EntryKind::Message {
                from, own: false, ..
            } = &entry.kind
                && !names.iter().any(|name| **name == **from)
            {
                names.push(from.to_string());
            }
        }
        for person in self.people() {
            if !person.me && !names.contains(&person.name) {
                names.push(person.name);
            }
        }
        let here: HashSet<&str> = self.members.iter().map(|m| m.name.as_str()).collect();
        names.sort_by_key(|name| !here.contains(name.as_str()));
        names
    }
}

fn idle_words(idle: Duration) -> Option<String> {
    let minutes = idle.as_secs() / 60;
    match minutes {
        _ if idle < IDLE => None,
        0..60 => Some(format!("{minutes} min")),
        60..1440 => Some(format!("{} h", minutes / 60)),
        _ => Some(format!("{} d", minutes / 1440)),
    }
}
