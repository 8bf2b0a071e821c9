//! The window's calls to the desktop around it.

pub(super) mod browser;
pub mod display;
pub(super) mod input_method;
pub mod notify;
