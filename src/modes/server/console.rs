//! The operator's view.
//!
//! A thread of its own writes the lines from a bounded queue: a terminal that blocks loses console
//! lines, whose number is shown, and never slows the room.
//!
//! A question to the operator is written by the same thread ([`Console::ask`]). While it stands, what is
//! said in the room is kept for afterwards, the newest of it, and a notice is written above it.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use crate::cli;
use crate::event::Stamp;
use crate::line;
use crate::supervisor::{Severity, marked};

/// The number of entries that wait for a slow terminal before more are lost.
const QUEUE: usize = 4_096;

/// The request that a message came in, for the console's block.
#[derive(Clone, Debug)]
pub struct ShownRequest {
    /// The head as it came.
    pub head: String,
    /// The task that served it.
    pub task: u64,
    /// The thread that the task ran on.
    pub thread: usize,
}

/// A line or block for the operator.
#[derive(Debug)]
pub enum Entry {
    /// A member came in.
    Connected(String),
    /// A member left.
    Offline(String),
    /// Somebody said something.
    Said {
        /// The time of the message.
        at: Stamp,
        /// The line's body, escapes and all.
        body: String,
        /// The text of the message.
        text: String,
        /// The request in which it came.
        request: Option<Box<ShownRequest>>,
    },
    /// A sentence that the operator must know.
    Notice(String),
}

/// An instruction to the thread that writes.
enum Instruction {
    Show(Entry),
    /// Asks this question, in place of the one before.
    Ask(&'static str),
    /// Keeps traffic while something else writes to the terminal.
    Pause,
    /// Writes what was kept, and from now on at once.
    GoOn,
}

/// A handle to the console; clones write to the same one.
#[derive(Clone, Debug)]
pub struct Console {
    level: cli::ConsoleLevel,
    queue: SyncSender<Instruction>,
    lost: Arc<AtomicU64>,
    written: Arc<AtomicU64>,
    queued: Arc<AtomicU64>,
}

impl Console {
    /// Starts the thread that writes to standard output (notices go to standard error).
    pub fn start(level: cli::ConsoleLevel) -> Console {
        let (queue, entries) = sync_channel(QUEUE);
        let console = Console {
            level,
            queue,
            lost: Arc::default(),
            written: Arc::default(),
            queued: Arc::default(),
        };
        let (lost, written) = (Arc::clone(&console.lost), Arc::clone(&console.written));
        std::thread::spawn(move || write(level, &entries, &lost, &written));
        console
    }

    /// Returns whether messages are shown with the requests in which they came.
    pub fn wants_requests(&self) -> bool {
        self.level == cli::ConsoleLevel::Http
    }

    /// Returns whether joins, leaves and messages are shown at all.
    pub fn wants_traffic(&self) -> bool {
        self.level != cli::ConsoleLevel::Quiet
    }

