//! A few permits, given in turn by address: a task that waits for one is let in when it is the turn of
//! its address, and the tasks of one address in the order in which they came.
//!
//! What always holds: a permit that becomes free goes to a task that waits, never to the one that just
//! gave it up or has just come. A task that stops waiting is passed over.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_std::channel::{Sender, bounded};

/// A few permits, and the tasks that wait for one.
#[derive(Clone, Debug)]
pub(super) struct Permits(Arc<Mutex<Waiting>>);

#[derive(Debug)]
struct Waiting {
    /// The number of permits that nobody has.
    free: usize,
    /// The addresses of the tasks that wait, each once; the front's turn is next.
    turns: VecDeque<IpAddr>,
    /// The tasks of each address, the longest waiting first.
    tasks: HashMap<IpAddr, VecDeque<Sender<Permit>>>,
}

/// One of the permits. Dropped, it goes to the next.
#[derive(Debug)]
pub(super) struct Permit(Permits);

impl Permits {
    /// Makes this many permits, all of them free.
    pub(super) fn new(count: usize) -> Permits {
        Permits(Arc::new(Mutex::new(Waiting {
            free: count,
            turns: VecDeque::new(),
            tasks: HashMap::new(),
        })))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // A panic elsewhere leaves it whole: every change is made in one piece.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a permit, on behalf of a client at `who`.
    pub(super) async fn get(&self, who: IpAddr) -> Permit {
        let given = {
            let mut waiting = self.waiting();
            if waiting.free > 0 {
                waiting.free -= 1;
                return Permit(self.clone());
            }
            let (giver, given) = bounded(1);
            waiting.push(who, giver);
            given
        };
        // The giver is not dropped before it has given.
        given.recv().await.unwrap_or_else(|_| Permit(self.clone()))
    }
}

impl Waiting {
    fn push(&mut self, who: IpAddr, giver: Sender<Permit>) {
        let tasks = self.tasks.entry(who).or_default();
        if tasks.is_empty() {
            self.turns.push_back(who);
        }
        tasks.push_back(giver);
    }

    /// The task whose turn it is.
    fn pop(&mut self) -> Option<Sender<Permit>> {
        loop {
            let who = self.turns.pop_front()?;
            let tasks = self.tasks.get_mut(&who)?;
            // Tasks that are gone take no turn.
            let next = std::iter::from_fn(|| tasks.pop_front()).find(|giver| !giver.is_closed());
            if tasks.is_empty() {
                drop(self.tasks.remove(&who))
            } else {
                self.turns.push_back(who)
            }
            if next.is_some() {
                return next;
            }
        }
    }

    /// The number of tasks that wait, those included that have stopped waiting.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.tasks.values().map(VecDeque::len).sum()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let next = {
            let mut waiting = self.0.waiting();
            let next = waiting.pop();
            waiting.free += usize::from(next.is_none());
            next
        };
        if let Some(giver) = next {
            // A task that went away just now drops the permit in turn, and it goes on to the next.
            drop(giver.try_send(Permit(self.0.clone())));
        }
    }
}

#[cfg(test)]
mod tests;
