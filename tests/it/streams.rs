//! Whole streams: every listener receives the same bytes, from memory or from the file, however slow it is, up to the
//! good-bye; and damage in the log is shown as damage.

use std::thread;

use chatroom::line::is_unsafe;
use rustix::net::sockopt;
use serde_json::Value;

use crate::ledger::stalled;
use support::client::{Listener, bearer};
use support::server::Server;
use support::waiting::wait_for;

const FORMS: [&str; 3] = ["text/event-stream", "application/x-ndjson", "*/*"];

fn listen(server: &Server, query: &str, form: &str) -> Listener {
    server.listen(&format!("/events?{query}"), &[("Accept", form)])
}

/// A stream without its hello, which contains the time.
fn without_hello<'a>(form: &str, stream: &'a str) -> &'a str {
    match form {
        "text/event-stream" => stream.split_once("\n\n").expect("a hello").1,
        "application/x-ndjson" => stream.split_once('\n').expect("a hello").1,
        _ => stream,
    }
}

#[test]
fn every_listener_is_sent_the_same_bytes() {
    let mut server = Server::start(&["--grace", "100ms"]);
    let mut streams = Vec::new();
    for form in FORMS {
        for _ in 0..2 {
            let early = listen(&server, "since=all", form);
            streams.push((form, thread::spawn(|| early.rest())));
        }
    }
    let token = server.log_in("zoë");
    for text in [
        "hi",
        "two\nlines",
        "[bob]: 0:00:01:x",
        "\u{7}\u{202e}\\n",
        "👩‍👩‍👧‍👦",
    ] {
        assert_eq!(server.say(&token, text).status, 201);
    }
    server.log_in("bob");
    wait_for("both to be offline", || {
        (server
            .said()
            .iter()
            .filter(|line| line.ends_with("offline"))
            .count()
            == 2)
            .then_some(())
    });
    for form in FORMS {
        let late = listen(&server, "since=all", form);
        streams.push((form, thread::spawn(|| late.rest())));
        // From an id in the middle on, the bytes are the same.
        let id = server.events("since=all")[4]["id"].clone();
        let id = id.as_str().expect("an id").to_string();
        let part = listen(&server, &format!("since={id}"), form);
        streams.push((form, thread::spawn(|| part.rest())));
    }
    wait_for("all to listen", || {
        (server.get("/health").json()["listeners"] == 12).then_some(())
    });
    assert!(server.stop().success());
    let log = server.said();
    let streams: Vec<(&str, String)> = streams
        .into_iter()
        .map(|(form, stream)| (form, stream.join().expect("the stream ends")))
        .collect();
    server.start_again(&[]);
    for form in FORMS {
        let of_form = streams.iter().filter(|(f, _)| *f == form);
        let of_form: Vec<&str> = of_form.map(|(_, text)| without_hello(form, text)).collect();
        let [early, twin, late, part] = of_form[..] else {
            panic!("four listeners of each form");
        };
        assert_eq!(early, twin);
        assert_eq!(early, late, "those who were there, and one that came later");
        assert!(early.ends_with(part) && part.len() < early.len(), "{part}");
        // After a restart the same bytes come from the file, without the good-bye.
        let poll = server.ask("GET", "/events?since=all&poll=1", &[("Accept", form)], "");
        let poll = poll.text();
        let bye = match form {
            "text/event-stream" => "event: bye\n",
            "application/x-ndjson" => "{\"type\":\"bye\"",
            _ => "* The server is stopping",
        };
        let (before, _) = early.split_once(bye).expect("a good-bye");
        assert!(without_hello(form, &poll).starts_with(before), "{poll}");
    }
    let (_, plain) = streams
        .iter()
        .find(|(form, _)| *form == "*/*")
        .expect("one");
    let lines: Vec<&str> = plain.lines().collect();
    assert_eq!(lines[..lines.len() - 1], log, "a plain stream is the log");
}

#[test]
fn nothing_in_an_object_breaks_a_line_in_any_language() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    // All characters that Python's splitlines, JavaScript and terminals treat as line ends or controls.
    let all: String = ('\u{1}'..='\u{ffff}').filter(|c| is_unsafe(*c)).collect();
    let text = format!("a{all}\u{b}\u{c}\u{1c}\u{85}\u{2028}\u{2029}z \\ \" é 😀");
    let said = server.say(&token, &text);
    assert_eq!(said.status, 201);
    let place = said.field("location").expect("a place");
    let ndjson = server.ask("GET", "/events?poll=1&last=1", &[("Accept", FORMS[1])], "");
    let sse = server.ask("GET", "/events?poll=1&last=1", &[("Accept", FORMS[0])], "");
    let (ndjson, sse) = (ndjson.text(), sse.text());
    let data = sse
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("data: "));
    let page = server.get("/messages?limit=1").text();
    let one = server.get(place).text();
    for (json, text_of) in [
        (ndjson.lines().last(), "/text"),
        (data, "/text"),
        (page.lines().next(), "/events/0/text"),
        (one.lines().next(), "/text"),
    ] {
        let json = json.expect("an object");
        assert!(!json.chars().any(is_unsafe), "{json:?}");
        let object: Value = serde_json::from_str(json).expect("JSON");
        assert_eq!(object.pointer(text_of).expect("a text"), &*text);
    }
    // And what replay prints is the same.
    let mut replay = server
        .folder
        .command(&["replay", "--output", "json", "log.txt"]);
    let printed = replay.output().expect("replay").stdout;
    let printed = String::from_utf8(printed).expect("UTF-8");
    assert_eq!(printed.lines().last(), ndjson.lines().last());
}

