//! Posting over the wire: what is stored, what is refused and why, and repeats.

use std::collections::HashSet;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use support::client::{Answer, bearer};
use support::server::Server;
use support::waiting::wait_for;

const LIMIT: usize = 16 * 1024;

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

/// Posts with a key.
fn keyed(server: &Server, token: &str, key: &str, text: &str) -> Answer {
    let authorised = bearer(token);
    let fields = [("Authorization", &*authorised), ("Idempotency-Key", key)];
    server.ask("POST", "/messages", &fields, text)
}

/// Posts a whole request without a session.
fn one_shot(server: &Server, name: &str, text: &str) -> Answer {
    let authorised = basic(&format!("{name}:"));
    server.ask("POST", "/messages", &[("Authorization", &authorised)], text)
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().expect("an id").to_string()
}

#[test]
fn a_message_has_a_place_of_its_own() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let answer = server.say(&token, "hi");
    assert_eq!(answer.status, 201);
    let said = answer.json();
    assert_eq!(said["elapsed"], 0);
    let at = said["at"].as_str().expect("a time");
    assert!(at.len() == 27 && at.ends_with('Z'), "{at}");
    let line = std::fs::read_to_string(server.log()).expect("the log");
    assert!(line.contains(&format!("\n{at} [uthira]: 0:00:00:hi\t")));
    let location = answer.field("location").expect("a place");
    assert_eq!(location, format!("/messages/{}", id(&answer)));

    let message = server.get(location);
    assert_eq!(message.status, 200);
    let message = message.json();
    assert_eq!(message["type"], "message");
    assert_eq!(
        (&message["id"], &message["at"], &message["from"]),
        (&said["id"], &said["at"], &Value::from("uthira"))
    );
    assert_eq!(message["text"], "hi");
    assert_eq!(message, *server.events("last=1").last().expect("it"));
}

#[test]
fn a_text_is_stored_as_it_came() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let authorised = bearer(&token);
    let most = "é".repeat(LIMIT / 2);
    for (kind, text) in [
        (None, "  spaces before and after  "),
        (Some("text/plain; charset=utf-8"), "two\nlines\r\nand\n\n"),
        (Some("application/json"), r#"{"text": "not taken apart"}"#),
        (Some("application/x-www-form-urlencoded"), "a=b&c=%20+"),
        (Some("nonsense"), "[bob]: 0:00:01:not bob"),
        (None, "emoji 👩‍👩‍👧‍👦 and ]: \\n \\u{7}"),
        (None, "\ttabs\t\u{0}\u{1b}[31mred\u{202e}\u{feff}"),
        (None, "* Room closed"),
        (None, &most),
    ] {
        let mut fields = vec![("Authorization", &*authorised)];
        fields.extend(kind.map(|kind| ("Content-Type", kind)));
        let answer = server.ask("POST", "/messages", &fields, text);
        assert_eq!(answer.status, 201, "{text:?}: {}", answer.text());
        let path = format!("/messages/{}", id(&answer));
        assert_eq!(server.get(&path).json()["text"], text);
        let log = std::fs::read(server.log()).expect("the log");
        let control = |b: &&u8| **b < b' ' && !matches!(**b, b'\n' | b'\t');
        assert_eq!(log.iter().find(control), None, "the log is safe to cat");
    }
    assert_eq!(server.said().len(), 2 + 9, "each is one line");
}

