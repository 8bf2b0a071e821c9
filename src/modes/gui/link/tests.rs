//! The link against a server made for each test: refusals, breaks, restarts, hostility.

pub(super) mod fake;
mod hostile;
mod logins;
mod ranges;
mod reconcile;
mod resume;

use std::io::Write as _;
use std::time::Duration;

use super::*;
use crate::modes::gui::talk::{Field, LinkState};
use crate::wire::Wire;
use fake::*;

fn answer_to(report: &Report, with: &str) -> Option<Result<Said, String>> {
    match report {
        Report::Answer { key: of, answer } if *of == key(with) => Some(answer.clone()),
        _ => None,
    }
}

fn offline(report: &Report) -> Option<String> {
    match report {
        Report::State(LinkState::Offline { why, .. }) => Some(why.clone()),
        _ => None,
    }
}

fn refusal(report: &Report) -> Option<(Field, String)> {
    match report {
        Report::LoginRefused {
            field, sentence, ..
        } => Some((*field, sentence.clone())),
        _ => None,
    }
}

fn event_arrived(report: &Report, wanted: u64) -> Option<()> {
    let Report::Events(events) = report else {
        return None;
    };
    events
        .iter()
        .any(|e| e.id() == Some(id(wanted)) && e.kind() != "hello")
        .then_some(())
}

fn keys(posts: &[Asked]) -> Vec<String> {
    let key = |seen: &Asked| {
        seen.field("idempotency-key")
            .unwrap_or_default()
            .to_string()
    };
    posts.iter().map(key).collect()
}

