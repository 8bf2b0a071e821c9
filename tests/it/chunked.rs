//! Streams on the wire: in HTTP/1.1 every event ends a chunk, so that clients that deliver only whole chunks receive
//! it at once; the last chunk shows that the stream is complete. In HTTP/1.0 the same events have no frame.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;

use support::client::bearer;
use support::server::Server;
use support::waiting::wait_for;

const FORMS: [&str; 3] = ["text/event-stream", "application/x-ndjson", "*/*"];
const TEXTS: [&str; 5] = ["hi", "two\nlines", "\u{7}\r\n0\r\n\r\n", "a\u{2028}b", "👩‍👩‍👧‍👦"];

/// Sends a request; returns the connection.
fn ask(server: &Server, method: &str, version: &str, query: &str, accept: &str) -> TcpStream {
    let mut stream = server.connect();
    let request = format!(
        "{method} /events?{query} HTTP/{version}\r\nHost: {}\r\nAccept: {accept}\r\n\r\n",
        server.address
    );
    stream.write_all(request.as_bytes()).expect("sent");
    stream
}

/// Reads to the connection's end: the head, and the rest.
fn whole(mut stream: TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        read => drop(read.expect("the end in time")),
    }
    split(&bytes)
}

fn split(bytes: &[u8]) -> (String, Vec<u8>) {
    let at = bytes.windows(4).position(|w| w == b"\r\n\r\n");
    let (head, body) = bytes.split_at(at.expect("a head") + 4);
    (String::from_utf8_lossy(head).to_lowercase(), body.to_vec())
}

/// The contents of the chunks, and whether the last one came; nothing may follow it.
fn chunks(mut bytes: &[u8]) -> (Vec<String>, bool) {
    let mut chunks = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(2).position(|w| w == b"\r\n");
        let (digits, rest) = bytes.split_at(end.expect("a size"));
        let digits = std::str::from_utf8(digits).expect("digits");
        let size = usize::from_str_radix(digits, 16).expect("a size");
        let content = &rest[2..2 + size];
        bytes = rest[2 + size..].strip_prefix(b"\r\n").expect("an end");
        if size == 0 {
            assert_eq!(bytes, b"", "something follows the last chunk");
            return (chunks, true);
        }
        chunks.push(String::from_utf8(content.to_vec()).expect("UTF-8"));
    }
    (chunks, false)
}

fn is_one_event(form: &str, chunk: &str) -> bool {
    let end = match form {
        "text/event-stream" => "\n\n",
        _ => "\n",
    };
    chunk.find(end) == Some(chunk.len() - end.len())
}

#[test]
fn every_event_ends_a_chunk_in_every_form_from_memory_and_from_the_file() {
    let mut server = Server::start(&[]);
    let token = server.log_in("zoë");
    for text in TEXTS {
        assert_eq!(server.say(&token, text).status, 201);
    }
    assert!(server.stop().success());
    // Old messages are now only in the file; new ones are in memory, too.
    server.start_again(&[]);
    let mut streams = Vec::new();
    for form in FORMS {
        for version in ["1.1", "1.1", "1.0"] {
            let stream = ask(&server, "GET", version, "since=all", form);
            streams.push((form, version, thread::spawn(|| whole(stream))));
        }
    }
    wait_for("all to listen", || {
        (server.get("/health").json()["listeners"] == 9).then_some(())
    });
    let token = server.log_in("bob");
    for text in TEXTS {
        assert_eq!(server.say(&token, text).status, 201);
    }
    // opened, join, five, closed; and again without the second closing, which comes below.
    let events = server.events("since=all").len();
    assert!(server.stop().success());
    let streams: Vec<_> = streams
        .into_iter()
        .map(|(form, version, stream)| (form, version, stream.join().expect("it ends")))
        .collect();
    for streams in streams.chunks(3) {
        let [(form, _, one), (_, _, twin), (_, "1.0", bare)] = streams else {
            panic!("three of a form");
        };
        assert!(
            one.0.contains("\r\ntransfer-encoding: chunked\r\n"),
            "{}",
            one.0
        );
        assert!(one.0.contains("\r\nconnection: close\r\n"));
        assert!(!bare.0.contains("transfer-encoding"), "{}", bare.0);
        let (mut chunks_of_one, ended) = chunks(&one.1);
        assert!(ended, "{form}: the stream was cut off");
        for chunk in &chunks_of_one {
            assert!(is_one_event(form, chunk), "{form}: {chunk:?}");
        }
        // The closing and the good-bye are added; the greeting is empty in plain lines.
        let plain = usize::from(*form == "*/*");
        assert_eq!(chunks_of_one.len(), events + 2 - plain, "{form}");
        // The greeting contains the time; the rest is the same for everybody.
        let (mut chunks_of_twin, _) = chunks(&twin.1);
        let bare = String::from_utf8(bare.1.clone()).expect("UTF-8");
        let mut rest = &bare[..];
        if plain == 0 {
            chunks_of_one.remove(0);
            chunks_of_twin.remove(0);
            let end = match *form {
                "text/event-stream" => "\n\n",
                _ => "\n",
            };
            rest = rest.split_once(end).expect("a greeting").1;
        }
        assert_eq!(chunks_of_one, chunks_of_twin);
        assert_eq!(chunks_of_one.concat(), rest, "{form}");
    }
}

