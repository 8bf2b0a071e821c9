//! The known faults of the original program, each with a test that it would fail.

use std::time::Duration;

use rustix::net::sockopt;
use serde_json::Value;

use support::client::{Client, bearer};
use support::server::Server;
use support::waiting::wait_for;

const SSE: [(&str, &str); 1] = [("Accept", "text/event-stream")];

fn names(server: &Server) -> Vec<Value> {
    let members = server.get("/members").json()["members"].clone();
    let members = members.as_array().expect("a list").clone();
    members
        .iter()
        .map(|member| member["name"].clone())
        .collect()
}

#[test]
fn a_second_name_that_is_too_long_is_refused_like_the_first() {
    let server = Server::start(&[]);
    let mut client = server.client();
    // All on one connection, as if typed by a person.
    for name in ["far too long", "still too long", "and too long again"] {
        client.send(server.request("POST", "/session", &[], name));
        client.answer("POST").refused(422, "name_too_long");
    }
    assert_eq!(names(&server), [""; 0], "nobody without a name is here");
    client.send(server.request("POST", "/session", &[], "fits"));
    assert_eq!(client.answer("POST").json()["name"], "fits");
    assert_eq!(names(&server), ["fits"]);
}

#[test]
fn a_colon_in_a_name_does_no_harm() {
    let server = Server::start(&[]);
    for name in ["a:b", ":", "a:", "[a]:"] {
        server
            .ask("POST", "/session", &[], name)
            .refused(422, "name_forbidden");
    }
    let token = server.log_in("a");
    assert_eq!(server.say(&token, "b: still here: 0:00:01:").status, 201);
    assert_eq!(server.said()[2], "[a]: 0:00:00:b: still here: 0:00:01:");
}

#[test]
fn a_client_that_says_nothing_keeps_nobody_out() {
    let server = Server::start(&[]);
    let silent: Vec<_> = (0..20).map(|_| server.connect()).collect();
    let mut half = server.client();
    half.send("POST /session HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nut");
    for name in ["bob", "eve"] {
        let token = server.log_in(name);
        assert_eq!(server.say(&token, "in").status, 201);
    }
    half.send("hira");
    assert_eq!(
        half.answer("POST").status,
        201,
        "the slow one comes in, too"
    );
    drop(silent);
}

#[test]
fn two_cannot_have_the_same_name() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    server
        .ask("POST", "/session", &[], "uthira")
        .refused(409, "name_taken");
    server
        .ask(
            "POST",
            "/messages",
            &[("Authorization", "Basic dXRoaXJhOg==")],
            "not her",
        )
        .refused(409, "name_taken");
    assert_eq!(server.say(&token, "it is me").status, 201);
    assert_eq!(names(&server), ["uthira"]);
}

/// The bytes of requests that post these texts, one after the other.
fn posts(server: &Server, token: &str, texts: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let authorised = bearer(token);
    let fields = [("Authorization", &*authorised)];
    let requests = texts
        .iter()
        .map(|text| server.request("POST", "/messages", &fields, text));
    requests.collect::<Vec<_>>().concat()
}

#[test]
fn messages_split_and_joined_by_the_network_come_out_as_they_were_said() {
    let server = Server::start(&["--max-rate", "0"]);
    let token = server.log_in("uthira");
    let mut listener = server.listen("/events?since=latest", &SSE);
    let texts: Vec<String> = (0..30).map(|n| format!("number {n} é\n")).collect();
    let all = posts(&server, &token, &texts);
    // Pieces of a length that fits nothing: heads, bodies and letters are cut, messages joined.
    let mut client = server.client();
    for piece in all.chunks(97) {
        client.send(piece);
    }
    for text in &texts {
        assert_eq!(client.answer("POST").status, 201);
        let event = listener.until("message").pop().expect("it");
        assert_eq!(event.data["text"], **text);
    }
}

#[test]
fn a_client_that_dies_leaves_one_calm_line() {
    let mut server = Server::start(&["--grace", "50ms"]);
    let token = server.log_in("uthira");
    let stream = server.connect();
    // Closing now sends a reset, as a machine does after a power failure.
    sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).expect("an option");
    let mut client = Client::new(stream);
    let fields = [SSE[0], ("Authorization", &*bearer(&token))];
    client.send(server.request("GET", "/events", &fields, ""));
    assert_eq!(client.head().status, 200);
    let mut others = server.listen("/events?since=latest", &SSE);
    server.console.wait_for("Client (uthira) connected\n");
    let before = server.console.text();
    drop(client);
    let leave = others.until("leave").pop().expect("it");
    assert_eq!(leave.data["name"], "uthira");
    server.console.wait_for("is offline\n");
    // Others die in the middle of a request, and with an answer unread.
    for request in [
        "GET /events?poll=1 HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /messages HTTP/1.1\r\nHos",
        "",
    ] {
        let stream = server.connect();
        sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).expect("an option");
        Client::new(stream).send(request);
    }
    wait_for("the rest to go on", || {
        (server.get("/health").json()["listeners"] == 1).then_some(())
    });
    assert!(server.stop().success());
    assert_eq!(
        server.console.text()[before.len()..],
        *"Client (uthira) is offline\n"
    );
    assert_eq!(server.notices.text(), "");
}

#[test]
fn texts_that_look_like_lines_come_out_as_texts() {
    let server = Server::start(&[]);
    let token = server.log_in("eve");
    let mut sse = server.listen("/events?since=latest", &SSE);
    let mut plain = server.listen("/events?since=latest", &[]);
    let texts = [
        "[bob]: 0:00:01:not really bob",
        "[",
        "]:[",
        "x\n[bob]: 0:00:01:a second line",
        "x\r[bob]: 0:00:01:as the original wrote them",
        "event: bye\ndata: {}\n\nid: 5",
        "\\n is no new line",
    ];
    // All in one write, so that several come to a listener in one read.
    let all = posts(&server, &token, &texts);
    let mut client = server.client();
    client.send(all);
    for text in texts {
        let event = sse.until("message").pop().expect("it");
        assert_eq!(
            (&event.data["from"], &event.data["text"]),
            (&"eve".into(), &text.into())
        );
        let line = plain.line().expect("a line");
        let shown = line.strip_prefix("[eve]: 0:00:00:").expect("she said it");
        let escaped = text
            .replace('\\', "\\\\")
            .replace('\n', "\\n")
            .replace('\r', "\\r");
        assert_eq!(shown, escaped);
    }
}
