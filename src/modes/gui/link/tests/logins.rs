//! Logging in, and in differently: what ends, what goes on, what becomes of what was said.

use super::*;
use crate::modes::gui::talk::Login;

fn connected(report: &Report) -> Option<()> {
    matches!(report, Report::State(LinkState::Connected)).then_some(())
}

fn let_in(report: &Report) -> Option<(String, bool)> {
    match report {
        Report::LoggedIn { session, fresh, .. } => Some((session.name.clone(), *fresh)),
        _ => None,
    }
}

#[test]
fn a_refused_name_is_reported_in_the_servers_words() {
    let fake = Fake::start(|_, count, stream| match count {
        0 => reply(
            stream,
            "422 Unprocessable Content",
            "",
            r#"{"error":"name_too_long","message":"At most 8.","limit":8}"#,
        ),
        1 => reply(
            stream,
            "401 Unauthorized",
            "",
            r#"{"error":"key_required","message":"There is a key."}"#,
        ),
        2 => reply(
            stream,
            "503 Service Unavailable",
            "",
            r#"{"error":"room_full","message":"The room is full."}"#,
        ),
        _ => reply(
            stream,
            "409 Conflict",
            "Retry-After: 3\r\n",
            r#"{"error":"name_taken","message":"Taken."}"#,
        ),
    });
    for expected in [
        (Field::Name, "At most 8."),
        (Field::Key, "There is a key."),
        (Field::Name, "The room is full."),
        (Field::Name, "Taken."),
    ] {
        let mut ear = Ear::log_in(&fake.address);
        let (field, sentence) = ear.until(refusal);
        assert_eq!((field, sentence.as_str()), expected);
    }
    let asked = &fake.seen("POST /session")[0];
    assert_eq!(asked.body, r#"{"name":"uthira"}"#);
    assert_eq!(asked.field("content-type"), Some("application/json"));
    assert!(
        asked
            .field("user-agent")
            .is_some_and(|agent| agent.starts_with("chatroom-gui/"))
    );
}

#[test]
fn leaving_is_said_and_another_login_ends_the_old_one() {
    let fake = Fake::start(|request, _, stream| {
        if request.is("GET /events") {
            begin_stream(stream, &[]);
            return hold(stream);
        }
        usual(request, stream)
    });
    let mut ear = Ear::log_in(&fake.address);
    let connected =
        |report: &Report| matches!(report, Report::State(LinkState::Connected)).then_some(());
    ear.until(connected);
    ear.heard.clear();
    ear.link.send(LinkCommand::LogIn(Login {
        key: Some("sesame".into()),
        ..login(&fake.address, "other")
    }));
    ear.until(connected);
    let asked = fake.seen("POST /session");
    assert_eq!(asked[1].body, r#"{"name":"other","key":"sesame"}"#);
    assert_eq!(fake.seen("DELETE /session").len(), 1);
    let first = |asked: &Asked| asked.is("POST") || asked.is("DELETE");
    let order: Vec<Asked> = fake.seen("").into_iter().filter(first).collect();
    assert!(order[1].is("POST") && order[2].is("DELETE"), "only then");
    ear.link.close(Duration::from_secs(5));
    assert_eq!(fake.seen("DELETE /session").len(), 2);
    assert_eq!(
        fake.seen("DELETE /session")[1].field("authorization"),
        Some("Bearer t1")
    );
}

#[test]
fn a_refused_host_is_said_in_the_servers_words_at_the_address() {
    for status in ["421 Misdirected Request", "403 Forbidden"] {
        let fake = Fake::start(move |_, _, stream| {
            let body = r#"{"error":"host_unknown","message":"Start it with --host-name x."}"#;
            reply(stream, status, "", body)
        });
        let (field, sentence) = Ear::log_in_however_long(&fake.address).until(refusal);
        assert_eq!(field, Field::Address);
        assert_eq!(sentence, "Start it with --host-name x.");
    }
}

/// A room that refuses the name `no`, keeps streams open, and says a message's number is its turn.
fn picky() -> Fake {
    Fake::start(|request, count, stream| {
        if request.is("GET /events") {
            return stream_with(stream, &[]);
        }
        if request.is("POST /session") && request.body.contains("\"no") {
            let body = r#"{"error":"name_taken","message":"Taken.","limit":3}"#;
            return reply(stream, "409 Conflict", "", body);
        }
        if request.is("POST /messages") && count == 0 {
            let body = r#"{"error":"x","message":"Later."}"#;
            return reply(stream, "429 Too Many Requests", "Retry-After: 1\r\n", body);
        }
        usual(request, stream)
    })
}

#[test]
fn a_refused_other_login_leaves_everything_as_it_was() {
    let (fake, other) = (picky(), picky());
    let mut ear = Ear::log_in(&fake.address);
    ear.until(connected);
    ear.say("hi", "k1");
    ear.until(|r| matches!(r, Report::State(LinkState::Paused { .. })).then_some(()));
    for address in [&fake.address, &other.address] {
        ear.heard.clear();
        ear.link.send(LinkCommand::LogIn(login(address, "no")));
        assert_eq!(ear.until(refusal), (Field::Name, "Taken.".to_string()));
        let limit = |report: &Report| match report {
            Report::LoginRefused { limit, .. } => *limit,
            _ => None,
        };
        assert_eq!(ear.heard.iter().find_map(limit), Some(3));
    }
    // The message waits no longer than the room said, and nobody saw us go.
    let waits = |r: &Report| answer_to(r, "k1");
    assert!(ear.until(waits).is_ok());
    assert_eq!(fake.seen("GET /events").len(), 1, "the stream went on");
    assert_eq!(fake.seen("DELETE /session").len(), 0);
    assert_eq!(other.seen("POST /session").len(), 1);
}

#[test]
fn another_login_that_nobody_answers_leaves_everything_as_it_was() {
    let fake = picky();
    let mut ear = Ear::log_in(&fake.address);
    ear.until(connected);
    ear.heard.clear();
    ear.link
        .send(LinkCommand::LogIn(login(&nobody(), "uthira")));
    assert_eq!(ear.until(refusal).0, Field::Address);
    ear.until(connected);
    assert_eq!(fake.seen("GET /events").len(), 1);
}

#[test]
fn a_name_that_the_room_takes_for_ours_is_tried_after_leaving_and_ours_taken_back() {
    let fake = picky();
    let mut ear = Ear::new();
    ear.link
        .send(LinkCommand::LogIn(login(&fake.address, "n0")));
    ear.until(connected);
    ear.heard.clear();
    ear.link
        .send(LinkCommand::LogIn(login(&fake.address, "no")));
    assert_eq!(ear.until(refusal).1, "Taken.");
    assert!(!ear.until(let_in).1, "the transcript stays");
    ear.until(connected);
    assert_eq!(fake.seen("DELETE /session").len(), 1);
    let asked = fake.seen("POST /session");
    let asked: Vec<&str> = asked.iter().map(|asked| asked.body.as_str()).collect();
    assert_eq!(
        asked,
        [r#"{"name":"n0"}"#, r#"{"name":"no"}"#, r#"{"name":"n0"}"#]
    );
    let again = &fake.seen("GET /events")[1];
    assert_eq!(
        again.field("last-event-id"),
        Some(id(1).to_string().as_str())
    );
}

#[test]
fn what_waits_is_given_back_when_another_login_is_accepted() {
    let (fake, other) = (picky(), picky());
    let mut ear = Ear::log_in(&fake.address);
    ear.until(connected);
    ear.say("hi", "k1");
    ear.say("ho", "k2");
    ear.until(|r| matches!(r, Report::State(LinkState::Paused { .. })).then_some(()));
    ear.heard.clear();
    ear.link
        .send(LinkCommand::LogIn(login(&other.address, "eve")));
    for one in ["k1", "k2"] {
        let Err(why) = ear.until(|report| answer_to(report, one)) else {
            panic!("it was said in the wrong room");
        };
        assert!(why.starts_with("You logged in as someone else"));
    }
    assert_eq!(ear.until(let_in), ("uthira".to_string(), true));
    assert_eq!(fake.seen("DELETE /session").len(), 1);
    assert!(other.seen("POST /messages").is_empty());
}

#[test]
fn what_is_said_before_the_first_login_is_for_that_and_no_other() {
    let (fake, other) = (picky(), picky());
    let mut ear = Ear::new();
    ear.say("early", "k1");
    ear.link
        .send(LinkCommand::LogIn(login(&fake.address, "no")));
    ear.until(refusal);
    ear.link
        .send(LinkCommand::LogIn(login(&other.address, "uthira")));
    assert!(ear.until(|r| answer_to(r, "k1")).is_err());
    ear.until(connected);
    assert!(other.seen("POST /messages").is_empty());

    let mut ear = Ear::new();
    ear.say("early", "k1");
    ear.link
        .send(LinkCommand::LogIn(login(&other.address, "uthira")));
    assert!(ear.until(|r| answer_to(r, "k1")).is_ok());
}

#[test]
fn the_wait_for_the_next_attempt_ends_when_the_user_wants_it() {
    let fake = Fake::start(|request, count, stream| {
        if request.is("POST /session") && count < 2 {
            let body = r#"{"error":"room_full","message":"Full."}"#;
            return reply(stream, "503 No", "Retry-After: 200\r\n", body);
        }
        if request.is("GET /events") && count == 0 {
            let body = r#"{"error":"x","message":"Not now."}"#;
            return reply(stream, "503 No", "Retry-After: 250\r\n", body);
        }
        if request.is("GET /events") {
            stream_with(stream, &[])
        } else {
            usual(request, stream)
        }
    });
    let mut ear = Ear::log_in_however_long(&fake.address);
    let again = |report: &Report| match report {
        Report::State(LinkState::Offline { again, .. }) => Some(again.as_secs()),
        _ => None,
    };
    for expected in [200, 200, 250] {
        assert_eq!(ear.until(again), expected);
        ear.heard.clear();
        ear.link.send(LinkCommand::TryNow);
    }
    ear.until(connected);
}

/// A port that takes no connection and refuses none: its queue is full.
fn black_hole() -> (std::net::TcpListener, Vec<std::net::TcpStream>) {
    let hole = crate::system::sockets::listener(0);
    let address = hole.local_addr().expect("an address");
    let mut waiting = Vec::new();
    while let Ok(one) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        waiting.push(one);
    }
    (hole, waiting)
}

#[test]
fn a_connection_that_nobody_takes_is_given_up_after_ten_seconds_or_at_once() {
    let (hole, waiting) = black_hole();
    let address = hole.local_addr().expect("an address").to_string();
    let begun = std::time::Instant::now();
    let mut ear = Ear::new();
    ear.link.send(LinkCommand::LogIn(Login {
        persist: true,
        ..login(&address, "uthira")
    }));
    let connecting = |report: &Report| {
        assert_eq!(offline(report), None, "it was cut short");
        matches!(report, Report::State(LinkState::Connecting)).then_some(())
    };
    for _ in 0..3 {
        ear.until(connecting);
        ear.heard.clear();
        ear.link.send(LinkCommand::TryNow);
    }
    ear.until(connecting);
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    let begun = std::time::Instant::now();
    assert_eq!(ear.until(offline), "nothing is heard from the server");
    assert!(
        begun.elapsed() < Duration::from_secs(11),
        "{:?}",
        begun.elapsed()
    );
    drop(waiting);
}
