//! The requests of an HTTP/1.1 conformance checker, case by case and sent as it does: each on a connection of
//! its own whose sending half is closed right after (RFC 9110, RFC 9112).

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};

use support::client::{Answer, Head};
use support::server::Server;
use support::waiting::PATIENCE;

/// The answer that must come back.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    /// Any answer that does not refuse the form of the request.
    Understood,
    /// One answer with this status, and the end of the connection, whatever else was sent.
    Only(u16),
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(&server.address).expect("a connection");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a time limit");
    stream
}

/// Sends these bytes and nothing more; returns the whole answer.
fn all(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(server);
    stream.write_all(bytes).expect("sent");
    stream.shutdown(Shutdown::Write).expect("half closed");
    let mut came = Vec::new();
    // A reset after the answer is also an end.
    let _ = stream.read_to_end(&mut came);
    came
}

fn method(request: &str) -> &str {
    request.split(' ').next().unwrap_or_default()
}

#[test]
fn requests_of_every_form_get_what_the_rfc_says() {
    use Wanted::{Only, Understood};
    let server = Server::start(&[]);
    let next = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let chunked = "Host: localhost\r\nTransfer-Encoding: chunked\r\n";
    let hello = "5\r\nhello\r\n0\r\n\r\n";
    let long = "x".repeat(9_000);
    let many: String = (0..101).map(|n| format!("X-{n}: value\r\n")).collect();
    for (what, request, wanted) in [
        ("a plain GET", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_string(), Understood),
        ("a body of a length", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello".into(), Understood),
        ("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n".into(), Understood),
        ("a whole URL", "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n".into(), Understood),
        ("CONNECT", "CONNECT example.com:443 HTTP/1.1\r\nHost: localhost\r\n\r\n".into(), Understood),
        ("another version", "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n".into(), Only(505)),
        ("no version", "GET /\r\nHost: localhost\r\n\r\n".into(), Only(400)),
        ("no Host", "GET / HTTP/1.1\r\n\r\n".into(), Only(400)),
        ("two Hosts", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: example.com\r\n\r\n".into(), Only(400)),
        ("a Host with a space", "GET / HTTP/1.1\r\nHost: bad host\r\n\r\n".into(), Only(400)),
        ("a field's name with a space", "GET / HTTP/1.1\r\nHost: localhost\r\nBad Header: value\r\n\r\n".into(), Only(400)),
        ("a folded field", "GET / HTTP/1.1\r\nHost: localhost\r\n  continued\r\n\r\n".into(), Only(400)),
        ("a space before the colon", "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n".into(), Only(400)),
        ("a NUL", "GET / HTTP/1.1\r\nHost: local\0host\r\n\r\n".into(), Only(400)),
        ("chunks", format!("POST / HTTP/1.1\r\n{chunked}\r\n{hello}"), Understood),
        ("chunks of HTTP/1.0", format!("POST / HTTP/1.0\r\n{chunked}\r\n{hello}"), Only(400)),
        ("chunks with a length", format!("POST / HTTP/1.1\r\n{chunked}Content-Length: 5\r\n\r\n{hello}{next}"), Only(400)),
        ("an unknown coding", "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: nonsense\r\n\r\nhello".into(), Only(400)),
        ("chunked before gzip", format!("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, gzip\r\n\r\n{hello}{next}"), Only(400)),
        ("a length that is none", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: xyz\r\n\r\nhello".into(), Only(400)),
        ("two lengths", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello!!".into(), Only(400)),
        ("a chunk's size that is none", format!("POST / HTTP/1.1\r\n{chunked}\r\nZ\r\nhello\r\n0\r\n\r\n{next}"), Only(400)),
        ("a chunk without its end", format!("POST / HTTP/1.1\r\n{chunked}\r\n5\r\nhello0\r\n\r\n{next}"), Only(400)),
        ("HEAD", "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n".into(), Understood),
        ("a method in small letters", "get / HTTP/1.1\r\nHost: localhost\r\n\r\n".into(), Only(405)),
        ("HTTP/1.0", "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n".into(), Understood),
        ("a long target", format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"), Understood),
        ("many fields", format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"), Understood),
        ("a long field", format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Big: {long}\r\n\r\n"), Understood),
    ] {
        let came = all(&server, request.as_bytes());
        let mut rest = &came[..];
        let answer = Answer::read(&mut rest, method(&request));
        match wanted {
            Understood => assert!(!matches!(answer.status, 400 | 500..), "{what}: {}", answer.status),
            Only(status) => assert_eq!(answer.status, status, "{what}: {}", answer.text()),
        }
        // The answer declares its own length, and nothing follows it.
        assert!(answer.field("content-length").is_some(), "{what}");
        assert!(rest.is_empty(), "{what}: {}", String::from_utf8_lossy(rest));
        assert_eq!(server.get("/health").status, 200, "{what}: the room goes on");
    }
}

#[test]
fn a_connection_is_open_for_as_long_as_both_want() {
    let server = Server::start(&[]);
    let mut stream = connect(&server);
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    // The server waits for a body once it has allowed it.
    let asks =
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(asks.as_bytes()).expect("sent");
    let mut head = Head::read(&mut reader);
    if head.status == 100 {
        stream.write_all(b"hello").expect("sent");
        head = Head::read(&mut reader);
    }
    assert!((400..500).contains(&head.status), "{}", head.status);

    let mut stream = connect(&server);
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    for _ in 0..3 {
        let request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("sent");
        assert_eq!(Answer::read(&mut reader, "GET").status, 200);
    }

    // Bytes after the last request are not answered.
    for last in [
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n",
    ] {
        let mut stream = connect(&server);
        stream.write_all(last.repeat(2).as_bytes()).expect("sent");
        let mut came = Vec::new();
        let _ = stream.read_to_end(&mut came);
        let mut rest = &came[..];
        assert_eq!(Answer::read(&mut rest, "GET").status, 200, "{last}");
        assert!(rest.is_empty(), "{last}: {}", String::from_utf8_lossy(rest));
    }
}
