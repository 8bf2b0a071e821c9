//! The scribe turns commands into lines.
//!
//! What always holds: a line is a pure function of the scribe's state, a clock reading and a
//! command. No clock, socket or file is touched here, so a replica or a simulator that is given the
//! same readings writes the same bytes.
//!
//! Lines are recorded in batches. Until [`Scribe::keep`] is called they are provisional, and
//! [`Scribe::undo`] makes as if they had never been asked for.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::event::{Body, Elapsed, Event, Id, LogId, Stamp};
use crate::journal::LogRange;
use crate::line::{self, Fields};
use crate::wire::Said;

use super::clock::Clock;
use crate::modes::server::room::order::{Command, Mark, PastKeys, Reading, Speaker, Verdict};

use super::keys::{Keys, Limits};

/// The number of guests whose last message is remembered, for the elapsed time of the next one. Beyond it
/// those go whose last messages are the oldest.
const MAX_GUESTS: usize = 4_096;
/// The least number of guests that are forgotten at once.
const FORGOTTEN: usize = 256;

/// The state that lines are made from.
#[derive(Debug)]
pub struct Scribe {
    log: LogId,
    /// The source of the lines' times.
    pub clock: Clock,
    spoke: HashMap<Speaker, Spoke>,
    /// The number of guests among them.
    guests: usize,
    /// The number of the newest turn.
    turns: u64,
    keys: Keys,
    /// The log is still being read back for keys.
    reading_back: bool,
    undo: Vec<Undo>,
}

/// The last time that a speaker spoke.
#[derive(Clone, Copy, Debug)]
struct Spoke {
    at: Duration,
    /// The number of times that anybody had spoken before.
    turn: u64,
}

#[derive(Debug)]
enum Undo {
    Spoke(Speaker, Option<Spoke>),
}

impl Scribe {
    /// A scribe for the log, whose latest line has the time `last`.
    pub fn new(log: LogId, last: Stamp) -> Scribe {
        Scribe {
            log,
            clock: Clock::new(last),
            spoke: HashMap::new(),
            guests: 0,
            turns: 0,
            keys: Keys::new(Limits::default()),
            reading_back: false,
            undo: Vec::new(),
        }
    }

    /// A scribe with other limits to the keys that are known.
    #[cfg(test)]
    pub fn limited(self, limits: Limits) -> Scribe {
        let keys = Keys::new(limits);
        Scribe { keys, ..self }
    }

    /// The scribe of a log that is still to be read back: a key that it does not know may be there.
    pub fn reading_back(self) -> Scribe {
        Scribe {
            reading_back: true,
            ..self
        }
    }

    /// Takes keys that an earlier run wrote, the newest first, so that a repeat is still recognised.
    /// `end` is where the log ends now.
    pub fn recall(&mut self, past: &PastKeys, end: u64) {
        for old in &past.keys {
            self.keys.recall(old, end);
        }
        self.reading_back &= !past.all;
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
        let (mut stored, mut is_message) = (None, false);
        let mut fields = Fields::default();
        let body = match command {
            Command::Join(session, name, mark) => {
                fields = mark.joined();
                self.set_spoke(Speaker::Session(session), Some(now.mono));
                Body::Join { name }
            }
            Command::Leave(session, name, ended) => {
                self.set_spoke(Speaker::Session(session), None);
                fields = ended.map(Mark::ended).unwrap_or_default();
                Body::Leave { name }
            }
            Command::End(mark, name) => {
                fields = mark.ended();
                let text = format!("An earlier session of {name} was ended.");
                Body::Notice { text }
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
                        None if self.reading_back => return Verdict::NotYet,
                        None => stored = Some((from.clone(), key.clone(), hash(&text))),
                    }
                }
                is_message = true;
                let before = self.spoke.get(&speaker).map_or(now.mono, |spoke| spoke.at);
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
        let checksum = line::to_line_with(&Event { at, body }, &fields, out);
        let id = Id {
            log: self.log,
            offset,
            check: line::check_from(checksum),
        };
        let said = Said { id, at, elapsed };
        match stored {
            Some((from, key, text)) => self.keys.insert(&from, &key, said, text),
            None if is_message => self.keys.pass(),
            None => (),
        }
        Verdict::Recorded(said)
    }

