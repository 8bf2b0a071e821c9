//! The re-enactment: every nick of a day becomes a client of the room that logs in under a name
//! the room allows, says what it said, in the order of the file, and logs out at the end.
//!
//! What always holds: a message is posted only after the one before it was answered, so the
//! order in the room's log must be that of the file.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use chatroom::event::Id;
use chatroom::wire::{Refusal, Said as Stored, Session};
use unicode_segmentation::UnicodeSegmentation;

use super::client::{Answer, Client, NoAnswer};
use super::day::Day;

/// The name for a nick of which nothing is left that a room allows.
const NOBODY: &str = "guest";
/// So many names are tried for one nick.
const MOST_NAMES: usize = 500;
/// So often one message is tried while the room says that it is too much or too full.
const MOST_TRIES: usize = 100;

/// Why a re-enactment ended early.
#[derive(Debug)]
pub enum Stopped {
    /// The room did not answer.
    NoAnswer(NoAnswer),
    /// The room let a nick in under no name that was tried.
    NoName(String, String),
    /// The room said something that the wire does not have.
    Unexpected(String),
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stopped::NoAnswer(error) => error.fmt(f),
            Stopped::NoName(nick, why) => write!(f, "{nick} is not let in under any name: {why}"),
            Stopped::Unexpected(what) => write!(f, "the room answered unexpectedly: {what}"),
        }
    }
}

impl std::error::Error for Stopped {}

impl From<NoAnswer> for Stopped {
    fn from(error: NoAnswer) -> Stopped {
        Stopped::NoAnswer(error)
    }
}

/// A message that the room took.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The name its speaker has in the room.
    pub name: String,
    /// What was said.
    pub text: String,
    /// The id that the room gave it.
    pub id: Id,
}

/// How it went.
#[derive(Debug, Default)]
pub struct Summary {
    /// The name in the room of each nick.
    pub names: HashMap<String, String>,
    /// What the room took, in order.
    pub posted: Vec<Posted>,
    /// How often each refusal came, by its status and word; those that were overcome too.
    pub refusals: BTreeMap<String, usize>,
    /// Messages that the room did not take.
    pub lost: usize,
    /// How long it took.
    pub duration: Duration,
}

impl Summary {
    /// Whether the room recorded the messages in the order in which they were said.
    pub fn in_order(&self) -> bool {
        self.posted.is_sorted_by(|a, b| a.id.offset < b.id.offset)
    }

    fn refused(&mut self, answer: &Answer) -> Refusal {
        let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_else(|_| Refusal {
            error: "unknown".to_string(),
            message: String::from_utf8_lossy(&answer.body).into_owned(),
            limit: None,
        });
        let word = format!("{} {}", answer.status, refusal.error);
        *self.refusals.entry(word).or_default() += 1;
        refusal
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.duration.as_secs_f64();
        let kept = self
            .names
            .iter()
            .filter(|(nick, name)| nick == name)
            .count();
        let (speakers, messages) = (self.names.len(), self.posted.len());
        writeln!(
            f,
            "speakers:  {speakers}, {kept} of them under their own nick"
        )?;
        writeln!(f, "messages:  {messages} taken, {} not", self.lost)?;
        let order = if self.in_order() {
            "as in the file"
        } else {
            "NOT that of the file"
        };
        writeln!(f, "order:     {order}")?;
        for (word, count) in &self.refusals {
            writeln!(f, "refusals:  {count} x {word}")?;
        }
        let rate = messages as f64 / seconds.max(1e-9);
        writeln!(f, "duration:  {seconds:.3} s, {rate:.0} messages a second")
    }
}

/// One nick of the day as a client of the room.
struct Speaker {
    client: Client,
    nick: String,
    bearer: String,
    name: String,
}

/// Re-enacts the day in the room at `address`; `speed` of `None` waits for nothing. `run` tells
/// the keys of this run from those of others.
///
/// # Errors
/// The room is not there, or lets somebody in under no name.
pub fn reenact(
    day: &Day,
    address: &str,
    speed: Option<f64>,
    run: &str,
) -> Result<Summary, Stopped> {
    let mut summary = Summary::default();
    let mut names = Names::default();
    let mut speakers: HashMap<&str, Speaker> = HashMap::new();
    let start = Instant::now();
    for (number, said) in day.said.iter().enumerate() {
        if let Some(speed) = speed {
            let due = Duration::try_from_secs_f64(said.at.as_secs_f64() / speed);
            thread::sleep(due.unwrap_or(Duration::MAX).saturating_sub(start.elapsed()));
        }
        if !speakers.contains_key(said.nick.as_str()) {
            let mut speaker = Speaker {
                client: Client::new(address),
                nick: said.nick.clone(),
                bearer: String::new(),
                name: String::new(),
            };
            speaker.log_in(&mut names, &mut summary)?;
            speakers.insert(&said.nick, speaker);
        }
        let Some(speaker) = speakers.get_mut(said.nick.as_str()) else {
            continue;
        };
        speaker.say(
            &said.text,
            &format!("{run}-{number}"),
            &mut names,
            &mut summary,
        )?;
    }
    for speaker in speakers.values_mut() {
        let bearer = [("Authorization", speaker.bearer.as_str())];
        let answer = speaker.client.ask("DELETE", "/session", &bearer, b"")?;
        if answer.status != 204 {
            summary.refused(&answer);
        }
    }
    summary.duration = start.elapsed();
    Ok(summary)
}

