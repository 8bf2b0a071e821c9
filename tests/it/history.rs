//! History: ranges, searches, single events.

use std::collections::HashSet;

use serde_json::Value;

use support::client::bearer;
use support::server::Server;
use support::waiting::wait_for;

/// A server in which uthira has posted these texts, after the opening and a join.
fn with_messages(texts: impl IntoIterator<Item = String>) -> Server {
    let server = Server::start(&["--max-rate", "0", "--sync", "never"]);
    let token = server.log_in("uthira");
    let mut client = server.client();
    for text in texts {
        let authorised = bearer(&token);
        client.send(server.request(
            "POST",
            "/messages",
            &[("Authorization", &authorised)],
            &text,
        ));
        assert_eq!(client.answer("POST").status, 201, "{text:?}");
    }
    server
}

fn numbered(count: usize) -> Server {
    with_messages((0..count).map(|n| format!("message {n}")))
}

fn page(server: &Server, query: &str) -> (Vec<Value>, Option<String>) {
    let answer = server.get(&format!("/messages?{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    let page = answer.json();
    let events = page["events"].as_array().expect("a list").clone();
    assert!(
        page.get("next").is_some(),
        "next is said even if it is null"
    );
    (events, page["next"].as_str().map(str::to_string))
}

fn texts(events: &[Value]) -> Vec<&str> {
    let messages = events.iter().filter(|event| event["type"] == "message");
    messages.map(|m| m["text"].as_str().expect("it")).collect()
}

fn id(event: &Value) -> &str {
    event["id"].as_str().expect("an id")
}

#[test]
fn a_page_is_the_newest_events_in_their_order() {
    let server = numbered(60);
    let (events, next) = page(&server, "");
    assert_eq!(events.len(), 50, "as many as a listener gets");
    assert_eq!(events[49]["text"], "message 59");
    assert_eq!(next.as_deref(), Some(id(&events[0])));
    let (events, next) = page(&server, "limit=3");
    assert_eq!(texts(&events), ["message 57", "message 58", "message 59"]);
    let (events, _) = page(&server, &format!("limit=2&before={}", next.expect("more")));
    assert_eq!(texts(&events), ["message 55", "message 56"]);
    let (events, next) = page(&server, "limit=1000");
    assert_eq!((events.len(), next), (62, None));
    assert_eq!(events[0]["type"], "opened");
    assert_eq!(events, server.events("since=all")[1..]);
}

#[test]
fn pages_back_and_forth_give_every_event_once() {
    let server = numbered(41);
    let all = server.events("since=all").split_off(1);
    for limit in [1, 7, 43, 44] {
        let (mut back, mut query) = (Vec::new(), format!("limit={limit}"));
        loop {
            let (mut events, next) = page(&server, &query);
            assert!((1..=limit).contains(&events.len()));
            events.append(&mut back);
            back = events;
            let Some(next) = next else { break };
            query = format!("limit={limit}&before={next}");
        }
        assert_eq!(back, all, "back by {limit}");

        let (mut forth, mut query) = (Vec::new(), format!("limit={limit}&since=all"));
        loop {
            let (events, next) = page(&server, &query);
            assert!((1..=limit).contains(&events.len()));
            forth.extend(events);
            let Some(next) = next else { break };
            query = format!("limit={limit}&since={next}");
        }
        assert_eq!(forth, all, "forth by {limit}");
    }
}

#[test]
fn a_range_begins_after_an_id_or_at_a_time() {
    let server = numbered(5);
    let all = server.events("since=all").split_off(1);
    let third = &all[4];
    assert_eq!(third["text"], "message 2");
    let (after, next) = page(&server, &format!("since={}", id(third)));
    assert_eq!(
        (texts(&after), next),
        (vec!["message 3", "message 4"], None)
    );
    let at = third["at"].as_str().expect("a time");
    for time in [
        at.to_string(),
        at.replace('Z', "%2B00:00"),
        at.replace('Z', "+00:00"),
    ] {
        let (from, _) = page(&server, &format!("since={time}"));
        assert_eq!(
            texts(&from),
            ["message 2", "message 3", "message 4"],
            "{time}"
        );
    }
    let (recent, _) = page(&server, "since=15m");
    assert_eq!(recent, all);
    let (none, next) = page(&server, "since=latest");
    assert_eq!((none.len(), next), (0, None));
    let (none, _) = page(&server, "since=2100-01-01T00:00:00Z");
    assert_eq!(none.len(), 0);
    let (before, next) = page(&server, &format!("before={}", id(&all[0])));
    assert_eq!((before.len(), next), (0, None));
}

#[test]
fn a_search_finds_texts_and_nothing_else() {
    let words = ["Tea?", "coffee", "no tea", "[tea]: 0:00:01:x", "TÉA", "teä"];
    let server = with_messages(words.map(String::from));
    server.log_in("tea");
    let (found, next) = page(&server, "find=TEA");
    assert_eq!(texts(&found), ["Tea?", "no tea", "[tea]: 0:00:01:x"]);
    assert_eq!((found.len(), next), (3, None), "names are not searched");
    let (found, next) = page(&server, "find=tea&limit=1");
    assert_eq!(texts(&found), ["[tea]: 0:00:01:x"]);
    let (found, _) = page(&server, &format!("find=tea&before={}", next.expect("more")));
    assert_eq!(texts(&found), ["Tea?", "no tea"]);
    assert_eq!(texts(&page(&server, "find=t%C3%A9a").0), ["TÉA"]);
    assert_eq!(page(&server, "find=.*").0.len(), 0, "it is no pattern");
    assert_eq!(page(&server, "find=no+tea").0.len(), 1);
}

#[test]
fn a_search_of_a_long_log_goes_on_where_it_stopped() {
    // Each request searches at most 16 MiB, and the log is longer: a NUL takes five bytes in it.
    let filler = "\0".repeat(16 * 1024);
    let mut text = vec!["the needle".to_string()];
    text.extend(std::iter::repeat_n(filler, 220));
    let server = with_messages(text);
    let (mut query, mut requests) = ("find=needle".to_string(), 0);
    let found = loop {
        let (found, next) = page(&server, &query);
        requests += 1;
        match next {
            Some(next) => query = format!("find=needle&before={next}"),
            None => break found,
        }
        assert!(found.is_empty());
    };
    assert_eq!((texts(&found), requests), (vec!["the needle"], 2));
}

#[test]
fn unknown_values_are_refused() {
    let server = numbered(1);
    let other = numbered(1);
    let foreign = id(&other.events("last=1")[1]).to_string();
    let own = id(&server.events("last=1")[1]).to_string();
    for (query, word) in [
        ("limit=0", "bad_parameter"),
        ("limit=1001", "bad_parameter"),
        ("limit=-1", "bad_parameter"),
        ("limit=", "bad_parameter"),
        ("limit=many", "bad_parameter"),
        ("find=", "bad_parameter"),
        (&*format!("find={}", "x".repeat(257)), "bad_parameter"),
        ("before=nonsense", "bad_id"),
        ("before=", "bad_id"),
        ("since=yesterday", "bad_since"),
        ("since=15", "bad_since"),
        ("since=2026-13-01T00:00:00Z", "bad_since"),
        (&format!("before={foreign}"), "id_foreign"),
        (&format!("since={foreign}"), "id_foreign"),
        (&format!("since=all&before={own}"), "bad_parameter"),
        ("since=all&find=x", "bad_parameter"),
    ] {
        let answer = server.get(&format!("/messages?{query}"));
        answer.refused(400, word);
    }
}

#[test]
fn an_id_that_names_nothing_is_told_apart_from_one_of_another_log() {
    let server = numbered(2);
    let message = server.events("last=1").pop().expect("a message");
    let good = id(&message).to_string();
    assert_eq!(server.get(&format!("/messages/{good}")).json(), message);
    let (log, rest) = good.split_once('-').expect("three parts");
    let (offset, check) = rest.split_once('-').expect("three parts");
    let offset: u64 = offset.parse().expect("a number");
    let end = server.get("/health").json()["log_bytes"].as_u64();
    let end = end.expect("a number");
    let flipped = if check == "0000" { "0001" } else { "0000" };
    for wrong in [
        "nonsense".to_string(),
        String::new(),
        good.to_uppercase() + "x",
        format!("{log}-{}-{check}", offset + 1),
        format!("{log}-{}-{check}", offset - 1),
        format!("{log}-{offset}-{flipped}"),
        format!("{log}-{end}-{check}"),
        format!("{log}-{}-{check}", u64::MAX),
        format!("{good}/more"),
        format!("{log}-0{offset}-{check}"),
    ] {
        let answer = server.get(&format!("/messages/{wrong}"));
        answer.refused(404, "id_unknown");
        if wrong.split('-').count() == 3 && !wrong.ends_with("more") && !wrong.ends_with('x') {
            let since = server.get(&format!("/messages?since={wrong}"));
            assert_eq!(since.status, 400, "{wrong}: {}", since.text());
        }
    }
    let foreign = format!(
        "{}-{offset}-{check}",
        if log == "00000000" {
            "00000001"
        } else {
            "00000000"
        }
    );
    server
        .get(&format!("/messages/{foreign}"))
        .refused(410, "id_foreign");
    // Every kind of event has an id.
    let kinds: HashSet<String> = server.events("since=all")[1..]
        .iter()
        .map(|event| server.get(&format!("/messages/{}", id(event))).json())
        .map(|event| event["type"].as_str().expect("it").to_string())
        .collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
}

#[test]
fn the_root_tells_how_to_join() {
    let server = Server::start(&["--room", "lobby"]);
    server.log_in("uthira");
    let _listener = server.listen("/events", &[]);
    let health = wait_for("the listener to be counted", || {
        let health = server.get("/health").json();
        (health["listeners"] == 1).then_some(health)
    });
    assert_eq!(
        (&health["status"], &health["room"]),
        (&"ok".into(), &"lobby".into())
    );
    assert_eq!(health["members"], 1);
    let size = std::fs::metadata(server.log()).expect("the log").len();
    assert_eq!(health["log_bytes"], size);
    let page = server.get("/");
    assert_eq!(
        page.field("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let page = page.text();
    for part in [
        "\"lobby\"",
        &server.address,
        "curl -N",
        "chatroom gui --name",
        &format!("chatroom backup {} backup.txt", server.address),
    ] {
        assert!(page.contains(part), "{part:?} is not in:\n{page}");
    }
}

#[test]
fn the_lines_to_join_with_lead_to_where_they_were_asked_for() {
    let flags = [
        "--host-name",
        "chat.example.org",
        "--trust-proxy",
        "127.0.0.1",
    ];
    let server = Server::start(&flags);
    let page = |host: &str, fields: &[(&str, &str)]| {
        let mut head = format!("GET / HTTP/1.1\r\nHost: {host}\r\n");
        for (name, value) in fields {
            head += &format!("{name}: {value}\r\n");
        }
        let mut client = server.client();
        client.send(head + "\r\n");
        let answer = client.answer("GET");
        assert_eq!(answer.status, 200, "{host}: {}", answer.text());
        answer.text()
    };
    let lines = |page: &str, parts: &[&str]| {
        for part in parts {
            let part = format!(" {part}\n");
            assert!(page.contains(&part), "{part:?} is not in:\n{page}");
        }
    };
    // A browser omits port 80; the window would assume its own default.
    for (host, at) in [
        ("chat.example.org", "chat.example.org:80"),
        ("[::1]", "[::1]:80"),
        ("chat.example.org:8080", "chat.example.org:8080"),
    ] {
        lines(
            &page(host, &[]),
            &[
                &format!("chatroom gui --name YOU {at}"),
                &format!("chatroom://{at}"),
                &format!("chatroom backup {at} backup.txt"),
                &format!("curl -N http://{host}/events"),
            ],
        );
    }
    for field in [
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "for=192.0.2.1;proto=https"),
    ] {
        let page = page("chat.example.org", &[field]);
        lines(
            &page,
            &[
                "curl -N https://chat.example.org/events",
                "curl -C - -o backup.txt https://chat.example.org/log.txt",
            ],
        );
        // The window does not use it.
        for not in ["http:", "chatroom gui", "chatroom:", "chatroom backup"] {
            assert!(!page.contains(not), "{not:?} is in:\n{page}");
        }
    }
}
