//! The three modes: each takes its part of the command line and runs to its end.

#[cfg(feature = "gui")]
pub mod gui;
pub mod replay;
pub mod server;

use std::process::ExitCode;

use crate::cli::Mode;
use crate::failure::Failure;

/// Runs the mode that was asked for.
///
/// # Errors
/// The sentence the run ends with; the process then exits with 1.
pub fn run(mode: Mode) -> Result<ExitCode, Failure> {
    match mode {
        Mode::Server(args) => server::run(args),
        #[cfg(feature = "gui")]
        Mode::Gui(args) => gui::run(args),
        Mode::Replay(args) => replay::run(args),
    }
}
