//! The load driver in `examples/reenact`: real days are read whole, and a room hears them in order.

#[path = "../../examples/reenact/cast.rs"]
pub mod cast;
#[path = "../../examples/reenact/client.rs"]
mod client;
#[path = "../../examples/reenact/day.rs"]
pub mod day;

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chatroom::event::{Elapsed, Id, LogId, Stamp};
use chatroom::name::{Name, NameError};
use chatroom::wire::{Refusal, Said as Stored, Session};
use day::Day;

pub const DAY: &[u8] = include_bytes!("data/day.txt");

/// The folder with real days, if this machine has one: `CHATROOM_IRC_DATA`, or beside the checkout.
pub fn real_days() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = match std::env::var_os("CHATROOM_IRC_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/irc"),
    };
    let Ok(entries) = std::fs::read_dir(folder) else {
        // Past the test's captured output: whoever reads the run shall know.
        let note = "note: there is no folder of real days (CHATROOM_IRC_DATA); only the project's own day is re-enacted\n";
        let _ = std::io::stderr().write_all(note.as_bytes());
        return Vec::new();
    };
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    files
        .filter(|path| path.extension().is_some_and(|ext| ext == "txt"))
        .map(|path| {
            let bytes = std::fs::read(&path).expect("a day can be read");
            (path, bytes)
        })
        .collect()
}

#[test]
fn a_day_is_read_in_every_form() {
    let day = Day::parse(DAY);
    assert_eq!(
        (day.notices, day.empty, day.undecodable, day.unknown),
        (6, 1, 1, 1)
    );
    assert_eq!(day.said.len(), 53);
    let (first, last) = (&day.said[0], &day.said[52]);
    assert_eq!(first.nick, "marrow");
    assert_eq!(
        first.text,
        "good evening, is the reading group still meeting in here?"
    );
    // Midnight passes within the file, and a minute is shared by what was said in it.
    assert_eq!(last.at, Duration::from_secs(72 * 60));
    assert_eq!(day.said[1].at, Duration::from_secs(20));
    assert!(day.said.is_sorted_by_key(|said| said.at));
    let said = |text: &str| {
        day.said
            .iter()
            .find(|said| said.text == text)
            .map(|s| s.nick.as_str())
    };
    assert_eq!(said("/me turns to page 112"), Some("|Quad-"));
    assert_eq!(said("<- this is the lamp, it is on"), Some("[away]bob"));
    assert!(day.said.iter().any(|said| said.nick == "caf\u{fffd}_owner"));
}

#[test]
fn a_day_with_dates_is_read() {
    let day = Day::parse(
        b"books 2026-03-31 [23:59:58] <marrow>\t hi: there  \n\
          books 2026-04-01 [00:00:03] * marrow  waves  \n",
    );
    let found: Vec<_> = day
        .said
        .iter()
        .map(|said| (said.at.as_secs(), said.nick.as_str(), said.text.as_str()))
        .collect();
    assert_eq!(
        found,
        [(0, "marrow", "hi: there"), (5, "marrow", "/me waves")]
    );
}

