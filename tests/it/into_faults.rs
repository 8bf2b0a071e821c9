//! A log said again in a room that does everything wrong that a network and a server can: answers
//! that are lost, cut, late, garbage or refusals, and names and texts that it wants shorter.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chatroom::event::{Elapsed, Id, LogId, Stamp};
use chatroom::name::{Name, NameError};
use chatroom::wire::{Refusal, Said as Stored, Session};

use crate::into::{at, log, said};
use support::program::Folder;

#[test]
fn a_room_that_does_everything_wrong_hears_everything_once_and_in_order() {
    let room = FakeRoom::open(8, usize::MAX);
    let nicks = [
        "marrow",
        "[away]bob",
        "verylongnickname",
        "verylongnickname2",
        "_",
    ];
    let speeches: Vec<_> = (0..400)
        .map(|n| (nicks[n * n / 3 % 5].to_string(), format!("number {n}")))
        .collect();
    let (run, names) = heard_in_order(&room, &speeches);
    assert_eq!(names["[away]bob"], "-away-bo");
    for said_once in [
        "chatroom: The room is away: it answers with status 200, and not as a chatroom does. Trying",
        "chatroom: The room asks for a slower pace (No), and gets it",
        "chatroom: The room accepts nothing now (No). Trying again",
    ] {
        assert!(run.contains(said_once), "{said_once:?} in\n{run}");
    }
    assert_eq!(run.matches("asks for a slower pace").count(), 1, "{run}");
    let state = room.state.lock().expect("nobody panicked");
    assert!(state.lost > 10 && state.garbage > 10 && state.refused > 10);
    let most = nicks.len() * 2 + state.lost + state.garbage + 10;
    assert!(
        state.connections <= most,
        "{} connections",
        state.connections
    );
    assert_eq!(state.asked_too_long, 1, "asked once, then known");
}

#[test]
fn texts_that_a_room_finds_too_long_are_said_in_parts() {
    let room = FakeRoom::open(8, 40);
    let long = "a word and another one, ".repeat(8);
    let speeches = [("ann", "short"), ("ann", long.as_str()), ("bob", "so long")];
    let folder = Folder::new();
    folder.file(
        "old.txt",
        log(&speeches.map(|(who, text)| at(1.0, said(who, text)))),
    );
    let run = folder.run(&[
        "replay",
        "old.txt",
        "--speed",
        "max",
        "--into",
        &room.address,
    ]);
    run.code(0)
        .stdout_has("1 text longer than the room allows: posted in 6 parts.");
    let state = room.state.lock().expect("nobody panicked");
    let texts: Vec<_> = state.said.iter().map(|(_, text)| text.as_str()).collect();
    assert!(texts.iter().all(|text| text.len() <= 40));
    assert_eq!(
        texts[1..texts.len() - 1].concat().trim_end(),
        long.trim_end()
    );
    assert_eq!((texts[0], texts[texts.len() - 1]), ("short", "so long"));
}

#[test]
fn a_server_that_is_no_room_is_left_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let answers = [
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "220 mail.example ESMTP\r\n",
        "HTTP/1.1 302 Found\r\nLocation: https://elsewhere\r\nContent-Length: 0\r\n\r\n",
    ];
    let served = std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("a visitor");
            let _ = stream.read(&mut bytes);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    let folder = Folder::new();
    folder.file("old.txt", log(&[at(1.0, said("ann", "hello"))]));
    for _ in answers {
        let run = folder.run(&["replay", "old.txt", "--into", &address]);
        run.code(1).stdout("").one_sentence(&[
            "There is no chatroom at 127.0.0.1:",
            "Check the address and the port",
        ]);
    }
    served.join().expect("everybody was served");
}

/// Says it in the room, and checks what the room heard; what the run wrote, and who was called what.
fn heard_in_order(
    room: &FakeRoom,
    speeches: &[(String, String)],
) -> (String, HashMap<String, String>) {
    let folder = Folder::new();
    let events: Vec<_> = speeches
        .iter()
        .map(|(who, text)| at(1.0, said(who, text)))
        .collect();
    folder.file("old.txt", log(&events));
    let run = folder.run(&[
        "replay",
        "old.txt",
        "--speed",
        "max",
        "--into",
        &room.address,
    ]);
    let story = run.code(0).story();
    let heard = room.state.lock().expect("nobody panicked");
    let mut names = HashMap::new();
    let wanted: Vec<_> = speeches
        .iter()
        .zip(&heard.said)
        .map(|((nick, text), (name, _))| {
            let name = names.entry(nick.clone()).or_insert_with(|| name.clone());
            (name.clone(), text.clone())
        })
        .collect();
    assert_eq!(heard.said, wanted, "{story}");
    assert_eq!(heard.said.len(), speeches.len(), "{story}");
    // Everybody had a name of their own and is gone at the end.
    let apart: HashSet<_> = names.values().collect();
    assert_eq!(apart.len(), names.len());
    assert!(heard.members.is_empty(), "{:?}", heard.members);
    (story, names)
}

