//! Servers that are none, or mean us harm: a sentence, bounded memory, no tight circle.

use super::*;

/// The announced waits for the next attempts, in milliseconds.
fn waits(ear: &mut Ear, count: usize) -> Vec<u128> {
    let mut waits = Vec::new();
    ear.until(|report| {
        if let Report::State(LinkState::Offline { again, .. }) = report {
            waits.push(again.as_millis());
        }
        (waits.len() == count).then_some(())
    });
    waits
}

#[test]
fn what_no_chatroom_says_is_said_so_and_does_no_harm() {
    for (answer, expected) in [
        (
            "HTTP/1.1 301 Moved\r\nLocation: https://x/\r\nContent-Length: 0\r\n\r\n",
            "elsewhere",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>",
            "text/html",
        ),
        ("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "status 404"),
        (
            "HTTP/1.1 201 OK\r\nContent-Length: 99999999999\r\n\r\n",
            "is too long",
        ),
        ("SSH-2.0-OpenSSH_9.2p1\r\n", "does not answer in HTTP"),
        ("", "connection was closed"),
    ] {
        let fake = Fake::start(move |_, _, stream| {
            let _ = stream.write_all(answer.as_bytes());
            if answer.contains("99999999999") {
                while stream.write_all(&[b'x'; 65536]).is_ok() {}
            }
            false
        });
        let mut ear = Ear::log_in(&fake.address);
        let (field, sentence) = ear.until(refusal);
        assert_eq!(field, Field::Address);
        assert!(sentence.contains(expected), "{answer:?}: {sentence}");
        assert!(sentence.contains(&fake.address.to_string()), "{sentence}");
    }
}

#[test]
fn endless_heads_and_lines_are_given_up() {
    let fake = Fake::start(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(&[b'x'; 65536]).is_ok() {}
        false
    });
    let (_, sentence) = Ear::log_in(&fake.address).until(refusal);
    assert!(
        sentence.contains("too long") || sentence.contains("HTTP"),
        "{sentence}"
    );

    let fake = Fake::start(|request, count, stream| {
        if !request.is("GET /events") {
            return usual(request, stream);
        }
        begin_stream(stream, &[]);
        if count > 0 {
            return hold(stream);
        }
        while stream.write_all(&[b'x'; 65536]).is_ok() {}
        false
    });
    let mut ear = Ear::log_in(&fake.address);
    let why = ear.until(offline);
    assert!(why.contains("too long"), "{why}");
    fake.wait_for("GET /events", 2);
}

#[test]
fn silence_is_noticed() {
    let fake = Fake::start(|request, count, stream| {
        if !request.is("GET /events") {
            return usual(request, stream);
        }
        begin_stream(stream, &[]);
        if count > 0 {
            return hold(stream);
        }
        true // Open, and nothing more comes.
    });
    let mut ear = Ear::log_in(&fake.address);
    assert!(ear.until(offline).contains("nothing is heard"));
    fake.wait_for("GET /events", 2);
}

#[test]
fn a_server_that_throws_us_out_again_and_again_is_not_asked_in_a_circle() {
    let least = [125, 250, 500, 1000];
    let grow = |waits: Vec<u128>| waits.iter().zip(least).all(|(wait, least)| *wait >= least);
    // It lets us in and knows nothing of it.
    let fake = Fake::start(|request, _, stream| {
        let body = r#"{"error":"x","message":"Log in again."}"#;
        if request.is("POST") {
            usual(request, stream)
        } else {
            reply(stream, "401 Unauthorized", "", body)
        }
    });
    let mut ear = Ear::log_in(&fake.address);
    let words = ear.until(offline);
    assert_eq!(
        words,
        "the room accepts the login and then no longer knows it"
    );
    ear.heard.clear();
    assert!(grow(waits(&mut ear, 3)));
    assert!(fake.seen("POST /session").len() <= 5);

    // It opens streams, wants us back at once, and closes them.
    let fake = Fake::start(|request, _, stream| {
        if request.is("GET /events") {
            begin_stream(stream, &[]);
            let _ = stream.write_all(b"retry: 0\n\n");
            return false;
        }
        usual(request, stream)
    });
    assert!(grow(waits(&mut Ear::log_in(&fake.address), 4)));
    assert!(fake.seen("GET /events").len() <= 4);
}

