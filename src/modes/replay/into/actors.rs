//! The people of the log while they are in the room: they join, post and leave.
//!
//! Invariant: everyone in [`Actors`] is known to the room by the token here, and leaves before the value is
//! dropped.

mod posting;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use super::listeners::Listeners;
use super::room_names::{MOST_NAMES, RoomNames};
use super::summary::Summary;
use super::target_room::{Halt, Reply, RoomRefusal, TargetRoom};
use crate::event::MAX_TEXT;
use crate::failure::{Failure, reason};
use crate::http::exchange::ClientRequest;
use crate::line::escaped;
use crate::system::limits;
use crate::wire::Session;
use crate::wire::endpoint::SESSION;

/// Members at once, at most: each has a connection of its own.
const MOST_PRESENT: u64 = 1_000;
/// File descriptors that are kept for everything else.
const SPARE: u64 = 32;
/// The time within which all must have left at the end.
const LEAVING: Duration = Duration::from_secs(10);
/// The longest accepted token, in bytes.
const MAX_TOKEN: usize = 4096;
/// Waits for a full room in which none of ours is present, at most.
const MOST_WAITS: usize = 4;

/// A person of the log who is in the room.
struct Actor {
    /// Their number, in the order of arrival.
    number: u64,
    token: String,
    name: String,
    /// The number of their newest action, counted over all.
    active: u64,
}

pub(super) struct Actors {
    pub room: TargetRoom,
    pub summary: Summary,
    key: Option<String>,
    listeners: Listeners,
    names: RoomNames,
    /// The present ones, by their names in the log.
    here: HashMap<String, Actor>,
    most_present: usize,
    most_text: usize,
    /// A random prefix that distinguishes the keys of this run from those of any other.
    run: String,
    deeds: u64,
    messages: u64,
}

impl Actors {
    /// Nobody yet, in that room, which may have a key.
    ///
    /// # Errors
    /// The system gives no thread or no random numbers.
    pub(super) fn new(room: TargetRoom, key: Option<String>) -> Result<Actors, Failure> {
        let mut random = [0; 8];
        getrandom::fill(&mut random)
            .map_err(|error| not_given(&std::io::Error::other(error.to_string())))?;
        let listeners = Listeners::start(room.address()).map_err(|error| not_given(&error))?;
        let descriptors = limits::open_files();
        let most = descriptors.saturating_sub(SPARE).clamp(1, MOST_PRESENT);
        Ok(Actors {
            room,
            summary: Summary::default(),
            key,
            listeners,
            names: RoomNames::new(),
            here: HashMap::new(),
            most_present: usize::try_from(most).unwrap_or(1),
            most_text: MAX_TEXT,
            run: format!("{:016x}", u64::from_be_bytes(random)),
            deeds: 0,
            messages: 0,
        })
    }

    /// The number of people present.
    pub(super) fn present(&self) -> usize {
        self.here.len()
    }

