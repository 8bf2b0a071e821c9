//! Rooms with a history: logs as a room writes them, made by the library.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use chatroom::event::{Body, Elapsed, Event, Stamp};
use chatroom::line;

use support::program::Folder;
use support::server::Server;

/// The past of a room, as the lines of its log.
pub struct Past {
    at: Stamp,
    last: HashMap<String, Stamp>,
    bytes: Vec<u8>,
}

impl Past {
    /// The past of a room that was opened at this time.
    pub fn opened(at: Stamp, random: &str) -> Past {
        let mut past = Past::more(at);
        past.happens(Body::opened(
            concat!("chatroom ", env!("CARGO_PKG_VERSION")),
            random.to_string(),
        ));
        past
    }

    /// The past of a room that exists already, from this moment on.
    pub fn more(at: Stamp) -> Past {
        let (last, bytes) = (HashMap::new(), Vec::new());
        Past { at, last, bytes }
    }

    /// Time passes.
    pub fn pass(&mut self, time: Duration) {
        self.at = self.at.plus(time);
    }

    fn happens(&mut self, body: Body) {
        let at = self.at;
        line::to_line(&Event { at, body }, &mut self.bytes);
        // No two events have the same time.
        self.pass(Duration::from_millis(1));
    }

    /// Adds a message.
    pub fn said(&mut self, from: &str, text: &str) {
        let last = self.last.insert(from.to_string(), self.at);
        let elapsed = Elapsed(last.map_or(0, |last| self.at.since(last).as_secs()));
        self.happens(Body::message(from, text).elapsed(elapsed.0));
    }

    /// Adds a join.
    pub fn came(&mut self, name: &str) {
        let name = name.to_string();
        self.happens(Body::Join { name });
    }

    /// Adds what happened later.
    pub fn then(&mut self, later: Past) {
        self.bytes.extend(later.bytes);
        (self.at, self.last) = (later.at, later.last);
    }

    /// Starts a room with this past.
    pub fn room(self, args: &[&str]) -> Server {
        let folder = Arc::new(Folder::new());
        folder.file("log.txt", &self.bytes);
        Server::start_in(folder, "127.0.0.1:0", args)
    }

    /// Writes it into a log, replacing the content.
    pub fn replace(self, folder: &Folder) {
        folder.file("log.txt", &self.bytes);
    }

    /// Appends it to the log of a room that is not running.
    pub fn append(self, folder: &Folder) {
        let path = folder.path().join("log.txt");
        let mut log = OpenOptions::new().append(true).open(path).expect("the log");
        log.write_all(&self.bytes).expect("written");
    }
}

/// Noon, so many days ago.
pub fn noon(days_ago: i64) -> Stamp {
    const DAY: i64 = 86_400_000_000;
    let today = Stamp::now().micros() / DAY;
    Stamp::from_micros((today - days_ago) * DAY + DAY / 2)
}
