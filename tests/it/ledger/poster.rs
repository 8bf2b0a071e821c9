//! A poster: a member that posts messages and repeats each with the same key until it is answered.

use std::io;
use std::time::Duration;

use chatroom::wire::{Said, Session};

use super::book::{Entry, Fate};
use super::chance::Chance;
use super::load::Run;
use super::speak::{Reply, Speaker, request};

/// The wait before another attempt where the server is away or names no time.
const SOON: Duration = Duration::from_millis(5);

/// The habits of posters; the numbers are messages in a thousand.
#[derive(Clone, Debug)]
pub struct Habits {
    /// The most messages of each poster.
    pub messages: usize,
    /// The wait after each message.
    pub pause: Duration,
    /// The connection is closed once the request is sent, the answer unread.
    pub hang_up: u32,
    /// The connection is closed when the answer is there, and still unread.
    pub hang_up_late: u32,
    /// The same key goes out on two connections at once.
    pub twice: u32,
    /// An acknowledged message is repeated.
    pub again: u32,
    /// Something goes out that must be refused.
    pub bad: u32,
    /// A message that was refused ("nothing was stored") is never said again.
    pub give_up: u32,
    /// A text is long.
    pub long: u32,
    /// The longest wait, whatever the server asks for.
    pub longest_wait: Duration,
}

impl Default for Habits {
    fn default() -> Habits {
        Habits {
            messages: usize::MAX,
            pause: Duration::ZERO,
            hang_up: 20,
            hang_up_late: 20,
            twice: 20,
            again: 20,
            bad: 10,
            give_up: 500,
            long: 10,
            longest_wait: Duration::MAX,
        }
    }
}

/// One of them.
pub struct Poster<'a> {
    run: &'a Run,
    name: String,
    habits: Habits,
    chance: Chance,
    count: usize,
    token: Option<String>,
    connection: Option<Speaker>,
}

/// The decision after an attempt: done, or again after a wait.
enum Next {
    Done,
    Again(Duration),
}

