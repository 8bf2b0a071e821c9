//! The window's files: settings, and the state of each session.

pub(super) mod autosave;
pub(super) mod files;
pub mod session_file;
pub mod settings;
pub(super) mod settings_writer;
