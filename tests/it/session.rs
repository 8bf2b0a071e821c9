//! Logging in and out over the wire: which logins succeed, why others fail, and how long a name is held.

use std::net::Shutdown;

use serde_json::{Value, json};

use support::client::{Answer, bearer};
use support::server::Server;
use support::waiting::wait_for;

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn ask(server: &Server, name: impl AsRef<[u8]>) -> Answer {
    server.ask("POST", "/session", &[], name)
}

fn quit(server: &Server, token: &str) -> Answer {
    server.ask(
        "DELETE",
        "/session",
        &[("Authorization", &bearer(token))],
        "",
    )
}

fn present(server: &Server) -> Vec<String> {
    let members = server.get("/members").json()["members"].clone();
    let members = members.as_array().expect("a list").clone();
    let names = members.iter().map(|m| m["name"].as_str().expect("a name"));
    names.map(str::to_string).collect()
}

#[test]
fn a_login_gives_a_token_and_tells_everybody() {
    let server = Server::start(&["--room", "lobby"]);
    let mut listener = server.listen("/events?since=latest", &[("Accept", "text/event-stream")]);
    let answer = ask(&server, "uthira");
    assert_eq!(answer.status, 201);
    assert_eq!(answer.field("content-type"), Some("application/json"));
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    let body = answer.json();
    assert_eq!(
        (body["name"].as_str(), body["room"].as_str()),
        (Some("uthira"), Some("lobby"))
    );
    let join = listener.until("join").pop().expect("the join");
    assert_eq!(join.data["name"], "uthira");
    assert_eq!(join.id.as_deref(), body["id"].as_str());

    let answer = server.ask("POST", "/session", &[JSON], r#"{"name":"bob"}"#);
    assert_eq!(
        (answer.status, &answer.json()["name"]),
        (201, &json!("bob"))
    );
    // JSON is recognised without its content type as well.
    let answer = ask(&server, r#"{"name": "eve", "key": "not needed"}"#);
    assert_eq!(
        (answer.status, &answer.json()["name"]),
        (201, &json!("eve"))
    );
    let said = server.said();
    assert_eq!(
        said[1..],
        ["uthira", "bob", "eve"].map(|name| format!("Client ({name}) entered room"))
    );
    let token = body["token"].as_str().expect("a token");
    assert_eq!(server.say(token, "hi").status, 201);
}

#[test]
fn members_are_listed_as_they_came() {
    let server = Server::start(&[]);
    let first = server.log_in("zoe");
    server.log_in("amy");
    let members = server.get("/members").json();
    assert_eq!(present(&server), ["zoe", "amy"]);
    let events = server.events("since=all");
    assert_eq!(members["id"], events.last().expect("a join")["id"]);
    assert_eq!(members["members"][0]["since"], events[2]["at"]);
    assert_eq!(members["members"][0]["idle"], 0);
    quit(&server, &first);
    assert_eq!(present(&server), ["amy"]);
}

#[test]
fn a_name_is_kept_as_its_owner_wrote_it() {
    let server = Server::start(&[]);
    for (raw, shown) in [
        ("  ann\r\n", "ann"),
        ("李小龙", "李小龙"),
        ("a  b", "a b"),
        ("o'neil", "o'neil"),
        ("👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"),
        ("8letters", "8letters"),
        ("Ｆｕｌｌ", "Full"),
    ] {
        let answer = ask(&server, raw);
        assert_eq!(answer.status, 201, "{raw:?}: {}", answer.text());
        assert_eq!(answer.json()["name"], shown, "{raw:?}");
    }
}

#[test]
fn a_name_that_cannot_be_is_refused_with_the_reason() {
    let server = Server::start(&[]);
    for empty in ["", "   ", "\n", r#"{"name":""}"#] {
        ask(&server, empty).refused(422, "name_empty");
    }
    let refused = ask(&server, "nine letters!").refused(422, "name_too_long");
    assert_eq!(refused["limit"], 8);
    let message = refused["message"].as_str().expect("a sentence");
    assert!(
        message.contains("at most 8 characters") && message.contains("has 13"),
        "{message}"
    );
    let huge = ask(&server, "x".repeat(10_000)).refused(422, "name_too_long");
    assert!(huge["message"].as_str().expect("it").contains("has 10000"));
    for forbidden in [
        "a\u{7}b",
        "a\tb",
        "a\nb",
        "a\u{202e}b",
        "a\u{200b}b",
        "a[b",
        "a]b",
        "a(b",
        "a)b",
        "a:b",
        "\u{301}a",
        "server",
        "System",
        "admin",
        "аdmin", // a Cyrillic letter
    ] {
        let refused = ask(&server, forbidden).refused(422, "name_forbidden");
        assert_eq!(refused["limit"], Value::Null, "{forbidden:?}");
    }
    let colon = ask(&server, "a:b").json()["message"].clone();
    assert!(colon.as_str().expect("it").contains("character :"));
    assert_eq!(present(&server), [""; 0]);
    assert_eq!(server.said().len(), 1, "nothing is recorded of them");
}

#[test]
fn a_login_that_is_not_to_be_read_is_refused() {
    let server = Server::start(&[]);
    for broken in [
        "{",
        "{}",
        r#"{"name":5}"#,
        r#"{"name":"a""#,
        r#"{"name":"a"} x"#,
    ] {
        ask(&server, broken).refused(400, "bad_json");
    }
    let plain = server.ask("POST", "/session", &[JSON], "uthira");
    plain.refused(400, "bad_json");
    ask(&server, b"\xff\xfe").refused(400, "not_utf8");
    server
        .ask("POST", "/session", &[JSON], b"{\"name\":\"\xff\"}")
        .refused(400, "bad_json");
    assert_eq!(present(&server), [""; 0]);
}

#[test]
fn a_name_is_given_once() {
    let server = Server::start(&["--grace", "60s"]);
    let answer = ask(&server, "mira");
    let token = answer.json()["token"].as_str().expect("it").to_string();
    // Nobody listens with the token: the name is only held.
    let held = ask(&server, "mira");
    held.refused(409, "name_taken");
    let wait = held.field("retry-after").map(str::parse::<u64>);
    assert!(
        matches!(wait, Some(Ok(1..=60))),
        "Retry-After: {:?}",
        held.field("retry-after")
    );
    let _listening = server.listen("/events", &[("Authorization", &bearer(&token))]);
    for same in ["mira", "MIRA", " Mira "] {
        let taken = ask(&server, same);
        taken.refused(409, "name_taken");
        assert_eq!(taken.field("retry-after"), None, "she is here");
    }
    // Two Cyrillic letters that look the same.
    let alike = ask(&server, "mіrа");
    let sentence = alike.refused(409, "name_confusable")["message"].clone();
    assert!(sentence.as_str().expect("it").contains("mira"));
    assert_eq!(present(&server), ["mira"]);
}

#[test]
fn a_token_is_told_whose_it_is_and_is_here_again() {
    let mut server = Server::start(&[]);
    let login = ask(&server, "uthira").json();
    let authorised = bearer(login["token"].as_str().expect("a token"));
    let fields = [("Authorization", authorised.as_str())];
    let answer = server.ask("GET", "/session", &fields, "");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    assert_eq!(answer.json(), login, "nothing was said since the join");
    assert_eq!(login["version"], env!("CARGO_PKG_VERSION"));
    server.kill();
    server.start_again(&["--room", "lobby"]);
    let again = server.ask("GET", "/session", &fields, "").json();
    assert_eq!(
        (&again["token"], &again["room"]),
        (&login["token"], &json!("lobby"))
    );
    assert_eq!(present(&server), ["uthira"]);
    let newest = server.events("since=all").pop().expect("the join");
    assert_eq!(again["id"], newest["id"]);
    // Any other token is invalid.
    for nobody in [&[][..], &[("Authorization", "Basic Y2k6")]] {
        server
            .ask("GET", "/session", nobody, "")
            .refused(401, "token_required");
    }
    assert_eq!(
        quit(&server, login["token"].as_str().expect("it")).status,
        204
    );
    server
        .ask("GET", "/session", &fields, "")
        .refused(401, "session_over");
    let head = server.ask("HEAD", "/session", &fields, "");
    assert_eq!((head.status, head.body.len()), (401, 0));
}

#[test]
fn of_many_who_want_a_name_at_once_one_gets_it() {
    let server = Server::start(&[]);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| ask(&server, "mira").status))
            .collect();
        let answered = asked.into_iter().map(|one| one.join().expect("an answer"));
        answered.collect()
    });
    assert_eq!(statuses.iter().filter(|s| **s == 201).count(), 1);
    assert_eq!(statuses.iter().filter(|s| **s == 409).count(), 19);
    assert_eq!(server.said()[1..], ["Client (mira) entered room"]);
}

