//! A log replayed into a room with all faults of networks and servers: answers that are lost, cut, late, garbage or
//! refusals, and shorter limits for names and texts.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chatroom::event::{Body, Elapsed, Id, LogId, Stamp};
use chatroom::name::{Name, NameError};
use chatroom::wire::{Refusal, Said as Stored, Session};

use crate::into::{at, log};
use support::fake::{Asked, Fake, answer, reply};
use support::program::{Folder, Run};

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
        room.server.connections() <= most,
        "{} connections",
        room.server.connections()
    );
    assert_eq!(state.asked_too_long, 1, "asked once, then known");
}

#[test]
fn texts_that_a_room_finds_too_long_are_said_in_parts() {
    let room = FakeRoom::open(8, 40);
    let long = "a word and another one, ".repeat(8);
    let speeches = [("ann", "short"), ("ann", long.as_str()), ("bob", "so long")];
    say_again(&room, speeches).stdout_has("1 text longer than the room allows: posted in 6 parts.");
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
    let answers = [
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "220 mail.example ESMTP\r\n",
        "HTTP/1.1 302 Found\r\nLocation: https://elsewhere\r\nContent-Length: 0\r\n\r\n",
    ];
    let folder = Folder::new();
    folder.file("old.txt", log(&[at(1.0, Body::message("ann", "hello"))]));
    for answer in answers {
        let stranger = Fake::saying(answer);
        let run = folder.run(&["replay", "old.txt", "--into", &stranger.address]);
        run.code(1).stdout("").one_sentence(&[
            "There is no chatroom at 127.0.0.1:",
            "Check the address and the port",
        ]);
        assert_eq!(stranger.connections(), 1);
    }
}

/// Replays a log with these speeches into the room, which succeeds.
fn say_again<'a>(room: &FakeRoom, speeches: impl IntoIterator<Item = (&'a str, &'a str)>) -> Run {
    let folder = Folder::new();
    let events: Vec<_> = speeches
        .into_iter()
        .map(|(who, text)| at(1.0, Body::message(who, text)))
        .collect();
    folder.file("old.txt", log(&events));
    let address = &room.server.address;
    let run = folder.run(&["replay", "old.txt", "--speed", "max", "--into", address]);
    run.code(0)
}

/// Replays the speeches into the room, and checks those that it heard. Returns the output, and the name of each nick.
fn heard_in_order(
    room: &FakeRoom,
    speeches: &[(String, String)],
) -> (String, HashMap<String, String>) {
    let speakers = speeches.iter().map(|(who, text)| (&**who, &**text));
    let story = say_again(room, speakers).story();
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
    // Everybody had a unique name and has left at the end.
    let apart: HashSet<_> = names.values().collect();
    assert_eq!(apart.len(), names.len());
    assert!(heard.members.is_empty(), "{:?}", heard.members);
    (story, names)
}

/// A minimal room with a faulty network: see [`serve`].
struct FakeRoom {
    server: Fake,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Names by their token.
    members: HashMap<String, Name>,
    keys: HashSet<String>,
    said: Vec<(String, String)>,
    requests: u64,
    limit: usize,
    longest: usize,
    /// The numbers of answers that were lost, garbage, or "not now".
    lost: usize,
    garbage: usize,
    refused: usize,
    asked_too_long: usize,
}

impl FakeRoom {
    /// A room that allows names of so many characters and texts of so many bytes; one that accepts any text has all
    /// the faults.
    fn open(limit: usize, longest: usize) -> FakeRoom {
        let state = Arc::new(Mutex::new(State {
            limit,
            longest,
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        let server = Fake::start(move |request, _, stream| serve(request, stream, &shared));
        FakeRoom { server, state }
    }
}

/// Answers a request; `false` closes the connection.
fn serve(request: &Asked, stream: &mut TcpStream, state: &Mutex<State>) -> bool {
    if request.is("GET /events") {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {}
        return false;
    }
    let mut state = state.lock().expect("nobody panicked");
    state.requests += 1;
    let (fault, number) = (state.longest == usize::MAX, state.requests);
    let every = |n: u64| fault && number.is_multiple_of(n);
    if every(41) || every(29) {
        // Not now, by either word.
        let (status, word) = if every(41) {
            ("503 X", "busy")
        } else {
            ("429 X", "too_fast")
        };
        state.refused += 1;
        let (_, extra, body) = refuse(status, "Retry-After: 0\r\n", word, None);
        return reply(stream, status, extra, &body);
    }
    let (status, extra, body) = state.answer(request);
    // The request is carried out, but its sender does not hear of it.
    state.lost += usize::from(every(17));
    state.garbage += usize::from(every(31));
    drop(state);
    if every(17) {
        return false;
    }
    if every(31) {
        return reply(
            stream,
            "200 X",
            "",
            "<html>Please log in to the hotel</html>",
        );
    }
    if !every(37) {
        return reply(stream, status, extra, &body);
    }
    for piece in answer(status, extra, &body).as_bytes().chunks(60) {
        let _ = stream.write_all(piece);
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

impl State {
    fn answer(&mut self, request: &Asked) -> (&'static str, &'static str, String) {
        let bearer = request.field("authorization");
        let token = bearer.and_then(|value| value.strip_prefix("Bearer "));
        let token = token.unwrap_or_default().to_string();
        let id = Id {
            log: LogId(1),
            offset: self.requests,
            check: 0,
        };
        match request.line.trim_end_matches(" HTTP/1.1") {
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
                ("201 X", "", serde_json::to_string(&session).expect("JSON"))
            }
            "POST /messages" => {
                let Some(name) = self.members.get(&token).cloned() else {
                    return refuse("401 X", "", "token_unknown", None);
                };
                if request.body.len() > self.longest {
                    let limit = Some(self.longest as u64);
                    return refuse("413 X", "", "text_too_long", limit);
                }
                let stored = Stored {
                    id,
                    at: Stamp::now(),
                    elapsed: Elapsed(0),
                };
                let key = request.field("idempotency-key").expect("a key");
                if self.keys.insert(key.to_string()) {
                    self.said
                        .push((name.as_str().to_string(), request.body.clone()));
                }
                ("201 X", "", serde_json::to_string(&stored).expect("JSON"))
            }
            "GET /session" => refuse("401 X", "", "token_required", None),
            "DELETE /session" => match self.members.remove(&token) {
                Some(_) => ("204 X", "", String::new()),
                None => refuse("401 X", "", "token_unknown", None),
            },
            other => panic!("no such request: {other}"),
        }
    }

    /// The name, or its refusal by the rules of a real room.
    fn admit(&mut self, name: &str) -> Result<Name, (&'static str, &'static str, String)> {
        let name = Name::new(name, self.limit).map_err(|error| match error {
            NameError::TooLong { .. } => {
                refuse("422 X", "", "name_too_long", Some(self.limit as u64))
            }
            _ => refuse("422 X", "", "name_forbidden", None),
        })?;
        let taken = self.members.iter().find(|(_, have)| have.is_same(&name));
        if let Some(token) = taken.map(|(token, _)| token.clone()) {
            // The answer to its owner was lost, so it is free again soon.
            self.members.remove(&token);
            return Err(refuse("409 X", "Retry-After: 0\r\n", "name_taken", None));
        }
        if self
            .members
            .values()
            .any(|have| have.is_confusable_with(&name))
        {
            return Err(refuse("409 X", "", "name_confusable", None));
        }
        Ok(name)
    }
}

fn refuse(
    status: &'static str,
    extra: &'static str,
    error: &str,
    limit: Option<u64>,
) -> (&'static str, &'static str, String) {
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
