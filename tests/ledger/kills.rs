//! Kills at random moments under load, on one log.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::util::Folder;

use super::chance::Chance;
use super::check;
use super::load::{Load, Plan};
use super::scene;

/// Kills the server `cycles` times while a load goes on, and finds nothing wrong afterwards. How
/// long each start took up to its first answer, in order of length.
pub fn kills(cycles: usize, longest_life: Duration) -> Vec<Duration> {
    let folder = Arc::new(Folder::new());
    let mut chance = Chance::new(Chance::seed());
    let mut server = scene::server(&folder, "127.0.0.1:0", &[]);
    let address = server.address.clone();
    let load = Load::start(&address, &Plan::default());
    load.wait_for(10);
    let mut ready = Vec::new();
    for cycle in 0..cycles {
        thread::sleep(chance.time(longest_life));
        server.kill();
        if cycle % 5 == 4 {
            // One more that is killed before it is there, or just when it is.
            let early = scene::command(&folder, &address, &[]).spawn();
            let mut early = early.expect("it starts");
            thread::sleep(chance.time(Duration::from_millis(25)));
            early.kill().expect("it is there");
            early.wait().expect("it ends");
        }
        let took;
        (server, took) = scene::again(&folder, &address);
        ready.push(took);
    }
    load.wait_for(load.acknowledged() + 10);
    let book = load.finish(Duration::from_secs(20));
    assert!(server.stop().success());
    let log = std::fs::read(server.log()).expect("the log");
    ready.sort_unstable();
    println!(
        "{cycles} kills, a log of {} bytes: {}",
        log.len(),
        book.summary()
    );
    println!(
        "ready after a kill: at most {:.1?}, median {:.1?}",
        ready[ready.len() - 1],
        ready[ready.len() / 2]
    );
    check::none(&log, &book);
    assert!(book.acknowledged() > cycles && book.resumes() > cycles);
    ready
}
