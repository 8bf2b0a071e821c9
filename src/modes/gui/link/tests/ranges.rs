//! Ranges of the history, fetched while the stream is open.

use super::*;
use crate::event::{Body, Id, Recorded};
use crate::modes::gui::link::ranges::MAX_QUERIES;
use crate::modes::gui::talk::HistoryQuery;
use crate::wire::HistoryRange;

type RangeReport = (HistoryQuery, Result<HistoryRange, String>);

fn range(report: &Report) -> Option<RangeReport> {
    match report {
        Report::Range { query, range } => Some((query.clone(), range.clone())),
        _ => None,
    }
}

fn ranges(ear: &mut Ear, count: usize) -> Vec<RangeReport> {
    let mut found = 0;
    ear.until(|report| {
        found += usize::from(range(report).is_some());
        (found == count).then_some(())
    });
    let found = ear.heard.iter().filter_map(range).collect();
    ear.heard.retain(|report| range(report).is_none());
    found
}

/// A room that answers queries for ranges in its own way.
fn room(answer: impl Fn(usize, &mut std::net::TcpStream) -> bool + Send + Sync + 'static) -> Fake {
    Fake::start(move |request, count, stream| {
        if request.is("GET /events") {
            return stream_with(stream, &[]);
        }
        if request.is("GET /messages") {
            answer(count, stream)
        } else {
            usual(request, stream)
        }
    })
}

fn find(text: &str, before: Option<Id>) -> HistoryQuery {
    let text = text.to_string();
    HistoryQuery::Find { text, before }
}

#[test]
fn every_question_is_answered_in_order_while_the_stream_goes_on() {
    // Of another log and in the wrong order: to be judged by others.
    let strange = vec![
        said(30, "a", None),
        said(20, "b", None),
        Wire::Recorded(Recorded {
            id: Id {
                log: crate::event::LogId(9),
                ..id(1)
            },
            at: crate::event::Stamp::from_micros(0),
            body: Body::join("eve"),
        }),
    ];
    let events = strange.clone();
    let fake = room(move |count, stream| match count {
        // The server closed the idle connection meanwhile, so the link asks again on another one.
        1 => false,
        n => reply_range(stream, events.clone(), (n == 0).then_some(id(20))),
    });
    let mut ear = Ear::log_in(&fake.address);
    let queries = [
        HistoryQuery::Newest,
        HistoryQuery::Before(id(20)),
        HistoryQuery::After(id(7)),
        find("50 % & more", None),
        find("x", Some(id(20))),
    ];
    for ask in &queries {
        ear.link.send(LinkCommand::Fetch(ask.clone()));
    }
    let answers = ranges(&mut ear, queries.len());
    let order: Vec<&HistoryQuery> = answers.iter().map(|(ask, _)| ask).collect();
    assert_eq!(order, queries.iter().collect::<Vec<&HistoryQuery>>());
    for (nth, (_, range)) in answers.iter().enumerate() {
        let range = range.as_ref().expect("a range");
        assert_eq!(range.events, strange);
        assert_eq!(range.next, (nth == 0).then_some(id(20)));
    }
    let asked = fake.seen("GET /messages");
    let lines: Vec<&str> = asked.iter().map(|asked| asked.line.as_str()).collect();
    let before = format!("GET /messages?before={}&limit=200 HTTP/1.1", id(20));
    let after = format!("GET /messages?since={}&limit=200 HTTP/1.1", id(7));
    let found = format!("GET /messages?find=x&before={}&limit=100 HTTP/1.1", id(20));
    assert_eq!(
        lines,
        [
            "GET /messages?limit=200 HTTP/1.1",
            &before,
            &before,
            &after,
            "GET /messages?find=50+%25+%26+more&limit=100 HTTP/1.1",
            &found,
        ]
    );
    assert_eq!(asked[0].field("authorization"), Some("Bearer t1"));
    assert_eq!(fake.seen("GET /events").len(), 1);
}