/// Just enough of a room, and too much of a network: see [`serve`].
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
    longest: usize,
    /// Answers that never arrived, that were nonsense, and that were "not now".
    lost: usize,
    garbage: usize,
    refused: usize,
    asked_too_long: usize,
}

impl FakeRoom {
    /// A room that allows names of so many characters and texts of so many bytes; one that takes
    /// any text has all the faults.
    fn open(limit: usize, longest: usize) -> FakeRoom {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let state = Arc::new(Mutex::new(State {
            limit,
            longest,
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
        if request.what.starts_with("GET /events") {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            while stream.read(&mut part).is_ok_and(|count| count > 0) {}
            return;
        }
        let mut state = state.lock().expect("nobody panicked");
        state.requests += 1;
        let (fault, number) = (state.longest == usize::MAX, state.requests);
        let every = |n: u64| fault && number.is_multiple_of(n);
        if every(41) || every(29) {
            // Not now, by either word.
            let (status, word) = if every(41) {
                (503, "busy")
            } else {
                (429, "too_fast")
            };
            state.refused += 1;
            let (_, extra, body) = refuse(status, "Retry-After: 0\r\n", word, None);
            write(&mut stream, status, extra, &body);
            continue;
        }
        let (status, extra, body) = state.answer(&request);
        // What was asked is done, but who asked does not hear of it.
        state.lost += usize::from(every(17));
        state.garbage += usize::from(every(31));
        drop(state);
        if every(17) {
            return;
        }
        if every(31) {
            write(
                &mut stream,
                200,
                "",
                "<html>Please log in to the hotel</html>",
            );
        } else if every(37) {
            let text = answer(status, extra, &body);
            for piece in text.as_bytes().chunks(60) {
                let _ = stream.write_all(piece);
                std::thread::sleep(Duration::from_millis(2));
            }
        } else {
            write(&mut stream, status, extra, &body);
        }
    }
}

fn write(stream: &mut TcpStream, status: u16, extra: &str, body: &str) {
    // Whoever asked may be gone.
    let _ = stream.write_all(answer(status, extra, body).as_bytes());
}

fn answer(status: u16, extra: &str, body: &str) -> String {
    let mut answer = format!("HTTP/1.1 {status} X\r\n{extra}");
    if status != 204 {
        answer.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    answer + "\r\n" + body
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
                let login: serde_json::Value = serde_json::from_str(&request.body).expect("JSON");
                let name = login["name"].as_str().expect("a name");
                self.asked_too_long += usize::from(name.len() > 8 && !name.contains('['));
                let name = match self.admit(name) {
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
                if request.body.len() > self.longest {
                    let limit = Some(self.longest as u64);
                    return refuse(413, "", "text_too_long", limit);
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
            "GET /session" => refuse(401, "", "token_required", None),
            "DELETE /session" => match self.members.remove(&token) {
                Some(_) => (204, "", String::new()),
                None => refuse(401, "", "token_unknown", None),
            },
            other => panic!("no such request: {other}"),
        }
    }

    /// The name, or its refusal by the rules of a real room.
    fn admit(&mut self, name: &str) -> Result<Name, (u16, &'static str, String)> {
        let name = Name::new(name, self.limit).map_err(|error| match error {
            NameError::TooLong { .. } => refuse(422, "", "name_too_long", Some(self.limit as u64)),
            _ => refuse(422, "", "name_forbidden", None),
        })?;
        let taken = self.members.iter().find(|(_, have)| have.is_same(&name));
        if let Some(token) = taken.map(|(token, _)| token.clone()) {
            // Whoever has it never came: their answer was lost. It is free again soon.
            self.members.remove(&token);
            return Err(refuse(409, "Retry-After: 0\r\n", "name_taken", None));
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
        ..Refusal::default()
    };
    (
        status,
        extra,
        serde_json::to_string(&refusal).expect("JSON"),
    )
}