impl Speaker {
    fn log_in(&mut self, names: &mut Names, summary: &mut Summary) -> Result<(), Stopped> {
        let mut why = String::new();
        let mut plain = false;
        let mut counter = 0;
        for _ in 0..MOST_NAMES {
            let name = names.variant(&self.nick, counter, plain);
            counter += 1;
            if names.taken.contains(&name.to_lowercase()) {
                continue;
            }
            let answer = self.client.ask("POST", "/session", &[], name.as_bytes())?;
            if answer.status == 201 {
                let session: Session = serde_json::from_slice(&answer.body)
                    .map_err(|error| Stopped::Unexpected(error.to_string()))?;
                names.taken.insert(session.name.to_lowercase());
                summary
                    .names
                    .insert(self.nick.clone(), session.name.clone());
                self.bearer = format!("Bearer {}", session.token);
                self.name = session.name;
                return Ok(());
            }
            let refusal = summary.refused(&answer);
            match (answer.status, refusal.error.as_str()) {
                (429, _) => {
                    wait(&answer);
                    counter -= 1;
                }
                (422, "name_too_long") => match refusal.limit {
                    // The limit is the room's and now known: the same name, cut further.
                    Some(limit) if (limit as usize) < names.limit => {
                        names.limit = (limit as usize).max(1);
                        counter -= 1;
                    }
                    _ => plain = true,
                },
                // A counter may help (reserved names), or it is the characters.
                (422, _) => plain |= counter > 2,
                (409, _) => (),
                _ => return Err(Stopped::NoName(self.nick.clone(), refusal.message)),
            }
            why = refusal.message;
        }
        Err(Stopped::NoName(self.nick.clone(), why))
    }

    fn say(
        &mut self,
        text: &str,
        key: &str,
        names: &mut Names,
        summary: &mut Summary,
    ) -> Result<(), Stopped> {
        for _ in 0..MOST_TRIES {
            let headers = [
                ("Authorization", self.bearer.as_str()),
                ("Idempotency-Key", key),
            ];
            let answer = self
                .client
                .ask("POST", "/messages", &headers, text.as_bytes())?;
            if matches!(answer.status, 200 | 201) {
                let stored: Stored = serde_json::from_slice(&answer.body)
                    .map_err(|error| Stopped::Unexpected(error.to_string()))?;
                summary.posted.push(Posted {
                    name: self.name.clone(),
                    text: text.to_string(),
                    id: stored.id,
                });
                return Ok(());
            }
            summary.refused(&answer);
            match answer.status {
                429 | 503 => wait(&answer),
                // The session has ended, and the name may be somebody else's by now.
                401 => self.log_in(names, summary)?,
                _ => break,
            }
        }
        summary.lost += 1;
        Ok(())
    }
}

/// Waits as long as the room asks for.
fn wait(answer: &Answer) {
    let seconds = answer
        .header("retry-after")
        .and_then(|text| text.parse().ok());
    thread::sleep(Duration::from_secs(seconds.unwrap_or(1).min(60)));
}

/// Finds names that a room may allow.
struct Names {
    limit: usize,
    taken: HashSet<String>,
}

impl Default for Names {
    fn default() -> Names {
        Names {
            limit: 8,
            taken: HashSet::new(),
        }
    }
}

impl Names {
    /// The name to try for a nick, the first time or the `counter`th time after it; with `plain`
    /// only what no room refuses.
    fn variant(&self, nick: &str, counter: usize, plain: bool) -> String {
        let safe: String = nick
            .chars()
            .filter(|c| !plain || c.is_ascii_alphanumeric())
            .map(|c| {
                if "[]():".contains(c) || c.is_control() {
                    '-'
                } else {
                    c
                }
            })
            .collect();
        let safe = safe.trim();
        let safe = if safe.is_empty() { NOBODY } else { safe };
        let number = if counter == 0 {
            String::new()
        } else {
            counter.to_string()
        };
        let room = self.limit.saturating_sub(number.len()).max(1);
        let mut name: String = safe.graphemes(true).take(room).collect();
        name = name.trim_end().to_string();
        name + &number
    }
}
