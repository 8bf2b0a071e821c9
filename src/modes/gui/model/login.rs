//! Logging in, the state of the connection, and the members present.

use std::time::Duration;

use super::{Delivery, Effect, Model, OutboxMessage, Pending, Phase, Presence, Stamp, is_past};
use crate::address::Address;
use crate::event::{Body, Recorded};
use crate::modes::gui::keep::session_file::SavedSession;
use crate::modes::gui::link::version_sentence;
use crate::modes::gui::talk::{Field, LinkState, Login, Report, Resume};
use crate::wire::{Members, Session, Wire};

/// Longest list of members; a room with more is not one for a window.
const MAX_MEMBERS: usize = 10_000;

impl Model {
    /// Requests a login, unless the address is none.
    pub(super) fn log_in(
        &mut self,
        address: &str,
        name: String,
        key: String,
        persist: bool,
    ) -> Vec<Effect> {
        self.note = None;
        match Address::parse(address) {
            Err(sentence) => {
                self.hint = Some((Field::Address, sentence));
                vec![Effect::Focus(Field::Address)]
            }
            Ok(address) => {
                self.hint = None;
                let before = match &self.phase {
                    Phase::Out | Phase::Searching { .. } => None,
                    Phase::LoggingIn(login) | Phase::In { login, .. } => Some(&login.address),
                };
                if before != Some(&address) {
                    self.name_limit = None;
                }
                let login = Login {
                    address,
                    // The server trims it too; this way equal names compare equal.
                    name: name.trim().to_string(),
                    key: Some(key).filter(|key| !key.is_empty()),
                    persist,
                    resume: Resume::default(),
                };
                self.requested = Some((login.clone(), None));
                if !self.is_in() {
                    self.phase = Phase::LoggingIn(login.clone());
                    // Messages for another room stay with that room.
                    self.pending.clear();
                }
                self.link_state = Some(LinkState::Connecting);
                vec![Effect::LogIn(login)]
            }
        }
    }

    /// Takes in the state that an earlier window saved for the requested login. Its messages are
    /// shown at once, whether or not anybody answers, so that nobody writes them again; they are
    /// sent once we are in.
    pub(super) fn restore_session(&mut self, mut saved: SavedSession, effects: &mut Vec<Effect>) {
        if self.requested.is_none() {
            return;
        }
        if matches!(self.phase, Phase::LoggingIn(_)) {
            for message in &saved.messages {
                self.pending.push(Pending {
                    message: message.clone(),
                    delivery: Delivery::Waiting,
                    durable: true,
                });
            }
            if self.draft.is_empty() && !saved.draft.is_empty() {
                // Taken out, so that it does not come back after it was deleted.
                self.draft = std::mem::take(&mut saved.draft);
                effects.push(Effect::Restore(self.draft.clone()));
            }
        }
        self.requested = self.requested.take().map(|(login, _)| (login, Some(saved)));
    }

    /// Takes in a report of the link.
    pub(super) fn take_report(&mut self, report: Report, effects: &mut Vec<Effect>) {
        match report {
            Report::State(state) => self.set_link_state(state),
            Report::LoggedIn {
                login,
                session,
                fresh,
            } => self.logged_in(*login, session, fresh, effects),
            Report::LoginRefused {
                field,
                sentence,
                limit,
            } => {
                if field == Field::Name && limit.is_some() {
                    self.name_limit = limit;
                }
                // A session that goes on reports its state next.
                self.link_state = None;
                self.requested = None;
                if !self.is_in() {
                    self.phase = Phase::Out;
                    self.members.clear();
                }
                self.ask_key |= field == Field::Key;
                self.offer_rooms_of_network();
                self.hint = Some((field, sentence));
                effects.extend([Effect::LoginFailed, Effect::Focus(field)]);
            }
            Report::Members(list) => self.set_members(list),
            Report::Events(events) => {
                for wire in events {
                    self.receive(wire, effects);
                }
                self.open_view(effects);
            }
            Report::Answer { key, answer } => self.answered(&key, answer),
            Report::Range { query, range } => self.take_range(query, range, effects),
        }
    }

    fn set_link_state(&mut self, state: LinkState) {
        if let LinkState::Offline { why, again } = &state {
            self.retry_at = self.now.plus(*again);
            // Queries to a broken connection stay unanswered.
            self.fetching.clear();
            if let Phase::LoggingIn(login) = &self.phase {
                let why = why.trim_end_matches('.');
                let sentence = if self.nothing_found() {
                    format!(
                        "No room was found on this network, and none answers at {}: {why}. The \
                         window keeps trying; rooms that appear are listed here.",
                        login.address
                    )
                } else {
                    format!(
                        "No chatroom answers at {}: {why}. Is its server running there? The window \
                         keeps trying; you can change the fields meanwhile.",
                        login.address
                    )
                };
                self.hint = Some((Field::Address, sentence));
                self.choice.offering = true;
            } else {
                // What comes after a break is new.
                self.renew_unread_line();
            }
        }
        if state == LinkState::Connected {
            self.failed.clear();
        }
        self.link_state = Some(state);
    }