#[test]
fn quitting_is_seen_at_once_and_ends_the_token() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let mut listener = server.listen("/events?since=latest", &[("Accept", "text/event-stream")]);
    let own = server.listen(
        "/events?since=latest",
        &[("Authorization", &bearer(&token))],
    );
    let answer = quit(&server, &token);
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert_eq!(
        server.said().last().expect("it"),
        "Client (uthira) is offline"
    );
    let leave = listener.until("leave").pop().expect("the leave");
    assert_eq!(leave.data["name"], "uthira");
    assert_eq!(
        own.rest(),
        "Client (uthira) is offline\n",
        "its stream ends"
    );

    let over = server.say(&token, "am I here?");
    over.refused(401, "session_over");
    assert!(over.field("www-authenticate").is_some());
    let fields = [("Authorization", bearer(&token))];
    let fields = fields.each_ref().map(|(n, v)| (*n, v.as_str()));
    server
        .ask("GET", "/events", &fields, "")
        .refused(401, "session_over");
    server
        .ask("GET", "/members", &fields, "")
        .refused(401, "session_over");
    // Quitting twice does no harm, and the name is free.
    assert_eq!(quit(&server, &token).status, 204);
    assert_eq!(ask(&server, "uthira").status, 201);
    assert_eq!(server.said().len(), 4);
}

