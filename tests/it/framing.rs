//! HTTP/1.1 on the wire: the boundaries of requests, however their bytes arrive, and the refusal of any that two
//! parsers could read differently.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Command;
use std::sync::Arc;

use chatroom::wire::endpoint::{Endpoint, Method};
use support::client::{Answer, Client, bearer};
use support::program::{CHATROOM, Folder};
use support::server::Server;
use support::waiting::wait_for;

/// Sends bytes on a connection of their own.
fn send(server: &Server, bytes: impl AsRef<[u8]>) -> Client {
    let mut client = server.client();
    client.send(bytes);
    client
}

/// The answer to bytes that end the connection.
#[track_caller]
fn refused(server: &Server, bytes: impl AsRef<[u8]>, status: u16, error: &str) -> Answer {
    let mut client = send(server, bytes);
    let answer = client.answer("GET");
    answer.refused(status, error);
    assert_eq!(answer.field("connection"), Some("close"));
    client.ended();
    answer
}

fn post(token: &str, fields: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n{fields}\r\n{body}"
    )
}

fn texts(server: &Server) -> Vec<String> {
    let events = server.events("since=all");
    let texts = events.iter().filter_map(|event| event["text"].as_str());
    texts.map(str::to_string).collect()
}

#[test]
fn a_connection_is_kept_for_the_next_request() {
    let server = Server::start(&[]);
    let mut client = server.client();
    for (method, path, status) in [
        ("GET", "/health", 200),
        ("HEAD", "/members", 200),
        ("GET", "/nowhere", 404),
        ("PUT", "/messages", 405),
        ("POST", "/messages", 422),
        ("GET", "/messages?limit=x", 400),
        ("GET", "/", 200),
    ] {
        client.send(server.request(method, path, &[], ""));
        let answer = client.answer(method);
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.field("connection"), None, "{method} {path}");
        assert!(answer.field("date").is_some());
    }
    client.send(server.request("GET", "/health", &[("Connection", "close")], ""));
    assert_eq!(client.answer("GET").field("connection"), Some("close"));
    client.ended();
}

#[test]
fn requests_in_one_piece_are_answered_in_their_order() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let mut all = String::new();
    for n in 0..20 {
        all += &post(&token, "", &format!("m{n}"));
        all += "GET /members HTTP/1.1\r\nHost: x\r\n\r\n";
    }
    // An empty line between requests is ignored (RFC 9112, section 2.2).
    all += "\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut client = send(&server, all);
    for n in 0..20 {
        let answer = client.answer("POST");
        assert_eq!(answer.status, 201);
        let place = answer.field("location").expect("a place").to_string();
        let members = client.answer("GET").json();
        assert_eq!(members["members"][0]["name"], "uthira");
        assert_eq!(server.get(&place).json()["text"], format!("m{n}"));
    }
    assert_eq!(client.answer("GET").status, 404);
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let mut client = server.client();
    for byte in post(&token, "", "slow but sure é").bytes() {
        client.send([byte]);
    }
    assert_eq!(client.answer("POST").status, 201);
    let chunked = format!(
        "POST /messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n\
         5;x=y\r\nhello\r\n1\r\n \r\n0A\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"
    );
    for byte in chunked.bytes() {
        client.send([byte]);
    }
    assert_eq!(client.answer("POST").status, 201);
    assert_eq!(texts(&server), ["slow but sure é", "hello 0123456789"]);
}

#[test]
fn a_request_may_be_cut_anywhere() {
    let server = Server::start(&["--max-rate", "0", "--sync", "never"]);
    let token = server.log_in("uthira");
    let request = post(&token, "X: y\r\n", "hé\r\n\r\nllo");
    let mut client = server.client();
    for cut in 1..request.len() {
        let (front, back) = request.as_bytes().split_at(cut);
        client.send(front);
        // Another connection's whole request lets the first part arrive by itself.
        assert_eq!(server.get("/health").status, 200);
        client.send(back);
        assert_eq!(client.answer("POST").status, 201, "cut at {cut}");
    }
    let texts = texts(&server);
    assert_eq!(texts.len(), request.len() - 1);
    assert!(texts.iter().all(|text| text == "hé\r\n\r\nllo"));
}

#[test]
fn chunks_that_are_none_are_refused() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let head = format!(
        "POST /messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    for chunks in [
        "x\r\n",
        "-1\r\n",
        "5\r\nhelloX\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n",
        "0\r\n bad trailer\r\n\r\n",
        "5\r\r\nhello\r\n0\r\n\r\n",
        "5\x0c\r\nhello\r\n0\r\n\r\n",
        "5;a\rb\r\nhello\r\n0\r\n\r\n",
        "5;a\0b\r\nhello\r\n0\r\n\r\n",
        "0\r\nX: a\rb\r\n\r\n",
    ] {
        let mut client = send(&server, format!("{head}{chunks}"));
        let answer = client.answer("POST");
        assert_eq!(answer.status, 400, "{chunks:?}: {}", answer.text());
        client.ended();
    }
    refused(&server, format!("{head}ffffffff\r\n"), 413, "text_too_long");
    assert_eq!(texts(&server), [""; 0]);
}

