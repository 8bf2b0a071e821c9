//! `chatroom rotate`: begins a room's log anew while its server is stopped.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::cli::RotateArgs;
use crate::event::Stamp;
use crate::failure::Failure;
use crate::journal::{Kept, rotate};

/// Gives the log another name and puts a new one in its place, which says that it goes on from there.
///
/// # Errors
/// The sentence why not; the log is as it was then.
pub fn run(args: &RotateArgs) -> Result<ExitCode, Failure> {
    let rotated = rotate(&args.log, Stamp::now()).map_err(|e| Failure::new(e.to_string()))?;
    if let Some(torn) = &rotated.torn {
        let kept = match &torn.kept {
            Kept::In(saved) => format!("It is saved as {}.", saved.display()),
            Kept::Here(_) => "The disk is full, so that it could not be saved.".to_string(),
        };
        // There is nowhere left to say it if stderr is closed.
        let _ = writeln!(
            io::stderr(),
            "chatroom: The log's end was torn, {} bytes, and was cut off. {kept}",
            torn.bytes
        );
    }
    let said = format!(
        "{} begins anew. What was said before is in {} ({} bytes); keep it beside the log.\n",
        args.log.display(),
        rotated.old.display(),
        rotated.bytes
    );
    io::stdout()
        .write_all(said.as_bytes())
        .map_err(Failure::output)?;
    Ok(ExitCode::SUCCESS)
}
