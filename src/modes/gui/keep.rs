//! What the window keeps on disk: settings, drafts, messages that wait.

pub(super) mod autosave;
pub(super) mod files;
pub mod session_file;
pub mod settings;
pub(super) mod settings_writer;
