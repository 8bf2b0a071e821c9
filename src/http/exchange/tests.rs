use super::*;
use proptest::prelude::*;

/// The longest accepted body in these tests, in bytes.
const LIMIT: u64 = 20;

/// The result of an answer: its status, its body, and whether the connection can be kept.
type Read = (u16, String, bool);

/// Reads an answer that arrives in these pieces; `closed`: the connection ends after them. `None` if
/// more bytes are needed.
fn read(pieces: &[&[u8]], closed: bool) -> Result<Option<Read>, ReplyError> {
    let mut exchange = Exchange::new();
    let mut pieces = pieces.iter();
    let head = loop {
        match exchange.head()? {
            Some(head) => break head,
            None => match pieces.next() {
                Some(piece) => exchange.receive(piece),
                None => return Ok(None),
            },
        }
    };
    let mut body = exchange.body(&head, LIMIT)?;
    let mut content = Vec::new();
    let mut whole = body.read(&mut content)?;
    // All bytes have arrived before the test asks whether the connection can be kept.
    for piece in pieces {
        body.receive(piece);
        whole |= body.read(&mut content)?;
    }
    if !whole {
        if !closed {
            return Ok(None);
        }
        body.closed()?;
    }
    let content = String::from_utf8_lossy(&content).into_owned();
    Ok(Some((head.status, content, body.is_reusable())))
}

fn said(status: u16, content: &str, reusable: bool) -> Result<Option<Read>, ReplyError> {
    Ok(Some((status, content.to_string(), reusable)))
}

const COUNTED: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const CHUNKED: &str = "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n";
const UNTIL_CLOSE: &str = "HTTP/1.1 200 OK\r\n\r\nhello";
const EMPTY: &str = "HTTP/1.1 204 No Content\r\n\r\n";
const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\n";

#[test]
fn a_request_is_written_with_what_it_needs_and_nothing_else() {
    let address = Address::parse("127.0.0.1:1337").expect("an address");
    let version = env!("CARGO_PKG_VERSION");
    let get = ClientRequest::get("/members", "t");
    let expected = format!(
        "GET /members HTTP/1.1\r\nHost: 127.0.0.1:1337\r\nUser-Agent: chatroom-x/{version}\r\n\
         Authorization: Bearer t\r\n\r\n"
    );
    assert_eq!(get.bytes(&address, "chatroom-x"), expected.into_bytes());
    let post = ClientRequest {
        method: "POST",
        path: "/messages",
        fields: &[("Idempotency-Key", "k")],
        body: "hé".as_bytes(),
        ..ClientRequest::default()
    };
    let bytes = post.bytes(&address, "chatroom-x");
    let (head, taken) = crate::http::Head::parse(&bytes)
        .expect("a request")
        .expect("a whole one");
    assert_eq!(&bytes[taken..], "hé".as_bytes());
    assert_eq!(head.framing, crate::http::Framing::Length(3));
    assert_eq!(head.field("idempotency-key"), Some("k"));
    assert_eq!(head.field("authorization"), None);
    // A server that waits for an unannounced body would wait for ever.
    let empty = ClientRequest { body: b"", ..post }.bytes(&address, "chatroom-x");
    assert!(empty.ends_with(b"Content-Length: 0\r\n\r\n"));
}

#[test]
fn an_answer_is_read_alike_however_it_is_cut() {
    let interim = format!("{INTERIM}{COUNTED}");
    for (bytes, closed, expected) in [
        (COUNTED, false, said(200, "hello", true)),
        (CHUNKED, false, said(201, "hello", true)),
        (UNTIL_CLOSE, true, said(200, "hello", false)),
        (EMPTY, false, said(204, "", true)),
        (&interim, false, said(200, "hello", true)),
    ] {
        for cut in 0..=bytes.len() {
            let (one, two) = bytes.as_bytes().split_at(cut);
            assert_eq!(read(&[one, two], closed), expected, "{bytes:?} at {cut}");
        }
        let single: Vec<&[u8]> = bytes.as_bytes().chunks(1).collect();
        assert_eq!(read(&single, closed), expected, "{bytes:?}");
    }
}

