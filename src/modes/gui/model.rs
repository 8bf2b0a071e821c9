//! What the window shows and how it changes: pure state, no widgets, no sockets, no clock.
//!
//! What always holds: an event of the room is in the transcript once, and a message that was typed
//! is either there, or stands below it with what has become of it.
//!
//! Here is how it changes; `shown` has what the window reads from it.

mod shown;

use super::address::Address;
use super::history::{Entry, History, What};
use super::talk::{Answer, Field, Letter, Login, Report, Resume, State};
use crate::event::{Id, Key, MAX_TEXT};
use crate::wire::{Members, Wire};

/// The most messages that wait for their answers; more are not taken from the input.
const MAX_WAITING: usize = 100;
/// The most refused messages that stay below the transcript.
const MAX_REFUSED: usize = 5;

/// What happened to the window.
#[derive(Clone, Debug)]
pub enum Event {
    /// **Log in** was pressed, with what stood in the fields.
    LogIn {
        /// The Server field.
        address: String,
        /// The Name field.
        name: String,
        /// The Room key field.
        key: String,
        /// Go on trying while nobody answers (the name came from the command line).
        persist: bool,
    },
    /// Enter was pressed over a text.
    Say {
        /// The text.
        text: String,
        /// A new random key.
        key: Key,
    },
    /// The link has something to tell.
    Heard(Report),
    /// The window came to the front, or went to the back.
    Front(bool),
    /// Something about this machine is to be said in the status line.
    Note(String),
    /// Refused messages are not to be shown any longer.
    Dismiss,
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Log in.
    LogIn(Login),
    /// Send it.
    Say(Letter),
    /// The input was taken: empty it.
    ClearInput,
    /// Put the cursor there and mark what stands there.
    Focus(Field),
    /// Remember the address for the next start.
    Remember(Address),
}

/// A message that is not in the transcript yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its key.
    pub key: Key,
    /// The text.
    pub text: String,
    /// What has become of it.
    pub fate: Fate,
}

/// What has become of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Not answered yet.
    Waiting,
    /// The server has it; the stream will bring it.
    Sent(Id),
    /// The server will not have it.
    Refused(String),
}

/// Where the login stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Out,
    Asking(Login),
    In {
        login: Login,
        name: String,
        room: String,
    },
}

/// Everything that the window shows.
#[derive(Debug)]
pub struct Model {
    phase: Phase,
    /// The last login that the link was asked for.
    asked: Option<Login>,
    state: Option<State>,
    note: Option<String>,
    hint: Option<(Field, String)>,
    ask_key: bool,
    history: History,
    pending: Vec<Pending>,
    members: Vec<String>,
    /// The newest event that the members account for.
    members_as_of: Option<Id>,
    in_front: bool,
    /// The first message that came while the window was in the back.
    new_from: Option<u64>,
    /// How many came since it went there.
    unread: usize,
    /// Counts what was taken in.
    revision: u64,
}

impl Default for Model {
    fn default() -> Model {
        Model::new()
    }
}

impl Model {
    /// A window that is not logged in.
    pub fn new() -> Model {
        Model {
            phase: Phase::Out,
            asked: None,
            state: None,
            note: None,
            hint: None,
            ask_key: false,
            history: History::default(),
            pending: Vec::new(),
            members: Vec::new(),
            members_as_of: None,
            in_front: true,
            new_from: None,
            unread: 0,
            revision: 0,
        }
    }

