//! The memory of a restarted server: who was here, which sessions have ended, which messages were said.

use std::time::Instant;

use rustix::process::Signal;

use support::client::{Answer, bearer};
use support::server::Server;
use support::waiting::{PATIENCE, wait_for};

fn whose(server: &Server, token: &str) -> Answer {
    let fields = [("Authorization", bearer(token))];
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    server.ask("GET", "/session", &fields, "")
}

fn quit(server: &Server, token: &str) {
    let answer = server.ask(
        "DELETE",
        "/session",
        &[("Authorization", &bearer(token))],
        "",
    );
    assert_eq!(answer.status, 204, "{}", answer.text());
}

/// Posts a message with a key, and repeats it while the server still reads its log.
fn say(server: &Server, token: &str, key: &str, text: &str) -> Answer {
    let until = Instant::now() + PATIENCE;
    loop {
        let authorization = bearer(token);
        let fields = [
            ("Authorization", authorization.as_str()),
            ("Idempotency-Key", key),
        ];
        let answer = server.ask("POST", "/messages", &fields, text);
        if answer.status != 503 || Instant::now() > until {
            return answer;
        }
        answer.refused(503, "starting");
        assert_eq!(answer.field("retry-after"), Some("1"));
    }
}

#[test]
fn a_session_that_was_ended_stays_dead() {
    let mut server = Server::start(&["--grace", "0s"]);
    let (here, away, other) = (
        server.log_in("uthira"),
        server.log_in("ann"),
        server.log_in("bob"),
    );
    // One leaves at once; the grace of the others ends before one of them quits.
    let hold = bearer(&here);
    let listener = server.listen("/events", &[("Authorization", &hold)]);
    wait_for("the end of the others' grace", || {
        (server.get("/members").json()["members"].as_array()?.len() == 1).then_some(())
    });
    quit(&server, &here);
    quit(&server, &away);
    let before = server.said();
    quit(&server, &away);
    assert_eq!(server.said(), before, "it ends once");
    drop(listener);
    assert!(before.contains(&"* Notice: An earlier session of ann was ended.".to_string()));
    for round in 0..3 {
        whose(&server, &here).refused(401, "session_over");
        whose(&server, &away).refused(401, "session_over");
        assert_eq!(whose(&server, &other).status, 200, "this one was not ended");
        match round % 2 {
            0 => server.kill(),
            _ => drop(server.stop()),
        }
        server.start_again(&["--grace", "0s"]);
    }
    // The names are free, and nobody can tell from the log which session ended.
    let new = server.log_in("uthira");
    assert_ne!(new, here);
    let log = std::fs::read_to_string(server.log()).expect("the log");
    let ended = log.lines().filter(|line| line.contains(" - ended:"));
    assert_eq!(ended.count(), 2, "{log}");
    let run = server.folder.run(&["replay", "--verify", "log.txt"]);
    assert!(String::from_utf8_lossy(&run.output.stdout).contains(" 0 faults"));
}

#[test]
fn members_at_the_servers_end_keep_their_names_for_the_grace() {
    for signal in [Signal::KILL, Signal::TERM] {
        let mut server = Server::start(&[]);
        let token = server.log_in("uthira");
        let gone = server.log_in("bob");
        quit(&server, &gone);
        server.signal(signal);
        server.ended();
        server.start_again(&[]);
        let stranger = server.ask("POST", "/session", &[], "Uthira");
        stranger.refused(409, "name_taken");
        assert!(
            stranger.field("retry-after").is_some(),
            "it is held for a time"
        );
        let guest = "Basic dXRoaXJhOg==";
        let guest = server.ask("POST", "/messages", &[("Authorization", guest)], "hi");
        guest.refused(409, "name_taken");
        assert_eq!(
            server.get("/members").json()["members"],
            serde_json::json!([])
        );
        let back = whose(&server, &token);
        assert_eq!((back.status, &back.json()["name"]), (200, &"uthira".into()));
        let bob = server.log_in("bob");
        // Its owner takes another name, so nothing is held.
        quit(&server, &token);
        server.log_in("uthira");
        drop(bob);
    }
}

#[test]
fn an_earlier_session_does_not_take_the_name_over_a_restart() {
    let mut server = Server::start(&["--grace", "100ms"]);
    let first = server.log_in("zoe");
    let last = wait_for("the end of the grace", || {
        let answer = server.ask("POST", "/session", &[], "zoe");
        let json = (answer.status == 201).then(|| answer.json())?;
        Some(json["token"].as_str()?.to_string())
    });
    let holds = bearer(&last);
    let _listener = server.listen("/events", &[("Authorization", &holds)]);
    server.kill();
    server.start_again(&["--grace", "60s"]);
    whose(&server, &first).refused(401, "session_over");
    assert_eq!(whose(&server, &last).status, 200);
}

#[test]
fn a_name_that_nobody_comes_back_for_is_free_after_the_grace() {
    let mut server = Server::start(&[]);
    server.log_in("uthira");
    server.kill();
    server.start_again(&["--grace", "100ms"]);
    wait_for("the end of the grace", || {
        let answer = server.ask("POST", "/session", &[], "uthira");
        (answer.status == 201).then_some(())
    });
}

#[test]
fn a_message_is_said_once_however_much_was_said_after_it() {
    let mut server = Server::start(&["--max-rate", "0"]);
    let token = server.log_in("uthira");
    let first = say(&server, &token, "the-first", "hi");
    assert_eq!(first.status, 201);
    let other = server.log_in("bob");
    // Three MiB of log, of which only the newest is read before clients can connect.
    for n in 0..200 {
        let text = "x".repeat(16 * 1024);
        assert_eq!(say(&server, &other, &format!("k{n}"), &text).status, 201);
    }
    for _ in 0..2 {
        server.kill();
        server.start_again(&["--max-rate", "0"]);
        let repeat = say(&server, &token, "the-first", "hi");
        assert_eq!((repeat.status, repeat.json()), (200, first.json()));
        say(&server, &token, "the-first", "another text").refused(409, "key_reused");
        assert_eq!(server.say(&token, "without a key").status, 201);
    }
    let said = server.said();
    let count = said.iter().filter(|line| line.ends_with(":hi")).count();
    assert_eq!(count, 1, "it is in the log once");
}

#[test]
fn a_name_taken_meanwhile_is_gone() {
    let mut server = Server::start(&[]);
    let token = server.log_in("uthira");
    server.kill();
    server.start_again(&["--grace", "200ms"]);
    // Once the name is no longer held for its owner.
    let other = wait_for("the end of the grace", || {
        let answer = server.ask("POST", "/session", &[], "Uthira");
        let json = (answer.status == 201).then(|| answer.json())?;
        Some(json["token"].as_str()?.to_string())
    });
    let holds = bearer(&other);
    let _listener = server.listen("/events", &[("Authorization", &holds)]);
    let over = server.say(&token, "me!").refused(401, "session_over");
    assert!(
        over["message"]
            .as_str()
            .expect("it")
            .contains("Somebody took your name")
    );
    // When it is free again, the first one may have it back.
    quit(&server, &other);
    assert_eq!(server.say(&token, "me again").status, 201);
}