impl<'a> Poster<'a> {
    /// A poster of this name.
    pub fn new(run: &'a Run, name: String, habits: Habits, chance: Chance) -> Poster<'a> {
        Poster {
            run,
            name,
            habits,
            chance,
            count: 0,
            token: None,
            connection: None,
        }
    }

    /// Posts until it is to stop.
    pub fn run(mut self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        while self.count < self.habits.messages && !self.run.stops() {
            self.count += 1;
            let mut entry = self.message();
            self.insist(&mut entry);
            if self.chance.happens(self.habits.bad) && entry.acknowledged().is_some() {
                let bad = self.misbehave(&entry);
                entries.extend(bad);
            }
            entries.push(entry);
            self.run.wait(self.habits.pause);
        }
        entries
    }

    /// A unique text with difficult characters.
    fn message(&mut self) -> Entry {
        let odd = [
            "",
            " ",
            "\n",
            "\t",
            "\\n",
            "]: ",
            "ü",
            "\u{202e}",
            "\0",
            "👩‍👩‍👧‍👦",
        ];
        let mut text = format!("{} {}", self.name, self.count);
        for _ in 0..self.chance.below(4) {
            text.push_str(self.chance.one_of::<&str>(&odd));
            text.push_str("words");
        }
        if self.chance.happens(self.habits.long) {
            text.push_str(&"x".repeat(self.chance.below(12_000) as usize));
        }
        Entry {
            from: self.name.clone(),
            key: Some(format!("{}-{}", self.name, self.count)),
            text,
            bad: false,
            fates: Vec::new(),
        }
    }

    fn insist(&mut self, entry: &mut Entry) {
        while !self.run.gives_up() {
            let attempt = self.attempt(entry);
            if let Some(Fate::Refused(status, _)) = entry.fates.last() {
                self.run.refused(*status);
            }
            if let Some(id) = entry.acknowledged() {
                self.run.acknowledged(id);
                if self.chance.happens(self.habits.again) {
                    // The outcome is that of a repeat, and any error is allowed.
                    let _ = self.plainly(entry);
                }
                return;
            }
            match attempt {
                Ok(Next::Done) => return,
                Ok(Next::Again(wait)) => self.run.wait(wait.min(self.habits.longest_wait)),
                Err(_) => {
                    self.connection = None;
                    self.run.wait(SOON);
                }
            }
            let refused =
                matches!(entry.fates.last(), Some(Fate::Refused(status, _)) if *status != 401);
            if refused && self.chance.happens(self.habits.give_up) {
                return;
            }
        }
    }

    fn attempt(&mut self, entry: &mut Entry) -> io::Result<Next> {
        if let Some(wait) = self.log_in()? {
            return Ok(Next::Again(wait));
        }
        // Chance decides only about the first attempts, so that every message is finished some time.
        let first = entry.fates.len() < 2;
        if first && self.chance.happens(self.habits.twice) {
            self.both_at_once(entry)
        } else if first && self.chance.happens(self.habits.hang_up) {
            self.send(entry)?;
            self.connection = None;
            Ok(Next::Again(Duration::ZERO))
        } else if first && self.chance.happens(self.habits.hang_up_late) {
            self.send(entry)?;
            let came = self.connection()?.answer_came();
            self.connection = None;
            came.map(|()| Next::Again(Duration::ZERO))
        } else {
            self.plainly(entry)
        }
    }

    fn plainly(&mut self, entry: &mut Entry) -> io::Result<Next> {
        self.send(entry)?;
        let reply = self.connection()?.reply()?;
        Ok(self.judge(entry, &reply))
    }

    fn both_at_once(&mut self, entry: &mut Entry) -> io::Result<Next> {
        let bytes = self.request(entry);
        let mut other = Speaker::connect(&self.run.address)?;
        self.send(entry)?;
        entry.fates.push(Fate::Unknown);
        let sent = other.send(&bytes);
        let mine = self.connection()?.reply();
        let others = sent.and_then(|()| other.reply());
        let both = entry.fates.len() - 2;
        let mut next = Next::Again(Duration::ZERO);
        if let Ok(reply) = &others {
            next = self.judge_at(entry, both + 1, reply);
        }
        match mine {
            Ok(reply) => next = self.judge_at(entry, both, &reply),
            Err(_) => self.connection = None,
        }
        Ok(next)
    }

    /// Sends the message, whose outcome is unknown until it is answered.
    fn send(&mut self, entry: &mut Entry) -> io::Result<()> {
        let bytes = self.request(entry);
        let connection = self.connection()?;
        entry.fates.push(Fate::Unknown);
        connection.send(&bytes)
    }

    fn request(&self, entry: &Entry) -> Vec<u8> {
        let token = self.token.as_deref().unwrap_or_default();
        let bearer = format!("Bearer {token}");
        let mut fields = vec![("Authorization", &*bearer)];
        fields.extend(entry.key.as_deref().map(|key| ("Idempotency-Key", key)));
        request("POST", "/messages", &fields, entry.text.as_bytes())
    }

    fn judge(&mut self, entry: &mut Entry, reply: &Reply) -> Next {
        self.judge_at(entry, entry.fates.len() - 1, reply)
    }

    /// Records the outcome of one attempt from its answer.
    fn judge_at(&mut self, entry: &mut Entry, attempt: usize, reply: &Reply) -> Next {
        if reply.field("connection") == Some("close") {
            self.connection = None;
        }
        let wait = reply.retry_after();
        let word = reply.word();
        entry.fates[attempt] = match reply.status {
            200 | 201 => match serde_json::from_slice::<Said>(&reply.body) {
                Ok(said) => Fate::Acknowledged(reply.status, said.id),
                Err(_) => Fate::Unknown,
            },
            503 if word == "unknown" => Fate::Unknown,
            status => Fate::Refused(status, word),
        };
        match reply.status {
            200 | 201 => Next::Done,
            401 => {
                self.token = None;
                Next::Again(Duration::ZERO)
            }
            400 | 409 | 413 | 422 => Next::Done,
            _ => Next::Again(wait.unwrap_or(SOON)),
        }
    }

    fn connection(&mut self) -> io::Result<&mut Speaker> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => Speaker::connect(&self.run.address)?,
        };
        Ok(self.connection.insert(connection))
    }

    /// Logs in if there is no token; returns the wait if the room does not give one now.
    fn log_in(&mut self) -> io::Result<Option<Duration>> {
        if self.token.is_some() {
            return Ok(None);
        }
        let bytes = request("POST", "/session", &[], self.name.as_bytes());
        let connection = self.connection()?;
        connection.send(&bytes)?;
        let reply = connection.reply()?;
        match serde_json::from_slice::<Session>(&reply.body) {
            Ok(session) if reply.status == 201 => {
                self.token = Some(session.token);
                Ok(None)
            }
            _ => {
                self.connection = None;
                Ok(Some(reply.retry_after().unwrap_or(SOON)))
            }
        }
    }

    /// Posts a message that must be refused and must never be seen.
    fn misbehave(&mut self, good: &Entry) -> Option<Entry> {
        let mut entry = self.message();
        entry.text.push_str(" bad");
        entry.bad = true;
        match self.chance.below(3) {
            0 => entry.key = good.key.clone(),
            1 => entry.key = Some(format!("{} {}", self.name, self.count)),
            _ => entry.text.push_str(&"x".repeat(17_000)),
        }
        self.plainly(&mut entry).ok()?;
        Some(entry)
    }
}

impl Entry {
    /// The id it was acknowledged under.
    pub fn acknowledged(&self) -> Option<chatroom::event::Id> {
        self.fates.iter().find_map(|fate| match fate {
            Fate::Acknowledged(_, id) => Some(*id),
            _ => None,
        })
    }
}
