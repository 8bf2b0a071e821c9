//! Listening: the three forms, the start of a stream, and its answer to an unknown id.

use serde_json::Value;

use support::client::{Listener, SseEvent, bearer};
use support::server::Server;
use support::waiting::wait_for;

const SSE: (&str, &str) = ("Accept", "text/event-stream");
const NDJSON: (&str, &str) = ("Accept", "application/x-ndjson");

/// A server in which uthira has posted so many numbered messages.
fn numbered(count: usize) -> (Server, String) {
    let server = Server::start(&["--max-rate", "0"]);
    let token = server.log_in("uthira");
    for n in 0..count {
        assert_eq!(server.say(&token, &format!("m{n}")).status, 201);
    }
    (server, token)
}

fn listen(server: &Server, query: &str, fields: &[(&str, &str)]) -> Listener {
    let fields = [&[SSE], fields].concat();
    server.listen(&format!("/events?{query}"), &fields)
}

fn next(listener: &mut Listener) -> SseEvent {
    listener.event().expect("the stream goes on")
}

/// The events of a poll with this query after its hello, one word each.
fn polled(server: &Server, query: &str) -> Vec<String> {
    words(&server.events(query)[1..])
}

fn words(events: &[Value]) -> Vec<String> {
    let text = |event: &Value| event["text"].as_str().map(str::to_string);
    let kind = |event: &Value| event["type"].as_str().expect("a type").to_string();
    let word = |event: &Value| text(event).unwrap_or_else(|| kind(event));
    events.iter().map(word).collect()
}

#[test]
fn a_stream_comes_in_the_form_that_was_asked_for() {
    let (server, _) = numbered(1);
    let plain = "* Room opened (chatroom ";
    for (accept, kind, first) in [
        (None, "text/plain; charset=utf-8", plain),
        (Some("*/*"), "text/plain; charset=utf-8", plain),
        (
            Some("text/html, */*;q=0.1"),
            "text/plain; charset=utf-8",
            plain,
        ),
        (
            Some("text/event-stream;q=0"),
            "text/plain; charset=utf-8",
            plain,
        ),
        (
            Some("text/event-stream"),
            "text/event-stream",
            "event: hello",
        ),
        (
            Some("a/b, Text/Event-Stream;q=0.9"),
            "text/event-stream",
            "event: hello",
        ),
        (
            Some("application/x-ndjson"),
            "application/x-ndjson",
            "{\"type\":\"hello\"",
        ),
    ] {
        let fields: Vec<_> = accept
            .map(|accept| ("Accept", accept))
            .into_iter()
            .collect();
        let mut stream = server.listen("/events", &fields);
        assert_eq!(stream.head.field("content-type"), Some(kind), "{accept:?}");
        for (name, value) in [
            ("connection", Some("close")),
            ("cache-control", Some("no-store, no-transform")),
            ("x-accel-buffering", Some("no")),
            ("transfer-encoding", Some("chunked")),
            ("content-length", None),
        ] {
            assert_eq!(stream.head.field(name), value, "{name}");
        }
        let line = stream.line().expect("a line");
        assert!(line.starts_with(first), "{accept:?}: {line}");
        if kind.starts_with("text/plain") {
            assert_eq!(
                stream.line().as_deref(),
                Some("Client (uthira) entered room")
            );
            assert_eq!(stream.line().as_deref(), Some("[uthira]: 0:00:00:m0"));
        }
    }
}

#[test]
fn an_event_says_its_type_and_its_place() {
    let (server, token) = numbered(0);
    let mut sse = listen(&server, "since=latest", &[]);
    let hello = next(&mut sse);
    assert_eq!(hello.kind, "hello");
    assert_eq!(hello.data["type"], "hello");
    assert_eq!(hello.data["heartbeat"], 15);
    assert_eq!(hello.data["id"].as_str(), hello.id.as_deref());
    let join = server.events("last=1")[1].clone();
    assert_eq!(hello.data["id"], join["id"], "the place to go on from");
    let said = server.say(&token, "two\nlines").json();
    let lines: Vec<String> = (0..4).map(|_| sse.line().expect("a line")).collect();
    assert_eq!(lines[0], "event: message");
    assert_eq!(
        lines[1],
        format!("id: {}", said["id"].as_str().expect("it"))
    );
    let data = lines[2].strip_prefix("data: ").expect("one line of data");
    let data: Value = serde_json::from_str(data).expect("JSON");
    let wanted = serde_json::json!({
        "type": "message", "id": said["id"], "at": said["at"], "from": "uthira",
        "elapsed": 0, "text": "two\nlines",
    });
    assert_eq!((data, &*lines[3]), (wanted.clone(), ""));
    assert_eq!(
        server.events("last=1")[1],
        wanted,
        "NDJSON has the same objects"
    );
    let mut plain = server.listen("/events?last=1", &[]);
    assert_eq!(
        plain.line().as_deref(),
        Some("[uthira]: 0:00:00:two\\nlines")
    );
}