    /// Shows `entry`, or counts it as lost if the queue is full.
    pub fn show(&self, entry: Entry) {
        if !self.wants_traffic() && !matches!(entry, Entry::Notice(_)) {
            return;
        }
        self.queued.fetch_add(1, Ordering::Relaxed);
        if self.queue.try_send(Instruction::Show(entry)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
            self.written.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Asks the operator at the terminal the `question`; traffic is kept until [`Console::go_on`].
    pub fn ask(&self, question: &'static str) {
        self.tell(Instruction::Ask(question));
    }

    /// Keeps the traffic while something else is written to the terminal, until [`Console::go_on`].
    pub fn pause(&self) {
        self.tell(Instruction::Pause);
    }

    /// Writes what was kept, and from now on at once.
    pub fn go_on(&self) {
        self.tell(Instruction::GoOn);
    }

    fn tell(&self, told: Instruction) {
        // The thread ends with the process only.
        let _ = self.queue.send(told);
    }

    /// Waits until everything was written, at most `patience`.
    pub fn flush(&self, patience: Duration) {
        let until = Instant::now() + patience;
        while self.written.load(Ordering::Acquire) < self.queued.load(Ordering::Acquire)
            && Instant::now() < until
        {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn write(
    level: cli::ConsoleLevel,
    told: &Receiver<Instruction>,
    lost: &AtomicU64,
    written: &AtomicU64,
) {
    let mut kept = VecDeque::new();
    // The question that stands, if any. While something else writes to the terminal there is none to repeat.
    let mut asked: Option<Option<&'static str>> = None;
    while let Ok(told) = told.recv() {
        match told {
            Instruction::Ask(question) => {
                asked = Some(Some(question));
                put(question);
            }
            Instruction::Pause => asked = Some(None),
            Instruction::GoOn => {
                asked = None;
                for entry in kept.drain(..) {
                    show(level, entry, lost, written);
                }
            }
            Instruction::Show(Entry::Notice(text)) => match asked.flatten() {
                Some(question) if io::stderr().is_terminal() => {
                    put("\n");
                    show(level, Entry::Notice(text), lost, written);
                    put(question);
                }
                _ => show(level, Entry::Notice(text), lost, written),
            },
            Instruction::Show(entry) if asked.is_some() => {
                // The newest are kept: how many are missing is said before them.
                if kept.len() >= QUEUE && kept.pop_front().is_some() {
                    lost.fetch_add(1, Ordering::Relaxed);
                    written.fetch_add(1, Ordering::Release);
                }
                kept.push_back(entry);
            }
            Instruction::Show(entry) => show(level, entry, lost, written),
        }
    }
}

/// Writes to the terminal as it stands.
fn put(text: &str) {
    // An operator who does not see it does not answer.
    let _ = io::stdout().write_all(text.as_bytes());
    let _ = io::stdout().flush();
}

/// Writes an entry, after how many are missing before it.
fn show(level: cli::ConsoleLevel, entry: Entry, lost: &AtomicU64, written: &AtomicU64) {
    // A console that cannot be written to (a closed pipe) is no reason to stop a room.
    let missed = lost.swap(0, Ordering::Relaxed);
    let _ = if missed > 0 {
        writeln!(
            io::stdout(),
            "({missed} console lines were lost because this output was not read in time)"
        )
    } else {
        Ok(())
    };
    let _ = match entry {
        Entry::Notice(text) => writeln!(io::stderr(), "{}", marked(Severity::Warning, &text)),
        other => io::stdout().write_all(shown(level, other).as_bytes()),
    };
    let _ = io::stdout().flush();
    written.fetch_add(1, Ordering::Release);
}

/// The text of an entry; nothing in it can move the cursor.
fn shown(level: cli::ConsoleLevel, entry: Entry) -> String {
    match entry {
        Entry::Connected(name) => format!("Client ({}) connected\n", line::escaped(&name)),
        Entry::Offline(name) => format!("Client ({}) is offline\n", line::escaped(&name)),
        Entry::Notice(text) => format!("{text}\n"),
        Entry::Said {
            body,
            request: None,
            ..
        } => format!("{body}\n"),
        Entry::Said { body, .. } if level == cli::ConsoleLevel::Lines => format!("{body}\n"),
        Entry::Said {
            at,
            body,
            text,
            request: Some(request),
        } => format!(
            "{}\n{}\n{body}\nTask number={}, thread number={}\n",
            block(&request.head, at),
            line::escaped(&text),
            request.task,
            request.thread
        ),
    }
}

/// The fields whose values are shown. Any other may carry a secret, under whatever name.
const SHOWN: [&str; 14] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "connection",
    "content-length",
    "content-type",
    "date",
    "expect",
    "host",
    "idempotency-key",
    "origin",
    "transfer-encoding",
    "user-agent",
];

/// The request's head as it came, with what may be secret covered, and a `Date` if it had none.
fn block(head: &str, at: Stamp) -> String {
    let mut out = String::new();
    let mut dated = false;
    for (n, field) in head
        .split("\r\n")
        .flat_map(|l| l.split('\n'))
        .filter(|l| !l.is_empty())
        .enumerate()
    {
        let name = field.split(':').next().unwrap_or_default().trim();
        dated |= n > 0 && name.eq_ignore_ascii_case("date");
        if n == 0 {
            out.push_str(&line::escaped(&without_query(field)));
        } else if SHOWN.iter().any(|shown| name.eq_ignore_ascii_case(shown)) {
            out.push_str(&line::escaped(field));
        } else {
            out.push_str(&line::escaped(name));
            out.push_str(": ***");
        }
        out.push('\n');
    }
    if !dated {
        out.push_str(&format!("Date: {}\n", at.http()));
    }
    out
}

/// The request line with its query covered: a token may be in it, in any spelling.
fn without_query(request_line: &str) -> String {
    let Some((before, query)) = request_line.split_once('?') else {
        return request_line.to_string();
    };
    let version = query.rsplit_once(' ').map_or("", |(_, version)| version);
    format!("{before}?*** {version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_shown_as_the_request_it_came_in() {
        let head = "POST /messages?token=s3cret&x=1 HTTP/1.1\r\nHost: 10.0.0.1:1337\r\nAuthorization: Bearer s3cret\r\nUser-Agent: a\u{1b}[31m\r\nContent-Length: 2\r\n\r\n";
        let entry = Entry::Said {
            at: Stamp::from_micros(1_795_473_297_180_845),
            body: "[uthira]: 0:00:17:hi\\nx".into(),
            text: "hi\nx".into(),
            request: Some(Box::new(ShownRequest {
                head: head.into(),
                task: 12,
                thread: 3,
            })),
        };
        assert_eq!(
            shown(cli::ConsoleLevel::Http, entry),
            "POST /messages?*** HTTP/1.1\nHost: 10.0.0.1:1337\nAuthorization: ***\nUser-Agent: a\\u{1b}[31m\n\
             Content-Length: 2\nDate: Mon, 23 Nov 2026 22:34:57 GMT\n\nhi\\nx\n[uthira]: 0:00:17:hi\\nx\n\
             Task number=12, thread number=3\n"
        );
    }

    #[test]
    fn no_spelling_of_a_secret_is_shown() {
        for head in [
            "POST /messages?token=s3cret HTTP/1.1\r\n",
            "POST /messages?%74oken=s3cret HTTP/1.1\r\n",
            "POST /messages?a=b;token=s3cret HTTP/1.1\r\n",
            "POST /messages?s3cret HTTP/1.1\r\n",
            "POST /messages?a=1?token=s3cret HTTP/1.1\r\n",
            "POST /messages HTTP/1.1\r\nReferer: http://x/events?token=s3cret\r\n",
            "POST /messages HTTP/1.1\r\nX-Api-Key: s3cret\r\n",
            "POST /messages HTTP/1.1\nCOOKIE: s3cret\n",
            "POST /messages HTTP/1.1\r\nForwarded: for=s3cret\r\n",
        ] {
            let shown = block(head, Stamp::from_micros(0));
            assert!(!shown.contains("s3cret"), "{shown}");
            assert!(shown.starts_with("POST /messages"), "{shown}");
            assert!(
                shown.contains("***") && shown.contains(" HTTP/1.1\n"),
                "{shown}"
            );
        }
    }
}
