//! The people of the log while they are in the room: they join, post and leave.
//!
//! Invariant: the room knows everyone in [`Actors`] by the token here, and they leave before the value is
//! dropped.

mod posting;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use super::listeners::Listeners;
use super::room_names::{MAX_NAMES, RoomNames};
use super::summary::Summary;
use super::target_room::{Halt, Heard, Reply, RoomRefusal, TargetRoom};
use crate::event::MAX_TEXT;
use crate::failure::{Failure, reason};
use crate::http::exchange::ClientRequest;
use crate::line::escaped;
use crate::system::limits;
use crate::wire::Session;
use crate::wire::endpoint::SESSION;

/// Most members at once: each has a connection of its own.
const MAX_PRESENT: u64 = 1_000;
/// File descriptors for everything else.
const OTHER_DESCRIPTORS: u64 = 32;
/// Time limit for all to leave at the end.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest accepted token, in bytes.
const MAX_TOKEN: usize = 4096;
/// Most waits for a full room in which none of ours is present.
const MAX_WAITS: usize = 4;

/// A person of the log who is in the room.
struct Actor {
    /// Their number, in the order of arrival.
    number: u64,
    token: String,
    name: String,
    /// The number of their newest action, counted over all.
    active: u64,
}

/// The people of the log who are present, and the room.
pub(super) struct Actors {
    pub room: TargetRoom,
    pub summary: Summary,
    key: Option<String>,
    listeners: Listeners,
    names: RoomNames,
    /// By their names in the log.
    present: HashMap<String, Actor>,
    max_present: usize,
    max_text: usize,
    /// A random prefix that distinguishes the keys of this run from those of any other.
    run: String,
    /// The number of joins and posts so far.
    actions: u64,
    /// The number of messages so far.
    messages: u64,
}

impl Actors {
    /// Starts with nobody present. `key` is the room key, if there is one.
    ///
    /// # Errors
    /// The system gives no thread or no random numbers.
    pub(super) fn new(room: TargetRoom, key: Option<String>) -> Result<Actors, Failure> {
        let mut random = [0; 8];
        getrandom::fill(&mut random)
            .map_err(|error| not_given(&std::io::Error::other(error.to_string())))?;
        let listeners = Listeners::start(room.address()).map_err(|error| not_given(&error))?;
        let descriptors = limits::open_files();
        let most = descriptors
            .saturating_sub(OTHER_DESCRIPTORS)
            .clamp(1, MAX_PRESENT);
        Ok(Actors {
            room,
            summary: Summary::default(),
            key,
            listeners,
            names: RoomNames::new(),
            present: HashMap::new(),
            max_present: usize::try_from(most).unwrap_or(1),
            max_text: MAX_TEXT,
            run: format!("{:016x}", u64::from_be_bytes(random)),
            actions: 0,
            messages: 0,
        })
    }

    /// The number of people present.
    pub(super) fn count(&self) -> usize {
        self.present.len()
    }

    /// Lets `who` join unless present. Returns false if the room accepts no name for them.
    ///
    /// # Errors
    /// The run cannot continue.
    pub(super) fn join(&mut self, who: &str) -> Result<bool, Halt> {
        if self.present.contains_key(who) {
            return Ok(true);
        }
        if self.names.is_turned_away(who) {
            return Ok(false);
        }
        while self.present.len() >= self.max_present {
            self.make_room()?;
        }
        let mut number = 0;
        let (mut waits_for_room, mut waited_for_name) = (0, false);
        while number < MAX_NAMES {
            let Some(name) = self.names.candidate(who, number) else {
                number += 1;
                continue;
            };
            let heard = self.log_in(&name)?;
            match heard.reply {
                Reply::Done(session) => return self.admit(who, session).map(|()| true),
                Reply::Refused(refused) => match (refused.status, refused.error.as_str()) {
                    (401, _) => return Err(self.key_refused(&refused)),
                    // Tries the same name again, under the limit that is now known.
                    (422, "name_too_long") if self.names.learn_limit(refused.limit) => (),
                    // The name may be held for a session of ours, whose answer was lost or which has ended.
                    // It is free again soon.
                    (409, "name_taken")
                        if !waited_for_name
                            && refused.again.is_some()
                            && (heard.in_doubt || self.names.has(who)) =>
                    {
                        waited_for_name = true;
                        self.room.wait(refused.again.unwrap_or_default())?;
                    }
                    (409 | 422, _) => number += 1,
                    (503, _) if !self.present.is_empty() => self.make_room()?,
                    (503, _) if waits_for_room < MAX_WAITS => {
                        waits_for_room += 1;
                        self.room.wait(refused.again.unwrap_or_default())?;
                    }
                    _ => {
                        return Err(Halt::Failed(format!(
                            "The room at {} lets nobody in: {}",
                            self.room.address(),
                            refused.sentence
                        )));
                    }
                },
            }
        }
        self.names.turn_away(who);
        Ok(false)
    }