#[test]
fn a_stream_starts_where_it_is_told() {
    let (server, _) = numbered(60);
    let all = server.events("since=all");
    assert_eq!(
        (all.len(), all[0].get("id")),
        (63, None),
        "nothing is before it"
    );
    assert_eq!(all[1]["type"], "opened");
    let (id, at) = (&all[60]["id"], &all[60]["at"]);
    assert_eq!(all[60]["text"], "m57");
    let id = id.as_str().expect("it");
    let at = at.as_str().expect("it");
    assert_eq!(polled(&server, "").len(), 50);
    assert_eq!(polled(&server, "last=2"), ["m58", "m59"]);
    assert_eq!(polled(&server, "last=0"), [""; 0]);
    assert_eq!(polled(&server, "last=10000").len(), 62);
    assert_eq!(polled(&server, &format!("since={id}")), ["m58", "m59"]);
    assert_eq!(
        polled(&server, &format!("since={at}")),
        ["m57", "m58", "m59"]
    );
    assert_eq!(polled(&server, "since=1h").len(), 62);
    assert_eq!(polled(&server, "since=latest"), [""; 0]);
    assert_eq!(polled(&server, "since=2100-01-01T00:00:00Z"), [""; 0]);
    let after = server.events(&format!("since={id}"));
    assert_eq!(after[0]["id"], id, "hello has the place it starts from");
}

#[test]
fn a_listener_that_wants_no_more_than_so_many_is_told_of_the_gap() {
    let (server, _) = numbered(10);
    let all = server.events("since=all");
    let some = server.events("since=all&max=3");
    assert_eq!(words(&some), ["hello", "gap", "m7", "m8", "m9"]);
    assert_eq!(some[0]["id"], all[9]["id"], "it goes on after the gap");
    let message = some[1]["message"].as_str().expect("a sentence");
    assert!(message.contains("GET /messages?before="), "{message}");
    assert_eq!(
        words(&server.events("since=all&max=12")),
        words(&all),
        "it is just enough"
    );
    let id = all[11]["id"].as_str().expect("it");
    assert_eq!(polled(&server, &format!("since={id}&max=3")), ["m9"]);
    assert_eq!(polled(&server, &format!("since={id}&max=0")), ["gap"]);
}

#[test]
fn a_listener_resumes_exactly_where_it_was() {
    let (server, token) = numbered(3);
    let mut heard = Vec::new();
    let mut last: Option<String> = None;
    // Each connection reads one event and closes; more is posted in between.
    for n in 3..12 {
        let mut stream = match &last {
            Some(id) => listen(&server, "since=latest", &[("Last-Event-ID", id)]),
            None => listen(&server, "since=all", &[]),
        };
        let hello = next(&mut stream);
        assert_eq!(hello.id, last, "hello repeats the place");
        let event = next(&mut stream);
        last = event.id.clone();
        heard.push(event.data);
        server.say(&token, &format!("m{n}"));
    }
    assert_eq!(heard, server.events("since=all")[1..10]);
}

#[test]
fn a_place_that_is_not_there_is_never_passed_over_in_silence() {
    let (server, _) = numbered(3);
    let (other, _) = numbered(3);
    let good = server.events("last=1")[1]["id"]
        .as_str()
        .expect("it")
        .to_string();
    let parts: Vec<&str> = good.split('-').collect();
    let offset: u64 = parts[1].parse().expect("a number");
    let flipped = if parts[2] == "0000" { "0001" } else { "0000" };
    let foreign = other.events("last=1")[1]["id"]
        .as_str()
        .expect("it")
        .to_string();
    for (wrong, word) in [
        (foreign, "id_foreign"),
        (
            format!("{}-{}-{}", parts[0], offset + 1, parts[2]),
            "id_unknown",
        ),
        (
            format!("{}-{}-{}", parts[0], offset + 5000, parts[2]),
            "id_unknown",
        ),
        (format!("{}-{offset}-{flipped}", parts[0]), "id_unknown"),
        ("nonsense".to_string(), "bad_since"),
    ] {
        // An EventSource gives up for good on anything but 200.
        let mut stream = listen(&server, "last=2", &[("Last-Event-ID", &wrong)]);
        let kinds = [(); 4].map(|()| next(&mut stream));
        assert_eq!(
            kinds.each_ref().map(|event| &*event.kind),
            ["hello", "reset", "message", "message"]
        );
        assert_eq!(
            (&kinds[1].id, kinds[1].data["type"].as_str()),
            (&None, Some("reset"))
        );
        assert!(
            kinds[1].data["message"]
                .as_str()
                .expect("it")
                .ends_with('.')
        );
        assert_eq!(kinds[3].data["text"], "m2");
        server
            .get(&format!("/events?since={wrong}"))
            .refused(400, word);
    }
    // An empty one is what an EventSource has before its first event.
    let mut stream = listen(&server, "last=1", &[("Last-Event-ID", "")]);
    assert_eq!(
        [next(&mut stream), next(&mut stream)].map(|e| e.kind),
        ["hello", "message"]
    );
}

