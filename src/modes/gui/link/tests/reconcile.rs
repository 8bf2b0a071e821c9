//! Nothing is sent twice: messages of an earlier window, and those whose answers were lost, when the
//! stream does not bring everything.

use super::*;
use crate::modes::gui::link::reconcile::MAX_RANGES;
use crate::modes::gui::talk::{Login, Resume};

fn gap() -> Wire {
    let message = "Left out.".into();
    Wire::Gap { message }
}

fn reset() -> Wire {
    let message = "Another log.".into();
    Wire::Reset {
        message,
        earlier: None,
    }
}

/// A window that knew the event 10, and whose message `k1` was recorded after it.
fn with_a_doubt(fake: &Fake) -> Ear {
    let ear = Ear::new();
    ear.link.send(LinkCommand::LogIn(Login {
        resume: Resume {
            after: Some(id(10)),
            token: None,
        },
        ..login(&fake.address, "uthira")
    }));
    ear.say_after("hi", "k1", Some(id(10)));
    ear
}

/// The outcome of the message in a room whose stream begins like this, and whose ranges are these.
fn outcome(
    first: Vec<Wire>,
    range: impl Fn(&str, usize, &mut std::net::TcpStream) -> bool + Send + Sync + 'static,
) -> (Result<Said, String>, Fake) {
    let fake = Fake::start(move |request, count, stream| {
        if request.is("GET /events") {
            return stream_with(stream, &first);
        }
        if request.is("GET /messages") {
            return range(&request.line, count, stream);
        }
        if request.is("GET /members") {
            return reply_members(stream, 900);
        }
        usual(request, stream)
    });
    let answer = with_a_doubt(&fake).until(|report| answer_to(report, "k1"));
    (answer, fake)
}

fn offset(answer: &Result<Said, String>) -> Option<u64> {
    match answer {
        Ok(said) => Some(said.id.offset),
        Err(_) => None,
    }
}

fn queries(fake: &Fake) -> Vec<String> {
    let seen = fake.seen("GET /messages");
    let line = |line: &str| {
        line.split([' ', '?'])
            .nth(2)
            .unwrap_or_default()
            .to_string()
    };
    seen.iter().map(|seen| line(&seen.line)).collect()
}

#[test]
fn a_message_that_the_stream_brings_is_not_sent_again() {
    let fake = Fake::start(|request, _, stream| {
        if request.is("GET /events") {
            let events = [said(40, "hi", Some("k1")), said(900, "x", None)];
            return stream_with(stream, &events);
        }
        if request.is("GET /members") {
            return reply_members(stream, 900);
        }
        usual(request, stream)
    });
    let mut ear = with_a_doubt(&fake);
    ear.say("ho", "k2");
    ear.until(|report| answer_to(report, "k2"))
        .expect("recorded");
    assert_eq!(keys(&fake.seen("POST /messages")), ["k2"]);
    assert!(queries(&fake).is_empty(), "the stream left nothing out");
}

#[test]
fn a_message_that_stands_in_what_was_left_out_is_found_there() {
    let (answer, fake) = outcome(
        vec![gap(), said(900, "x", None)],
        |_, count, stream| match count {
            0 => reply_range(stream, vec![said(20, "a", Some("other"))], Some(id(20))),
            _ => reply_range(stream, vec![said(40, "hi", Some("k1"))], None),
        },
    );
    assert_eq!(offset(&answer), Some(40));
    assert_eq!(fake.seen("POST /messages").len(), 0);
    let expected = [10, 20].map(|n| format!("since={}&limit=1000", id(n)));
    assert_eq!(queries(&fake), expected);
}

#[test]
fn a_message_that_is_nowhere_is_sent_under_its_key() {
    let (answer, fake) = outcome(vec![gap(), said(900, "x", None)], |_, _, stream| {
        reply_range(stream, vec![said(20, "hi", Some("other"))], None)
    });
    assert_eq!(offset(&answer), Some(50));
    assert_eq!(keys(&fake.seen("POST /messages")), ["k1"]);
    assert_eq!(queries(&fake).len(), 1);
}

