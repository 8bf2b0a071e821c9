//! Looking for rooms on the local network.

use std::sync::mpsc::{Receiver, channel};

use super::Change;

/// A search that goes on until it is dropped.
#[derive(Debug)]
pub struct Search {
    changes: Receiver<Change>,
}

impl Search {
    /// Begins to look; `wake` is called, on a thread of the search, after each change.
    ///
    /// # Errors
    /// A sentence: why the network cannot be asked.
    pub fn start(wake: impl Fn() + Send + 'static) -> Result<Search, String> {
        let _ = wake;
        let (_, changes) = channel();
        Ok(Search { changes })
    }

    /// The next change, if there is one by now.
    pub fn next(&self) -> Option<Change> {
        self.changes.try_recv().ok()
    }
}