    fn log_in(&mut self, name: &str) -> Result<Heard<Session>, Halt> {
        let login = match &self.key {
            Some(key) => serde_json::json!({"name": name, "key": key}),
            None => serde_json::json!({"name": name}),
        };
        self.room.ask(&ClientRequest {
            method: "POST",
            path: SESSION,
            fields: &[("Content-Type", "application/json")],
            body: login.to_string().as_bytes(),
            ..ClientRequest::default()
        })
    }

    /// Makes `who` present by the session that the room gave.
    fn admit(&mut self, who: &str, session: Session) -> Result<(), Halt> {
        // The token goes into the head of every request.
        let usable = session.token.bytes().all(|b| b.is_ascii_graphic());
        if !usable || !(1..=MAX_TOKEN).contains(&session.token.len()) {
            return Err(Halt::Failed(format!(
                "The server at {} does not behave like a chatroom. Check the address and the port.",
                self.room.address()
            )));
        }
        self.summary.joined += 1;
        self.actions += 1;
        if self.names.give(who, &session.name) {
            let renamed = (who.to_string(), session.name.clone());
            self.summary.renamed.push(renamed);
        }
        let member = Actor {
            number: self.actions,
            token: session.token,
            name: session.name,
            active: self.actions,
        };
        self.listeners.listen(member.number, &member.token);
        self.present.insert(who.to_string(), member);
        Ok(())
    }

    fn key_refused(&self, refused: &RoomRefusal) -> Halt {
        let address = self.room.address();
        Halt::Failed(match (refused.error.as_str(), &self.key) {
            ("key_required" | "key_wrong", None) => format!(
                "The room at {address} has a key. Ask the operator for it, and give it in \
                 a file (--key-file FILE) or in the environment variable CHATROOM_KEY."
            ),
            ("key_wrong", Some(_)) => format!(
                "The room at {address} does not accept this key. Ask the operator, and \
                 try again."
            ),
            _ => format!("The room at {address} lets nobody in: {}", refused.sentence),
        })
    }

    /// Makes room for another: the member who was silent longest leaves.
    fn make_room(&mut self) -> Result<(), Halt> {
        let idle = self.present.iter().min_by_key(|(_, member)| member.active);
        let Some(who) = idle.map(|(who, _)| who.clone()) else {
            return Ok(());
        };
        if self.summary.made_room == 0 {
            self.room.tell(&format!(
                "This log has more people at once than the room allows ({}). Whoever was silent \
                 longest leaves, and comes back to speak.",
                self.present.len()
            ));
        }
        self.summary.made_room += 1;
        self.leave(&who)
    }

    /// Lets `who` leave, if present.
    ///
    /// # Errors
    /// The run cannot continue.
    pub(super) fn leave(&mut self, who: &str) -> Result<(), Halt> {
        let Some(member) = self.present.get(who) else {
            return Ok(());
        };
        let token = member.token.clone();
        // Whatever the answer is, the token's owner has left.
        self.room.ask::<()>(&log_off(&token))?;
        self.remove(who);
        Ok(())
    }

    /// Lets everyone leave.
    ///
    /// # Errors
    /// The run cannot continue.
    pub(super) fn all_leave(&mut self) -> Result<(), Halt> {
        for who in self.in_order() {
            self.leave(&who)?;
        }
        Ok(())
    }

    /// Lets everyone leave at the end of the run, without waiting for a room that is away.
    pub(super) fn leave_at_end(&mut self) {
        let until = Instant::now() + LEAVE_TIMEOUT;
        for who in self.in_order() {
            let Some(member) = self.present.get(&who) else {
                continue;
            };
            let token = member.token.clone();
            if self.room.ask_until(&log_off(&token), until).is_err() {
                break;
            }
            self.remove(&who);
        }
        self.summary.stranded = self.present.len();
    }

    /// Forgets a member whose session the room has ended.
    fn drop_session(&mut self, who: &str) {
        if let Some(member) = self.remove(who) {
            self.room.tell(&format!(
                "The room has ended the session of {}, who comes in again.",
                escaped(&member.name)
            ));
        }
    }

    /// Ends the run and returns its summary.
    pub(super) fn end(mut self, took: Duration) -> Summary {
        self.summary.people = self.names.size();
        self.summary.turned_away.0 = self.names.turned_away();
        self.summary.took = took;
        self.summary
    }

    /// Counts `who` as having left; `None` if not present.
    fn remove(&mut self, who: &str) -> Option<Actor> {
        let member = self.present.remove(who)?;
        self.listeners.forget(member.number);
        self.summary.left += 1;
        Some(member)
    }

    /// The people present, in the order of their arrival.
    fn in_order(&self) -> Vec<String> {
        let present = self.present.iter();
        let present: BTreeMap<_, _> = present.map(|(who, member)| (member.number, who)).collect();
        present.into_values().cloned().collect()
    }
}

fn log_off(token: &str) -> ClientRequest<'_> {
    ClientRequest {
        method: "DELETE",
        path: SESSION,
        token: Some(token),
        ..ClientRequest::default()
    }
}

/// The failure of a system call that every program needs.
fn not_given(error: &std::io::Error) -> Failure {
    Failure::new(format!(
        "The replay cannot start what it needs: {}. Close some programs and try again.",
        reason(error)
    ))
}