#[test]
pub fn real_days_are_read_whole() {
    for (path, bytes) in real_days()
        .iter()
        .filter(|(path, _)| !path.ends_with("README.md"))
    {
        let day = Day::parse(bytes);
        let lines = bytes
            .split(|b| *b == b'\n')
            .filter(|line| !line.is_empty())
            .count();
        let known = day.said.len() + day.notices + day.empty;
        assert_eq!(known + day.unknown, lines, "{}", path.display());
        assert!(
            day.unknown * 100 <= lines,
            "{}: {} unknown",
            path.display(),
            day.unknown
        );
        assert!(
            day.said.is_sorted_by_key(|said| said.at),
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_room_hears_the_day_in_its_order() {
    let room = FakeRoom::open(8);
    let day = Day::parse(DAY);
    let summary = heard_in_order(&room, &day);
    assert_eq!(summary.names["|Quad-"], "|Quad-");
    assert_eq!(summary.names["[away]bob"], "-away-bo");
    for word in ["429 too_fast", "409 name_confusable", "422 name_forbidden"] {
        assert!(
            summary.refusals.contains_key(word),
            "{word} in {:?}",
            summary.refusals
        );
    }
}

#[test]
fn a_room_that_wants_shorter_names_gets_them() {
    let summary = heard_in_order(&FakeRoom::open(4), &Day::parse(DAY));
    assert_eq!(
        summary.refusals["422 name_too_long"], 1,
        "asked once, then known"
    );
    assert_eq!(summary.names["|Quad-"], "|Qua");
}

#[test]
fn a_room_hears_real_days_in_their_order() {
    // The day with the most speakers and the one with every kind of line.
    for (path, bytes) in real_days() {
        if path.ends_with("mediawiki.txt") || path.ends_with("ubuntu-2008-01-03.txt") {
            heard_in_order(&FakeRoom::open(8), &Day::parse(&bytes));
        }
    }
}

/// Re-enacts the day and checks what the room heard against it.
fn heard_in_order(room: &FakeRoom, day: &Day) -> cast::Summary {
    let summary = cast::reenact(day, &room.address, None, "t").expect("it goes to its end");
    let heard = room.state.lock().expect("nobody panicked");
    let wanted: Vec<_> = day
        .said
        .iter()
        .map(|said| (summary.names[&said.nick].clone(), said.text.clone()))
        .collect();
    assert_eq!(heard.said, wanted);
    let posted = summary.posted.iter();
    let posted: Vec<_> = posted.map(|p| (p.name.clone(), p.text.clone())).collect();
    assert_eq!(posted, wanted);
    assert!(summary.in_order());
    assert_eq!(summary.lost, 0);
    // Everybody had a name of their own and is gone at the end.
    let names: HashSet<_> = summary.names.values().collect();
    assert_eq!(names.len(), summary.names.len());
    assert!(heard.members.is_empty(), "{:?}", heard.members);
    let cut = heard.requests as usize / 17 + 1;
    assert!(
        heard.connections <= names.len() + cut,
        "connections are kept"
    );
    summary
}

/// Just enough of a room: the names it refuses, one request that is too fast, kept connections
/// of which some are cut.
struct FakeRoom {
    address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Names by their token.
    members: HashMap<String, Name>,
    keys: HashSet<String>,
    said: Vec<(String, String)>,
    connections: usize,
    requests: u64,
    limit: usize,
}

impl FakeRoom {
    /// A room that allows names of so many characters.
    fn open(limit: usize) -> FakeRoom {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let state = Arc::new(Mutex::new(State {
            limit,
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        FakeRoom { address, state }
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    state.lock().expect("nobody panicked").connections += 1;
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let Some((request, used)) = Request::parse(&bytes) else {
            match stream.read(&mut part) {
                Ok(count) if count > 0 => bytes.extend_from_slice(&part[..count]),
                _ => return,
            }
            continue;
        };
        bytes.drain(..used);
        let mut state = state.lock().expect("nobody panicked");
        state.requests += 1;
        // Now and then an idle connection is cut, as a server does.
        let cut = state.requests.is_multiple_of(17);
        let (status, extra, body) = state.answer(&request);
        drop(state);
        let mut answer = format!("HTTP/1.1 {status} X\r\n{extra}");
        if status != 204 {
            answer.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        answer.push_str("\r\n");
        answer.push_str(&body);
        if stream.write_all(answer.as_bytes()).is_err() || cut {
            return;
        }
    }
}

struct Request {
    what: String,
    headers: HashMap<String, String>,
    body: String,
}

impl Request {
    fn parse(bytes: &[u8]) -> Option<(Request, usize)> {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head is ASCII");
        let mut lines = head.lines();
        let what = lines.next()?.trim_end_matches(" HTTP/1.1").to_string();
        let headers: HashMap<String, String> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_string()))
            .collect();
        let length = headers
            .get("content-length")
            .map_or(0, |n| n.parse().expect("a number"));
        let body = bytes.get(end..end + length)?.to_vec();
        let body = String::from_utf8(body).expect("a body is UTF-8");
        Some((
            Request {
                what,
                headers,
                body,
            },
            end + length,
        ))
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> (u16, &'static str, String) {
        let bearer = request.headers.get("authorization");
        let token = bearer.and_then(|value| value.strip_prefix("Bearer "));
        let token = token.unwrap_or_default().to_string();
        let id = Id {
            log: LogId(1),
            offset: self.requests,
            check: 0,
        };
        match request.what.as_str() {
            "POST /session" => {
                let name = match self.admit(&request.body) {
                    Ok(name) => name,
                    Err(refusal) => return refusal,
                };
                let token = format!("token{}", self.requests);
                let session = Session {
                    name: name.as_str().to_string(),
                    token: token.clone(),
                    room: "fake".to_string(),
                    id,
                    version: None,
                };
                self.members.insert(token, name);
                (201, "", serde_json::to_string(&session).expect("JSON"))
            }
            "POST /messages" => {
                let Some(name) = self.members.get(&token).cloned() else {
                    return refuse(401, "", "token_unknown", None);
                };
                if self.requests.is_multiple_of(29) {
                    return refuse(429, "Retry-After: 0\r\n", "too_fast", None);
                }
                let stored = Stored {
                    id,
                    at: Stamp::now(),
                    elapsed: Elapsed(0),
                };
                let fresh = self.keys.insert(request.headers["idempotency-key"].clone());
                if fresh {
                    self.said
                        .push((name.as_str().to_string(), request.body.clone()));
                }
                (201, "", serde_json::to_string(&stored).expect("JSON"))
            }
            "DELETE /session" => match self.members.remove(&token) {
                Some(_) => (204, "", String::new()),
                None => refuse(401, "", "token_unknown", None),
            },
            other => panic!("no such request: {other}"),
        }
    }

    /// The name, or its refusal by the rules of a real room.
    fn admit(&self, name: &str) -> Result<Name, (u16, &'static str, String)> {
        let name = Name::new(name, self.limit).map_err(|error| match error {
            NameError::TooLong { .. } => refuse(422, "", "name_too_long", Some(self.limit as u64)),
            _ => refuse(422, "", "name_forbidden", None),
        })?;
        if self.members.values().any(|have| have.is_same(&name)) {
            return Err(refuse(409, "", "name_taken", None));
        }
        if self
            .members
            .values()
            .any(|have| have.is_confusable_with(&name))
        {
            return Err(refuse(409, "", "name_confusable", None));
        }
        Ok(name)
    }
}

fn refuse(
    status: u16,
    extra: &'static str,
    error: &str,
    limit: Option<u64>,
) -> (u16, &'static str, String) {
    let refusal = Refusal {
        error: error.to_string(),
        message: "No.".to_string(),
        limit,
    };
    (
        status,
        extra,
        serde_json::to_string(&refusal).expect("JSON"),
    )
}
