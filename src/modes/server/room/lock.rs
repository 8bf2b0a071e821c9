//! The locks that a thread of the server may hold together, and the order in which it takes them.
//!
//! All of them are short: none is held over an await or over input and output. A debug build asserts the
//! order each time; a release build has plain mutexes.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The locks from the first to the last: a thread that holds one takes only those below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The connections of each address. Where there are too many, one that idles makes room.
    Connections,
    /// The connections that wait for a request.
    Idle,
    /// The list of members as it was sent last. It is made anew from the room.
    Listed,
    /// The room: tail, end and members. What was decided in it is queued before anybody else decides.
    Room,
    /// The orders that wait for the committer.
    Orders,
    /// The state of the log, its disk and the clock.
    Health,
}

/// A value behind a lock with a rank.
#[derive(Debug)]
pub struct Lock<T> {
    #[cfg(debug_assertions)]
    rank: Rank,
    value: Mutex<T>,
}

/// A lock that is held.
#[derive(Debug)]
pub struct LockGuard<'a, T> {
    value: MutexGuard<'a, T>,
    #[cfg(debug_assertions)]
    _taken: order::Taken,
}

impl<T> Lock<T> {
    /// A lock of this rank, which nobody holds.
    pub fn new(rank: Rank, value: T) -> Lock<T> {
        #[cfg(not(debug_assertions))]
        let _ = rank;
        Lock {
            #[cfg(debug_assertions)]
            rank,
            value: Mutex::new(value),
        }
    }

    /// Waits for the lock. A thread that panicked with it left the value whole: every change is made in one
    /// piece.
    ///
    /// # Panics
    /// In a debug build, if this thread holds a lock of the same rank or of one below.
    pub fn lock(&self) -> LockGuard<'_, T> {
        #[cfg(debug_assertions)]
        let _taken = order::Taken::new(self.rank);
        LockGuard {
            value: self.value.lock().unwrap_or_else(PoisonError::into_inner),
            #[cfg(debug_assertions)]
            _taken,
        }
    }
}

impl<T> LockGuard<'_, T> {
    /// Gives the lock back, waits to be woken, and takes it again.
    pub fn wait(self, woken: &Condvar) -> Self {
        let value = woken.wait(self.value);
        LockGuard {
            value: value.unwrap_or_else(PoisonError::into_inner),
            ..self
        }
    }
}

impl<T> Deref for LockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

#[cfg(debug_assertions)]
mod order {
    //! The locks that each thread holds.

    use std::cell::Cell;

    use super::Rank;

    thread_local! {
        /// A bit for each rank.
        static HELD: Cell<u32> = const { Cell::new(0) };
    }

    /// A lock that this thread holds, or waits for.
    #[derive(Debug)]
    pub struct Taken(Rank);

    impl Taken {
        pub fn new(rank: Rank) -> Taken {
            let held = HELD.get();
            assert!(
                held >> rank as u32 == 0,
                "{rank:?} is locked by a thread that holds it or a lock below it ({held:b})"
            );
            HELD.set(held | 1 << rank as u32);
            Taken(rank)
        }
    }

    impl Drop for Taken {
        fn drop(&mut self) {
            HELD.set(HELD.get() & !(1 << self.0 as u32));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn locks_are_taken_downwards_alone() {
        let (room, orders) = (Lock::new(Rank::Room, 1), Lock::new(Rank::Orders, 2));
        {
            let (room, orders) = (room.lock(), orders.lock());
            assert_eq!((*room, *orders), (1, 2));
        }
        let panics = |work: &dyn Fn()| catch_unwind(AssertUnwindSafe(work)).is_err();
        assert!(panics(&|| {
            let _orders = orders.lock();
            drop(room.lock());
        }));
        assert!(panics(&|| {
            let _room = room.lock();
            drop(room.lock());
        }));
        // Nothing is held any more.
        *room.lock() += 1;
        assert_eq!((*room.lock(), *orders.lock()), (2, 2));
    }
}
