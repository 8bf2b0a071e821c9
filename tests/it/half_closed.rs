//! Listeners that close their sending side, as `nc -N` does after its request, and continue to read; and killed ones,
//! which look the same at first.

use std::net::Shutdown;

use support::client::{Client, Listener, bearer};
use support::server::Server;
use support::waiting::wait_for;

const FORMS: [&str; 3] = ["text/event-stream", "application/x-ndjson", "*/*"];

/// A listener's request, and nothing after it.
fn listen(server: &Server, version: &str, form: &str, token: Option<&str>) -> Listener {
    let authorised = token.map(|token| format!("Authorization: {}\r\n", bearer(token)));
    let mut client: Client = server.client();
    client.send(format!(
        "GET /events?since=latest HTTP/{version}\r\nHost: {}\r\nAccept: {form}\r\n{}\r\n",
        server.address,
        authorised.unwrap_or_default()
    ));
    let head = client.head();
    assert_eq!(head.status, 200);
    let mut listener = client.into_listener(head);
    // Everything so far is read, since unread bytes at the end would cause a reset.
    match form {
        "text/event-stream" => drop(listener.until("hello")),
        "application/x-ndjson" => assert!(listener.line().expect("a line").contains("hello")),
        _ => {}
    }
    listener
}

fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of = |form| ["1.1", "1.0"].map(|version| (version, form));
    FORMS.into_iter().flat_map(of)
}

fn listeners(server: &Server, count: usize) {
    wait_for("the listeners", || {
        (server.get("/health").json()["listeners"] == count).then_some(())
    });
}

#[test]
fn a_half_closed_listener_still_hears_everything() {
    let mut server = Server::start(&["--grace", "100ms"]);
    let mut half: Vec<(&str, &str, Listener)> = all()
        .map(|(version, form)| (version, form, listen(&server, version, form, None)))
        .collect();
    for (_, _, listener) in &half {
        let closed = listener.stream().shutdown(Shutdown::Write);
        closed.expect("its own side closes");
    }
    // A member that is present by its stream stays present.
    let token = server.log_in("ann");
    let mut member = listen(&server, "1.1", FORMS[0], Some(&token));
    let closed = member.stream().shutdown(Shutdown::Write);
    closed.expect("its own side closes");
    // Two heartbeats test whether it is still there, one of them at once.
    for _ in 0..2 {
        wait_for("a sign of life", || (member.line()? == ":").then_some(()));
    }
    let bob = server.log_in("bob");
    server.say(&bob, "can you hear me?");
    let heard = member.until("message");
    assert_eq!(
        heard.last().expect("a message").data["text"],
        "can you hear me?"
    );
    let members = server.get("/members").json();
    assert_eq!(members["members"][0]["name"], "ann", "{members}");
    assert!(server.stop().success());
    for (version, form, listener) in half.drain(..) {
        let (heard, whole) = listener.rest_and_end();
        assert!(
            heard.contains("can you hear me?"),
            "{version} {form}: {heard}"
        );
        assert!(heard.contains("The server is stopping"), "{form}: {heard}");
        assert_eq!(whole, version == "1.1", "{form}");
    }
}

#[test]
fn the_name_of_a_client_that_was_killed_is_free_as_soon_as_ever() {
    let server = Server::start(&["--grace", "100ms"]);
    for (number, (version, form)) in all().enumerate() {
        let name = format!("n{number}");
        let token = server.log_in(&name);
        let listener = listen(&server, version, form, Some(&token));
        listeners(&server, 1);
        drop(listener);
        wait_for("its leave", || {
            let last = server.said().pop()?;
            (last == format!("Client ({name}) is offline")).then_some(())
        });
        // Plain streams have no invisible heartbeat, so the next message finds out.
        if (version, form) == ("1.0", "*/*") {
            let bob = [("Authorization", "Basic Ym9iOg==")];
            assert_eq!(server.ask("POST", "/messages", &bob, "hi").status, 201);
        }
        listeners(&server, 0);
    }
}
