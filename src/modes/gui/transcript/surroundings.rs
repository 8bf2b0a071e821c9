//! Everything beside the history that decides what stands in the transcript and how it reads.

use std::collections::{BTreeMap, BTreeSet};

use super::history::Gap;
use crate::event::Id;
use crate::modes::gui::talk::OutboxMessage;

/// A message that is not in the transcript yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The message.
    pub message: OutboxMessage,
    /// Its delivery so far.
    pub delivery: Delivery,
    /// The message has reached the disk: it outlives the window and a power cut.
    pub durable: bool,
}

/// The stages of a message's delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Not answered yet.
    Waiting,
    /// The server has it; the stream will bring it.
    Accepted(Id),
    /// The server refused it with this sentence.
    Refused(String),
}

/// A change of the log to another than the one that was read before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogChange {
    /// Another log is in its place.
    Replaced,
    /// An older copy of it is in its place, and goes on.
    Restored,
    /// The room began a new log; the earlier one is in the file of this name.
    Rotated(String),
}

/// A view of the model for the transcript.
#[derive(Clone, Debug, Default)]
pub struct Surroundings<'a> {
    /// Our own name, while logged in.
    pub me: Option<&'a str>,
    /// The name under which pending messages stand: ours, or the one we are about to have.
    pub writer: &'a str,
    /// The newest event when the login was accepted.
    pub joined: Option<Id>,
    /// The "new messages" line stands before the first message at or after this offset.
    pub new_from: Option<u64>,
    /// The log changed when everything before this offset was in it already.
    pub log_change: Option<(u64, &'a LogChange)>,
    /// The messages that are not in the history yet.
    pub pending: &'a [Pending],
    /// Pending messages are saved for the next window.
    pub saves: bool,
    /// The notes of this window.
    pub notes: &'a [String],
    /// The unfolded runs of joins and leaves, by the offsets of their first.
    pub unfolded: Option<&'a BTreeSet<u64>>,
    /// The gaps that are being filled, by their ends.
    pub loading: Vec<u64>,
    /// The gaps that could not be filled, by their ends, with the reasons.
    pub failed: Option<&'a BTreeMap<u64, String>>,
    /// The stream is open.
    pub connected: bool,
}

impl Surroundings<'_> {
    /// Returns whether an event was recorded while this window was in the room.
    pub fn was_here(&self, id: Id) -> bool {
        self.joined
            .is_some_and(|joined| id.log == joined.log && id >= joined)
    }

    /// The sentence that is shown for a gap. A click on its words "Click here" fills the gap.
    pub fn gap_words(&self, gap: &Gap) -> String {
        if self.loading.contains(&gap.end) {
            "loading earlier messages…".to_string()
        } else if let Some(why) = self.failed.and_then(|failed| failed.get(&gap.end)) {
            format!("Earlier messages could not be loaded: {why} Click here to try again.")
        } else if gap.cleared {
            "Cleared. Click here to see earlier messages.".to_string()
        } else if !self.connected {
            "Earlier messages load once the room is back.".to_string()
        } else {
            "earlier messages".to_string()
        }
    }
}
