//! Query parameters, and the caching of answers.

use serde_json::Value;

use support::client::bearer;
use support::server::Server;

fn texts(stream: &str) -> Vec<String> {
    let events = stream.lines().map(serde_json::from_str::<Value>);
    let events = events.map(|event| event.expect("JSON"));
    events
        .filter_map(|event| event["text"].as_str().map(str::to_string))
        .collect()
}

#[test]
fn a_client_that_can_set_no_header_goes_on_where_it_was() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let ids: Vec<String> = ["one", "two", "three"]
        .iter()
        .map(|text| server.say(&token, text).json()["id"].clone())
        .map(|id| id.as_str().expect("an id").to_string())
        .collect();
    let listen = |query: &str, header: Option<&str>| {
        let accept = ("Accept", "application/x-ndjson");
        let fields: Vec<_> = [accept]
            .into_iter()
            .chain(header.map(|id| ("Last-Event-ID", id)))
            .collect();
        let path = format!("/events?poll=1&since=latest&{query}");
        let answer = server.ask("GET", &path, &fields, "");
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        answer.text()
    };
    for name in ["lastEventId", "last_event_id"] {
        let stream = listen(&format!("{name}={}", ids[0]), None);
        assert_eq!(texts(&stream), ["two", "three"], "{name}");
        // The header is newer: it changes with each reconnect, the address does not.
        let stream = listen(&format!("{name}={}", ids[0]), Some(&ids[1]));
        assert_eq!(texts(&stream), ["three"], "{name}");
        // An id that is not of this log leads to a fresh start, as by the header.
        let stream = listen(&format!("{name}=00000001-5-0000"), None);
        assert!(stream.contains("\"type\":\"reset\""), "{stream}");
        assert_eq!(texts(&listen(&format!("{name}="), None)), [""; 0]);
    }
}

#[test]
fn a_parameter_that_is_not_known_is_refused_with_the_nearest() {
    let server = Server::start(&[]);
    for (path, meant) in [
        ("/events?lastEventID=x", "; perhaps you meant lastEventId."),
        ("/events?poll=1&snice=all", "; perhaps you meant since."),
        ("/messages?befor=x", "; perhaps you meant before."),
        (
            "/members?limit=5",
            "takes no parameters. Leave \"limit\" out.",
        ),
        ("/health?x", "takes no parameters. Leave \"x\" out."),
        (
            "/log.txt?from=5",
            "takes no parameters. Leave \"from\" out.",
        ),
        ("/events?last=1&last=2", "last is given more than once"),
        (
            "/events?poll=1&last=1&since=all",
            "since and last cannot be combined",
        ),
    ] {
        let json = server.get(path).refused(400, "bad_parameter");
        let told = json["message"].as_str().expect("a sentence");
        assert!(told.contains(meant), "{path}: {told}");
    }
    let posted = server.ask("POST", "/session?name=eve", &[], "eve");
    posted.refused(400, "bad_parameter");
    assert_eq!(server.said().len(), 1, "nobody came in");
    // Messengers and some stream clients append their own parameters.
    assert_eq!(server.get("/?fbclid=x").status, 200);
    assert_eq!(server.get("/events?poll=1&_=17&r=0.3").status, 200);
}

#[test]
fn nothing_that_is_true_for_a_moment_is_kept_by_a_cache() {
    let server = Server::start(&[]);
    let token = bearer(&server.log_in("uthira"));
    let said = server.ask("POST", "/messages", &[("Authorization", &token)], "hi");
    let place = said.field("location").expect("a place").to_string();
    let session = ("Authorization", &*token);
    for (method, path, status) in [
        ("GET", "/", 200),
        ("GET", "/health", 200),
        ("HEAD", "/health", 200),
        ("GET", "/members", 200),
        ("GET", "/messages", 200),
        ("GET", "/messages?find=hi", 200),
        ("GET", &place, 200),
        ("GET", "/session", 200),
        ("POST", "/messages", 422),
        ("GET", "/nowhere", 404),
        ("PUT", "/messages", 405),
        ("GET", "/messages?limit=x", 400),
        ("GET", "/events?poll=1", 200),
        ("GET", "/events?since=x", 400),
        ("HEAD", "/events", 200),
    ] {
        let answer = server.ask(method, path, &[session], "");
        assert_eq!(answer.status, status, "{method} {path}");
        let cached = answer.field("cache-control").unwrap_or_default();
        assert!(cached.starts_with("no-store"), "{method} {path}: {cached}");
    }
    assert_eq!(said.field("cache-control"), Some("no-store"));
    // A copy of the log may be kept, and is revalidated and continued.
    let log = server.get("/log.txt");
    assert_eq!(log.field("cache-control"), Some("no-cache"));
}
