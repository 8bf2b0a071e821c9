//! Kills at random moments under load, on one log.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use support::program::Folder;

use super::chance::Chance;
use super::check;
use super::load::{Load, Plan};
use super::probe::Probe;
use super::scene;

/// The times from each start to its first answer.
#[derive(Debug, Default)]
pub struct Starts {
    /// Those during which the disk was quick.
    pub judged: Vec<Duration>,
    /// Those during which a sync of one page took more than [`BUSY`].
    pub on_a_busy_disk: Vec<Duration>,
}

/// The time of one small sync above which other programs keep the disk busy.
pub const BUSY: Duration = Duration::from_millis(50);

/// Kills the server `cycles` times during a load, and expects no violation.
pub fn kills(cycles: usize, longest_life: Duration) -> Starts {
    let folder = Arc::new(Folder::new());
    let mut chance = Chance::new(Chance::seed());
    let mut server = scene::server(&folder, "127.0.0.1:0", &[]);
    let address = server.address.clone();
    let load = Load::start(&address, &Plan::default());
    load.wait_for(10);
    let mut starts = Starts::default();
    let probe = Probe::start(&folder);
    for cycle in 0..cycles {
        // The moment of a kill is random; nothing is expected of it.
        thread::sleep(chance.time(longest_life));
        server.kill();
        if cycle % 5 == 4 {
            // One more server is killed before it is ready, or just when it is.
            let early = scene::command(&folder, &address, &[]).spawn();
            let mut early = early.expect("it starts");
            thread::sleep(chance.time(Duration::from_millis(25)));
            early.kill().expect("it is there");
            early.wait().expect("it ends");
        }
        let took;
        probe.longest();
        (server, took) = scene::again(&folder, &address);
        match probe.longest() > BUSY {
            false => starts.judged.push(took),
            true => starts.on_a_busy_disk.push(took),
        }
    }
    load.wait_for(load.acknowledged() + 10);
    let book = load.finish(Duration::from_secs(20));
    assert!(server.stop().success());
    let log = std::fs::read(server.log()).expect("the log");
    println!(
        "{cycles} kills, a log of {} bytes: {}",
        log.len(),
        book.summary()
    );
    for (which, all) in [
        ("", &mut starts.judged),
        (", on a busy disk", &mut starts.on_a_busy_disk),
    ] {
        all.sort_unstable();
        if let Some(longest) = all.last() {
            println!(
                "{} starts after a kill{which}: ready in {longest:.1?} at most, median {:.1?}",
                all.len(),
                all[all.len() / 2]
            );
        }
    }
    check::none(&log, &book);
    assert!(book.acknowledged() > cycles && book.resumes() > cycles);
    starts
}
