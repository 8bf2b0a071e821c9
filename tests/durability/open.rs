//! A big log opens as fast as a small one.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chatroom::event::{Body, Event, Stamp};
use chatroom::line;

use support::program::Folder;
use support::server::Server;

const GB: u64 = 1 << 30;
const LIMIT: Duration = Duration::from_millis(200);

/// The median time from the start of the process to the answer of `/health` in five starts, after each of which a new
/// member posts. (Tokens whose login is further back than the server reads have ended.)
fn time_to_open(folder: &Arc<Folder>, who: &str) -> Duration {
    let mut times: Vec<Duration> = (0..5)
        .map(|n| {
            let from = Instant::now();
            let args = ["--max-rate", "0"];
            let mut server = Server::start_in(Arc::clone(folder), "127.0.0.1:0", &args);
            assert_eq!(server.get("/health").status, 200);
            let took = from.elapsed();
            let token = server.log_in(&format!("{who}{n}"));
            let said = server.say(&token, &format!("start {n}"));
            assert_eq!(said.status, 201, "{}", said.text());
            let id = said.json()["id"].as_str().expect("an id").to_string();
            let back = server.get(&format!("/messages/{id}")).json();
            assert_eq!(back["text"], format!("start {n}"));
            assert_eq!(server.notices.text(), "");
            assert!(server.stop().success());
            took
        })
        .collect();
    times.sort_unstable();
    println!("open within {times:.1?}");
    times[2]
}

/// Appends valid lines, in a loop, until the log has a GB.
fn grow(log: &mut File) {
    let at = Stamp::now();
    let mut block = Vec::new();
    for n in 0.. {
        let body = Body::message(
            "uthira",
            format!("number {n} of many, all as long as people's messages are"),
        );
        line::to_line(&Event { at, body }, &mut block);
        if block.len() > 4 << 20 {
            break;
        }
    }
    while log.metadata().expect("the log").len() < GB {
        log.write_all(&block).expect("written");
    }
    // Work that another program left to the disk must not count.
    log.sync_all().expect("synced");
}

#[test]
fn a_log_of_a_gigabyte_is_open_within_200_ms() {
    let folder = Arc::new(Folder::new());
    let mut server = Server::start_in(Arc::clone(&folder), "127.0.0.1:0", &[]);
    server.log_in("uthira");
    assert!(server.stop().success());
    let small = time_to_open(&folder, "small");
    let log = OpenOptions::new().append(true).open(server.log());
    grow(&mut log.expect("the log"));
    let big = time_to_open(&folder, "big");
    println!("open and answering: a small log {small:.1?}, one of 1 GB {big:.1?} (medians of 5)");
    assert!(big <= LIMIT, "{big:?}");
}