    /// Lets `who` join, unless present; returns whether they are present then.
    ///
    /// # Errors
    /// The run cannot continue.
    pub(super) fn come(&mut self, who: &str) -> Result<bool, Halt> {
        if self.here.contains_key(who) {
            return Ok(true);
        }
        if self.names.is_turned_away(who) {
            return Ok(false);
        }
        while self.here.len() >= self.most_present {
            self.make_room()?;
        }
        let mut number = 0;
        let (mut waits, mut held) = (0, false);
        while number < MOST_NAMES {
            let Some(name) = self.names.candidate(who, number) else {
                number += 1;
                continue;
            };
            let login = match &self.key {
                Some(key) => serde_json::json!({"name": name, "key": key}),
                None => serde_json::json!({"name": name}),
            };
            let heard = self.room.ask::<Session>(&ClientRequest {
                method: "POST",
                path: SESSION,
                fields: &[("Content-Type", "application/json")],
                body: login.to_string().as_bytes(),
                ..ClientRequest::default()
            })?;
            match heard.reply {
                Reply::Done(session) => return self.is_in(who, session).map(|()| true),
                Reply::Refused(refused) => match (refused.status, refused.error.as_str()) {
                    (401, _) => return Err(self.key_refused(&refused)),
                    // Tries the same name again, under the limit that is now known.
                    (422, "name_too_long") if self.names.learn_limit(refused.limit) => (),
                    // The name may be held for a session of ours, whose answer was lost or which has ended.
                    // It is free again soon.
                    (409, "name_taken")
                        if !held
                            && refused.again.is_some()
                            && (heard.doubt || self.names.has(who)) =>
                    {
                        held = true;
                        self.room.wait(refused.again.unwrap_or_default())?;
                    }
                    (409 | 422, _) => number += 1,
                    (503, _) if !self.here.is_empty() => self.make_room()?,
                    (503, _) if waits < MOST_WAITS => {
                        waits += 1;
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

    fn is_in(&mut self, who: &str, session: Session) -> Result<(), Halt> {
        // The token goes into the head of every request.
        let usable = session.token.bytes().all(|b| b.is_ascii_graphic());
        if !usable || !(1..=MAX_TOKEN).contains(&session.token.len()) {
            return Err(Halt::Failed(format!(
                "The server at {} does not behave like a chatroom. Check the address and the port.",
                self.room.address()
            )));
        }
        self.summary.joined += 1;
        self.deeds += 1;
        if self.names.give(who, &session.name) {
            let renamed = (who.to_string(), session.name.clone());
            self.summary.renamed.push(renamed);
        }
        let member = Actor {
            number: self.deeds,
            token: session.token,
            name: session.name,
            active: self.deeds,
        };
        self.listeners.listen(member.number, &member.token);
        self.here.insert(who.to_string(), member);
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

    /// Lets the member leave who was silent for longest, to make room for another.
    fn make_room(&mut self) -> Result<(), Halt> {
        let idle = self.here.iter().min_by_key(|(_, member)| member.active);
        let Some(who) = idle.map(|(who, _)| who.clone()) else {
            return Ok(());
        };
        if self.summary.made_room == 0 {
            self.room.tell(&format!(
                "This log has more people at once than the room allows ({}). Whoever was silent \
                 longest leaves, and comes back to speak.",
                self.here.len()
            ));
        }
        self.summary.made_room += 1;
        self.go(&who)
    }

    /// Lets `who` leave, if present.
    ///
    /// # Errors
    /// The run cannot continue.
    pub(super) fn go(&mut self, who: &str) -> Result<(), Halt> {
        let Some(member) = self.here.get(who) else {
            return Ok(());
        };
        let token = member.token.clone();
        // Whatever the answer is: the token's owner is gone then.
        self.room
            .ask::<()>(&goodbye(&token))
            .map(|_| self.is_gone(who))
    }

    /// Lets everyone leave.
    ///
    /// # Errors
    /// The run cannot continue.
    pub(super) fn all_go(&mut self) -> Result<(), Halt> {
        for who in self.in_order() {
            self.go(&who)?;
        }
        Ok(())
    }

    /// Lets everyone leave at the end, however it came, without waiting for a room that is away.
    pub(super) fn clear(&mut self) {
        let until = Instant::now() + LEAVING;
        for who in self.in_order() {
            let Some(member) = self.here.get(&who) else {
                continue;
            };
            let token = member.token.clone();
            if self.room.ask_until(&goodbye(&token), until).is_err() {
                break;
            }
            self.is_gone(&who);
        }
        self.summary.stranded = self.here.len();
    }

    /// Forgets a member whose session the room has ended.
    fn lose(&mut self, who: &str) {
        if let Some(member) = self.here.remove(who) {
            self.listeners.forget(member.number);
            self.summary.left += 1;
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

    fn is_gone(&mut self, who: &str) {
        if let Some(member) = self.here.remove(who) {
            self.listeners.forget(member.number);
            self.summary.left += 1;
        }
    }

    /// The present people in the order of their arrival.
    fn in_order(&self) -> Vec<String> {
        let here = self.here.iter();
        let here: BTreeMap<_, _> = here.map(|(who, member)| (member.number, who)).collect();
        here.into_values().cloned().collect()
    }
}

fn goodbye(token: &str) -> ClientRequest<'_> {
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
