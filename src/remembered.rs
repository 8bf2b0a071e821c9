//! A cache of answers by the text that they answer.
//!
//! What always holds: memory is bounded, and the newest answers stay. When one half is full, the
//! older half goes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The capacity of each half.
const HALF: usize = 2_048;

/// A bounded cache of answers.
#[derive(Debug)]
pub struct Remembered<T>(Mutex<Halves<T>>);

#[derive(Debug)]
struct Halves<T> {
    newer: HashMap<Box<str>, T>,
    older: HashMap<Box<str>, T>,
}

impl<T> Default for Remembered<T> {
    fn default() -> Remembered<T> {
        let (newer, older) = (HashMap::new(), HashMap::new());
        Remembered(Mutex::new(Halves { newer, older }))
    }
}

impl<T: Clone> Remembered<T> {
    /// The answer to this text, if it is still cached.
    pub fn get(&self, text: &str) -> Option<T> {
        let mut halves = self.lock();
        if let Some(known) = halves.newer.get(text) {
            return Some(known.clone());
        }
        let (text, known) = halves.older.remove_entry(text)?;
        halves.keep(text, known.clone());
        Some(known)
    }

    /// Remembers an answer.
    pub fn keep(&self, text: &str, answer: T) {
        self.lock().keep(text.into(), answer);
    }

    fn lock(&self) -> MutexGuard<'_, Halves<T>> {
        // A panic elsewhere leaves it consistent: every change is a single step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Halves<T> {
    fn keep(&mut self, text: Box<str>, answer: T) {
        if self.newer.len() >= HALF {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(text, answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_again_is_kept_and_the_rest_goes() {
        let remembered = Remembered::default();
        remembered.keep("asked for", 0);
        for n in 1..10 * HALF {
            remembered.keep(&n.to_string(), n);
            assert_eq!(remembered.get("asked for"), Some(0));
            assert_eq!(remembered.get(&n.to_string()), Some(n));
        }
        assert_eq!(remembered.get("1"), None);
        let halves = remembered.lock();
        assert!(halves.newer.len() <= HALF && halves.older.len() <= HALF);
    }
}