#[test]
fn a_text_that_cannot_be_is_refused() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let authorised = bearer(&token);
    let post = |body: &[u8]| {
        server.ask(
            "POST",
            "/messages",
            &[("Authorization", &*authorised)],
            body,
        )
    };
    let refused = post(b"good\xff").refused(400, "not_utf8");
    assert!(
        refused["message"].as_str().expect("it").contains("byte 4"),
        "{refused}"
    );
    post(b"\xed\xa0\x80").refused(400, "not_utf8");
    for empty in ["", " ", "\r\n", "\t\u{3000}"] {
        post(empty.as_bytes()).refused(422, "text_empty");
    }
    let too_long = post(&vec![b'x'; LIMIT + 1]);
    assert_eq!(too_long.field("connection"), Some("close"));
    let refused = too_long.refused(413, "text_too_long");
    assert_eq!(refused["limit"], LIMIT);

    let mut client = server.client();
    client.send(format!(
        "POST /messages HTTP/1.1\r\nHost: x\r\nAuthorization: {authorised}\r\nTransfer-Encoding: chunked\r\n\r\n"
    ));
    for _ in 0..=LIMIT / 1024 {
        client.send(format!("400\r\n{}\r\n", "x".repeat(1024)));
    }
    let refused = client.answer("POST").refused(413, "text_too_long");
    assert_eq!(refused["limit"], LIMIT);
    assert_eq!(server.said().len(), 2, "nothing was stored");
}

#[test]
fn a_message_without_a_sender_is_refused_with_the_way_to_name_one() {
    let server = Server::start(&[]);
    let nobody = server.ask("POST", "/messages", &[], "hi");
    let refused = nobody.refused(401, "not_logged_in");
    assert!(
        refused["message"]
            .as_str()
            .expect("it")
            .contains("/session")
    );
    let ways = nobody.field("www-authenticate").expect("the ways");
    assert!(ways.contains("Basic") && ways.contains("Bearer"), "{ways}");
    server.say("nonsense", "hi").refused(401, "token_invalid");
    // A token in the query is for listening only, since it would end up in the logs of proxies.
    let token = server.log_in("uthira");
    server
        .ask("POST", &format!("/messages?token={token}"), &[], "hi")
        .refused(400, "bad_parameter");
}

#[test]
fn a_name_alone_posts_without_coming_or_going() {
    let server = Server::start(&[]);
    assert_eq!(one_shot(&server, "ci", "build failed").status, 201);
    assert_eq!(one_shot(&server, "ci", "build mended").status, 201);
    assert_eq!(
        server.said()[1..],
        ["[ci]: 0:00:00:build failed", "[ci]: 0:00:00:build mended"]
    );
    assert_eq!(
        server.get("/members").json()["members"],
        Value::Array(vec![])
    );
    one_shot(&server, "nine letters", "x").refused(422, "name_too_long");
    one_shot(&server, "", "x").refused(422, "name_empty");
    one_shot(&server, "server", "x").refused(422, "name_forbidden");
    // The server cannot tell that this is the owner of the session.
    let token = server.log_in("ci");
    one_shot(&server, "CI", "x").refused(409, "name_taken");
    let alike = one_shot(&server, "сi", "x");
    alike.refused(409, "name_confusable");
    server.ask(
        "DELETE",
        "/session",
        &[("Authorization", &bearer(&token))],
        "",
    );
    assert_eq!(one_shot(&server, "ci", "free again").status, 201);
}

#[test]
fn a_repeat_is_recognised() {
    let mut server = Server::start(&[]);
    let token = server.log_in("uthira");
    let first = keyed(&server, &token, "k-1", "once");
    assert_eq!(first.status, 201);
    let again = keyed(&server, &token, "k-1", "once");
    assert_eq!(again.status, 200);
    assert_eq!(again.json(), first.json(), "the first answer");
    let other = keyed(&server, &token, "k-1", "something else");
    other.refused(409, "key_reused");
    let bob = server.log_in("bob");
    assert_eq!(
        keyed(&server, &bob, "k-1", "mine").status,
        201,
        "his own key"
    );
    server.kill();
    server.start_again(&[]);
    let after = keyed(&server, &token, "k-1", "once");
    assert_eq!((after.status, after.json()), (200, first.json()));
    keyed(&server, &token, "k-1", "else").refused(409, "key_reused");
    let said = server.said();
    let once = said.iter().filter(|line| line.ends_with(":once"));
    assert_eq!(once.count(), 1, "{said:?}");
    let message = server.get(&format!("/messages/{}", id(&first))).json();
    assert_eq!(message["key"], "k-1");
}

