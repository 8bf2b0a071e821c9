//! The one thread that writes the journal, and the pure maker of its lines.

pub(super) mod clock;
pub(super) mod committer;
pub(super) mod fullness;
mod keys;
pub(super) mod recall;
pub(super) mod scribe;
pub(super) mod space;
pub(super) mod store;
