//! The disk's own share of a time: a file beside the log that is written and synced all the time, to tell a slow
//! start from a busy disk.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use support::program::Folder;

#[derive(Debug, Default)]
struct State {
    over: bool,
    /// When the sync under way began.
    since: Option<Instant>,
    longest: Duration,
}

/// A probe that runs until it is dropped.
#[derive(Debug)]
pub struct Probe {
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

impl Probe {
    /// Starts one in this folder.
    pub fn start(folder: &Folder) -> Probe {
        let file = File::create(folder.path().join("probe")).expect("a file");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let thread = thread::spawn(move || {
            loop {
                let from = Instant::now();
                {
                    let mut state = shared.lock().expect("no panic");
                    if state.over {
                        return;
                    }
                    state.since = Some(from);
                }
                file.write_all_at(&[0; 4096], 0).expect("written");
                file.sync_data().expect("synced");
                {
                    let mut state = shared.lock().expect("no panic");
                    state.since = None;
                    state.longest = state.longest.max(from.elapsed());
                }
                thread::sleep(Duration::from_millis(10));
            }
        });
        Probe {
            state,
            thread: Some(thread),
        }
    }

    /// The longest sync since the last call, including the one in progress up to now.
    pub fn longest(&self) -> Duration {
        let mut state = self.state.lock().expect("no panic");
        let under_way = state.since.map(|since| since.elapsed());
        std::mem::take(&mut state.longest).max(under_way.unwrap_or_default())
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        if let Ok(mut state) = self.state.lock() {
            state.over = true;
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