    /// Enters the room: a login was accepted, or the link renewed the session by itself.
    fn logged_in(
        &mut self,
        login: Login,
        session: Session,
        fresh: bool,
        effects: &mut Vec<Effect>,
    ) {
        let is_this = |other: &Login| other.address == login.address && other.name == login.name;
        let same = matches!(&self.phase, Phase::In { login: old, .. } if is_this(old));
        // A session that renews itself is not the one requested meanwhile.
        let requested = self.requested.take_if(|(requested, _)| is_this(requested));
        let by_hand = requested.is_some();
        let saved = requested.and_then(|(_, saved)| saved).unwrap_or_default();
        if fresh {
            self.forget();
            // This room's stream will never bring them.
            self.pending
                .retain(|p| !matches!(p.delivery, Delivery::Accepted(_)));
        }
        if !same {
            self.hint = None;
            self.members_as_of = None;
            self.caught_up = false;
            self.had_gap = false;
            self.restore_read(saved.read, saved.read_at);
            self.history.mark_own(&session.name);
            if self.draft.is_empty() {
                self.draft = saved.draft.clone();
            }
            self.notes
                .extend(version_sentence(session.version.as_deref()));
        }
        let address = login.address.clone();
        self.end_choice(&login, same);
        self.joined = Some(session.id);
        self.token = Some(session.token);
        self.phase = Phase::In {
            login,
            name: session.name,
            room: session.room,
        };
        if same {
            // When the link renews the session by itself, the focus stays. When the user logged in
            // again, the fields go away.
            if by_hand {
                self.hint = None;
                effects.extend([Effect::LoggedIn(address), Effect::Focus(Field::Message)]);
            }
            return;
        }
        effects.extend([Effect::LoggedIn(address), Effect::Focus(Field::Message)]);
        if !saved.draft.is_empty() {
            effects.push(Effect::Restore(saved.draft));
        }
        self.send_saved(saved.messages, effects);
    }

    /// Sends the messages that an earlier window left, and shows those that are not shown yet.
    fn send_saved(&mut self, messages: Vec<OutboxMessage>, effects: &mut Vec<Effect>) {
        for message in messages {
            effects.push(Effect::Send(message.clone()));
            if !self.pending.iter().any(|p| p.message.key == message.key) {
                self.pending.push(Pending {
                    message,
                    delivery: Delivery::Waiting,
                    durable: true,
                });
            }
        }
    }

    fn set_members(&mut self, list: Members) {
        let now = self.server_now();
        let member = |m: crate::wire::Member| Presence {
            active: now.minus(Duration::from_secs(m.idle)),
            name: m.name,
        };
        self.members = list.members.into_iter().map(member).collect();
        self.members_as_of = Some(list.id);
        // On the first visit the backlog is not new.
        if self.times.read.is_none() {
            self.read.get_or_insert(list.id);
        }
    }

    /// The time on the server's clock.
    pub(super) fn server_now(&self) -> Stamp {
        Stamp::from_micros(self.now.micros() + self.ahead)
    }

    /// Sets the difference to the server's clock, in microseconds.
    pub(super) fn set_ahead(&mut self, ahead: i64) {
        // The list of members came before this was known.
        for member in &mut self.members {
            member.active = Stamp::from_micros(member.active.micros() + ahead - self.ahead);
        }
        self.ahead = ahead;
    }

    /// Updates the members after a join, a leave or a message.
    pub(super) fn update_members(&mut self, wire: &Wire) {
        let Wire::Recorded(Recorded { id, at, body }) = wire else {
            return;
        };
        if let Body::Message { from, .. } = body
            && let Some(member) = self.members.iter_mut().find(|m| m.name == *from)
        {
            // Messages from before their join come later.
            member.active = member.active.max(*at);
        }
        if self.members_as_of.is_some_and(|as_of| is_past(as_of, *id)) {
            return;
        }
        match body {
            Body::Join { name }
                if self.members.len() < MAX_MEMBERS
                    && !self.members.iter().any(|m| m.name == *name) =>
            {
                let (name, active) = (name.clone(), *at);
                self.members.push(Presence { name, active });
            }
            Body::Leave { name } => self.members.retain(|member| member.name != *name),
            Body::Opened { .. } | Body::Closed => self.members.clear(),
            Body::Join { .. } | Body::Message { .. } | Body::Notice { .. } => {}
            Body::Erased { .. } | Body::Other { .. } => {}
        }
    }

    /// Forgets everything about the log: it is another one.
    pub(super) fn forget(&mut self) {
        self.history.clear();
        self.fetching.clear();
        self.failed.clear();
        self.unfolded.clear();
        self.find = None;
        self.read = None;
        (self.new_from, self.log_change) = (None, None);
        self.times = super::ReadTimes::default();
        (self.unread, self.mentions, self.uncounted) = (0, 0, false);
        (self.had_gap, self.gap_before_next) = (false, false);
    }
}
