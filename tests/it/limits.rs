//! The limits of one session and one address, and other clients that do not notice them.

use std::process::Command;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use support::client::bearer;
use support::program::{CHATROOM, Folder};
use support::server::Server;
use support::waiting::wait_for;

/// Raises this process's limit on connections as far as the system allows.
fn many_files() {
    let now = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: now.maximum,
        ..now
    };
    setrlimit(Resource::Nofile, all).expect("set");
}

#[test]
fn a_session_says_five_a_second_and_the_guests_of_an_address_fifty() {
    let server = Server::start(&["--trust-proxy", "127.0.0.1", "--sync", "never"]);
    let token = server.log_in("uthira");
    let session = bearer(&token);
    let mut client = server.client();
    let mut flood = |fields: &[(&str, &str)]| {
        let mut taken = 0;
        loop {
            client.send(server.request("POST", "/messages", fields, "hi"));
            let answer = client.answer("POST");
            if answer.status == 429 {
                answer.refused(429, "too_fast");
                return taken;
            }
            assert_eq!(answer.status, 201, "{}", answer.text());
            taken += 1;
        }
    };
    // Ten seconds' worth at once, and the share of the time that passes.
    let taken = flood(&[
        ("Authorization", &session),
        ("X-Forwarded-For", "192.0.2.1"),
    ]);
    assert!((50..1_000).contains(&taken), "{taken}");
    // Guests can have any number of names, but have one address.
    let mut all = 0;
    for number in 10..26 {
        let name = format!("Basic {}", STANDARD.encode(format!("g{number}:")));
        all += flood(&[("Authorization", &name), ("X-Forwarded-For", "192.0.2.1")]);
    }
    assert!((500..4_000).contains(&all), "{all}");
    let other = flood(&[
        ("Authorization", "Basic ZDo="),
        ("X-Forwarded-For", "192.0.2.2"),
    ]);
    assert!(other >= 50, "{other}");
}

/// A class that returns all at once from one address is let in, slowly if it is large.
#[test]
fn a_class_behind_one_address_comes_in_and_does_not_take_all_the_names() {
    many_files();
    let server = Server::start(&["--trust-proxy", "127.0.0.1", "--sync", "never"]);
    let ask = |name: &str, from: &str| {
        let mut client = server.client();
        let fields = [("X-Forwarded-For", from)];
        client.send(server.request("POST", "/session", &fields, name));
        client
    };
    let come = |name: &str, from: &str| ask(name, from).answer("POST");
    // 120 join at once, then five per second.
    let mut class: Vec<_> = (0..140)
        .map(|number| ask(&format!("n{number}"), "192.0.2.1"))
        .collect();
    let mut tokens = Vec::new();
    for pupil in &mut class {
        let answer = pupil.answer("POST");
        assert_eq!(answer.status, 201, "{}", answer.text());
        tokens.push(answer.json()["token"].as_str().expect("it").to_string());
    }
    // A client that would wait for long is refused.
    let mut crowd: Vec<_> = (0..200)
        .map(|number| ask(&format!("c{number}"), "192.0.2.1"))
        .collect();
    let refused = crowd.last_mut().expect("one").answer("POST");
    refused.refused(429, "too_many_joins");
    assert!(refused.field("retry-after").is_some());
    // Other addresses do not wait, and neither do present members.
    assert_eq!(come("honest", "192.0.2.2").status, 201);
    assert_eq!(server.say(&tokens[0], "hi").status, 201);
    // A taken name is refused at once, and uses no one's share.
    come("honest", "192.0.2.1").refused(409, "name_taken");
    let lifted = Server::start(&["--no-address-limits", "--sync", "never"]);
    let mut client = lifted.client();
    for number in 0..300 {
        client.send(lifted.request("POST", "/session", &[], format!("n{number}")));
        assert_eq!(client.answer("POST").status, 201);
    }
}

/// All machines of a school are in one local network, which is one /64 of IPv6.
#[test]
fn a_school_on_one_network_comes_in_at_once() {
    let server = Server::start(&["--trust-proxy", "127.0.0.1", "--sync", "never"]);
    let mut client = server.client();
    for machine in 1..=400 {
        let from = format!("fe80::{machine:x}");
        let fields = [("X-Forwarded-For", &*from)];
        client.send(server.request("POST", "/session", &fields, format!("n{machine}")));
        let answer = client.answer("POST");
        assert_eq!(answer.status, 201, "{from}: {}", answer.text());
    }
}

