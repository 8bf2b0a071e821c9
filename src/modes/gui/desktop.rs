//! What the window asks of the desktop around it.

pub(super) mod browser;
pub mod display;
pub(super) mod input_method;
pub mod notify;
