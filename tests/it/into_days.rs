//! Whole days replayed into a real room: every message once and in order in the log, the same for every listener, and
//! the same from `replay --plain`.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::PathBuf;
use std::thread;

use chatroom::event::{Body, Event};
use chatroom::line::parse_line;

use crate::into::{at, log};
use support::server::Server;

const DAY: &[u8] = include_bytes!("data/day.txt");

/// The folder with real days, if this machine has one: `CHATROOM_IRC_DATA`, or beside the checkout.
pub fn real_days() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = match std::env::var_os("CHATROOM_IRC_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/irc"),
    };
    let Ok(entries) = std::fs::read_dir(folder) else {
        // Not captured by the test harness, so that a reader of the run sees it.
        let note = "note: there is no folder of real days (CHATROOM_IRC_DATA); only the project's own day is said again\n";
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

/// The senders and texts of a day: `[14:07] <nick> text`, `name 2013-01-26 [15:04:04] <nick> text`, and the same with
/// `* nick does something`. Other lines are no messages.
fn speeches(day: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(day);
    let lines = text.lines().filter(|line| !line.starts_with("==="));
    lines
        .filter_map(|line| {
            let (_, rest) = line.split_once(']')?;
            let rest = rest.trim_start();
            let (nick, text) = match rest.strip_prefix('<') {
                Some(said) => {
                    let (nick, text) = said.split_once('>')?;
                    (nick, text.trim().to_string())
                }
                None => {
                    let (nick, text) = rest.strip_prefix("* ")?.trim_start().split_once(' ')?;
                    (nick, format!("/me {}", text.trim()))
                }
            };
            let text = Some(text).filter(|text| !text.is_empty())?;
            Some((nick.trim().to_string(), text))
        })
        .collect()
}

#[test]
fn a_day_of_our_own_is_the_same_for_everybody() {
    let names = same_for_everybody(DAY);
    for (nick, name) in [
        ("|Quad-", "|Quad-"),
        ("[away]bob", "-away-bo"),
        ("verylongnickname", "verylong"),
        ("verylongnickname2", "verylon2"),
        ("server", "server2"),
        ("reader_l", "reader_2"),
    ] {
        assert_eq!(names[nick], name);
    }
}

#[test]
fn real_days_are_the_same_for_everybody() {
    let chosen = ["mediawiki.txt", "stripe.txt", "ubuntu-2008-01-03.txt"];
    let days = real_days();
    if days.is_empty() {
        return;
    }
    let real: Vec<_> = days
        .iter()
        .filter(|(path, _)| chosen.iter().any(|name| path.ends_with(name)))
        .collect();
    assert_eq!(
        real.len(),
        chosen.len(),
        "the folder of real days has lost some"
    );
    thread::scope(|scope| {
        for (_, bytes) in real {
            scope.spawn(|| same_for_everybody(bytes));
        }
    });
}

/// Replays a day, and compares what every listener heard; returns the name of each nick.
fn same_for_everybody(day: &[u8]) -> HashMap<String, String> {
    let day = speeches(day);
    let speeches = day.iter().map(|(nick, text)| Body::message(nick, text));
    let old: Vec<_> = speeches
        .enumerate()
        .map(|(n, body)| at(n as f64, body))
        .collect();
    let mut server = Server::start(&["--max-rate", "0"]);
    let sse = [("Accept", "text/event-stream")];
    let plain = [0; 2].map(|_| server.listen("/events?since=all", &[]));
    let plain = plain.map(|listener| thread::spawn(|| listener.rest()));
    let events = server.listen("/events?since=all", &sse);
    let events = thread::spawn(move || messages(events));

    server.folder.file("day.txt", log(&old));
    let args = ["replay", "day.txt", "--speed", "max", "-v", "--into"];
    let broken = thread::scope(|scope| {
        let broken = scope.spawn(|| breaking_off(&server));
        let run = server.folder.run(&[&args[..], &[&server.address]].concat());
        let people = day.iter().map(|(nick, _)| nick).collect::<HashSet<_>>();
        let words = format!(
            "{} messages of day.txt by {} people posted again",
            day.len(),
            people.len()
        );
        run.stdout_has(&words).code(0);
        // This ends the listener that disconnects again and again.
        let end = server.ask(
            "POST",
            "/messages",
            &[("Authorization", "Basic ZW5kOg==")],
            "the end",
        );
        assert_eq!(end.status, 201, "{}", end.text());
        broken.join().expect("the one that breaks off")
    });
    assert!(server.stop().success());

    let file = std::fs::read_to_string(server.log()).expect("the log");
    let logged: Vec<(String, String)> = file
        .lines()
        .filter_map(
            |line| match parse_line(line.as_bytes()).expect("a good line") {
                Event {
                    body: Body::Message { from, text, .. },
                    ..
                } => Some((from, text)),
                _ => None,
            },
        )
        .collect();
    let mut wanted = day.clone();
    let mut names = HashMap::new();
    assert_eq!(logged.len(), wanted.len() + 1, "the log is not the day");
    for ((name, _), (nick, _)) in logged.iter().zip(&mut wanted) {
        let known = names.entry(nick.clone()).or_insert_with(|| name.clone());
        nick.clone_from(known);
    }
    wanted.push(("end".into(), "the end".into()));
    let apart: HashSet<_> = names.values().collect();
    assert_eq!(apart.len(), names.len(), "two speakers share a name");
    assert!(logged == wanted, "the log is not the day");
    assert!(
        events.join().expect("a listener") == wanted,
        "a listener did not hear the day"
    );
    assert!(
        broken == wanted,
        "a listener that broke off did not hear the day"
    );

    let replayed = server
        .folder
        .run(&["replay", "log.txt", "--plain"])
        .code(0)
        .said();
    for listener in plain {
        let heard = listener.join().expect("a listener");
        let (heard, bye) = heard.trim_end().rsplit_once('\n').expect("lines");
        assert!(bye.starts_with("* The server is stopping"), "{bye}");
        assert!(
            format!("{heard}\n") == replayed,
            "a listener and replay differ"
        );
    }
    for name in names.values() {
        let (came, went) = (
            format!("Client ({name}) entered room"),
            format!("Client ({name}) is offline"),
        );
        let count = |line: &str| replayed.lines().filter(|l| *l == line).count();
        assert_eq!((count(&came), count(&went)), (1, 1), "{name}");
    }
    names
}

/// Listens to the room until the end of the stream.
fn messages(mut listener: support::client::Listener) -> Vec<(String, String)> {
    let mut heard = Vec::new();
    while let Some(event) = listener.event() {
        heard.extend(message(&event));
    }
    heard
}

fn message(event: &support::client::SseEvent) -> Option<(String, String)> {
    let text = |name: &str| event.data[name].as_str().expect("a string").to_string();
    (event.kind == "message").then(|| (text("from"), text("text")))
}

/// Listens to the room in pieces: disconnects after some events and returns with the last id.
fn breaking_off(server: &Server) -> Vec<(String, String)> {
    let (mut heard, mut last) = (Vec::new(), None::<String>);
    for pieces in 1.. {
        let mut fields = vec![("Accept", "text/event-stream")];
        if let Some(id) = &last {
            fields.push(("Last-Event-ID", id));
        }
        let mut listener = server.listen("/events?since=all", &fields);
        for _ in 0..1 + pieces % 37 {
            let event = listener.event().expect("the room goes on");
            assert_ne!(event.kind, "reset", "{event:?}");
            last = event.id.clone().or(last);
            heard.extend(message(&event));
            if heard.last().is_some_and(|(_, text)| text == "the end") {
                return heard;
            }
        }
    }
    heard
}
