//! The guards by which the room counts what is held.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Room;
use crate::modes::server::room::order::SessionId;
use crate::modes::server::room::orders::Queued;
use crate::modes::server::room::presence::Change;
use crate::modes::server::room::turns::Sender;

/// Keeps a member present while it lives.
#[derive(Debug)]
pub struct Hold {
    pub(super) room: Arc<Room>,
    pub(super) session: SessionId,
}

impl Hold {
    /// The session held present.
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

/// An order that came when the queue was full. Dropping it takes it back, also when its sender stops waiting: what never reaches the committer is undone here.
#[derive(Debug)]
pub struct LateOrder<'a> {
    pub(super) room: &'a Room,
    pub(super) sender: Sender,
    pub(super) queued: Queued,
    pub(super) undo: Option<Change>,
}

impl LateOrder<'_> {
    /// Takes it back. Returns false if the committer has it already.
    pub fn take_back(&mut self) -> bool {
        let back = self.room.orders.withdraw(&self.sender, self.queued);
        if back && let Some(change) = self.undo.take() {
            self.room.change(&[change]);
        }
        back
    }
}

impl Drop for LateOrder<'_> {
    fn drop(&mut self) {
        self.take_back();
    }
}
