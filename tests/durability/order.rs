//! Nothing leaves before its sync has ended, and everything that waits goes into one sync, as strace shows.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use crate::calls::{Calls, MARK};
use support::client::bearer;
use support::program::Folder;
use support::server::Server;
use support::strace;
use support::waiting::wait_for;

/// The system calls that write to the log or send.
pub const SENDING: &str = "pwrite64,fdatasync,sendto,sendmsg,write,writev";
const KINDS: [&str; 3] = ["*/*", "text/event-stream", "application/x-ndjson"];

/// Has each poster send `each` messages, all received by two listeners of each kind. Returns the trace.
fn traced_load(posters: usize, each: usize, calls: &str, options: &[&str]) -> String {
    let (folder, other) = (Arc::new(Folder::new()), Folder::new());
    let told = other.path().join("told");
    let mut server = strace::start(&folder, &told, calls, options, &[]);
    let count = posters * each;
    let listeners: Vec<_> = [KINDS, KINDS]
        .concat()
        .into_iter()
        .map(|kind| {
            let mut listener = server.listen("/events?since=all", &[("Accept", kind)]);
            thread::spawn(move || {
                let mut heard = 0;
                while heard < count {
                    let line = listener.line().expect("the stream goes on");
                    heard += usize::from(line.contains(MARK));
                }
            })
        })
        .collect();
    let tokens: Vec<String> = (0..posters)
        .map(|n| server.log_in(&format!("p{n}")))
        .collect();
    thread::scope(|scope| {
        for (poster, token) in tokens.iter().enumerate() {
            let server = &server;
            scope.spawn(move || say(server, token, poster * each..(poster + 1) * each));
        }
    });
    for listener in listeners {
        listener.join().expect("a listener that heard everything");
    }
    assert!(server.stop().success());
    whole(&told)
}

fn say(server: &Server, token: &str, numbers: std::ops::Range<usize>) {
    let mut client = server.client();
    let authorised = bearer(token);
    for number in numbers {
        let fields = [("Authorization", &*authorised)];
        client.send(server.request("POST", "/messages", &fields, format!("{MARK}{number};")));
        assert_eq!(client.answer("POST").status, 201);
    }
}

/// The trace, once strace has written all of it.
pub fn whole(told: &Path) -> String {
    wait_for("strace's last word", || {
        let text = std::fs::read_to_string(told).expect("what strace told");
        let last = text.lines().last()?;
        last.contains("+++ exited with ").then_some(text)
    })
}

#[test]
fn no_answer_and_no_event_leaves_before_its_sync() {
    let told = traced_load(8, 1_250, SENDING, &["-y", "-s", "4000000"]);
    let calls = Calls::read(&told, 0);
    println!(
        "10,000 posts by 8: {} syncs, {} ids sent, {} plain lines, {} violations",
        calls.syncs,
        calls.sent,
        calls.plain,
        calls.violations.len()
    );
    assert!(calls.violations.is_empty(), "{:#?}", calls.violations);
    // An id is twice in each answer and each server-sent event, once in each line of JSON; there are a few more.
    assert!(calls.sent >= 10_000 * (2 + 2 * 2 + 2), "{}", calls.sent);
    assert!(calls.plain >= 10_000 * 6, "{}", calls.plain);
}

#[test]
fn all_that_waits_goes_into_one_sync() {
    let delay = ["-e", "inject=fdatasync:delay_enter=5000"];
    let told = traced_load(64, 100, "fdatasync", &delay);
    let syncs = Calls::read(&told, 0).syncs;
    println!("6,400 posts by 64, each sync 5 ms late: {syncs} syncs");
    // There are two at the opening, one at the end, and one for each join.
    let others = 2 + 1 + 64;
    assert!(syncs > others && syncs - others <= 6_400 / 20, "{syncs}");
}
