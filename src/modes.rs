//! The modes: each takes its part of the command line and runs to its end.

pub mod backup;
#[cfg(feature = "gui")]
pub mod gui;
pub mod manual;
pub mod replay;
pub mod rotate;
pub mod server;

use std::process::ExitCode;

use crate::carried;
use crate::cli::Mode;
use crate::failure::{Failure, reason};
use crate::system::signals::{SIGXFSZ, survive};

/// Runs the mode that was asked for.
///
/// # Errors
/// The sentence the run ends with; the process then exits with 1.
pub fn run(mode: Mode) -> Result<ExitCode, Failure> {
    survive_file_size()?;
    match mode {
        Mode::Server(args) => server::run(args),
        #[cfg(feature = "gui")]
        Mode::Gui(args) => match carried::find()? {
            Some(window) => window.become_it(),
            None => {
                carried::keep_name();
                gui::run(args)
            }
        },
        #[cfg(not(feature = "gui"))]
        Mode::Gui(_) => match carried::find()? {
            Some(window) => window.become_it(),
            None => Err(carried::none()),
        },
        Mode::Replay(args) => replay::run(args),
        Mode::Backup(args) => backup::run(args),
        Mode::Rotate(args) => rotate::run(&args),
        Mode::Man(args) => manual::man(&args),
        Mode::Completions(args) => manual::completions(&args),
    }
}

/// Makes a write beyond the file size limit an error, which has a sentence, and not the end of the process.
fn survive_file_size() -> Result<(), Failure> {
    survive(SIGXFSZ).map_err(|error| {
        let why = reason(&error);
        Failure::new(format!("The signal SIGXFSZ cannot be watched: {why}."))
    })
}