    /// Takes in what happened; the answer is what to do about it.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        self.revision += 1;
        match event {
            Event::LogIn {
                address,
                name,
                key,
                persist,
            } => self.log_in(&address, name, key, persist),
            Event::Say { text, key } => self.say(text, key),
            Event::Heard(report) => self.heard(report),
            Event::Note(sentence) => {
                self.note = Some(sentence);
                Vec::new()
            }
            Event::Front(front) => {
                self.in_front = front;
                self.unread = 0;
                if !front {
                    // The line is drawn anew above what comes from now on.
                    self.new_from = None;
                }
                Vec::new()
            }
            Event::Dismiss => {
                self.pending.retain(|p| !matches!(p.fate, Fate::Refused(_)));
                Vec::new()
            }
        }
    }

    fn log_in(&mut self, address: &str, name: String, key: String, persist: bool) -> Vec<Effect> {
        self.note = None;
        match Address::parse(address) {
            Err(sentence) => {
                self.hint = Some((Field::Address, sentence));
                vec![Effect::Focus(Field::Address)]
            }
            Ok(address) => {
                self.hint = None;
                let login = Login {
                    address,
                    // The server trims too; this way the same name is known to be the same.
                    name: name.trim().to_string(),
                    key: Some(key).filter(|key| !key.is_empty()),
                    persist,
                    resume: Resume::default(),
                };
                self.asked = Some(login.clone());
                let same = matches!(&self.phase, Phase::In { login: old, .. }
                    if old.address == login.address && old.name == login.name);
                if !same {
                    self.phase = Phase::Asking(login.clone());
                }
                self.state = Some(State::Connecting);
                vec![Effect::LogIn(login)]
            }
        }
    }

    fn say(&mut self, text: String, key: Key) -> Vec<Effect> {
        if text.trim().is_empty() {
            return Vec::new();
        }
        self.note = None;
        let waiting = self.waiting();
        if !self.is_in() {
            self.note = Some("Log in first, then your message can be sent.".to_string());
        } else if text.len() > MAX_TEXT {
            self.note = Some(format!(
                "A message has at most {MAX_TEXT} bytes; this one has {}. Shorten it, or send it \
                 in parts.",
                text.len()
            ));
        } else if waiting >= MAX_WAITING {
            self.note = Some(format!(
                "{waiting} messages wait to be sent. Send this one when they are through."
            ));
        } else {
            // Who writes has read.
            self.new_from = None;
            self.pending.push(Pending {
                key: key.clone(),
                text: text.clone(),
                fate: Fate::Waiting,
            });
            let after = self.history.newest();
            let letter = Letter { key, text, after };
            return vec![Effect::Say(letter), Effect::ClearInput];
        }
        Vec::new()
    }

    fn heard(&mut self, report: Report) -> Vec<Effect> {
        match report {
            Report::State(state) => {
                if let (State::Offline { why, .. }, Phase::Asking(login)) = (&state, &self.phase) {
                    let sentence = format!(
                        "No chatroom answers at {}: {}. Is its server running there? It is tried \
                         again until it works; you can change the fields meanwhile.",
                        login.address,
                        why.trim_end_matches('.')
                    );
                    self.hint = Some((Field::Address, sentence));
                }
                self.state = Some(state);
            }
            Report::LoggedIn { session, fresh } => {
                if fresh {
                    self.forget();
                }
                self.hint = None;
                let Some(login) = self.asked.clone() else {
                    return Vec::new(); // The link logs in only when it was asked to.
                };
                let again = matches!(self.phase, Phase::In { .. });
                let address = login.address.clone();
                self.phase = Phase::In {
                    login,
                    name: session.name,
                    room: session.room,
                };
                if again {
                    return Vec::new(); // By itself, behind the user's back: the cursor stays.
                }
                return vec![Effect::Remember(address), Effect::Focus(Field::Message)];
            }
            Report::LoginRefused {
                field, sentence, ..
            } => {
                self.phase = Phase::Out;
                self.state = None;
                self.members.clear();
                self.ask_key |= field == Field::Key;
                self.hint = Some((field, sentence));
                return vec![Effect::Focus(field)];
            }
            Report::Members(list) => self.list(list),
            Report::Events(events) => {
                for wire in events {
                    self.take_in(wire);
                }
            }
            Report::Answer { key, answer } => self.answered(&key, answer),
            Report::Page { .. } => {} // Nothing is asked.
        }
        Vec::new()
    }

    fn list(&mut self, list: Members) {
        self.members = list.members.into_iter().map(|m| m.name).collect();
        self.members_as_of = Some(list.id);
    }

    fn take_in(&mut self, wire: Wire) {
        if matches!(wire, Wire::Reset { .. }) {
            self.forget();
            // Where the stream will bring them is not known any more; the server has them.
            self.pending.retain(|p| !matches!(p.fate, Fate::Sent(_)));
        }
        if let Some(id) = wire.id()
            && !matches!(wire, Wire::Hello { .. })
        {
            if self
                .history
                .newest()
                .is_some_and(|newest| is_past(newest, id))
            {
                return; // Seen before.
            }
            if !self.members_as_of.is_some_and(|as_of| is_past(as_of, id)) {
                self.come_and_go(&wire);
            }
            let key = match &wire {
                Wire::Message { key, .. } => key.as_ref(),
                _ => None,
            };
            self.pending.retain(|p| {
                let passed = matches!(p.fate, Fate::Sent(at) if is_past(id, at));
                Some(&p.key) != key && !passed
            });
        }
        let me = match &self.phase {
            Phase::In { name, .. } => Some(name.as_str()),
            _ => None,
        };
        if let Some(entry) = Entry::of(wire, me) {
            // Nobody is called back to the window because somebody came or went.
            if !self.in_front && matches!(entry.what, What::Said { own: false, .. }) {
                self.new_from.get_or_insert(self.history.end());
                self.unread += 1;
            }
            self.history.push(entry);
        }
    }

    fn come_and_go(&mut self, wire: &Wire) {
        match wire {
            Wire::Join { name, .. } if !self.members.contains(name) => {
                self.members.push(name.clone());
            }
            Wire::Leave { name, .. } => self.members.retain(|member| member != name),
            Wire::Opened { .. } | Wire::Closed { .. } => self.members.clear(),
            _ => {}
        }
    }

    fn answered(&mut self, key: &Key, answer: Answer) {
        if let Some(pending) = self.pending.iter_mut().find(|p| p.key == *key) {
            pending.fate = match answer {
                Answer::Said(said) => Fate::Sent(said.id),
                Answer::Refused(why) => Fate::Refused(why),
            };
        }
        if let Some(newest) = self.history.newest() {
            let seen = |p: &Pending| matches!(p.fate, Fate::Sent(at) if is_past(newest, at));
            self.pending.retain(|p| !seen(p));
        }
        let refused = |p: &Pending| matches!(p.fate, Fate::Refused(_));
        let mut too_many = self.pending.iter().filter(|p| refused(p)).count();
        self.pending.retain(|p| {
            let drop = refused(p) && too_many > MAX_REFUSED;
            too_many -= usize::from(drop);
            !drop
        });
    }

    fn forget(&mut self) {
        self.history.clear();
        self.new_from = None;
        self.unread = 0;
    }
}

/// Whether `place` is at `id` or behind it in the same log.
fn is_past(place: Id, id: Id) -> bool {
    place.log == id.log && place >= id
}

#[cfg(test)]
mod tests;
