//! The transcript: what was said, laid out and painted.

pub mod history;
pub mod items;
pub mod layout;
pub mod lines;
pub mod spans;
pub mod view;
pub mod widget;