#[test]
fn a_log_that_does_not_know_the_event_is_searched_whole() {
    for there in [true, false] {
        let first = vec![reset(), said(900, "x", None)];
        let (answer, fake) = outcome(first, move |line, _, stream| {
            if line.contains("since=") {
                let body = r#"{"error":"id_unknown","message":"No such event."}"#;
                return reply(stream, "400 Bad Request", "", body);
            }
            if !line.contains("before=") {
                return reply_range(stream, vec![said(800, "b", None)], Some(id(800)));
            }
            let key = there.then_some("k1");
            reply_range(stream, vec![said(40, "hi", key)], None)
        });
        assert_eq!(offset(&answer), Some(if there { 40 } else { 50 }));
        let posts = fake.seen("POST /messages").len();
        assert_eq!(posts, usize::from(!there));
        let before = format!("before={}&limit=1000", id(800));
        assert_eq!(queries(&fake)[1..], ["limit=1000".to_string(), before]);
    }
}

#[test]
fn what_cannot_be_known_is_left_to_the_user() {
    let (answer, fake) = outcome(vec![gap(), said(900, "x", None)], |_, count, stream| {
        reply_range(
            stream,
            vec![said(20, "a", None)],
            Some(id(20 + count as u64)),
        )
    });
    let Err(why) = answer else {
        panic!("it may stand there twice now");
    };
    assert!(why.starts_with("The room may or may not have this") && why.ends_with('.'));
    assert_eq!(queries(&fake).len(), MAX_RANGES);
    assert_eq!(fake.seen("POST /messages").len(), 0);
}

#[test]
fn a_room_that_is_too_busy_for_ranges_is_asked_again() {
    let (answer, fake) = outcome(
        vec![gap(), said(900, "x", None)],
        |_, count, stream| match count {
            0 => reply(stream, "503 No", "Retry-After: 0\r\n", "{}"),
            1 => false,
            _ => reply_range(stream, vec![said(40, "hi", Some("k1"))], None),
        },
    );
    assert_eq!(offset(&answer), Some(40));
    assert_eq!(fake.seen("POST /messages").len(), 0);
}

#[test]
fn a_message_without_an_answer_is_searched_after_the_newest_event_of_the_attempt() {
    let fake = Fake::start(|request, count, stream| {
        if request.is("POST /messages") {
            return false;
        }
        if request.is("GET /members") {
            return reply_members(stream, if count == 0 { 30 } else { 900 });
        }
        if request.is("GET /messages") {
            return reply_range(stream, vec![said(40, "hi", Some("k1"))], None);
        }
        match (request.is("GET /events"), count) {
            (true, 0) => stream_with(stream, &[said(30, "a", None)]),
            (true, _) => stream_with(stream, &[gap(), said(900, "x", None)]),
            _ => usual(request, stream),
        }
    });
    let mut ear = Ear::log_in(&fake.address);
    ear.until(|report| event_arrived(report, 30));
    ear.say_after("hi", "k1", Some(id(30)));
    let answer = ear.until(|report| answer_to(report, "k1"));
    assert_eq!(offset(&answer), Some(40));
    assert_eq!(fake.seen("POST /messages").len(), 1);
    assert_eq!(queries(&fake), [format!("since={}&limit=1000", id(30))]);
}

#[test]
fn a_message_that_is_said_after_the_stream_brought_it_is_answered_from_memory() {
    let fake = Fake::start(|request, _, stream| {
        if request.is("GET /events") {
            stream_with(stream, &[said(40, "hi", Some("k1"))])
        } else {
            usual(request, stream)
        }
    });
    let mut ear = Ear::log_in(&fake.address);
    ear.until(|report| event_arrived(report, 40));
    ear.say_after("hi", "k1", Some(id(10)));
    let answer = ear.until(|report| answer_to(report, "k1"));
    assert_eq!(offset(&answer), Some(40));
    assert_eq!(fake.seen("POST /messages").len(), 0);
}

/// The message was typed long ago, while there was no connection: there is nothing to search.
#[test]
fn a_message_that_was_never_tried_is_not_in_doubt() {
    let (read, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let fake = Fake::start(
        move |request, count, stream| match request.is("GET /events") {
            true if count == 0 => {
                begin_stream(stream, &[said(30, "a", None)]);
                let wait = wait.lock().expect("no panic");
                let _ = wait.recv_timeout(Duration::from_secs(20));
                false
            }
            true => stream_with(stream, &[gap(), said(900, "x", None)]),
            false => usual(request, stream),
        },
    );
    let mut ear = Ear::log_in(&fake.address);
    ear.until(|report| event_arrived(report, 30));
    read.send(()).expect("the room waits");
    ear.until(offline);
    ear.say_after("hi", "k1", Some(id(30)));
    let answer = ear.until(|report| answer_to(report, "k1"));
    assert_eq!(offset(&answer), Some(50));
    assert!(queries(&fake).is_empty());
}