#[test]
fn only_a_session_can_be_ended() {
    let server = Server::start(&[]);
    server
        .ask("DELETE", "/session", &[], "")
        .refused(401, "token_required");
    let basic = [("Authorization", "Basic Y2k6")];
    server
        .ask("DELETE", "/session", &basic, "")
        .refused(401, "token_required");
    quit(&server, "AAAA").refused(401, "token_invalid");
}

#[test]
fn a_name_leaves_when_its_grace_is_over() {
    let server = Server::start(&["--grace", "200ms"]);
    let token = server.log_in("uthira");
    let stream = server.listen("/events", &[("Authorization", &bearer(&token))]);
    let mut listener = server.listen("/events?since=latest", &[("Accept", "text/event-stream")]);
    // Another member joins and leaves: its whole grace passes while the stream is open.
    server.log_in("bob");
    assert_eq!(listener.until("leave")[2].data["name"], "bob");
    assert_eq!(present(&server), ["uthira"]);
    stream.stream().shutdown(Shutdown::Both).expect("cut");
    let leave = listener.until("leave").pop().expect("it");
    assert_eq!(leave.data["name"], "uthira");
    assert_eq!(present(&server), [""; 0]);
    // The token still takes the name back: nobody quit.
    assert_eq!(server.say(&token, "back").status, 201);
    let said = server.said();
    assert_eq!(said[said.len() - 2], "Client (uthira) entered room");
}

