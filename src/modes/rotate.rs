//! `chatroom rotate`: begins a room's log anew while its server is stopped.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::cli::RotateArgs;
use crate::event::Stamp;
use crate::failure::Failure;
use crate::journal::{TornCopy, rotate};

/// Renames the log and puts a new one in its place, whose first line names the old one.
///
/// # Errors
/// The sentence about the failure; the log is unchanged then.
pub fn run(args: &RotateArgs) -> Result<ExitCode, Failure> {
    let rotated = rotate(&args.log, Stamp::now()).map_err(|e| Failure::new(e.to_string()))?;
    if let Some(torn) = &rotated.torn {
        let saved = match &torn.copy {
            TornCopy::InFile(path) => format!("It is saved as {}.", path.display()),
            TornCopy::InMemory(_) => "The disk is full, so it could not be saved.".to_string(),
        };
        // Nothing can be reported if stderr is closed.
        let _ = writeln!(
            io::stderr(),
            "chatroom: The log ended in an incomplete line of {} bytes, which was cut off. {saved}",
            torn.bytes
        );
    }
    let said = format!(
        "{} starts over. The old log is {} ({} bytes); keep it next to the new one.\n",
        args.log.display(),
        rotated.old.display(),
        rotated.bytes
    );
    io::stdout()
        .write_all(said.as_bytes())
        .map_err(Failure::output)?;
    Ok(ExitCode::SUCCESS)
}
