//! Connections of which no request is under way: when all places are taken, the one that has waited
//! the longest makes room. Listeners and members are none of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_listener::Event;

/// Those that wait, the longest first.
#[derive(Debug, Default)]
pub struct Idle {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    waiting: BTreeMap<u64, Arc<Call>>,
}

/// How a connection hears that it is to go.
#[derive(Debug, Default)]
pub struct Call {
    over: AtomicBool,
    came: Event,
}

impl Call {
    /// Returns when it is to go.
    pub async fn wait(&self) {
        loop {
            let came = self.came.listen();
            if self.over.load(Ordering::Acquire) {
                return;
            }
            came.await;
        }
    }
}

impl Idle {
    /// A connection waits for a request as long as what this gives lives.
    pub fn enter(&self, call: &Arc<Call>) -> Stay<'_> {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.waiting.insert(number, Arc::clone(call));
        Stay { idle: self, number }
    }

    /// Sends the one away that has waited the longest; whether there was one.
    pub fn make_room(&self) -> bool {
        let Some((_, call)) = self.state().waiting.pop_first() else {
            return false;
        };
        call.over.store(true, Ordering::Release);
        call.came.notify(usize::MAX);
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves it whole: every change is made in one piece.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Is listed while it lives.
#[derive(Debug)]
pub struct Stay<'a> {
    idle: &'a Idle,
    number: u64,
}

impl Drop for Stay<'_> {
    fn drop(&mut self) {
        self.idle.state().waiting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, poll_once};

    #[test]
    fn the_longest_idle_goes_first_and_nobody_who_asks() {
        let idle = Idle::default();
        let calls: Vec<Arc<Call>> = (0..3).map(|_| Arc::default()).collect();
        let is_over = |call: &Call| block_on(poll_once(call.wait())).is_some();
        let first = idle.enter(&calls[0]);
        let _second = idle.enter(&calls[1]);
        // The first one asks something, and waits again after that.
        drop(first);
        let _first = idle.enter(&calls[0]);
        let third = idle.enter(&calls[2]);
        drop(third);
        assert!(idle.make_room());
        assert!(is_over(&calls[1]) && !is_over(&calls[0]));
        assert!(idle.make_room());
        assert!(is_over(&calls[0]));
        assert!(!idle.make_room(), "the third has a request under way");
        assert!(!is_over(&calls[2]));
    }
}