#[test]
fn an_answer_that_was_cut_off_is_never_taken_for_a_whole_one() {
    for bytes in [COUNTED, CHUNKED, EMPTY] {
        for end in 0..bytes.len() {
            let part = &bytes.as_bytes()[..end];
            assert_eq!(read(&[part], false), Ok(None), "{bytes:?} to {end}");
            let cut = read(&[part], true);
            let cut_off = matches!(cut, Ok(None) | Err(ReplyError::CutOff));
            assert!(cut_off, "{bytes:?} to {end}: {cut:?}");
        }
    }
}

#[test]
fn a_connection_that_says_more_than_it_was_asked_is_not_used_again() {
    for extra in [COUNTED, "x", "\r\n"] {
        let bytes = format!("{COUNTED}{extra}");
        assert_eq!(
            read(&[bytes.as_bytes()], false),
            said(200, "hello", false),
            "{extra:?}"
        );
    }
    let close = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(read(&[close.as_bytes()], false), said(200, "", false));
}

#[test]
fn hostile_heads_are_refused_and_never_grow_beyond_the_limit() {
    let interims = INTERIM.repeat(MAX_INTERIM);
    let patient = format!("{interims}{COUNTED}");
    assert_eq!(read(&[patient.as_bytes()], false), said(200, "hello", true));
    for (bytes, expected) in [
        (format!("{interims}{INTERIM}{COUNTED}"), ReplyError::NotHttp),
        (
            "HTTP/1.1 101 Switching Protocols\r\n\r\n".to_string(),
            ReplyError::NotHttp,
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n".to_string(), ReplyError::NotHttp),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx".to_string(),
            ReplyError::Framing,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx"
                .to_string(),
            ReplyError::Framing,
        ),
        (
            format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(MAX_HEAD)),
            ReplyError::HeadTooLong,
        ),
    ] {
        assert_eq!(read(&[bytes.as_bytes()], false), Err(expected), "{bytes:?}");
    }
    // In small pieces, too: it is refused once it has as many bytes as a head may have.
    let mut exchange = Exchange::new();
    exchange.receive(b"HTTP/1.1 200 OK\r\nX: ");
    let refused = loop {
        match exchange.head() {
            Ok(None) => exchange.receive(&[b'x'; 100]),
            other => break other,
        }
    };
    assert_eq!(refused, Err(ReplyError::HeadTooLong));
    assert!(exchange.unread.len() < MAX_HEAD + 100);
}

#[test]
fn bodies_over_the_limit_are_refused() {
    let long = "x".repeat(LIMIT as usize + 1);
    for head in [
        format!("Content-Length: {}\r\n\r\n", long.len()),
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", long.len()),
        "\r\n".to_string(),
    ] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{head}{long}");
        let outcome = read(&[bytes.as_bytes()], true);
        assert_eq!(outcome, Err(ReplyError::BodyTooLong), "{head:?}");
    }
    let bad = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhex";
    assert_eq!(read(&[bad.as_bytes()], false), Err(ReplyError::Framing));
}

proptest! {
    #[test]
    fn any_bytes_are_read_alike_however_they_are_cut(
        bytes in r"(HTTP/1\.[01] (100|101|200|204) OK\r\n){1,2}(Content-Length: [0-9]{1,2}\r\n|Transfer-Encoding: chunked\r\n|Connection: close\r\n){0,2}(\r\n)?([0-9a-f]\r\n|[a-z]{0,4}|\r\n){0,8}",
        step in 1..9usize,
        closed: bool,
    ) {
        let pieces: Vec<&[u8]> = bytes.as_bytes().chunks(step).collect();
        let whole = read(&[bytes.as_bytes()], closed);
        prop_assert_eq!(read(&pieces, closed), whole);
    }
}