#[test]
fn the_last_word_is_a_good_bye_without_a_place() {
    let mut server = Server::start(&[]);
    let mut sse = listen(&server, "since=latest", FORMS[0]);
    let token = server.log_in("uthira");
    sse.until("join");
    server.say(&token, "last words");
    assert!(server.stop().success());
    let events = sse.until("bye");
    let kinds: Vec<&str> = events.iter().map(|event| &*event.kind).collect();
    assert_eq!(
        kinds,
        ["message", "closed", "bye"],
        "nobody leaves when the room closes"
    );
    assert_eq!(events[2].id, None, "nothing is to be resumed from it");
    assert_eq!(events[2].data["type"], "bye");
    assert_eq!(sse.rest(), "");
    // The listener's last id is still valid in the same log.
    server.start_again(&[]);
    let id = events[0].id.as_deref().expect("an id");
    let kinds: Vec<Value> = server.events(&format!("since={id}"))[1..]
        .iter()
        .map(|event| event["type"].clone())
        .collect();
    assert_eq!(kinds, ["closed", "opened"]);
}

#[test]
fn a_listener_that_does_not_read_loses_nothing_and_slows_nobody() {
    let server = Server::start(&["--max-rate", "0", "--sync", "never"]);
    let token = server.log_in("uthira");
    let stream = server.connect();
    sockopt::set_socket_recv_buffer_size(&stream, 64 * 1024).expect("a small buffer");
    let mut client = support::client::Client::new(stream);
    let ndjson = [("Accept", FORMS[1])];
    client.send(server.request("GET", "/events?since=all", &ndjson, ""));
    let head = client.head();
    // 12 MB for that listener, more than memory and its socket hold: a NUL takes six bytes in JSON.
    let mut sender = server.client();
    let authorised = bearer(&token);
    for n in 0..130 {
        let text = format!("{n} {}", "\0".repeat(16_000));
        sender.send(server.request("POST", "/messages", &[("Authorization", &authorised)], text));
        assert_eq!(sender.answer("POST").status, 201);
    }
    let all = server.events("since=all");
    assert_eq!(all.len(), 1 + 2 + 130);
    let mut slow = client.into_listener(head);
    assert!(slow.line().expect("hello").contains("hello"));
    for event in &all[1..] {
        let line = slow.line().expect("the stream goes on");
        let got: Value = serde_json::from_str(&line).expect("JSON");
        assert!(
            got == *event,
            "{} came where {} should",
            got["id"],
            event["id"]
        );
    }
    server.say(&token, "now");
    assert!(slow.line().expect("it").contains("\"now\""));
}

#[test]
fn the_kernels_buffer_for_a_listener_is_bounded() {
    let mut server = Server::start(&["--max-rate", "0", "--sync", "never"]);
    let token = server.log_in("uthira");
    for n in 0..200 {
        server.say(&token, &format!("{n} {}", "x".repeat(16_000)));
    }
    let stream = server.connect();
    sockopt::set_socket_recv_buffer_size(&stream, 16 * 1024).expect("a small buffer");
    let mut client = support::client::Client::new(stream);
    client.send(server.request("GET", "/events?since=all", &[], ""));
    let head = client.head();
    stalled::at_rest(&server);
    // After its death the rest comes from the kernel's buffers.
    server.kill();
    let kept = client.into_listener(head).rest().len();
    assert!((10_000..400_000).contains(&kept), "{kept} bytes were kept");
}

#[test]
fn a_damaged_line_is_shown_as_damaged_and_never_as_genuine() {
    let mut server = Server::start(&[]);
    let token = server.log_in("uthira");
    for text in ["before", "I owe you 10", "after"] {
        server.say(&token, text);
    }
    let genuine = server.events("last=2")[1]["id"].clone();
    assert!(server.stop().success());
    let mut log = std::fs::read(server.log()).expect("the log");
    let at = log.windows(6).position(|w| w == b"you 10").expect("it");
    log[at + 4] = b'9';
    let start = log[..at].iter().rposition(|b| *b == b'\n').expect("it") + 1;
    std::fs::write(server.log(), &log).expect("written");

    server.start_again(&[]);
    server
        .notices
        .wait_for(&format!("The log is damaged at byte {start}"));
    server
        .notices
        .wait_for("(the only such line near its end). It is kept");
    let all = server.events("since=all");
    let kinds: Vec<&str> = all
        .iter()
        .map(|e| e["type"].as_str().expect("it"))
        .collect();
    assert_eq!(
        kinds,
        [
            "hello", "opened", "join", "message", "damaged", "message", "closed", "opened"
        ]
    );
    let damaged = &all[4];
    let message = damaged["message"].as_str().expect("a sentence");
    assert!(message.contains(&format!("byte {start}")), "{message}");
    assert_eq!((damaged.get("text"), damaged.get("from")), (None, None));
    let place = damaged["id"].as_str().expect("an id");
    assert_eq!(server.get(&format!("/messages/{place}")).json(), *damaged);
    assert_eq!(server.events(&format!("since={place}"))[1..], all[5..]);
    // Its old id is that of a line which no longer exists.
    let genuine = genuine.as_str().expect("an id");
    server
        .get(&format!("/messages/{genuine}"))
        .refused(404, "id_unknown");
    server
        .get(&format!("/events?since={genuine}"))
        .refused(400, "id_unknown");
    let plain = server.get("/events?since=all&poll=1").text();
    assert!(!plain.contains("owe"), "{plain}");
    assert!(
        plain.contains(&format!("\n* The log is damaged at byte {start}")),
        "{plain}"
    );
    let found = server.get("/messages?find=owe").json();
    assert_eq!(found["events"], Value::Array(vec![]));
    let kept = std::fs::read(server.log()).expect("the log");
    assert!(kept.starts_with(&log), "the file is left as it is");
}
