//! How a log is opened and read, whatever is given.

pub(super) mod ahead;
pub(super) mod blocks;
pub(super) mod choice;
pub(super) mod follow;
pub(super) mod log;
pub(super) mod scan;
pub(super) mod source;
pub(super) mod span;
pub(super) mod tape;
