//! `chatroom man` and `chatroom completions`: what the binary tells about itself.

use std::process::ExitCode;

use crate::cli::{CompletionsArgs, ManArgs};
use crate::failure::Failure;

/// Shows a page of the manual.
///
/// # Errors
/// There is no such page, or the output cannot be written.
pub fn man(args: &ManArgs) -> Result<ExitCode, Failure> {
    Err(Failure::new(format!("There is no page {:?}.", args.page)))
}

/// Prints a shell's completions.
///
/// # Errors
/// The shell is not known, or the output cannot be written.
pub fn completions(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    Err(Failure::new(format!("There is no shell {:?}.", args.shell)))
}
