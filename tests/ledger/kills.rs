//! Kills at random moments under load, on one log.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::server::Server;
use crate::util::Folder;

use super::chance::Chance;
use super::check;
use super::load::{Load, Plan};
use super::scene;
use super::speak::{Speaker, request};

/// What was measured.
#[derive(Debug)]
pub struct Measured {
    /// From each start to the first answer, in order of length.
    pub ready: Vec<Duration>,
}

impl Measured {
    /// The longest.
    pub fn longest(&self) -> Duration {
        self.ready.last().copied().unwrap_or_default()
    }
}

/// Kills the server `cycles` times while a load goes on, and finds nothing wrong afterwards.
pub fn kills(cycles: usize, longest_life: Duration) -> Measured {
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
            // One that is killed before it is there, or just when it is.
            let mut early = scene::command(&folder, &address, &[]);
            let mut early = early.spawn().expect("it starts");
            thread::sleep(chance.time(Duration::from_millis(25)));
            early.kill().expect("it is there");
            early.wait().expect("it ends");
        }
        let from = Instant::now();
        let start = scene::start(&folder, &address, &[]);
        answers(&address);
        ready.push(from.elapsed());
        server = start.listening();
    }
    let before = load.acknowledged();
    load.wait_for(before + 10);
    let book = load.finish(Duration::from_secs(20));
    assert!(server.stop().success());
    println!("{cycles} kills: {}", book.summary());
    check::none(&std::fs::read(server.log()).expect("the log"), &book);
    ready.sort_unstable();
    let measured = Measured { ready };
    println!(
        "ready after a kill: longest {:.1?}, median {:.1?}",
        measured.longest(),
        measured.ready[measured.ready.len() / 2]
    );
    measured
}

/// Waits until `/health` is answered.
fn answers(address: &str) {
    let until = Instant::now() + Duration::from_secs(20);
    let ask = || {
        let mut speaker = Speaker::connect(address).ok()?;
        speaker.send(&request("GET", "/health", &[], b"")).ok()?;
        let reply = speaker.reply().ok()?;
        (reply.status == 200).then_some(())
    };
    while ask().is_none() {
        assert!(Instant::now() < until, "no answer after a start");
        thread::sleep(Duration::from_millis(1));
    }
}