#[test]
fn unknown_values_are_refused() {
    let (server, _) = numbered(0);
    for (query, word) in [
        ("last=10001", "bad_parameter"),
        ("last=-1", "bad_parameter"),
        ("last=x", "bad_parameter"),
        ("max=", "bad_parameter"),
        ("poll=2", "bad_parameter"),
        ("poll=", "bad_parameter"),
        ("since=", "bad_since"),
        ("since=15", "bad_since"),
        ("since=yesterday", "bad_since"),
    ] {
        server.get(&format!("/events?{query}")).refused(400, word);
    }
    for query in ["token=nonsense", "token="] {
        let answer = server.get(&format!("/events?{query}"));
        answer.refused(401, "token_invalid");
        assert!(answer.field("www-authenticate").is_some());
    }
}

#[test]
fn a_token_in_the_query_keeps_its_owner_present() {
    let mut server = Server::start(&[]);
    let token = server.log_in("uthira");
    server.kill();
    server.start_again(&[]);
    // An EventSource cannot send a header. The first use after a restart comes in again.
    let mut stream = listen(&server, &format!("since=latest&token={token}"), &[]);
    next(&mut stream);
    assert_eq!(
        server.said().last().expect("it"),
        "Client (uthira) entered room"
    );
    let held = server.ask("POST", "/session", &[], "uthira");
    held.refused(409, "name_taken");
    assert_eq!(held.field("retry-after"), None, "she listens");
}

#[test]
fn a_poll_ends_and_the_connection_is_kept() {
    let (server, token) = numbered(2);
    let mut client = server.client();
    let poll = server.request("GET", "/events?poll=1&last=1", &[NDJSON], "");
    for round in 0..2 {
        client.send(&poll);
        let answer = client.answer("GET");
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.field("transfer-encoding"),
            Some("chunked"),
            "a cut is seen"
        );
        assert_eq!(answer.field("connection"), None);
        let text = answer.text();
        let last = text.lines().last().expect("a line");
        assert!(last.contains(&format!("\"m{}\"", round + 1)), "{text}");
        server.say(&token, "m2");
    }
    // A request sent after a poll is answered as well.
    let next = server.request("GET", "/members", &[], "");
    client.send([&poll[..], &next, &poll, &next].concat());
    for _ in 0..2 {
        assert!(client.answer("GET").text().contains("\"hello\""));
        assert!(client.answer("GET").json()["members"].is_array());
    }
    let mut client = server.client();
    client.send("GET /events?poll=1&last=1 HTTP/1.0\r\n\r\n");
    let answer = client.answer("GET");
    assert_eq!(answer.field("transfer-encoding"), None);
    let text = "[uthira]: 0:00:00:m2\n";
    assert_eq!(answer.text(), text);
    assert_eq!(
        answer.field("content-length"),
        Some(&*text.len().to_string())
    );
}

#[test]
fn head_says_what_a_stream_would_be_and_ends() {
    let (server, token) = numbered(1);
    for query in ["", "?poll=1"] {
        let mut client = server.client();
        let fields = [SSE, ("Authorization", &*bearer(&token))];
        client.send(server.request("HEAD", &format!("/events{query}"), &fields, ""));
        let answer = client.answer("HEAD");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.field("content-type"), Some("text/event-stream"));
        client.ended();
    }
    server.ask("HEAD", "/events?token=x", &[], "");
}

#[test]
fn a_quiet_stream_gives_signs_of_life_and_a_stuck_request_ends() {
    let (server, token) = numbered(0);
    let mut sse = listen(&server, "since=latest", &[]);
    let mut ndjson = server.listen("/events?since=latest", &[NDJSON]);
    let begun = std::time::Instant::now();
    let silent = server.client();
    let mut stuck = [server.client(), server.client()];
    stuck[0].send("GET /health HTTP/1.1\r\nHost: ");
    stuck[1].send(format!(
        "POST /messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 5\r\n\r\nhal"
    ));
    wait_for("the end of the hello", || {
        (sse.line()?.is_empty()).then_some(())
    });
    assert!(ndjson.line().expect("it").contains("hello"));
    assert_eq!(sse.line().as_deref(), Some(":"), "a comment");
    assert_eq!(sse.line().as_deref(), Some(""));
    assert_eq!(ndjson.line().as_deref(), Some(""), "an empty line");
    // The first heartbeat comes after 15 s; this rules out the second. Only the clock can tell.
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    // Meanwhile the unfinished requests were answered, and all their connections closed.
    for mut client in stuck {
        let answer = client.answer("GET");
        answer.refused(408, "timeout");
        assert_eq!(answer.field("connection"), Some("close"));
        client.ended();
    }
    silent.ended();
    assert_eq!(words(&server.events("last=1")), ["hello", "join"]);
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
}