#[test]
fn events_arrive_whole_however_they_are_cut() {
    let sent = vec![
        said(10, "one\ntwo", None),
        said(20, "ż 😀", None),
        said(30, "end", None),
    ];
    let events = sent.clone();
    let fake = Fake::start(move |request, _, stream| {
        if !request.is("GET /events") {
            return usual(request, stream);
        }
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\n\r\n";
        let bytes = [head.as_slice(), &encoded(&events)].concat();
        for (piece, pause) in bytes.chunks(7).zip((0..20).cycle()) {
            if stream.write_all(piece).is_err() {
                return false;
            }
            if pause == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        hold(stream)
    });
    let mut ear = Ear::log_in(&fake.address);
    ear.until(|report| event_arrived(report, 30));
    let mut events = ear.events();
    assert_eq!(events.remove(0).kind(), "hello");
    assert_eq!(events, sent);
    let asked = &fake.seen("GET /events")[0];
    assert!(asked.is("GET /events?last=200 HTTP/1.1"));
    assert_eq!(asked.field("authorization"), Some("Bearer t1"));
    assert_eq!(asked.field("accept"), Some("text/event-stream"));
    assert_eq!(asked.field("last-event-id"), None);
}

#[test]
fn a_stream_in_chunks_is_read_to_its_last_chunk() {
    let sent = vec![said(10, "one\ntwo", None), said(20, "ż 😀", None)];
    let events = sent.clone();
    let fake = Fake::start(move |request, count, stream| {
        if !request.is("GET /events") {
            return usual(request, stream);
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut bytes = head.as_bytes().to_vec();
        let content = encoded(&events);
        for piece in content.chunks(if count == 0 { 11 } else { 5_000 }) {
            bytes.extend(format!("{:05x}\r\n", piece.len()).as_bytes());
            bytes.extend([piece, b"\r\n"].concat());
        }
        match count {
            // It ends though nobody said good-bye.
            0 => bytes.extend(b"0\r\n\r\n"),
            // This is no chunk.
            1 => bytes.extend(b"event\r\n"),
            _ => {}
        }
        let whole = bytes.chunks(7).all(|piece| stream.write_all(piece).is_ok());
        whole && (count < 2 || hold(stream))
    });
    let mut ear = Ear::log_in(&fake.address);
    let ends = [
        "the connection was closed",
        "its answer is not well-formed HTTP",
    ];
    for end in ends {
        ear.until(|report| (offline(report)? == end).then_some(()));
    }
    fake.wait_for("GET /events", 3);
    let mut events = ear.events();
    assert_eq!(events.remove(0).kind(), "hello");
    assert_eq!(events[..2], sent);
}

#[test]
fn messages_go_out_in_order_each_after_the_answer_to_the_one_before() {
    let fake = Fake::start(|request, _, stream| {
        if request.is("GET /events") {
            begin_stream(stream, &[]);
            return hold(stream);
        }
        usual(request, stream)
    });
    let mut ear = Ear::log_in(&fake.address);
    for n in 0..20 {
        ear.say(&format!("text {n}"), &format!("k{n}"));
    }
    ear.until(|report| answer_to(report, "k19"))
        .expect("recorded");
    let posts = fake.seen("POST /messages");
    let texts: Vec<&str> = posts.iter().map(|post| post.body.as_str()).collect();
    let expected: Vec<String> = (0..20).map(|n| format!("text {n}")).collect();
    assert_eq!(texts, expected);
    assert_eq!(
        posts[0].field("content-type"),
        Some("text/plain; charset=utf-8")
    );
}

/// The connection dies after the first message was received. `arrived` says whether it is in the
/// room all the same.
fn with_a_lost_answer(arrived: bool) -> Vec<String> {
    let fake = Fake::start(move |request, count, stream| {
        if request.is("POST /messages") && count == 0 {
            return false;
        }
        if request.is("GET /members") && count > 0 {
            return reply_members(stream, if arrived { 40 } else { 1 });
        }
        if request.is("GET /events") {
            if arrived && count > 0 {
                begin_stream(stream, &[said(40, "hi", Some("k1"))])
            } else {
                begin_stream(stream, &[])
            }
            return hold(stream);
        }
        usual(request, stream)
    });
    let mut ear = Ear::log_in(&fake.address);
    ear.say("hi", "k1");
    ear.say("ho", "k2");
    ear.until(|report| answer_to(report, "k2"))
        .expect("recorded");
    assert_eq!(fake.seen("GET /events").len(), 2, "it caught up once");
    assert_eq!(
        fake.seen("POST /session").len(),
        1,
        "the token is still good"
    );
    keys(&fake.seen("POST /messages"))
}

#[test]
fn a_message_whose_answer_was_lost_is_not_sent_again_if_it_is_there() {
    assert_eq!(with_a_lost_answer(true), ["k1", "k2"]);
}

#[test]
fn a_message_that_never_arrived_is_sent_again_under_the_same_key() {
    assert_eq!(with_a_lost_answer(false), ["k1", "k1", "k2"]);
}

#[test]
fn a_restart_is_lived_through_and_the_stream_goes_on_where_it_was() {
    let fake = Fake::start(|request, count, stream| {
        if request.is("GET /members") && count == 1 {
            let body = r#"{"error":"unknown_token","message":"Log in again."}"#;
            return reply(stream, "401 Unauthorized", "", body);
        }
        if request.is("GET /events") && count == 0 {
            let message = "Come back.".to_string();
            begin_stream(stream, &[said(10, "before", None), Wire::Bye { message }]);
            return false;
        }
        if request.is("GET /events") {
            begin_stream(stream, &[said(20, "after", None)]);
            return hold(stream);
        }
        usual(request, stream)
    });
    let mut ear = Ear::log_in(&fake.address);
    assert_eq!(ear.until(offline), "the server stopped");
    ear.until(|report| event_arrived(report, 20));
    let asked = fake.seen("GET /events");
    assert_eq!(
        asked[1].field("last-event-id"),
        Some(id(10).to_string().as_str())
    );
    assert!(asked[1].is("GET /events?last=200&max=2100 HTTP/1.1"));
    assert_eq!(
        fake.seen("POST /session").len(),
        2,
        "it logged in again by itself"
    );
    let waits: Vec<String> = ear.heard.iter().filter_map(offline).collect();
    assert_eq!(waits, ["the server stopped"], "and at once");
    let fresh: Vec<bool> = ear
        .heard
        .iter()
        .filter_map(|report| match report {
            Report::LoggedIn { fresh, .. } => Some(*fresh),
            _ => None,
        })
        .collect();
    assert_eq!(fresh, [true, false]);
}

#[test]
fn a_busy_room_is_asked_again_later_and_a_refusal_is_final() {
    let fake = Fake::start(|request, count, stream| {
        if request.is("GET /events") {
            begin_stream(stream, &[]);
            return hold(stream);
        }
        let body = r#"{"error":"x","message":"Slower, please."}"#;
        match (request.is("POST /messages"), count) {
            (true, 0) => reply(stream, "429 Too Many Requests", "Retry-After: 1\r\n", body),
            (true, 1) => reply(stream, "507 Insufficient Storage", "", body),
            (true, 3) => reply(stream, "413 Content Too Large", "", body),
            _ => usual(request, stream),
        }
    });
    let mut ear = Ear::log_in(&fake.address);
    ear.say("hi", "k1");
    ear.say("ho", "k2");
    assert!(ear.until(|r| answer_to(r, "k1")).is_ok());
    let refused = Err("Slower, please.".into());
    assert_eq!(ear.until(|r| answer_to(r, "k2")), refused);
    assert_eq!(keys(&fake.seen("POST /messages")), ["k1", "k1", "k1", "k2"]);
    let held = |report: &&Report| matches!(report, Report::State(LinkState::Paused { .. }));
    assert_eq!(ear.heard.iter().filter(held).count(), 2);
}

#[test]
fn nobody_there_is_final_at_first_unless_it_is_to_go_on() {
    let address = nobody();
    let (field, sentence) = Ear::log_in(&address).until(refusal);
    assert_eq!(field, Field::Address);
    assert!(sentence.contains("connection refused"), "{sentence}");
    let mut ear = Ear::log_in_however_long(&address);
    assert_eq!(ear.until(offline), "connection refused");
}

#[test]
fn a_window_that_does_not_take_stops_the_reading_and_loses_nothing() {
    const MANY: u64 = 30_000;
    let fake = Fake::start(|request, _, stream| {
        if !request.is("GET /events") {
            return usual(request, stream);
        }
        begin_stream(stream, &[]);
        let mut bytes = Vec::new();
        for n in 2..=MANY {
            crate::sse::encode(crate::sse::Form::Sse, &said(n, "x", None), &mut bytes);
        }
        let _ = stream.write_all(&bytes);
        hold(stream)
    });
    let mut ear = Ear::log_in(&fake.address);
    fake.wait_for("GET /events", 1);
    ear.until(|report| event_arrived(report, MANY));
    let ids: Vec<u64> = ear
        .events()
        .iter()
        .skip(1)
        .filter_map(|e| Some(e.id()?.offset))
        .collect();
    assert_eq!(ids, (2..=MANY).collect::<Vec<u64>>());
}

#[test]
fn what_was_said_just_before_leaving_still_gets_out() {
    let fake = Fake::start(|request, _, stream| {
        if request.is("GET /events") {
            begin_stream(stream, &[]);
            return hold(stream);
        }
        usual(request, stream)
    });
    let mut ear = Ear::log_in(&fake.address);
    ear.until(|report| matches!(report, Report::State(LinkState::Connected)).then_some(()));
    ear.say("good night", "k1");
    ear.link.close(Duration::from_secs(5));
    assert!(
        fake.seen("POST /messages")
            .iter()
            .all(|post| post.body == "good night")
    );
    assert!(!fake.seen("POST /messages").is_empty());
    assert_eq!(fake.seen("DELETE /session").len(), 1);
}
