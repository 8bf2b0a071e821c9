//! The ledger: proves that nothing acknowledged is ever lost, doubled or reordered.
//!
//! A [`load::Load`] is many posters and listeners that go on through every break: a poster repeats
//! each message with the same key until it is answered, a listener resumes where it was. What they
//! were told and what they saw is a [`book::Book`]; [`check::check`] holds it against the log's
//! bytes, whose offsets and ids it works out by itself.
//!
//! Two test targets use this: `it` with small numbers, `durability` with the real ones.

pub mod book;
pub mod chance;
pub mod check;
pub mod hostile;
pub mod kills;
pub mod line_up;
pub mod listener;
pub mod load;
pub mod lost_answers;
mod planted;
pub mod poster;
pub mod probe;
pub mod refusals;
pub mod scene;
pub mod speak;
pub mod stalled;
