//! The scribe turns commands into lines.
//!
//! What always holds: a line is a pure function of the scribe's state, a clock reading and a
//! command. No clock, socket or file is touched here, so a replica or a simulator that is given the
//! same readings writes the same bytes.
//!
//! Lines are recorded in batches. Until [`Scribe::keep`] is called they are provisional, and
//! [`Scribe::undo`] makes as if they had never been asked for.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::event::{Body, Elapsed, Event, Id, Key, LogId, Stamp};
use crate::line;
use crate::wire::Said;

use super::clock::Clock;

/// How many idempotency keys are remembered.
const MAX_KEYS: usize = 65_536;
/// How many speakers without a session are remembered for their elapsed time.
const MAX_GUESTS: usize = 4_096;

/// What a session is known by inside the server.
pub type SessionId = [u8; 16];

/// Who speaks, for the elapsed time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Speaker {
    /// A member.
    Session(SessionId),
    /// Somebody who posts without a session, by folded name.
    Guest(String),
}

/// What is to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A member comes in.
    Join(SessionId, String),
    /// A member leaves.
    Leave(SessionId, String),
    /// Somebody says something.
    Say {
        /// Who, for the elapsed time.
        speaker: Speaker,
        /// The name, as it is shown.
        from: String,
        /// What.
        text: String,
        /// What makes a repeat recognisable.
        key: Option<Key>,
    },
    /// The server stops.
    Close,
}

/// Both clocks, read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The wall clock, which may jump.
    pub wall: Stamp,
    /// Since the server's start, by a clock that never goes back.
    pub mono: Duration,
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has its line.
    Recorded(Said),
    /// It had been recorded before; nothing was written.
    Repeat(Said),
    /// Its key stands for another text; nothing was written.
    KeyReused,
}

/// The state that lines are made from.
#[derive(Debug)]
pub struct Scribe {
    log: LogId,
    /// What gives lines their times.
    pub clock: Clock,
    spoke: HashMap<Speaker, Duration>,
    keys: Keys,
    undo: Vec<Undo>,
}

#[derive(Debug)]
enum Undo {
    Spoke(Speaker, Option<Duration>),
    Key,
}

impl Scribe {
    /// A scribe for the log, whose latest line has the time `last`.
    pub fn new(log: LogId, last: Stamp) -> Scribe {
        Scribe {
            log,
            clock: Clock::new(last),
            spoke: HashMap::new(),
            keys: Keys::default(),
            undo: Vec::new(),
        }
    }

    /// Takes the key of a line that an earlier run wrote, so that a repeat is still recognised.
    pub fn remember(&mut self, offset: u64, text: &[u8]) {
        let id = Id {
            log: self.log,
            offset,
            check: line::check_of(text),
        };
        if let Ok(Event {
            at,
            body:
                Body::Message {
                    from,
                    elapsed,
                    text,
                    key: Some(key),
                },
        }) = line::parse_line(text)
        {
            self.keys
                .insert(from, key, Said { id, at, elapsed }, hash(&text));
        }
    }

    /// Appends the command's line, which will stand at `offset`, to `out`.
    pub fn record(
        &mut self,
        command: Command,
        now: Reading,
        offset: u64,
        out: &mut Vec<u8>,
    ) -> Verdict {
        let mut elapsed = Elapsed::default();
        let mut stored = None;
        let body = match command {
            Command::Join(session, name) => {
                self.set_spoke(Speaker::Session(session), Some(now.mono));
                Body::Join { name }
            }
            Command::Leave(session, name) => {
                self.set_spoke(Speaker::Session(session), None);
                Body::Leave { name }
            }
            Command::Close => Body::Closed,
            Command::Say {
                speaker,
                from,
                text,
                key,
            } => {
                if let Some(key) = &key {
                    match self.keys.get(&from, key) {
                        Some((said, same)) if same == hash(&text) => return Verdict::Repeat(said),
                        Some(_) => return Verdict::KeyReused,
                        None => stored = Some((from.clone(), key.clone(), hash(&text))),
                    }
                }
                let before = self.spoke.get(&speaker).copied().unwrap_or(now.mono);
                elapsed = Elapsed(now.mono.saturating_sub(before).as_secs());
                self.set_spoke(speaker, Some(now.mono));
                Body::Message {
                    from,
                    elapsed,
                    text,
                    key,
                }
            }
        };
        let at = self.clock.stamp(now);
        let checksum = line::to_line(&Event { at, body }, out);
        let id = Id {
            log: self.log,
            offset,
            check: (checksum >> 16) as u16,
        };
        let said = Said { id, at, elapsed };
        if let Some((from, key, text)) = stored {
            self.keys.insert(from, key, said, text);
            self.undo.push(Undo::Key);
        }
        Verdict::Recorded(said)
    }

    /// The lines recorded since the last call are in the log.
    pub fn keep(&mut self) {
        self.undo.clear();
        self.clock.keep();
        self.keys.forget_old();
        if self.spoke.len() > MAX_GUESTS {
            let guests = self
                .spoke
                .keys()
                .filter(|s| matches!(s, Speaker::Guest(_)))
                .count();
            if guests > MAX_GUESTS {
                self.spoke
                    .retain(|speaker, _| matches!(speaker, Speaker::Session(_)));
            }
        }
    }

