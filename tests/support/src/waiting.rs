//! Waiting for conditions, with a limit that only a failure reaches.

use std::time::{Duration, Instant};

/// The limit for every wait; only a failure reaches it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `found` returns a value.
#[track_caller]
pub fn wait_for<T>(what: &str, found: impl FnMut() -> Option<T>) -> T {
    match found_within(PATIENCE, found) {
        Some(it) => it,
        None => panic!("waited in vain for {what}"),
    }
}

/// Waits until `found` returns a value, at most for `limit`; returns `None` after it.
pub fn found_within<T>(limit: Duration, mut found: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + limit;
    let mut pause = Duration::from_millis(5);
    loop {
        if let Some(it) = found() {
            return Some(it);
        }
        if Instant::now() >= until {
            return None;
        }
        std::thread::sleep(pause);
        // The pauses grow, so that a check that asks the server does not reach its rate limit.
        pause = (pause * 5 / 4).min(Duration::from_millis(50));
    }
}
