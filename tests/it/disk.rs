//! A full disk, and a log that disappears under the server: the answers to senders, and that nothing acknowledged is
//! lost.

use rustix::process::{Resource, Rlimit, prlimit};

use support::client::{Answer, bearer};
use support::server::Server;

/// Allows the server's log to grow by so many bytes, as a full disk would; `None` for no limit.
fn allow(server: &Server, more: Option<u64>) {
    let size = std::fs::metadata(server.log()).expect("the log").len();
    let limit = Rlimit {
        current: more.map(|more| size + more),
        maximum: None,
    };
    prlimit(Some(server.pid()), Resource::Fsize, limit).expect("a limit");
}

fn keyed(server: &Server, token: &str, key: &str, text: &str) -> Answer {
    let fields = [("Authorization", &*bearer(token)), ("Idempotency-Key", key)];
    server.ask("POST", "/messages", &fields, text)
}

#[test]
fn a_full_disk_refuses_and_the_room_goes_on_afterwards() {
    let server = Server::start(&["--grace", "300ms"]);
    let token = server.log_in("uthira");
    let mut listener = server.listen(
        "/events?since=latest",
        &[("Authorization", &bearer(&token))],
    );
    server.log_in("bob");
    assert_eq!(keyed(&server, &token, "k1", "before").status, 201);
    let before = std::fs::read(server.log()).expect("the log");
    // Half a line fits and is cut back.
    allow(&server, Some(30));
    let full = keyed(&server, &token, "k2", "into the full disk");
    full.refused(507, "log_full");
    assert!(full.field("retry-after").is_some());
    server
        .ask("POST", "/session", &[], "eve")
        .refused(507, "log_full");
    server
        .notices
        .wait_for("log.txt: messages are refused until there is some");
    assert!(std::fs::read(server.log()).expect("the log") == before);
    // Reading still works, also with a token, and so does a repeat of a stored message.
    assert_eq!(server.get("/messages").status, 200);
    let authorised = bearer(&token);
    let reading = server.ask("GET", "/members", &[("Authorization", &authorised)], "");
    assert_eq!(reading.json()["members"][0]["name"], "uthira");
    assert_eq!(keyed(&server, &token, "k1", "before").status, 200);

    allow(&server, None);
    assert_eq!(
        keyed(&server, &token, "k2", "into the full disk").status,
        201
    );
    server
        .notices
        .wait_for("log.txt again: messages are accepted.");
    assert_eq!(server.ask("POST", "/session", &[], "eve").status, 201);
    // bob's leave, which the full disk may have delayed, arrives as well.
    let mut heard = Vec::new();
    while !heard.iter().any(|line| line == "Client (bob) is offline") {
        heard.push(listener.line().expect("the stream goes on"));
    }
    assert!(heard.iter().any(|line| line.ends_with("before")));
    let kinds = server.events("since=all");
    assert!(kinds.iter().all(|event| event["type"] != "damaged"));
    let stored = server
        .said()
        .iter()
        .filter(|line| line.ends_with("full disk"))
        .count();
    assert_eq!(stored, 1);
    assert_eq!(
        server.notices.text().lines().count(),
        2,
        "each is told once"
    );
}

#[test]
fn short_messages_that_still_fit_are_not_told_as_space() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    allow(&server, Some(1_000));
    for time in 0..4 {
        let long = keyed(&server, &token, &format!("l{time}"), &"x".repeat(2_000));
        long.refused(507, "log_full");
        let short = keyed(&server, &token, &format!("s{time}"), "short");
        assert_eq!(short.status, 201, "{time}");
    }
    server.notices.wait_for("There is no space left");
    allow(&server, None);
    let long = keyed(&server, &token, "l", &"x".repeat(2_000));
    assert_eq!(long.status, 201);
    server.notices.wait_for("There is space for the log");
    let told = server.notices.text();
    assert_eq!(told.lines().count(), 2, "{told}");
}
