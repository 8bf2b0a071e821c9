//! A log of a newer version: unknown events are shown unchanged, and are no damage.

use std::sync::Arc;

use chatroom::event::{Body, Event, Stamp};
use chatroom::line::{Fields, to_line_with};

use support::program::Folder;
use support::server::Server;

/// An event that a newer version may have, with a name whose bracket is escaped.
const MUTED: &str = r"* (a\)b) muted (bob) for 0:10:00";

fn newer_log() -> Vec<u8> {
    let mut log = Vec::new();
    let opened = Body::opened("chatroom 9.0.0", "6f1d0c5be2a94c07");
    let muted = Body::Other { text: MUTED.into() };
    for (second, body) in [opened, muted, Body::Closed].into_iter().enumerate() {
        let at = Stamp::from_micros(1_795_473_297_000_000 + second as i64 * 1_000_000);
        let fields = Fields::of("seen", "x-1").expect("a field");
        to_line_with(&Event { at, body }, &fields, &mut log);
    }
    log
}

#[test]
fn every_listener_gets_a_newer_versions_lines_unchanged() {
    let folder = Folder::new();
    folder.file("log.txt", newer_log());
    let server = Server::start_in(Arc::new(folder), "127.0.0.1:0", &[]);
    assert_eq!(server.notices.text(), "", "it is no damage");
    let events = server.events("since=all");
    let types: Vec<_> = events.iter().map(|event| &event["type"]).collect();
    assert_eq!(types, ["hello", "opened", "other", "closed", "opened"]);
    assert_eq!(events[2]["text"], MUTED);
    assert_eq!(events[2]["at"], "2026-11-23T22:34:58.000000Z");
    let id = events[2]["id"].as_str().expect("an id");
    let one = server.get(&format!("/messages/{id}"));
    assert_eq!((one.status, one.json()), (200, events[2].clone()));
    let plain = server.get("/events?poll=1&since=all").text();
    assert!(
        plain.contains(&format!("{MUTED}\n* Room closed\n")),
        "{plain}"
    );
    let mut listener = server.listen("/events?since=all", &[("Accept", "text/event-stream")]);
    let heard = listener.until("other");
    assert_eq!(
        heard.last().map(|event| &event.data["text"]),
        Some(&events[2]["text"])
    );
}

#[test]
fn replay_shows_counts_and_verifies_it() {
    let folder = Folder::new();
    let log = newer_log();
    folder.file("log.txt", &log);
    let verified = format!(
        "log.txt: 3 lines, 0 faults, {} bytes. 1 line has a form that this version does not know: \
         a newer one wrote it.\n",
        log.len()
    );
    folder
        .run(&["replay", "--verify", "log.txt"])
        .code(0)
        .stdout(&verified);
    for form in ["--plain", "--output=http", "--output=html"] {
        let run = folder.run(&["replay", form, "log.txt"]).code(0).stderr("");
        let shown = String::from_utf8_lossy(&run.output.stdout).into_owned();
        assert!(shown.contains(MUTED), "{form}: {shown}");
    }
    let run = folder.run(&["replay", "--output=json", "log.txt"]).code(0);
    let shown = String::from_utf8_lossy(&run.output.stdout).into_owned();
    assert!(
        shown.contains(r#""text":"* (a\\)b) muted (bob) for 0:10:00"}"#),
        "{shown}"
    );
    let run = folder.run(&["replay", "--stats=json", "log.txt"]).code(0);
    let stats: serde_json::Value = serde_json::from_slice(&run.output.stdout).expect("JSON");
    assert_eq!(
        (&stats["lines"], &stats["unknown"]),
        (&3.into(), &1.into()),
        "{stats}"
    );
    folder
        .run(&["replay", "log.txt", "--convert", "new.txt"])
        .code(0);
    assert_eq!(folder.contents()["new.txt"], log, "its fields, too");
}

#[test]
fn a_lone_hyphen_is_no_key() {
    let server = Server::start(&[]);
    let token = format!("Bearer {}", server.log_in("uthira"));
    let say = |key| {
        let fields = [("Authorization", token.as_str()), ("Idempotency-Key", key)];
        server.ask("POST", "/messages", &fields, "hi")
    };
    let refused = say("-").refused(400, "bad_key");
    assert!(
        refused["message"]
            .as_str()
            .expect("one")
            .contains("a single \"-\""),
        "{refused}"
    );
    assert_eq!(say("--").status, 201);
}