#[test]
fn framing_that_could_be_read_in_two_ways_is_refused() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let with = |fields: &str| {
        format!(
            "POST /messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{fields}\r\n\r\n\
             hiGET /health HTTP/1.1\r\nHost: x\r\n\r\n"
        )
    };
    for (fields, status, word) in [
        (
            "Content-Length: 2\r\nTransfer-Encoding: chunked",
            400,
            "bad_framing",
        ),
        (
            "Transfer-Encoding: chunked\r\nContent-Length: 2",
            400,
            "bad_framing",
        ),
        ("Content-Length: 2\r\nContent-Length: 2", 400, "bad_framing"),
        ("Content-Length: 2\r\nContent-Length: 3", 400, "bad_framing"),
        ("Content-Length: 2, 2", 400, "bad_framing"),
        ("Content-Length: +2", 400, "bad_framing"),
        ("Content-Length: -2", 400, "bad_framing"),
        ("Content-Length: 0x2", 400, "bad_framing"),
        ("Content-Length:", 400, "bad_framing"),
        ("Content-Length: two", 400, "bad_framing"),
        ("Content-Length: 99999999999999999999", 413, "text_too_long"),
        ("Transfer-Encoding: gzip, chunked", 501, "transfer_encoding"),
        ("Transfer-Encoding: chunked, chunked", 400, "bad_framing"),
        ("Transfer-Encoding: chunked, gzip", 400, "bad_framing"),
        ("Transfer-Encoding: xchunked", 400, "bad_framing"),
        ("Content-Length: 2\r\nX: a\r\n folded", 400, "bad_request"),
        ("Content-Length: 2\r\nX: a\rb", 400, "bad_request"),
        ("Content-Length: 2\r\rX: b", 400, "bad_request"),
        ("Content-Length : 2", 400, "bad_request"),
        ("Content-Length: 2\r\nX: a\0b", 400, "bad_request"),
        ("Content-Length: 2\r\nno colon", 400, "bad_request"),
        (
            "Content-Length: 2\r\nExpect: magic",
            417,
            "expectation_failed",
        ),
    ] {
        let mut client = send(&server, with(fields));
        let answer = client.answer("POST");
        assert_eq!(answer.status, status, "{fields:?}: {}", answer.text());
        answer.refused(status, word);
        assert_eq!(answer.field("connection"), Some("close"), "{fields:?}");
        // Nothing after it is taken for a request.
        client.ended();
    }
    assert_eq!(texts(&server), [""; 0]);
}

#[test]
fn the_host_is_named_exactly_once() {
    let server = Server::start(&[]);
    refused(&server, "GET / HTTP/1.1\r\n\r\n", 400, "host_missing");
    let twice = "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n";
    refused(&server, twice, 400, "bad_request");
    for none in [
        "[::1]$(id)",
        "[::1].evil.example",
        "localhost:99999999",
        "http://localhost",
        "a b",
        "x@localhost",
    ] {
        let request = format!("GET / HTTP/1.1\r\nHost: {none}\r\n\r\n");
        refused(&server, request, 400, "bad_request");
    }
    // The grammar allows this name, but it must not appear in a line for the shell.
    let mut client = send(&server, "GET / HTTP/1.1\r\nHost: a.$(id)\r\n\r\n");
    let answer = client.answer("GET");
    answer.refused(421, "host_unknown");
    assert!(!answer.text().contains("--host-name"), "{}", answer.text());
    // HTTP/1.0 knows no Host.
    let mut client = send(&server, "GET /health HTTP/1.0\r\n\r\n");
    let answer = client.answer("GET");
    assert_eq!(
        (answer.status, answer.field("connection")),
        (200, Some("close"))
    );
    client.ended();
    let absolute = "GET http://localhost:80/health HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_eq!(send(&server, absolute).answer("GET").status, 200);
}

