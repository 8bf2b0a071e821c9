//! The window that a downloaded file carries.
//!
//! The one file that is downloaded is a static executable without the window, because the window needs
//! a desktop's libraries. Behind its own bytes it carries the full build, packed. For `gui` that one is
//! unpacked into memory and becomes this process.

use std::process::ExitCode;

use crate::failure::Failure;

/// A full build that this executable carries.
#[derive(Debug)]
pub struct Carried {}

/// What this executable carries, if it does.
pub fn find() -> Option<Carried> {
    None
}

/// What to say where there is no window, neither built in nor carried.
pub fn none() -> Failure {
    Failure::new(
        "This build of chatroom has no window. Take the full one, or join with curl: curl -N http://ADDR/events",
    )
}

impl Carried {
    /// Replaces this process by it, with the same arguments, surroundings and open files.
    ///
    /// # Errors
    /// The sentence that says what the system lacks, and how to get it.
    pub fn become_it(&self) -> Result<ExitCode, Failure> {
        Err(none())
    }
}
