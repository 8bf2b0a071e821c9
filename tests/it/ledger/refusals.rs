//! "Nothing was stored": a disk that fills up again and again, and senders that are too fast.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, prlimit};

use support::program::Folder;
use support::server::Server;
use support::waiting::wait_for;

use super::book::Fate;
use super::chance::Chance;
use super::check;
use super::load::{Load, Plan};
use super::poster::Habits;
use super::scene;

/// Allows the server's log to grow by so many bytes, as a full disk would; `None` for no limit.
fn allow(server: &Server, more: Option<u64>) {
    let size = std::fs::metadata(server.log()).expect("the log").len();
    let current = more.map(|more| size + more);
    let maximum = None;
    let limit = Rlimit { current, maximum };
    prlimit(Some(server.pid()), Resource::Fsize, limit).expect("a limit");
}

/// Fills the disk so many times during a load that is also too fast; half of the refused messages are never repeated.
pub fn refusals(times: usize) {
    let folder = Arc::new(Folder::new());
    let mut chance = Chance::new(Chance::seed());
    let mut server = scene::server(&folder, "127.0.0.1:0", &["--max-rate", "2"]);
    let plan = Plan {
        habits: Habits {
            longest_wait: Duration::from_millis(50),
            ..Habits::default()
        },
        ..Plan::default()
    };
    let load = Load::start(&server.address, &plan);
    // This is more than all of them together may post at once.
    load.wait_for(plan.posters * 20 + 5);
    let mut tries = 0;
    for _ in 0..times {
        load.wait_for(load.acknowledged() + 10);
        // Mostly a part of the waiting batch fits, and is cut back.
        allow(&server, Some(chance.below(2_000)));
        // A login writes a line, too, and is no message of the load.
        let mut status = || {
            tries += 1;
            let name = format!("t{tries}");
            server.ask("POST", "/session", &[], &name).status
        };
        let before = load.no_space();
        wait_for("the full disk", || (status() == 507).then_some(()));
        // Some posters of the load must meet it, too; most are told that they are too fast.
        wait_for("a message without space", || {
            (load.no_space() > before).then_some(())
        });
        thread::sleep(chance.time(Duration::from_millis(100)));
        allow(&server, None);
        wait_for("space again", || (status() == 201).then_some(()));
    }
    let book = load.finish(Duration::from_secs(20));
    assert!(server.stop().success());
    println!("{times} times no space: {}", book.summary());
    check::none(&std::fs::read(server.log()).expect("the log"), &book);
    let count = |status| book.count(|f| matches!(f, Fate::Refused(s, _) if *s == status));
    let (full, fast) = (count(507), count(429));
    println!("refused: {full} for no space, {fast} for being too fast");
    assert!(full >= times && fast > 0, "{full}, {fast}");
}
