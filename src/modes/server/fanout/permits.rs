//! A queue before a few places: who waits is let in by turns of address, and of those of one address
//! in the order in which they came.
//!
//! What always holds: a place that becomes free goes to somebody who waits, never to whoever just
//! gave it up or has just come. Whoever stops waiting is passed over.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_std::channel::{Sender, bounded};

/// A few places, and those who wait for one.
#[derive(Debug)]
pub struct Permits(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    /// The addresses of those who wait, each once; the front's turn is next.
    turns: VecDeque<IpAddr>,
    waiting: HashMap<IpAddr, VecDeque<Sender<Permit>>>,
}

/// A place. Dropped, it is somebody else's.
#[derive(Debug)]
pub struct Permit(&'static Permits);

impl Permits {
    /// A queue before so many places.
    pub fn new(places: usize) -> Permits {
        Permits(Mutex::new(State {
            free: places,
            turns: VecDeque::new(),
            waiting: HashMap::new(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves it whole: every change is made in one piece.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place, as a client at `who`.
    pub async fn enter(&'static self, who: IpAddr) -> Permit {
        let given = {
            let mut state = self.state();
            if state.free > 0 {
                state.free -= 1;
                return Permit(self);
            }
            let (giver, given) = bounded(1);
            state.wait(who, giver);
            given
        };
        // The giver is not dropped before it has given.
        given.recv().await.unwrap_or_else(|_| Permit(self))
    }

    /// How many wait, those who have stopped waiting included.
    #[cfg(test)]
    fn waiting(&self) -> usize {
        self.state().waiting.values().map(VecDeque::len).sum()
    }
}

impl State {
    fn wait(&mut self, who: IpAddr, giver: Sender<Permit>) {
        let line = self.waiting.entry(who).or_default();
        if line.is_empty() {
            self.turns.push_back(who);
        }
        line.push_back(giver);
    }

    /// Whose turn it is.
    fn next(&mut self) -> Option<Sender<Permit>> {
        loop {
            let who = self.turns.pop_front()?;
            let line = self.waiting.get_mut(&who)?;
            // Those who have gone away take no turn.
            let next = std::iter::from_fn(|| line.pop_front()).find(|giver| !giver.is_closed());
            match line.is_empty() {
                true => drop(self.waiting.remove(&who)),
                false => self.turns.push_back(who),
            }
            if next.is_some() {
                return next;
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let next = {
            let mut state = self.0.state();
            let next = state.next();
            state.free += usize::from(next.is_none());
            next
        };
        if let Some(giver) = next {
            // Who went away just now drops the place in turn, and it goes on to the next.
            drop(giver.try_send(Permit(self.0)));
        }
    }
}

#[cfg(test)]
mod tests;
