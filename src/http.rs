//! x
pub mod reply;
