//! The destination of a conversion: a file that gets its name when it is whole, or standard output.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::thread;

use crate::failure::{Failure, reason};
use crate::modes::replay::read::log::shown;
use crate::system::replace::{Leftover, Replacement, beside};
use crate::system::signals::{ENDING as ENDING_SIGNALS, Handle, Signals};

/// The ending of the file's name until it is whole.
const ENDING: &str = "part";
/// The exit status of a program that Ctrl-C ended, as shells report it.
const INTERRUPTED: i32 = 130;

pub(super) enum Destination {
    Stdout,
    /// A file under a temporary name.
    File(PartialFile),
}

/// A file that does not have its final name yet.
pub(super) struct PartialFile {
    replacement: Replacement,
    out: PathBuf,
    signals: Watching,
}

impl Destination {
    /// Creates `OUT.part`, or uses standard output if `out` is `-`.
    ///
    /// # Errors
    /// `out` exists, or the file cannot be created.
    pub(super) fn create(out: &Path) -> Result<Destination, Failure> {
        if out.as_os_str() == "-" {
            return Ok(Destination::Stdout);
        }
        if fs::symlink_metadata(out).is_ok() {
            return Err(taken(out));
        }
        // Before the file exists: a signal from then on removes it.
        let signals = Signals::new(ENDING_SIGNALS).ok();
        let replacement = Replacement::new(out, ENDING, None, Leftover::Refuse);
        let replacement = replacement.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Failure::new(format!(
                "{} already exists: another conversion is writing it, or one was killed. Wait for \
                 it, or remove that file.",
                shown(&beside(out, ENDING))
            )),
            io::ErrorKind::NotFound => Failure::new(format!(
                "{} cannot be made: its folder does not exist. Make the folder, or name another \
                 place.",
                shown(out)
            )),
            _ => Failure::new(format!(
                "{} cannot be made: {}. Name another place.",
                shown(out),
                reason(&error)
            )),
        })?;
        let signals =
            signals.and_then(|signals| removed_when_stopped(signals, replacement.path(), out));
        let signals = Watching(signals);
        Ok(Destination::File(PartialFile {
            replacement,
            out: out.to_path_buf(),
            signals,
        }))
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// They cannot be written.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Destination::Stdout => {
                let mut out = io::stdout().lock();
                let written = out.write_all(bytes).and_then(|()| out.flush());
                written.map_err(Failure::output)
            }
            Destination::File(part) => {
                let written = part.replacement.file().write_all(bytes);
                written.map_err(|error| unwritable(&shown(&part.out), &error))
            }
        }
    }

    /// Syncs the file and gives it its final name.
    ///
    /// # Errors
    /// The file cannot be synced, or its name has been taken meanwhile.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let Destination::File(part) = self else {
            return Ok(());
        };
        let PartialFile {
            replacement,
            out,
            signals: _signals,
        } = part;
        replacement.claim().map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => taken(&out),
            _ => unwritable(&shown(&out), &error),
        })
    }
}

/// Ends the watching when the file is whole, or given up.
struct Watching(Option<Handle>);

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some(signals) = &self.0 {
            signals.close();
        }
    }
}

fn taken(out: &Path) -> Failure {
    Failure::new(format!(
        "{} already exists and is not overwritten. Name another place, or move it away.",
        shown(out)
    ))
}

/// The failure of a write.
fn unwritable(place: &str, error: &io::Error) -> Failure {
    Failure::new(format!(
        "{place} could not be written: {}. No file was left there; free some space, or name \
         another place.",
        reason(error)
    ))
}

/// Removes the file and exits when a signal stops the program. A thread does it, since the program may be
/// waiting for a pipe. Without the thread, a stopped conversion leaves the file behind, which does no harm.
fn removed_when_stopped(mut signals: Signals, part: &Path, out: &Path) -> Option<Handle> {
    let handle = signals.handle();
    let (part, out) = (part.to_path_buf(), shown(out));
    let watch = move || {
        if signals.forever().next().is_some() {
            let _ = fs::remove_file(&part);
            let mut stderr = io::stderr();
            // After the bar and the terminal's own ^C.
            let clear = if stderr.is_terminal() {
                "\r\x1b[2K"
            } else {
                ""
            };
            let _ = writeln!(stderr, "{clear}chatroom: Stopped; {out} was not written.");
            std::process::exit(INTERRUPTED);
        }
    };
    let thread = thread::Builder::new().name("signals".to_string());
    thread.spawn(watch).ok().map(|_| handle)
}
