//! Whole days in a real room: every message once and in order in the log, the same for every
//! listener, the same from `replay --plain`.

use std::collections::HashSet;
use std::thread;

use chatroom::event::{Body, Event};
use chatroom::line::parse_line;

use crate::reenact::day::Day;
use crate::reenact::{DAY, cast, real_days};
use crate::server::Server;

#[test]
fn a_day_of_our_own_is_the_same_for_everybody() {
    same_for_everybody(DAY);
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

fn same_for_everybody(bytes: &[u8]) {
    let day = Day::parse(bytes);
    let mut server = Server::start(&["--max-rate", "0"]);
    let sse = [("Accept", "text/event-stream")];
    let plain = [0; 2].map(|_| server.listen("/events?since=all", &[]));
    let plain = plain.map(|listener| thread::spawn(|| listener.rest()));
    let events = server.listen("/events?since=all", &sse);
    let events = thread::spawn(move || messages(events));

    let (summary, broken) = thread::scope(|scope| {
        let broken = scope.spawn(|| breaking_off(&server));
        let summary =
            cast::reenact(&day, &server.address, None, "day").expect("it goes to its end");
        // What ends the one that breaks off again and again.
        let end = server.ask(
            "POST",
            "/messages",
            &[("Authorization", "Basic ZW5kOg==")],
            "the end",
        );
        assert_eq!(end.status, 201, "{}", end.text());
        (summary, broken.join().expect("the one that breaks off"))
    });
    assert!(server.stop().success());

    let mut wanted: Vec<(String, String)> = day
        .said
        .iter()
        .map(|said| (summary.names[&said.nick].clone(), said.text.clone()))
        .collect();
    wanted.push(("end".into(), "the end".into()));
    let names: HashSet<_> = summary.names.values().collect();
    assert_eq!(
        names.len(),
        summary.names.len(),
        "two speakers share a name"
    );

    let log = std::fs::read_to_string(server.log()).expect("the log");
    let logged: Vec<(String, String)> = log
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
    for name in names {
        let (came, went) = (
            format!("Client ({name}) entered room"),
            format!("Client ({name}) is offline"),
        );
        let count = |line: &str| replayed.lines().filter(|l| *l == line).count();
        assert_eq!((count(&came), count(&went)), (1, 1), "{name}");
    }
}

/// Hears the room to the end of the stream.
fn messages(mut listener: crate::client::Listener) -> Vec<(String, String)> {
    let mut heard = Vec::new();
    while let Some(event) = listener.event() {
        heard.extend(message(&event));
    }
    heard
}

fn message(event: &crate::client::SseEvent) -> Option<(String, String)> {
    let text = |name: &str| event.data[name].as_str().expect("a string").to_string();
    (event.kind == "message").then(|| (text("from"), text("text")))
}

/// Hears the room in pieces: breaks off after some events and comes back with the last id.
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
