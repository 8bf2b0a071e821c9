//! What the window keeps on disk: settings, drafts, messages that wait.

pub(super) mod clerk;
pub(super) mod files;
pub(super) mod keeping;
pub mod kept;
pub mod settings;
