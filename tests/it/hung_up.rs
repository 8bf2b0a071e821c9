//! Clients that ask for something long and hang up: the work for them ends.

use std::sync::Arc;

use chatroom::event::{Body, MAX_TEXT, Stamp};

use crate::logs::{line_at, message};
use support::program::Folder;
use support::server::Server;
use support::waiting::wait_for;

/// The number of clients that ask and hang up.
const ASKERS: usize = 60;
/// The bytes that one search reads at most, which is also the length of the log here.
const SEARCHED: u64 = 16 << 20;

/// A server whose log is as long as a search goes.
fn with_long_log() -> Server {
    let folder = Arc::new(Folder::new());
    let at = Stamp::from_micros(1_795_473_297_180_845);
    let body = Body::opened("chatroom 0.1.0", "6f1d0c5be2a94c07");
    let mut log = line_at(at, body);
    let long = line_at(at, message("uthira", 0, &"x".repeat(MAX_TEXT)));
    while (log.len() as u64) < SEARCHED {
        log.extend_from_slice(&long);
    }
    std::fs::write(folder.path().join("log.txt"), log).expect("written");
    Server::start_in(folder, "127.0.0.1:0", &[])
}

fn pid(server: &Server) -> i32 {
    server.pid().as_raw_nonzero().get()
}

/// The bytes that the server has read from anything.
fn read(server: &Server) -> u64 {
    let io = std::fs::read_to_string(format!("/proc/{}/io", pid(server))).expect("a process");
    let count = io.lines().find_map(|line| line.strip_prefix("rchar: "));
    count.expect("a count").parse().expect("a number")
}

/// All clients request `path` and hang up; returns the bytes that the server reads before another client has an
/// answer.
fn read_for(server: &Server, path: &str, minor: u8) -> u64 {
    let before = read(server);
    for _ in 0..ASKERS {
        let request = format!("GET {path} HTTP/1.{minor}\r\nHost: x\r\n\r\n");
        server.client().send(request);
    }
    // This request waits in the same queues.
    assert_eq!(server.get("/messages?find=nothing&limit=1").status, 200);
    let one = server.get("/events?poll=1&last=1");
    assert_eq!(one.status, 200);
    wait_for("the connections", || {
        let sockets = std::fs::read_dir(format!("/proc/{}/fd", pid(server))).expect("a process");
        let open = sockets.filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok());
        let open = open.filter(|to| to.to_string_lossy().starts_with("socket:"));
        (open.count() < 10).then_some(())
    });
    read(server) - before
}

#[test]
fn a_search_ends_with_whoever_wanted_it() {
    let server = with_long_log();
    let read = read_for(&server, "/messages?find=nowhere", 1);
    assert!(read < ASKERS as u64 / 3 * SEARCHED, "{read} bytes");
}

#[test]
fn a_long_answer_is_not_counted_for_who_has_hung_up() {
    let server = with_long_log();
    let read = read_for(&server, "/events?poll=1&since=all", 0);
    assert!(read < ASKERS as u64 / 3 * SEARCHED, "{read} bytes");
}

#[test]
fn a_half_closed_client_still_gets_its_answer() {
    let server = with_long_log();
    for (path, minor) in [
        ("/messages?find=nowhere", 0),
        ("/messages?find=nowhere", 1),
        ("/events?poll=1&since=all", 0),
    ] {
        let mut client = server.client();
        client.send(format!(
            "GET {path} HTTP/1.{minor}\r\nHost: x\r\nConnection: close\r\n\r\n"
        ));
        client.half_close();
        let mut answer = client.answer("GET");
        while answer.status < 200 {
            answer = client.answer("GET");
        }
        assert_eq!(answer.status, 200, "{path}");
        client.ended();
    }
}