#[test]
fn foreign_requests_get_a_fitting_answer() {
    let server = Server::start(&[]);
    refused(&server, "hello\r\n\r\n", 400, "bad_request");
    refused(
        &server,
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        400,
        "bad_request",
    );
    refused(&server, "GET / HTTP/2.0\r\n\r\n", 505, "http_version");
    refused(
        &server,
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        505,
        "http_version",
    );
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(9_000));
    refused(&server, long, 431, "head_too_large");
    let big = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "x".repeat(9_000)
    );
    refused(&server, big, 431, "head_too_large");
    let many = format!(
        "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n",
        "X: y\r\n".repeat(101)
    );
    refused(&server, many, 431, "head_too_large");
    server.get("/nowhere").refused(404, "not_found");
    server.get("/messages/x/y").refused(404, "id_unknown");
    server.get("//health").refused(404, "not_found");
    server.get("/health/").refused(404, "not_found");
}

#[test]
fn a_method_that_is_not_for_a_path_is_told_which_are() {
    let server = Server::start(&[]);
    let path_of = |one: &Endpoint| one.path().to_string();
    let paths: BTreeSet<String> = Endpoint::ALL.iter().map(path_of).collect();
    for path in paths {
        let here = Endpoint::ALL.iter().filter(|one| path_of(one) == path);
        let methods = here.map(|one| match one.method() {
            Method::Get => "GET, HEAD",
            other => other.as_str(),
        });
        let allowed = &*methods.collect::<Vec<_>>().join(", ");
        let path = &*path.replace("ID", "x");
        for method in [
            "GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "get",
        ] {
            if allowed.split(", ").any(|one| one == method) {
                continue;
            }
            let answer = server.ask(method, path, &[], "");
            assert_eq!(
                (answer.status, answer.field("allow")),
                (405, Some(allowed)),
                "{method} {path}"
            );
            if method != "HEAD" {
                answer.refused(405, "method_not_allowed");
            }
        }
    }
}

#[test]
fn head_is_get_without_the_body() {
    let server = Server::start(&[]);
    for path in [
        "/",
        "/members",
        "/messages",
        "/log.txt",
        "/nowhere",
        "/messages/x",
    ] {
        let mut client = server.client();
        client.send(server.request("HEAD", path, &[], ""));
        client.send(server.request("GET", path, &[], ""));
        let (head, get) = (client.answer("HEAD"), client.answer("GET"));
        assert_eq!(head.status, get.status, "{path}");
        let length = get.body.len().to_string();
        assert_eq!(head.field("content-length"), Some(&*length), "{path}");
        assert_eq!(
            head.field("content-type"),
            get.field("content-type"),
            "{path}"
        );
    }
}

#[test]
fn a_client_that_asks_first_is_told_to_go_on() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let request = post(&token, "Expect: 100-continue\r\n", "after the nod");
    let (head, body) = request.split_at(request.len() - "after the nod".len());
    let mut client = send(&server, head);
    assert_eq!(client.head().status, 100);
    client.send(body);
    assert_eq!(client.answer("POST").status, 201);
    // A client that does not wait gets no interim answer.
    client.send(&request);
    assert_eq!(client.answer("POST").status, 201);
    // Nor does one whose body is refused: the refusal comes at once.
    let big = format!(
        "POST /messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nExpect: 100-continue\r\nContent-Length: 20000\r\n\r\n"
    );
    refused(&server, big, 413, "text_too_long");
}

#[test]
fn the_answer_arrives_although_a_large_body_was_not_read() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let big = vec![b'x'; 10 << 20];
    let authorised = bearer(&token);
    let request = server.request("POST", "/messages", &[("Authorization", &authorised)], big);
    // A client that reads the answer only after sending everything, as simple clients do.
    let late = send(&server, &request).answer("POST");
    assert_eq!(late.refused(413, "text_too_long")["limit"], 16_384);
    // A client that reads while it sends.
    let stream = server.connect();
    let mut into = stream.try_clone().expect("a second handle");
    let sending = std::thread::spawn(move || drop(into.write_all(&request)));
    Client::new(stream)
        .answer("POST")
        .refused(413, "text_too_long");
    sending.join().expect("no panic");
}

#[test]
fn a_connection_too_many_is_told_to_come_back() {
    let folder = Arc::new(Folder::new());
    let mut command = Command::new("bash");
    // 64 of the files are reserved, so there are 16 connections, all of which one address may have here.
    let server = "ulimit -n 80; exec \"$0\" server --listen 127.0.0.1:0 --no-address-limits";
    command.args(["-c", server, &CHATROOM]);
    folder.settle(&mut command);
    let server = Server::spawn(Arc::clone(&folder), command);
    let mut listeners: Vec<_> = (0..16).map(|_| server.listen("/events", &[])).collect();
    let full = server.client().answer("GET");
    full.refused(503, "room_full");
    assert!(full.field("retry-after").is_some());
    listeners.pop();
    wait_for("the place of one that left", || {
        let mut client = server.client();
        client.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
        (client.answer("GET").status == 200).then_some(())
    });
}
