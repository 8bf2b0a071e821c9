//! The output of a process, read from its pipe as it comes.

use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::waiting::PATIENCE;

/// The output of a process so far.
#[derive(Clone, Default)]
pub struct Written(Arc<Mutex<String>>);

impl Written {
    /// Reads what comes, for as long as it comes.
    pub fn follow(from: impl Read + Send + 'static) -> Written {
        let written = Written::default();
        let into = written.clone();
        std::thread::spawn(move || {
            let mut from = from;
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]);
                into.0.lock().expect("no panic").push_str(&text);
            }
        });
        written
    }

    /// All of it.
    pub fn text(&self) -> String {
        self.0.lock().expect("no panic").clone()
    }

    /// Waits until `part` is in it.
    #[track_caller]
    pub fn wait_for(&self, part: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.text().contains(part) {
            assert!(
                Instant::now() < until,
                "waited in vain for {part:?} in:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