    /// The lines recorded since the last [`Scribe::keep`] are not in the log.
    pub fn undo(&mut self) {
        while let Some(step) = self.undo.pop() {
            match step {
                Undo::Spoke(speaker, Some(at)) => drop(self.spoke.insert(speaker, at)),
                Undo::Spoke(speaker, None) => drop(self.spoke.remove(&speaker)),
                Undo::Key => self.keys.remove_newest(),
            }
        }
        self.clock.undo();
    }

    fn set_spoke(&mut self, speaker: Speaker, at: Option<Duration>) {
        let before = match at {
            Some(at) => self.spoke.insert(speaker.clone(), at),
            None => self.spoke.remove(&speaker),
        };
        self.undo.push(Undo::Spoke(speaker, before));
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The newest idempotency keys, each scoped to the name that used it.
#[derive(Debug, Default)]
struct Keys {
    known: HashMap<(String, Key), (Said, u64)>,
    order: VecDeque<(String, Key)>,
}

impl Keys {
    fn get(&self, from: &str, key: &Key) -> Option<(Said, u64)> {
        self.known.get(&(from.to_string(), key.clone())).copied()
    }

    fn insert(&mut self, from: String, key: Key, said: Said, text: u64) {
        let name = (from, key);
        if self.known.insert(name.clone(), (said, text)).is_none() {
            self.order.push_back(name);
        }
    }

    fn remove_newest(&mut self) {
        if let Some(name) = self.order.pop_back() {
            self.known.remove(&name);
        }
    }

    fn forget_old(&mut self) {
        while self.order.len() > MAX_KEYS {
            if let Some(name) = self.order.pop_front() {
                self.known.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: LogId = LogId(7);

    fn at(seconds: u64) -> Reading {
        Reading {
            wall: Stamp::from_micros(1_000_000 * seconds as i64),
            mono: Duration::from_secs(seconds),
        }
    }

    fn say(session: u8, text: &str, key: Option<&str>) -> Command {
        Command::Say {
            speaker: Speaker::Session([session; 16]),
            from: format!("name{session}"),
            text: text.into(),
            key: key.and_then(Key::new),
        }
    }

    fn said(verdict: Verdict) -> Said {
        match verdict {
            Verdict::Recorded(said) | Verdict::Repeat(said) => said,
            Verdict::KeyReused => panic!("the key was reused"),
        }
    }

    #[test]
    fn elapsed_is_since_the_senders_previous_message_or_the_join() {
        let mut scribe = Scribe::new(LOG, at(0).wall);
        let out = &mut Vec::new();
        scribe.record(Command::Join([1; 16], "name1".into()), at(100), 0, out);
        scribe.record(Command::Join([2; 16], "name2".into()), at(105), 0, out);
        assert_eq!(
            said(scribe.record(say(1, "a", None), at(117), 0, out)).elapsed,
            Elapsed(17)
        );
        assert_eq!(
            said(scribe.record(say(2, "b", None), at(120), 0, out)).elapsed,
            Elapsed(15)
        );
        assert_eq!(
            said(scribe.record(say(1, "c", None), at(138), 0, out)).elapsed,
            Elapsed(21)
        );
        let guest = Command::Say {
            speaker: Speaker::Guest("ci".into()),
            from: "ci".into(),
            text: "x".into(),
            key: None,
        };
        assert_eq!(
            said(scribe.record(guest.clone(), at(140), 0, out)).elapsed,
            Elapsed(0)
        );
        assert_eq!(
            said(scribe.record(guest, at(150), 0, out)).elapsed,
            Elapsed(10)
        );
    }

    #[test]
    fn a_repeat_gets_the_first_answer_and_another_text_is_told() {
        let mut scribe = Scribe::new(LOG, at(0).wall);
        let out = &mut Vec::new();
        let first = said(scribe.record(say(1, "a", Some("k")), at(1), 0, out));
        let length = out.len();
        assert_eq!(
            scribe.record(say(1, "a", Some("k")), at(2), length as u64, out),
            Verdict::Repeat(first)
        );
        assert_eq!(
            scribe.record(say(1, "b", Some("k")), at(2), length as u64, out),
            Verdict::KeyReused
        );
        assert_eq!(out.len(), length, "nothing more was written");
        assert!(matches!(
            scribe.record(say(2, "b", Some("k")), at(2), 0, out),
            Verdict::Recorded(_)
        ));
        // The same after a restart, from the log alone.
        let mut again = Scribe::new(LOG, at(0).wall);
        again.remember(0, &out[..length - 1]);
        assert_eq!(
            again.record(say(1, "a", Some("k")), at(3), length as u64, out),
            Verdict::Repeat(first)
        );
    }

    #[test]
    fn undo_is_as_if_nothing_had_been_asked() {
        let mut scribe = Scribe::new(LOG, at(0).wall);
        let out = &mut Vec::new();
        scribe.record(say(1, "a", Some("k1")), at(10), 0, out);
        scribe.keep();
        scribe.record(say(1, "b", Some("k2")), at(20), 0, out);
        scribe.record(say(1, "c", None), at(25), 0, out);
        scribe.undo();
        let again = said(scribe.record(say(1, "b", Some("k2")), at(30), 0, out));
        assert_eq!(again.elapsed, Elapsed(20));
        assert!(matches!(
            scribe.record(say(1, "a", Some("k1")), at(30), 0, out),
            Verdict::Repeat(_)
        ));
    }
}