#[test]
fn requests_alone_keep_a_name_present() {
    let server = Server::start(&["--grace", "500ms"]);
    let token = server.log_in("uthira");
    let mut others = server.listen("/events?since=latest", &[("Accept", "text/event-stream")]);
    // bob's whole grace passes, and began later than that of uthira, who only reads.
    server.log_in("bob");
    let authorised = bearer(&token);
    wait_for("the end of bob's grace", || {
        let read = server.ask("GET", "/messages", &[("Authorization", &authorised)], "");
        assert_eq!(read.status, 200);
        let gone = "Client (bob) is offline".to_string();
        server.said().contains(&gone).then_some(())
    });
    let leave = others.until("leave").pop().expect("it");
    assert_eq!(leave.data["name"], "bob");
}

#[test]
fn a_token_takes_its_name_back_within_the_grace() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    for _ in 0..3 {
        let stream = server.listen("/events", &[("Authorization", &bearer(&token))]);
        drop(stream);
    }
    assert_eq!(server.say(&token, "still me").status, 201);
    let said = server.said();
    assert_eq!(
        said[1..],
        ["Client (uthira) entered room", "[uthira]: 0:00:00:still me"],
        "nobody saw her go"
    );
}

#[test]
fn a_token_outlives_the_server() {
    let mut server = Server::start(&[]);
    let token = server.log_in("uthira");
    server.kill();
    server.start_again(&[]);
    assert_eq!(present(&server), [""; 0], "who was here is not any more");
    assert_eq!(server.say(&token, "after a crash").status, 201);
    assert!(server.stop().success());
    server.start_again(&[]);
    let mut stream = server.listen(
        "/events?since=latest",
        &[("Authorization", &bearer(&token))],
    );
    assert_eq!(present(&server), ["uthira"]);
    server.say(&token, "after a stop");
    let last = wait_for("the message", || {
        stream.line().filter(|l| l.contains("after"))
    });
    assert_eq!(last, "[uthira]: 0:00:00:after a stop");
    let mut said = server.said();
    said.retain(|line| !line.starts_with("* Room opened"));
    assert_eq!(
        said,
        [
            "Client (uthira) entered room",
            "Client (uthira) entered room",
            "[uthira]: 0:00:00:after a crash",
            "* Room closed",
            "Client (uthira) entered room",
            "[uthira]: 0:00:00:after a stop",
        ]
    );
}

#[test]
fn a_forged_or_foreign_token_is_nobodys() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let elsewhere = Server::start(&[]).log_in("uthira");
    let mut forged = token.clone().into_bytes();
    forged[30] = if forged[30] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).expect("ASCII");
    for wrong in ["nonsense", "", &elsewhere, &forged, &token[1..]] {
        let answer = server.say(wrong, "x");
        let word = if wrong.is_empty() {
            "credentials_unknown"
        } else {
            "token_invalid"
        };
        answer.refused(401, word);
        assert!(answer.field("www-authenticate").is_some());
    }
    for (sent, wrong) in [
        ("Basic Y2Fm6To=", "not UTF-8"),
        ("Basic Y2k=", "no colon"),
        ("Basic %", "not Base64"),
    ] {
        let answer = server.ask("POST", "/messages", &[("Authorization", sent)], "x");
        let said = answer.refused(401, "credentials_unreadable");
        assert!(said["message"].as_str().expect("it").contains(wrong));
    }
    let digest = [("Authorization", "Digest username=\"uthira\"")];
    server
        .ask("POST", "/messages", &digest, "x")
        .refused(401, "credentials_unknown");
}

#[test]
fn a_room_may_want_shorter_names() {
    let mut server = Server::start(&[]);
    let token = server.log_in("uthira");
    server.kill();
    server.start_again(&["--max-name", "3"]);
    let refused = ask(&server, "uthira").refused(422, "name_too_long");
    assert_eq!(refused["limit"], 3);
    assert_eq!(ask(&server, "bob").status, 201);
    // The rules apply to returning members, too.
    let over = server.say(&token, "hi").refused(401, "session_over");
    assert!(
        over["message"]
            .as_str()
            .expect("it")
            .contains("at most 3 characters")
    );
    server.kill();
    server.start_again(&["--max-name", "20"]);
    assert_eq!(ask(&server, "a-name-of-20-letters").status, 201);
}
