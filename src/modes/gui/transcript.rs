//! The transcript: what was said, laid out and painted.

pub mod history;
pub mod items;
pub mod layout;
pub mod spans;
pub mod styled;
pub mod surroundings;
pub mod view;
