use super::*;
use crate::event::{Body, Event};
use crate::journal::Journal;
use crate::line;

/// A journal of 30 lines, each as long as a line can be.
fn long_events() -> (tempfile::TempDir, Journal) {
    let dir = tempfile::tempdir().expect("a folder");
    let at = Stamp::from_micros(0);
    let body = Body::opened("chatroom test", "6f1d0c5be2a94c07");
    let mut journal = Journal::open(&dir.path().join("log.txt"))
        .and_then(|opening| opening.begin(&Event { at, body }))
        .expect("a journal");
    for _ in 0..30 {
        let mut bytes = Vec::new();
        let text = "\u{1b}".repeat(crate::event::MAX_TEXT);
        let body = Body::Notice { text };
        line::to_line(&Event { at, body }, &mut bytes);
        journal.append(&bytes).expect("appended");
    }
    (dir, journal)
}

#[test]
fn a_limit_out_of_range_is_told_the_range_of_a_limit() {
    for (limit, fits) in [
        ("1", true),
        ("1000", true),
        ("0", false),
        ("1001", false),
        ("10001", false),
        ("x", false),
    ] {
        let request = format!("GET /messages?limit={limit} HTTP/1.1\r\nHost: x\r\n\r\n");
        let head = Head::parse(request.as_bytes()).expect("a head");
        let (head, _) = head.expect("a whole head");
        let read = RangeQuery::read(&head, Stamp::from_micros(0));
        match fits {
            true => assert!(read.is_ok(), "{limit}"),
            false => assert!(
                matches!(read, Err(Rejection::BadLimit(MAX_LIMIT))),
                "{limit}"
            ),
        }
    }
}

#[test]
fn ranges_of_long_events_are_bounded_and_leave_none_out() {
    let (_dir, journal) = long_events();
    let (reader, end) = (journal.reader(), journal.end());
    let all: Vec<Option<Id>> = {
        let lines = reader.read_back(end, end as usize).expect("read");
        lines
            .lines()
            .map(|(at, text)| Some(reader.id(at, text)))
            .collect()
    };
    let query = |before, since| RangeQuery {
        before,
        since,
        find: None,
        limit: MAX_LIMIT,
    };
    let (mut forward, mut next) = (Vec::new(), StartPoint::All);
    loop {
        let range = query(None, Some(next)).range(&reader, end);
        let range = range.expect("a range");
        assert!(range.events.len() < 15);
        forward.extend(range.events.iter().map(Wire::id));
        match range.next {
            Some(id) => next = StartPoint::After(id),
            None => break,
        }
    }
    assert_eq!(forward, all);
    let (mut back, mut next) = (Vec::new(), None);
    loop {
        let range = query(next, None).range(&reader, end);
        let range = range.expect("a range");
        assert!(range.events.len() < 15);
        back.extend(range.events.iter().rev().map(Wire::id));
        match range.next {
            Some(id) => next = Some(id),
            None => break,
        }
    }
    back.reverse();
    assert_eq!(back, all);
}

#[test]
fn what_is_counted_back_from_the_end_is_bounded_as_a_range_is() {
    let (_dir, journal) = long_events();
    let (reader, end) = (journal.reader(), journal.end());
    let query = |start, max| StreamQuery {
        start,
        otherwise: StartPoint::Latest,
        resets: false,
        max,
        polls: false,
    };
    let found = |start, max| {
        let found = query(start, max).find(&reader, end, Stamp::from_micros(0));
        let start = found.expect("a start");
        let gap = start
            .first
            .iter()
            .any(|wire| matches!(wire, Wire::Gap { .. }));
        (end - start.offset, gap)
    };
    let max_range = MAX_RANGE as u64;
    for (start, max) in [
        (StartPoint::Newest(MAX_LAST), None),
        (StartPoint::All, Some(MAX_LAST)),
        (StartPoint::From(Stamp::from_micros(0)), Some(MAX_LAST)),
    ] {
        let (bytes, gap) = found(start, max);
        assert!(bytes <= max_range && bytes > max_range / 2, "{bytes}");
        assert!(gap, "what is left out is told");
    }
    let (one, gap) = found(StartPoint::Newest(1), None);
    assert!(!gap && one > 0 && one < max_range / 10, "{one}");
    assert_eq!(found(StartPoint::Newest(0), None), (0, false));
    // All of it is there on request.
    assert_eq!(found(StartPoint::All, None), (end, false));
}
