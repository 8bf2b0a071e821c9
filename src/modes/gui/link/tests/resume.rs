//! Going on where an earlier window or an earlier connection was.

use super::*;
use crate::modes::gui::talk::{Login, Resume};

fn resuming(fake: &Fake, after: Option<u64>, token: Option<&str>) -> Ear {
    let ear = Ear::new();
    ear.link.send(LinkCommand::LogIn(Login {
        resume: Resume {
            after: after.map(id),
            token: token.map(str::to_string),
        },
        ..login(&fake.address, "uthira")
    }));
    ear
}

fn let_in(report: &Report) -> Option<(String, String, bool)> {
    match report {
        Report::LoggedIn { session, fresh, .. } => {
            Some((session.room.clone(), session.token.clone(), *fresh))
        }
        _ => None,
    }
}

fn gap() -> Wire {
    let message = "Left out.".into();
    Wire::Gap { message }
}

#[test]
fn a_window_resumes_with_the_token_and_the_newest_event_of_an_earlier_one() {
    let fake = Fake::start(|request, count, stream| match request.is("GET /events") {
        true if count == 0 => {
            begin_stream(stream, &[said(900, "a", None)]);
            false
        }
        true => stream_with(stream, &[gap(), said(9000, "b", None)]),
        false => usual(request, stream),
    });
    let mut ear = resuming(&fake, Some(77), Some("kept"));
    let (room, token, fresh) = ear.until(let_in);
    assert_eq!(
        (room.as_str(), token.as_str(), fresh),
        ("lobby", "t1", true)
    );
    ear.until(|report| event_arrived(report, 9000));
    let kinds: Vec<&str> = ear.events().iter().map(Wire::kind).collect();
    assert_eq!(kinds, ["hello", "message", "hello", "gap", "message"]);
    assert_eq!(fake.seen("POST /session").len(), 0, "nobody saw it come");
    let whose = &fake.seen("GET /session")[0];
    assert_eq!(whose.field("authorization"), Some("Bearer kept"));
    let asked = fake.seen("GET /events");
    let asked: Vec<(&str, Option<&str>)> = asked
        .iter()
        .map(|asked| (asked.line.as_str(), asked.field("last-event-id")))
        .collect();
    assert_eq!(
        asked,
        [
            (
                "GET /events?last=200&max=520 HTTP/1.1",
                Some(id(77).to_string().as_str())
            ),
            (
                "GET /events?last=200&max=2100 HTTP/1.1",
                Some(id(900).to_string().as_str())
            )
        ]
    );
}

#[test]
fn a_token_that_is_over_leads_to_a_login_that_waits_for_the_name() {
    for status in [
        "401 Unauthorized",
        "405 Method Not Allowed",
        "404 Not Found",
    ] {
        let fake = Fake::start(move |request, count, stream| {
            let body = r#"{"error":"x","message":"It is held."}"#;
            if request.is("GET /session") {
                return reply(stream, status, "", body);
            }
            if request.is("POST /session") && count == 0 {
                return reply(stream, "409 Conflict", "Retry-After: 1\r\n", body);
            }
            if request.is("GET /events") {
                stream_with(stream, &[])
            } else {
                usual(request, stream)
            }
        });
        let mut ear = resuming(&fake, None, Some("kept"));
        assert_eq!(ear.until(offline), "It is held.");
        ear.until(let_in);
        assert_eq!(fake.seen("POST /session").len(), 2);
    }
}

#[test]
fn what_is_no_token_is_not_sent_anywhere() {
    let fake = Fake::start(|request, _, stream| usual(request, stream));
    let mut ear = resuming(&fake, None, Some("x\r\nHost: evil"));
    ear.until(let_in);
    assert_eq!(fake.seen("GET /session").len(), 0);
}

/// The greeting names an event after the gap. If the stream breaks between the two, the gap must
/// come again, or the window never hears of it.
#[test]
fn a_break_right_after_the_greeting_skips_nothing() {
    let fake = Fake::start(|request, count, stream| match request.is("GET /events") {
        true if count == 0 => {
            let hello = Wire::Hello {
                id: Some(id(800)),
                now: crate::event::Stamp::from_micros(0),
                heartbeat: 1,
            };
            let mut bytes = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n".to_vec();
            crate::sse::encode(crate::sse::Form::Sse, &hello, &mut bytes);
            let _ = stream.write_all(&bytes);
            false
        }
        true => stream_with(stream, &[gap(), said(900, "b", None)]),
        false => usual(request, stream),
    });
    let mut ear = resuming(&fake, Some(77), None);
    ear.until(|report| event_arrived(report, 900));
    for asked in fake.seen("GET /events") {
        let place = id(77).to_string();
        assert_eq!(asked.field("last-event-id"), Some(place.as_str()));
    }
}

/// The window does not take what is reported, so the reading stands still in the middle of a batch;
/// then the sending breaks, which ends the connection. What was not handed over is read again.
#[test]
fn a_break_while_the_window_is_behind_loses_nothing() {
    const MANY: u64 = 40_000;
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let (close, closed) = std::sync::mpsc::channel::<()>();
    let fake = Fake::start(move |request, count, stream| {
        if request.is("POST /messages") && count == 0 {
            let _ = wait
                .lock()
                .expect("no panic")
                .recv_timeout(Duration::from_secs(20));
            return false;
        }
        if !request.is("GET /events") {
            return usual(request, stream);
        }
        let place = request.field("last-event-id");
        let place = place.and_then(|text| text.parse::<crate::event::Id>().ok());
        let from = place.map_or(1, |place| place.offset) + 1;
        begin_stream(stream, &[]);
        let mut bytes = Vec::new();
        for n in from..=MANY {
            crate::sse::encode(crate::sse::Form::Sse, &said(n, "x", None), &mut bytes);
        }
        let _ = stream.write_all(&bytes);
        hold(stream);
        // The test may have gone on.
        let _ = close.send(());
        false
    });
    let mut ear = Ear::log_in(&fake.address);
    fake.wait_for("GET /events", 1);
    ear.say("hi", "k1");
    fake.wait_for("POST /messages", 1);
    let begun = std::time::Instant::now();
    while !ear.link.reports.is_full() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it goes on");
        std::thread::sleep(Duration::from_millis(5));
    }
    go.send(()).expect("the room listens");
    // The window is told nothing, since nothing more fits; the room sees that its stream was closed.
    let noticed = closed.recv_timeout(Duration::from_secs(20));
    noticed.expect("the break is noticed while the window takes nothing");
    ear.until(|report| event_arrived(report, MANY));
    let events = ear.events();
    let ids = events.iter().filter(|event| event.kind() == "message");
    let ids: Vec<u64> = ids.filter_map(|e| Some(e.id()?.offset)).collect();
    let wrong = ids.iter().zip(2..).find(|(id, wanted)| *id != wanted);
    assert_eq!((wrong, ids.len() as u64), (None, MANY - 1));
    assert_eq!(fake.seen("GET /events").len(), 2);
}