#[test]
fn without_a_room_every_question_is_answered_with_the_reason() {
    let mut ear = Ear::new();
    ear.link.send(LinkCommand::Fetch(HistoryQuery::Newest));
    let (_, answer) = ear.until(range);
    assert!(
        answer
            .expect_err("no range")
            .starts_with("There is no connection")
    );

    let fake = room(|count, stream| {
        let body = r#"{"error":"x","message":"This id is from another log."}"#;
        match count {
            0 => reply(stream, "400 Bad Request", "", body),
            1 => reply(stream, "200 OK", "", "[]"),
            2 => reply(stream, "301 Moved", "Location: http://x/\r\n", ""),
            3 => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
                while stream.write_all(&[b'x'; 65536]).is_ok() {}
                false
            }
            4 => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"events\":[");
                while stream.write_all(&[b' '; 65536]).is_ok() {}
                false
            }
            _ => {
                let _ = stream.write_all(b"garbage\r\n\r\n");
                false
            }
        }
    });
    let mut ear = Ear::log_in(&fake.address);
    for part in [
        "This id is from another log.",
        "sends nothing that",
        "elsewhere",
        "its answer is too long",
        "its answer is too long",
        "does not answer in HTTP",
    ] {
        ear.link.send(LinkCommand::Fetch(HistoryQuery::Newest));
        let (_, answer) = ranges(&mut ear, 1).remove(0);
        let why = answer.expect_err("no range");
        assert!(why.contains(part), "{why}");
    }
    assert_eq!(
        fake.seen("GET /events").len(),
        1,
        "the stream is none the worse"
    );
}

#[test]
fn a_question_waits_for_a_connection_that_is_on_its_way_and_no_longer() {
    let (asked, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let fake = Fake::start(move |request, count, stream| {
        if request.is("GET /members") && count == 0 {
            // Until the question is there.
            let wait = wait.lock().expect("no panic");
            let _ = wait.recv_timeout(Duration::from_secs(20));
            return reply(stream, "503 No", "Retry-After: 100\r\n", "{}");
        }
        match request.is("GET /messages") {
            true => reply_range(stream, Vec::new(), None),
            false if request.is("GET /events") => stream_with(stream, &[]),
            false => usual(request, stream),
        }
    });
    let mut ear = Ear::log_in(&fake.address);
    ear.until(|report| matches!(report, Report::LoggedIn { .. }).then_some(()));
    fake.wait_for("GET /members", 1);
    ear.link.send(LinkCommand::Fetch(HistoryQuery::Newest));
    asked.send(()).expect("the room waits");
    let (_, answer) = ear.until(range);
    assert!(answer.is_err());
    ear.heard.clear();
    ear.link.send(LinkCommand::TryNow);
    ear.until(|report| matches!(report, Report::State(LinkState::Connecting)).then_some(()));
    ear.link.send(LinkCommand::Fetch(HistoryQuery::Newest));
    let (_, answer) = ear.until(range);
    assert!(answer.is_ok());
}

#[test]
fn too_many_questions_at_once_are_answered_with_the_reason_too() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let fake = room(move |_, stream| {
        let _ = wait
            .lock()
            .expect("no panic")
            .recv_timeout(Duration::from_secs(20));
        reply_range(stream, Vec::new(), None)
    });
    let mut ear = Ear::log_in(&fake.address);
    ear.link.send(LinkCommand::Fetch(HistoryQuery::Newest));
    fake.wait_for("GET /messages", 1);
    for n in 0..MAX_QUERIES as u64 {
        ear.link
            .send(LinkCommand::Fetch(HistoryQuery::Before(id(n))));
    }
    let (ask, refused) = ear.until(range);
    assert_eq!(ask, HistoryQuery::Before(id(MAX_QUERIES as u64 - 1)));
    assert!(refused.expect_err("one too many").contains("Too many"));
    ear.heard.clear();
    for _ in 0..MAX_QUERIES {
        go.send(()).expect("the room listens");
    }
    let answers = ranges(&mut ear, MAX_QUERIES);
    assert!(answers.iter().all(|(_, range)| range.is_ok()));
    assert_eq!(answers[1].0, HistoryQuery::Before(id(0)));
}

#[test]
fn what_was_asked_in_a_room_that_is_left_gets_no_range_of_the_other() {
    let first = room(|_, _| true); // It never answers.
    let second = room(|_, stream| reply_range(stream, vec![said(7, "new", None)], None));
    let mut ear = Ear::log_in(&first.address);
    ear.link
        .send(LinkCommand::Fetch(HistoryQuery::Before(id(1))));
    ear.link
        .send(LinkCommand::Fetch(HistoryQuery::Before(id(2))));
    first.wait_for("GET /messages", 1);
    ear.link
        .send(LinkCommand::LogIn(login(&second.address, "uthira")));
    for (nth, (ask, range)) in ranges(&mut ear, 2).into_iter().enumerate() {
        assert_eq!(ask, HistoryQuery::Before(id(1 + nth as u64)));
        assert!(range.expect_err("too late").starts_with("You went"));
    }
    ear.until(|report| matches!(report, Report::LoggedIn { fresh: true, .. }).then_some(()));
    second.wait_for("GET /events", 1);
    ear.link.send(LinkCommand::Fetch(HistoryQuery::Newest));
    let answers = ranges(&mut ear, 1);
    assert_eq!(answers[0].0, HistoryQuery::Newest);
    assert!(answers[0].1.is_ok());
}
