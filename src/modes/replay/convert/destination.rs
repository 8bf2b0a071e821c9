//! Where the result goes: a file that gets its name when it is whole, or standard output.

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

/// What a shell calls a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Where the result goes.
pub enum Destination {
    /// Standard output.
    Stdout,
    /// A file on its way.
    File(PartialFile),
}

/// A file that does not have its name yet.
pub struct PartialFile {
    file: File,
    /// Its name until it is whole; it goes with this value.
    part: PathBuf,
    out: PathBuf,
    signals: Option<Handle>,
}

impl Destination {
    /// Makes `OUT.part`, or takes standard output if `out` is `-`.
    ///
    /// # Errors
    /// There is something at `out` already, or the file cannot be made.
    pub fn create(out: &Path) -> Result<Destination, Failure> {
        if out.as_os_str() == "-" {
            return Ok(Destination::Stdout);
        }
        if fs::symlink_metadata(out).is_ok() {
            return Err(taken(out));
        }
        let mut part = OsString::from(out);
        part.push(".part");
        let part = PathBuf::from(part);
        // Before the file is there: what stops the program from then on finds it, and removes it.
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

    /// Adds to it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
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

    /// Makes sure that it is on the disk and gives it its name.
    ///
    /// # Errors
    /// It cannot be synced; something has taken its name meanwhile.
    pub fn finish(self) -> Result<(), Failure> {
        let Destination::File(part) = self else {
            return Ok(());
        };
        let failed = |error: io::Error| unwritable(&shown(&part.out), &error);
        part.file.sync_all().map_err(failed)?;
        match renameat_with(CWD, &part.part, CWD, &part.out, RenameFlags::NOREPLACE) {
            Ok(()) => (),
            Err(Errno::EXIST) => return Err(taken(&part.out)),
            // A file system that cannot do that. A second name is never given over another, either.
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
        // Once it has its name there is nothing here any more.
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

/// Writing the result failed.
fn unwritable(place: &str, error: &io::Error) -> Failure {
    Failure::new(format!(
        "{place} could not be written: {}. Nothing was left there; make space, or name another place.",
        reason(error)
    ))
}

/// Makes the name durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        // One that we may not read is somebody else's to keep.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes the file and exits when somebody stops the program: a thread, since the program may be
/// waiting for a pipe. Without one a stopped conversion leaves the file behind, which is no harm.
fn removed_when_stopped(mut signals: Signals, part: &Path, out: &Path) -> Option<Handle> {
    let handle = signals.handle();
    let (part, out) = (part.to_path_buf(), shown(out));
    let watch = move || {
        if signals.forever().next().is_some() {
            let _ = fs::remove_file(&part);
            let mut stderr = io::stderr();
            // Past the bar, and what the terminal itself shows of Ctrl-C.
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
