//! `/health` as a monitor reads it: a room that cannot store messages is unhealthy, and says why.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use chatroom::event::{Body, Event, Stamp};
use chatroom::line;
use rustix::process::{Resource, Rlimit, prlimit};

use support::client::Answer;
use support::program::Folder;
use support::server::Server;
use support::waiting::wait_for;

/// Lets no file of the server grow beyond so many bytes; `None` for no limit.
fn limit(server: &Server, bytes: Option<u64>) {
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(Some(server.pid()), Resource::Fsize, limit).expect("a limit");
}

#[test]
fn it_reports_the_disk_and_the_last_sync() {
    let server = Server::start(&[]);
    let first = server.get("/health").json();
    assert_eq!(first["writable"], true);
    assert_eq!(first["clock"], "right");
    let token = server.log_in("uthira");
    assert_eq!(server.say(&token, "hi").status, 201);
    let health = wait_for("the look at the disk", || {
        let health = server.get("/health").json();
        health["disk_free"].is_u64().then_some(health)
    });
    let said = server.events("since=all");
    let said = said.last().expect("the message")["at"].as_str();
    assert!(health["last_sync"].as_str() >= said, "{health}");
    assert!(health["last_sync_seconds"].is_f64(), "{health}");
    assert_eq!(
        (&health["refused"], &health["refused_in_all"]),
        (&0.into(), &0.into())
    );
}

#[test]
fn a_room_that_can_store_nothing_is_not_well() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    limit(&server, Some(10));
    for _ in 0..2 {
        server.say(&token, "no room").refused(507, "log_full");
    }
    let health = server.get("/health");
    assert_eq!(health.status, 503);
    let health = health.json();
    assert_eq!(health["status"], "log_full");
    assert_eq!(health["writable"], false);
    assert_eq!(
        (&health["refused"], &health["refused_in_all"]),
        (&2.into(), &2.into())
    );
    // There is space again, and nobody posts.
    limit(&server, None);
    let health = wait_for("it to be well", || {
        let health = server.get("/health");
        (health.status == 200).then_some(health)
    });
    assert_eq!(health.json()["status"], "ok");
    assert_eq!(server.say(&token, "stored").status, 201);
    let health = server.get("/health").json();
    assert_eq!(
        (&health["refused"], &health["refused_in_all"]),
        (&0.into(), &2.into())
    );
}

#[test]
fn without_a_key_only_the_state_is_told() {
    let folder = Arc::new(Folder::new());
    let key = folder.file("key", "open sesame\n");
    let key = key.to_str().expect("a name");
    let mut server = Server::start_in(folder, "127.0.0.1:0", &["--key-file", key]);
    let told = |answer: &Answer| {
        let health = answer.json();
        let names: Vec<String> = health
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect();
        assert_eq!(names, ["id", "key", "page", "status"]);
        health
    };
    let outside = server.get("/health");
    assert_eq!(
        (outside.status, &told(&outside)["status"]),
        (200, &"ok".into())
    );
    // The last copy of the log cannot be saved, so the server stays.
    limit(&server, Some(10));
    fs::remove_file(server.log()).expect("removed");
    let outside = wait_for("it to be noticed", || {
        let outside = server.get("/health");
        (outside.status == 503).then_some(outside)
    });
    assert_eq!(told(&outside)["status"], "log_lost");
    limit(&server, None);
    assert_eq!(server.ended().code(), Some(1));
}

#[test]
fn a_log_that_is_ahead_of_the_clock_is_told_with_what_to_do() {
    // Two lines of an hour ago, and one written while the clock showed the year 9000.
    let now = Stamp::now().minus(Duration::from_secs(3_600));
    let far = Stamp::parse(b"9000-01-01T00:00:00.000000Z").expect("a time");
    let mut log = Vec::new();
    let opened = Body::opened("chatroom test", "6f1d0c5be2a94c07");
    let notice = |text: &str| Body::notice(text);
    for (at, body) in [
        (now, opened),
        (now, notice("right")),
        (far, notice("wrong")),
    ] {
        line::to_line(&Event { at, body }, &mut log);
    }
    let folder = Arc::new(Folder::new());
    folder.file("log.txt", &log);
    let mut server = Server::start_in(Arc::clone(&folder), "127.0.0.1:0", &[]);
    server
        .notices
        .wait_for("ahead of this machine's clock (9000-01-01T00:00:00Z)");
    let health = server.get("/health").json();
    assert_eq!(health["clock"], "behind");
    assert_eq!(health["clock_behind_until"], "9999-12-31T23:59:59.999999Z");
    let token = server.log_in("uthira");
    assert_eq!(server.say(&token, "hi").status, 201);
    assert!(server.stop().success());
    let told = server.notices.text();
    assert_eq!(told.lines().count(), 1, "once: {told}");
    // The sentence says what to do.
    let advice = told.split('`').nth(1).expect("a command");
    let words: Vec<&str> = advice.split(' ').skip(1).collect();
    folder.run(&words).code(0);
    let new = Server::start_in(folder, "127.0.0.1:0", &["--log", "NEW.txt"]);
    let heard = new.events("since=all");
    assert_eq!(heard[2]["text"], "right", "{heard:?}");
    assert_eq!(heard[3]["type"], "opened", "{heard:?}");
    assert_eq!(new.get("/health").json()["clock"], "right");
    assert_eq!(new.notices.text(), "");
}