    /// Takes lines that another server appended: their keys and their times. They are to be kept.
    pub fn apply(&mut self, range: &LogRange) {
        for (offset, text) in range.lines() {
            let Ok(event) = line::parse_line(text) else {
                continue;
            };
            let (at, check) = (event.at, line::check_of(text));
            self.clock.apply(at);
            let Body::Message {
                from,
                elapsed,
                text,
                key,
            } = event.body
            else {
                continue;
            };
            let log = self.log;
            let id = Id { log, offset, check };
            match key {
                Some(key) if self.keys.get(&from, &key).is_none() => {
                    let said = Said { id, at, elapsed };
                    self.keys.insert(&from, &key, said, hash(&text));
                }
                _ => self.keys.pass(),
            }
        }
    }

    /// Makes the lines recorded since the last call final: they are in the log, which ends at `end`.
    pub fn keep(&mut self, end: u64) {
        self.undo.clear();
        if self.guests > MAX_GUESTS {
            self.forget_guests();
        }
        self.clock.keep();
        self.keys.keep(end);
    }

    /// The lines recorded since the last [`Scribe::keep`] are not in the log.
    pub fn undo(&mut self) {
        while let Some(step) = self.undo.pop() {
            match step {
                Undo::Spoke(speaker, Some(at)) => drop(self.spoke.insert(speaker, at)),
                Undo::Spoke(speaker, None) => {
                    self.spoke.remove(&speaker);
                    self.guests -= usize::from(matches!(speaker, Speaker::Guest(_)));
                }
            }
        }
        self.keys.undo();
        self.clock.undo();
    }

    fn set_spoke(&mut self, speaker: Speaker, at: Option<Duration>) {
        self.turns += 1;
        let turn = self.turns;
        let before = match at {
            Some(at) => self.spoke.insert(speaker.clone(), Spoke { at, turn }),
            None => self.spoke.remove(&speaker),
        };
        self.guests += usize::from(before.is_none() && matches!(speaker, Speaker::Guest(_)));
        self.undo.push(Undo::Spoke(speaker, before));
    }

    /// Forgets the guests that have been quiet the longest: a few at once, since finding them takes a look
    /// at all.
    fn forget_guests(&mut self) {
        let count = FORGOTTEN.max(self.guests - MAX_GUESTS);
        let is_guest = |speaker: &Speaker| matches!(speaker, Speaker::Guest(_));
        let all = self.spoke.iter().filter(|(speaker, _)| is_guest(speaker));
        let mut turns: Vec<u64> = all.map(|(_, spoke)| spoke.turn).collect();
        let (_, newest_gone, _) = turns.select_nth_unstable(count - 1);
        let newest_gone = *newest_gone;
        self.spoke
            .retain(|speaker, spoke| !is_guest(speaker) || spoke.turn > newest_gone);
        self.guests -= count;
    }
}