#[test]
fn repeats_at_the_same_time_are_one_message() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| keyed(&server, &token, "same", "once")))
            .collect();
        let answered = asked.into_iter().map(|one| one.join().expect("an answer"));
        answered.collect()
    });
    let ids: HashSet<String> = answers.iter().map(id).collect();
    assert_eq!(ids.len(), 1);
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!((statuses[14], statuses[15]), (200, 201), "{statuses:?}");
    assert_eq!(server.said().len(), 3);
}

#[test]
fn a_key_has_a_form() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let longest = "k".repeat(64);
    assert_eq!(keyed(&server, &token, &longest, "x").status, 201);
    for wrong in ["", "two words", "caf\u{e9}", &"k".repeat(65), "a\tb"] {
        keyed(&server, &token, wrong, "x").refused(400, "bad_key");
    }
}

#[test]
fn a_flood_is_told_to_wait() {
    let server = Server::start(&["--max-rate", "1"]);
    let token = server.log_in("uthira");
    let authorised = bearer(&token);
    let mut client = server.client();
    let mut flood = |authorised: &str| -> Vec<Answer> {
        let request = server.request("POST", "/messages", &[("Authorization", authorised)], "x");
        client.send(request.repeat(30));
        (0..30).map(|_| client.answer("POST")).collect()
    };
    for who in [&*authorised, &*basic("guest:")] {
        let answers = flood(who);
        let (good, slow): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 201);
        assert!((10..25).contains(&good.len()), "{} at once", good.len());
        for answer in slow {
            answer.refused(429, "too_fast");
            let wait = answer.field("retry-after").map(str::parse::<u64>);
            assert_eq!(wait, Some(Ok(1)));
        }
    }
    // One sender's flood does not limit others.
    let bob = server.log_in("bob");
    assert_eq!(server.say(&bob, "calm").status, 201);
}

#[test]
fn the_time_since_the_senders_last_message_is_told() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    wait_for("a second to pass since the join", || {
        let members = server.get("/members").json();
        (members["members"][0]["idle"] != 0).then_some(())
    });
    let bob = server.log_in("bob");
    assert_eq!(server.say(&bob, "new here").json()["elapsed"], 0);
    let late = server.say(&token, "late").json()["elapsed"].clone();
    assert!(late.as_u64() >= Some(1), "{late}");
    assert_eq!(server.say(&token, "at once").json()["elapsed"], 0);
    let said = server.said();
    assert!(said.contains(&format!("[uthira]: 0:00:0{late}:late")));
    assert_eq!(said.last().expect("it"), "[uthira]: 0:00:00:at once");
}

#[test]
fn curl_is_a_client() {
    let server = Server::start(&[]);
    let url = format!("http://{}/messages", server.address);
    let said = std::process::Command::new("curl")
        .args(["-sS", "-u", "ci:", "--data-raw", "hello there\n", &url])
        .output()
        .expect("curl runs");
    assert!(said.status.success(), "{said:?}");
    let said: Value = serde_json::from_slice(&said.stdout).expect("JSON");
    let message = server.get(&format!("/messages/{}", said["id"].as_str().expect("it")));
    assert_eq!(message.json()["text"], "hello there\n");
}

#[test]
fn a_sender_that_leaves_without_waiting_is_heard() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let mut listener = server.listen("/events?since=latest", &[]);
    let mut stream = server.connect();
    let request = server.request(
        "POST",
        "/messages",
        &[("Authorization", &bearer(&token))],
        "bye",
    );
    stream.write_all(&request).expect("sent");
    drop(stream);
    assert_eq!(listener.line().as_deref(), Some("[uthira]: 0:00:00:bye"));
}