#[test]
fn a_poll_is_framed_once_and_ends_with_the_last_chunk() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    server.say(&token, "one");
    for form in FORMS {
        let request = format!(
            "GET /events?since=all&poll=1 HTTP/1.1\r\nHost: {}\r\nAccept: {form}\r\nConnection: close\r\n\r\n",
            server.address
        );
        let mut stream = server.connect();
        stream.write_all(request.as_bytes()).expect("sent");
        let (head, body) = whole(stream);
        assert!(head.contains("\r\ntransfer-encoding: chunked\r\n"));
        let (chunks, ended) = chunks(&body);
        assert!(ended);
        assert!(
            chunks.iter().all(|chunk| is_one_event(form, chunk)),
            "{chunks:?}"
        );
        assert_eq!(chunks.len(), 3 + usize::from(form != "*/*"));
        // The head that HEAD gets is the one that GET has.
        for (query, version) in [("poll=1", "1.1"), ("", "1.1"), ("", "1.0")] {
            let (head, body) = whole(ask(&server, "HEAD", version, query, form));
            assert_eq!(
                head.contains("transfer-encoding: chunked"),
                version == "1.1"
            );
            assert_eq!(body, b"");
        }
    }
}

#[test]
fn proxies_are_told_not_to_collect_keep_or_compress_a_stream() {
    let server = Server::start(&[]);
    for (codings, coding) in [("", None), ("Accept-Encoding: gzip\r\n", Some("identity"))] {
        for query in ["since=latest", "poll=1"] {
            let mut client = server.client();
            client.send(format!(
                "GET /events?{query} HTTP/1.1\r\nHost: {}\r\n{codings}\r\n",
                server.address
            ));
            let head = client.head();
            assert_eq!(head.field("cache-control"), Some("no-store, no-transform"));
            assert_eq!(head.field("x-accel-buffering"), Some("no"));
            assert_eq!(head.field("content-encoding"), coding, "{query}");
        }
    }
}

#[test]
fn a_cut_is_seen_and_the_end_of_a_session_is_none() {
    let mut server = Server::start(&[]);
    let authorised = bearer(&server.log_in("uthira"));
    let fields = [("Authorization", &*authorised), ("Accept", FORMS[0])];
    let mut own = server.connect();
    own.write_all(&server.request("GET", "/events?since=latest", &fields, ""))
        .expect("sent");
    let other = ask(&server, "GET", "1.1", "since=latest", FORMS[0]);
    wait_for("both to listen", || {
        (server.get("/health").json()["listeners"] == 2).then_some(())
    });
    let [own, other] = [own, other].map(|stream| thread::spawn(|| whole(stream)));
    assert_eq!(
        server.ask("DELETE", "/session", &fields[..1], "").status,
        204
    );
    let (events, ended) = chunks(&own.join().expect("it ends").1);
    assert!(ended, "{events:?}");
    assert!(events.last().expect("it").starts_with("event: leave\n"));
    server.kill();
    let (events, ended) = chunks(&other.join().expect("it ends").1);
    assert!(!ended, "a cut looks like an end");
    assert!(events.last().expect("it").starts_with("event: leave\n"));
}
