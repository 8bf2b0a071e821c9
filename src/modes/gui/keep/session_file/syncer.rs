//! The thread that syncs the session file: it writes a copy beside the file, syncs it, puts it in
//! place of the copy before, and syncs the folder.
//!
//! What always holds: typing never waits for the disk, a version reported as synced survives a power
//! cut, and at most one version waits to be written, the newest.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::modes::gui::keep::files::{self, MAX_WAIT_AT_END};

/// Minimum interval between two syncs for something that is not urgent, such as a draft.
const MIN_INTERVAL: Duration = Duration::from_secs(2);
/// Delay before a failed write is tried again.
const RETRY_DELAY: Duration = Duration::from_secs(5);

/// The thread's handle.
#[derive(Debug)]
pub(super) struct Syncer {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<SyncState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct SyncState {
    next: Option<Job>,
    /// The newest version on the disk.
    synced: u64,
    /// The error since the last success, until it is reported.
    error: Option<io::Error>,
    /// No more versions will come.
    ending: bool,
    ended: bool,
}

#[derive(Debug)]
struct Job {
    number: u64,
    bytes: Vec<u8>,
    urgent: bool,
}

impl Syncer {
    /// Starts the thread. Version `synced` is on the disk already; `tell` is called when there is
    /// news.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn start(path: PathBuf, synced: u64, tell: fn()) -> io::Result<Syncer> {
        let shared = Arc::new(Shared::default());
        shared.lock().synced = synced;
        let of_thread = Arc::clone(&shared);
        thread::Builder::new()
            .name("kept".to_string())
            .spawn(move || of_thread.work(&path, tell))?;
        Ok(Syncer { shared })
    }

    /// Has this version synced: now if it is `urgent`, otherwise within a few seconds. It replaces
    /// one that waits.
    pub(super) fn put(&self, number: u64, bytes: Vec<u8>, urgent: bool) {
        let mut state = self.shared.lock();
        let urgent = urgent || state.next.as_ref().is_some_and(|job| job.urgent);
        state.next = Some(Job {
            number,
            bytes,
            urgent,
        });
        drop(state);
        self.shared.changed.notify_all();
    }

    /// The newest version on the disk.
    pub(super) fn synced(&self) -> u64 {
        self.shared.lock().synced
    }

    /// Returns the error since the last success, once.
    pub(super) fn take_error(&self) -> Option<io::Error> {
        self.shared.lock().error.take()
    }
}

impl Drop for Syncer {
    /// Waits until the last version is on the disk, for at most [`MAX_WAIT_AT_END`].
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.ending = true;
        self.shared.changed.notify_all();
        let until = Instant::now() + MAX_WAIT_AT_END;
        while !state.ended && Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            state = self.shared.wait(state, left);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, SyncState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, SyncState>,
        limit: Duration,
    ) -> MutexGuard<'a, SyncState> {
        let waited = self.changed.wait_timeout(state, limit);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn work(&self, path: &Path, tell: fn()) {
        let mut last: Option<Instant> = None;
        let mut failed = false;
        let mut state = self.lock();
        loop {
            let rest = match (last, failed) {
                (Some(last), true) => {
                    (last + RETRY_DELAY).saturating_duration_since(Instant::now())
                }
                (Some(last), false) => {
                    (last + MIN_INTERVAL).saturating_duration_since(Instant::now())
                }
                (None, _) => Duration::ZERO,
            };
            let due = |job: &Job| job.urgent && !failed || rest.is_zero();
            let ending = state.ending;
            let job = state.next.take_if(|job| ending || due(job));
            let Some(job) = job else {
                if ending {
                    break;
                }
                // With nothing to do, until woken.
                let limit = match state.next {
                    Some(_) => rest,
                    None => Duration::from_secs(3600),
                };
                state = self.wait(state, limit);
                continue;
            };
            drop(state);
            let written = files::replace_surely(path, &job.bytes, 0o600);
            last = Some(Instant::now());
            state = self.lock();
            match written {
                Ok(()) => {
                    state.synced = job.number;
                    failed = false;
                }
                Err(error) => {
                    if !failed {
                        state.error = Some(error);
                    }
                    failed = true;
                    let ending = state.ending;
                    state.next = state.next.take().or(Some(job)).filter(|_| !ending);
                }
            }
            self.changed.notify_all();
            tell();
        }
        state.ended = true;
        self.changed.notify_all();
    }
}