/// A crowd at one address hinders itself, but no client with a request.
#[test]
fn a_client_that_only_holds_connections_shuts_out_nobody_at_its_address() {
    many_files();
    let server = Server::start(&["--no-announce"]);
    let token = server.log_in("uthira");
    let say = [("Authorization", &*bearer(&token))];
    let mut member = server.client();
    member.send(server.request("POST", "/messages", &say, "hi"));
    assert_eq!(member.answer("POST").status, 201);
    // With these it has more than its 1,024, all without a request.
    let mut held: Vec<_> = (0..1_100).map(|_| server.client()).collect();
    for _ in 0..20 {
        let answer = server.ask("GET", "/members", &say, "");
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    // Members do not notice; those that waited the longest were closed.
    member.send(server.request("POST", "/messages", &say, "hi"));
    assert_eq!(member.answer("POST").status, 201);
    held.remove(0).ended();
}

/// A server that can have `files` open, and its settings.
fn with_files(files: usize, settings: &str) -> Server {
    let folder = Arc::new(Folder::new());
    let mut command = Command::new("sh");
    let line = format!(
        "ulimit -n {files}; exec \"$0\" server --listen 127.0.0.1:0 --grace 60s --no-announce {settings}"
    );
    command.args(["-c", &line, &CHATROOM]);
    folder.settle(&mut command);
    Server::spawn(folder, command)
}

/// One address has a quarter of the 40 places.
#[test]
fn one_address_does_not_take_all_the_connections() {
    let server = with_files(104, "--trust-proxy 127.0.0.1");
    let listen = |from: &str| {
        let mut client = server.client();
        let from = [("X-Forwarded-For", from)];
        client.send(server.request("GET", "/events?since=latest", &from, ""));
        client
    };
    let mut held: Vec<_> = (0..10).map(|_| listen("192.0.2.1")).collect();
    for listener in &mut held {
        assert_eq!(listener.head().status, 200);
    }
    listen("192.0.2.1")
        .answer("GET")
        .refused(429, "too_many_connections");
    assert_eq!(listen("192.0.2.2").head().status, 200);
    // Closed connections no longer count.
    drop(held);
    wait_for("room again", || {
        (listen("192.0.2.1").head().status == 200).then_some(())
    });
}

/// The connection that was idle for the longest is closed; listeners and members stay.
#[test]
fn idle_connections_make_room_where_all_places_are_taken() {
    // The server keeps 64 descriptors for itself, so it has places for ten.
    let server = with_files(74, "--no-address-limits");
    let token = server.log_in("uthira");
    let bearer = bearer(&token);
    let mut member = server.client();
    let say = server.request("POST", "/messages", &[("Authorization", &bearer)], "hi");
    member.send(&say);
    assert_eq!(member.answer("POST").status, 201);
    let mut listener = server.listen("/events?since=latest", &[]);
    let health = server.request("GET", "/health", &[], "");
    let mut idle: Vec<_> = (0..30).map(|_| server.client()).collect();
    for client in &mut idle[20..] {
        client.send(&health);
    }
    // The newest are served, as many as there are places.
    for client in &mut idle[23..] {
        assert_eq!(client.answer("GET").status, 200);
    }
    for first in idle.drain(..15) {
        first.ended();
    }
    member.send(&say);
    assert_eq!(member.answer("POST").status, 201);
    assert_eq!(listener.line().as_deref(), Some("[uthira]: 0:00:00:hi"));
}

#[test]
fn a_connection_that_asks_nothing_is_closed_and_a_members_is_kept() {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    let silent = server.client();
    let mut member = server.client();
    let bearer = bearer(&token);
    let say = server.request("POST", "/messages", &[("Authorization", &bearer)], "hi");
    member.send(&say);
    assert_eq!(member.answer("POST").status, 201);
    silent.ended();
    member.send(&say);
    assert_eq!(member.answer("POST").status, 201);
}
