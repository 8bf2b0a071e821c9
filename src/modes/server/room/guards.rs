//! What the room counts for as long as somebody holds it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Room;
use crate::modes::server::presence::Change;
use crate::modes::server::scribe::SessionId;

/// Keeps a member present while it lives.
#[derive(Debug)]
pub struct Hold {
    pub(super) room: Arc<Room>,
    pub(super) session: SessionId,
}

impl Hold {
    /// Whose.
    pub fn session(&self) -> SessionId {
        self.session
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = self.room.state();
        state.presence.release(self.session, Instant::now());
    }
}

/// Counts a request that waits for its answer while it lives.
#[derive(Debug)]
pub struct AnswerDue(pub(super) Arc<Room>);

impl Drop for AnswerDue {
    fn drop(&mut self) {
        self.0.answers.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Counts a listener while it lives.
#[derive(Debug)]
pub struct Listener(pub(super) Arc<Room>);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.state().listeners -= 1;
    }
}

/// Undoes what was decided when it is dropped, if there still is something.
#[derive(Debug)]
pub struct Undo<'a>(pub(super) &'a Room, pub(super) Option<Change>);

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        if let Some(change) = self.1.take() {
            self.0.change(&[change]);
        }
    }
}