/// The hash of a text, by which a repeat is recognised.
pub fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Key;
    use crate::modes::server::room::order::OldKey;

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
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn elapsed_is_since_the_senders_previous_message_or_the_join() {
        let mut scribe = Scribe::new(LOG, at(0).wall);
        let out = &mut Vec::new();
        scribe.record(
            Command::Join([1; 16], "name1".into(), Mark(1)),
            at(100),
            0,
            out,
        );
        scribe.record(
            Command::Join([2; 16], "name2".into(), Mark(2)),
            at(105),
            0,
            out,
        );
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
        // After a restart it is not known yet; the keys of before are found by `recall`.
        let mut again = Scribe::new(LOG, at(0).wall).reading_back();
        let repeat = |scribe: &mut Scribe| {
            scribe.record(
                say(1, "a", Some("k")),
                at(3),
                length as u64,
                &mut Vec::new(),
            )
        };
        assert_eq!(repeat(&mut again), Verdict::NotYet);
        let unkeyed = again.record(say(1, "a", None), at(3), 0, out);
        assert!(matches!(unkeyed, Verdict::Recorded(_)));
        let key = OldKey {
            from: "name1".into(),
            key: Key::new("k").expect("a key"),
            said: first,
            text: hash("a"),
            after: 0,
            offset: 0,
        };
        let keys = vec![key];
        again.recall(&PastKeys { keys, all: false }, length as u64);
        assert_eq!(repeat(&mut again), Verdict::Repeat(first));
        let other = |scribe: &mut Scribe| {
            scribe.record(say(1, "a", Some("other")), at(3), 0, &mut Vec::new())
        };
        assert_eq!(other(&mut again), Verdict::NotYet);
        let keys = Vec::new();
        again.recall(&PastKeys { keys, all: true }, length as u64);
        assert!(matches!(other(&mut again), Verdict::Recorded(_)));
    }

    #[test]
    fn undo_is_as_if_nothing_had_been_asked() {
        let mut scribe = Scribe::new(LOG, at(0).wall);
        let out = &mut Vec::new();
        scribe.record(say(1, "a", Some("k1")), at(10), 0, out);
        scribe.keep(0);
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

    #[test]
    fn of_too_many_guests_those_go_that_have_been_quiet_the_longest() {
        let mut scribe = Scribe::new(LOG, at(0).wall);
        let mut elapsed = |guest: usize, second| {
            let name = format!("guest{guest}");
            let command = Command::Say {
                speaker: Speaker::Guest(name.clone()),
                from: name,
                text: "x".into(),
                key: None,
            };
            let said = said(scribe.record(command, at(second), 0, &mut Vec::new()));
            scribe.keep(0);
            said.elapsed
        };
        for guest in 0..MAX_GUESTS {
            assert_eq!(elapsed(guest, 100), Elapsed(0));
        }
        assert_eq!(elapsed(0, 110), Elapsed(10));
        assert_eq!(elapsed(MAX_GUESTS, 120), Elapsed(0), "one too many");
        assert_eq!(elapsed(0, 130), Elapsed(20));
        assert_eq!(elapsed(MAX_GUESTS, 130), Elapsed(10));
        for guest in FORGOTTEN + 1..MAX_GUESTS {
            assert_eq!(elapsed(guest, 140), Elapsed(40), "{guest}");
        }
        for guest in 1..=FORGOTTEN - 1 {
            assert_eq!(elapsed(guest, 150), Elapsed(0), "it was quiet the longest");
        }
        assert_eq!(scribe.guests, MAX_GUESTS);
        assert_eq!(scribe.spoke.len(), MAX_GUESTS);
    }

    #[test]
    fn nothing_is_left_of_a_guest_whose_message_was_not_stored() {
        let mut scribe = Scribe::new(LOG, at(0).wall);
        let guest = |name: &str| Command::Say {
            speaker: Speaker::Guest(name.into()),
            from: name.into(),
            text: "x".into(),
            key: None,
        };
        let out = &mut Vec::new();
        scribe.record(guest("ann"), at(10), 0, out);
        scribe.record(guest("ann"), at(20), 0, out);
        scribe.keep(0);
        scribe.record(guest("ann"), at(30), 0, out);
        scribe.record(guest("bob"), at(30), 0, out);
        scribe.undo();
        scribe.keep(0);
        assert_eq!((scribe.spoke.len(), scribe.guests), (1, 1));
        let again = said(scribe.record(guest("ann"), at(40), 0, out));
        assert_eq!(again.elapsed, Elapsed(20));
        scribe.keep(0);
        assert_eq!((scribe.spoke.len(), scribe.guests), (1, 1));
    }
}
