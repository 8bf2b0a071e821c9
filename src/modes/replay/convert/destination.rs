//! The destination of a conversion: a file that gets its name when it is whole, or standard output.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::thread;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use crate::failure::{Failure, reason};
use crate::modes::replay::read::log::shown;

/// The exit status of a program that Ctrl-C ended, as shells report it.
const INTERRUPTED: i32 = 130;

pub(super) enum Destination {
    Stdout,
    /// A file under a temporary name.
    File(PartialFile),
}

/// A file that does not have its final name yet.
pub(super) struct PartialFile {
    file: File,
    /// The temporary name; the file is removed when this value is dropped.
    part: PathBuf,
    out: PathBuf,
    signals: Option<Handle>,
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
        let mut part = OsString::from(out);
        part.push(".part");
        let part = PathBuf::from(part);
        // Before the file exists: a signal from then on removes it.
        let signals = Signals::new([SIGINT, SIGTERM, SIGQUIT, SIGHUP]).ok();
        let file = File::create_new(&part).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Failure::new(format!(
                "{} is there already: another conversion is writing it, or one was killed. Wait for \
                 it, or remove that file.",
                shown(&part)
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
        let signals = signals.and_then(|signals| removed_when_stopped(signals, &part, out));
        Ok(Destination::File(PartialFile {
            file,
            part,
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
                let written = part.file.write_all(bytes);
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
        let failed = |error: io::Error| unwritable(&shown(&part.out), &error);
        part.file.sync_all().map_err(failed)?;
        match renameat_with(CWD, &part.part, CWD, &part.out, RenameFlags::NOREPLACE) {
            Ok(()) => (),
            Err(Errno::EXIST) => return Err(taken(&part.out)),
            // The file system cannot do that. A hard link does not overwrite either.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                fs::hard_link(&part.part, &part.out).map_err(|error| match error.kind() {
                    io::ErrorKind::AlreadyExists => taken(&part.out),
                    _ => failed(error),
                })?;
            }
            Err(error) => return Err(failed(error.into())),
        }
        sync_folder(&part.out).map_err(failed)
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        // A no-op once the file has its final name.
        let _ = fs::remove_file(&self.part);
        if let Some(signals) = &self.signals {
            signals.close();
        }
    }
}

fn taken(out: &Path) -> Failure {
    Failure::new(format!(
        "{} is there already, and nothing is written over it. Name another place, or move it away.",
        shown(out)
    ))
}

/// The failure of a write.
fn unwritable(place: &str, error: &io::Error) -> Failure {
    Failure::new(format!(
        "{place} could not be written: {}. Nothing was left there; make space, or name another place.",
        reason(error)
    ))
}

/// Syncs the folder, which makes the name durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        // A folder that may not be read is its owner's to sync.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
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