#[test]
fn a_greeting_that_is_not_understood_is_said() {
    for first in [
        &b"event: hello\ndata: {\"type\":\"hello\",\"clock\":7}\n\n"[..],
        b"event: hello\ndata: {\"type\":\"greeting\"}\n\n",
        b"event: hello\ndata: [1,2\n\n",
        b"data: x\n\n",
    ] {
        let fake = Fake::start(move |request, count, stream| {
            if !request.is("GET /events") {
                return usual(request, stream);
            }
            if count > 0 {
                return stream_with(stream, &[]);
            }
            let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
            let _ = stream.write_all(&[head, first].concat());
            hold(stream)
        });
        let mut ear = Ear::log_in(&fake.address);
        let why = ear.until(offline);
        assert!(why.contains("does not understand"), "{why}");
        ear.heard.clear();
        ear.until(|report| matches!(report, Report::State(LinkState::Connected)).then_some(()));
    }
}

#[test]
fn what_the_stream_says_otherwise_is_passed_over_or_said() {
    for (answer, expected) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n",
            "text/html",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: http://e\u{202e}vil/\r\nContent-Length: 0\r\n\r\n",
            "to http://e vil/",
        ),
        ("garbage\n\n", "does not answer in HTTP"),
        ("", "connection was closed"),
    ] {
        let fake = Fake::start(move |request, _, stream| {
            if !request.is("GET /events") {
                return usual(request, stream);
            }
            let _ = stream.write_all(answer.as_bytes());
            false
        });
        let why = Ear::log_in(&fake.address).until(offline);
        assert!(why.contains(expected), "{why}");
    }
}

/// Returns the number of bytes that a server can send while the window takes nothing: what does not
/// fit into the link stays in the sockets.
fn sent_to_an_idle_window(piece: Vec<u8>) -> (usize, Ear) {
    let (tell, told) = std::sync::mpsc::channel();
    let tell = std::sync::Mutex::new(tell);
    let fake = Fake::start(move |request, _, stream| {
        if !request.is("GET /events") {
            return usual(request, stream);
        }
        begin_stream(stream, &[]);
        let limit = Some(Duration::from_millis(1500));
        stream.set_write_timeout(limit).expect("a limit");
        let mut sent = 0;
        while let Ok(count) = stream.write(&piece[sent % piece.len()..]) {
            sent += count;
        }
        let _ = tell.lock().expect("no panic").send(sent);
        true
    });
    let ear = Ear::log_in(&fake.address);
    let sent = told
        .recv_timeout(Duration::from_secs(60))
        .expect("it stands still");
    (sent, ear)
}

#[test]
fn a_window_that_takes_nothing_makes_no_flood_grow() {
    // The sockets of this machine hold up to ten megabytes by themselves.
    const SOCKETS: usize = 10 << 20;
    let mut many = Vec::new();
    for n in 2..2000 {
        crate::sse::encode(crate::sse::Form::Sse, &said(n, "x", None), &mut many);
    }
    let (sent, mut ear) = sent_to_an_idle_window(many);
    assert!(sent < SOCKETS + MAX_REPORTS * 32 * 1024, "{sent}");
    ear.until(|report| event_arrived(report, 1999));

    let long = "x".repeat(crate::sse::decoder::MAX_LINE - 1000);
    let (sent, _ear) =
        sent_to_an_idle_window(format!("data: {long}\ndata: {}\n\n", &long[..9000]).into_bytes());
    assert!(
        sent < SOCKETS + MAX_REPORTS * crate::sse::decoder::MAX_EVENT,
        "{sent}"
    );
}

#[test]
fn an_event_of_a_hundred_megabytes_is_given_up() {
    let fake = Fake::start(|request, count, stream| {
        if !request.is("GET /events") {
            return usual(request, stream);
        }
        begin_stream(stream, &[]);
        if count > 0 {
            return hold(stream);
        }
        let line = [b"data: ".as_slice(), &[b'x'; 1000], b"\n"].concat();
        for _ in 0..100_000 {
            if stream.write_all(&line).is_err() {
                break;
            }
        }
        false
    });
    let mut ear = Ear::log_in(&fake.address);
    let why = ear.until(offline);
    assert!(why.contains("an event of the stream is too long"), "{why}");
    fake.wait_for("GET /events", 2);
}
