//! A failing disk, briefly; the durability tests are thorough. Nothing is acknowledged or shown that may be lost.

use std::sync::Arc;

use support::client::{Answer, bearer};
use support::program::{Folder, Run};
use support::server::Server;
use support::strace;

fn keyed(server: &Server, token: &str, n: usize) -> Answer {
    let key = format!("k{n}");
    let fields = [
        ("Authorization", &*bearer(token)),
        ("Idempotency-Key", &key),
    ];
    server.ask("POST", "/messages", &fields, format!("number {n}"))
}

#[test]
fn a_failed_sync_stops_the_server_and_is_not_tried_again() {
    for (error, at) in [("EIO", 3), ("ENOSPC", 4), ("EIO", 5)] {
        let (folder, other) = (Arc::new(Folder::new()), Folder::new());
        let inject = format!("inject=fdatasync:error={error}:when={at}");
        let told = other.path().join("told");
        // The opening syncs twice, on another thread, and strace counts by thread.
        let mut server = strace::start(&folder, &told, "fdatasync", &["-e", &inject], &[]);
        let listener = server.listen("/events?since=all", &[]);
        let token = server.log_in("uthira");
        for n in 2..at {
            assert_eq!(keyed(&server, &token, n).status, 201, "{error} {at}");
        }
        let unknown = keyed(&server, &token, at).refused(503, "unknown");
        let sentence = unknown["message"].as_str().expect("it");
        assert!(sentence.contains("same Idempotency-Key"), "{sentence}");
        assert_eq!(server.ended().code(), Some(1), "{error} {at}");
        server.notices.wait_for("could not be forced to disk");
        let notices = server.notices.text();
        assert_eq!(notices.lines().count(), 1, "{notices}");
        let seen = listener.rest();
        assert!(seen.contains(&format!("number {}", at - 1)), "{seen}");
        assert!(!seen.contains(&format!("number {at}")), "{seen}");

        // The written line is there, and its sender's repeat finds it.
        let server = Server::start_in(folder, "127.0.0.1:0", &[]);
        for (n, status) in (2..=at).map(|n| (n, 200)).chain([(at + 1, 201)]) {
            assert_eq!(keyed(&server, &token, n).status, status, "{error} {at}");
        }
        let said = server.said();
        for n in 2..=at + 1 {
            let text = format!(":number {n}");
            let count = said.iter().filter(|line| line.ends_with(&text)).count();
            assert_eq!(count, 1, "{said:?}");
        }
    }
}

#[test]
fn a_server_that_cannot_sync_does_not_open() {
    for at in 1..=2 {
        let (folder, other) = (Folder::new(), Folder::new());
        let inject = format!("inject=fdatasync:error=EIO:when={at}");
        let told = other.path().join("told");
        let mut command = strace::command(&folder, &told, "fdatasync", &["-e", &inject], &[]);
        let run = Run::of(&mut command).code(1).stdout("");
        run.one_sentence(&["log.txt", "input/output error", "."]);
        let mut server = Server::start_in(Arc::new(folder), "127.0.0.1:0", &[]);
        let token = server.log_in("uthira");
        assert_eq!(keyed(&server, &token, 0).status, 201);
        assert!(server.stop().success());
    }
}

#[test]
fn a_start_rewrites_and_syncs_the_end_before_it_shows_it() {
    let mut server = Server::start(&[]);
    let token = server.log_in("uthira");
    assert_eq!(keyed(&server, &token, 0).status, 201);
    assert!(server.stop().success());
    let folder = Arc::clone(&server.folder);
    let length = std::fs::metadata(server.log()).expect("the log").len();
    // The directory entry of a new secret must be synced as well.
    std::fs::remove_file(folder.path().join("log.txt.secret")).expect("removed");
    let other = Folder::new();
    let told = other.path().join("told");
    let calls = "pwrite64,fdatasync,fsync,rename,write";
    let server = strace::start(&folder, &told, calls, &["-y"], &[]);
    let told = std::fs::read_to_string(told).expect("what strace told");
    drop(server);
    let log = format!("{}/log.txt>", folder.path().display());
    let place = format!("<{}>", folder.path().display());
    let mut wanted = vec![
        (vec!["write(1", "Listening"], "to have told"),
        (vec!["fsync", &place], "its folder synced"),
        (vec!["fdatasync", &log], "its first line synced"),
        (vec!["fsync", &place], "the secret's name synced"),
        (vec!["rename", "log.txt.secret"], "the secret made"),
        (vec!["fdatasync", &log], "the end synced"),
    ];
    let rewritten = format!(", {length}, 0) = {length}");
    wanted.push((vec!["pwrite64", &log, &rewritten], "the end rewritten"));
    for line in told.lines() {
        let next = wanted.last().expect("more is wanted than came");
        if next.0.iter().all(|part| line.contains(part)) {
            wanted.pop();
        }
        if wanted.is_empty() {
            return;
        }
    }
    panic!("not in this order: {wanted:?}\n{told}");
}
