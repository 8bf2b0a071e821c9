//! The window inside the downloaded file.
//!
//! The downloaded file is a static executable without the window, because the window needs a desktop's
//! libraries. After its own bytes it carries the full build ([`parcel`] has the format). For `gui` the
//! full build is put into memory and becomes this process: same process id, arguments, environment and
//! open files. What always holds: no file with a name on a disk is ever made, so nothing is left over,
//! however the process ends; and an incomplete file is never run.

mod libraries;
pub mod parcel;

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::failure::{Failure, reason};
use crate::system::executable::{Executable, THIS_FILE, be_called, is_called_by_number};
use libraries::Runnable;

/// A full build that this executable carries.
#[derive(Debug)]
pub struct Carried {
    file: File,
    parcel: parcel::Parcel,
}

/// Finds the full build in this executable, if there is one.
///
/// # Errors
/// The sentence for a file that is cut or damaged, and for a system on which the executable cannot be read.
pub fn find() -> Result<Option<Carried>, Failure> {
    let file = match File::open(THIS_FILE) {
        Ok(file) => file,
        // The window is built in then, and there is nothing to read.
        Err(_) if cfg!(feature = "gui") => return Ok(None),
        Err(error) => return Err(unreadable(&error)),
    };
    let parcel = parcel::find(&file).map_err(told)?;
    Ok(parcel.map(|parcel| Carried { file, parcel }))
}

/// The failure for an executable without a window, neither built in nor carried.
pub fn none() -> Failure {
    Failure::new(concat!(
        "This build of chatroom has no window. Take the file chatroom-",
        env!("CARGO_PKG_VERSION"),
        "-x86_64-linux, build one with cargo build --release, or join with curl: \
         curl -N http://ADDR:1337/events"
    ))
}

impl Carried {
    /// Replaces this process by the full build, with the same arguments, environment and open files.
    /// On success this does not return.
    ///
    /// # Errors
    /// A sentence with what the system lacks, and with how to get it.
    pub fn become_it(&self) -> Result<ExitCode, Failure> {
        let (executable, verdict) = self.settle()?;
        match verdict {
            Runnable::Runs => {}
            Runnable::Lacks(sentence) => return Err(Failure::new(sentence)),
        }
        let mut arguments = env::args_os();
        let name = arguments.next().unwrap_or_else(|| "chatroom".into());
        let error = executable.become_it(name, arguments);
        Err(Failure::new(format!(
            "The window inside this file could not be started: {}. {LEFT}",
            reason(&error)
        )))
    }

    /// Puts the full build where it may be executed, and tests whether it can run there.
    fn settle(&self) -> Result<(Executable, Runnable), Failure> {
        let window = self.parcel.unpack(&self.file).map_err(told)?;
        let refused = match try_in(Executable::memory(), &window) {
            Ok(settled) => return Ok(settled),
            Err(error) => reason(&error),
        };
        let Some(folder) = env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty())
        else {
            return Err(Failure::new(format!(
                "This system does not let programs run from memory ({refused}), which the window \
                 needs, and XDG_RUNTIME_DIR names no folder to run it from. Set it to a folder of \
                 yours in which programs may run, and start again. {LEFT}",
            )));
        };
        let folder = Path::new(&folder);
        let _ = writeln!(
            io::stderr(),
            "chatroom: This system does not let programs run from memory ({refused}); the window \
             runs from an unnamed file in {} instead.",
            folder.display()
        );
        try_in(Executable::folder(folder), &window).map_err(|error| {
            Failure::new(format!(
                "The window cannot be run from {} either: {}. Set XDG_RUNTIME_DIR to a folder of \
                 yours in which programs may run, and start again. {LEFT}",
                folder.display(),
                reason(&error)
            ))
        })
    }
}

fn try_in(executable: io::Result<Executable>, window: &[u8]) -> io::Result<(Executable, Runnable)> {
    let executable = executable?.hold(window)?;
    let verdict = libraries::ask(&executable.path())?;
    Ok((executable, verdict))
}

/// Restores the name of a carried window in lists of processes: the kernel names a process after the
/// file that was executed, and that was a number.
pub fn keep_name() {
    if !is_called_by_number() {
        return;
    }
    let called = env::args_os().next();
    let called = called.as_deref().map(Path::new).and_then(Path::file_name);
    be_called(called.unwrap_or(OsStr::new("chatroom")));
}

/// The remaining ways to use chatroom without a window.
const LEFT: &str = "chatroom server and chatroom replay still work, and anybody can join with curl \
                    -N http://ADDR:1337/events";

fn unreadable(error: &io::Error) -> Failure {
    Failure::new(format!(
        "The window is inside chatroom's own file, which cannot be read through {THIS_FILE}: {}. \
         Mount /proc and start again. {LEFT}",
        reason(error)
    ))
}

fn told(error: parcel::Error) -> Failure {
    let again = "Download it again and compare it: sha256sum -c SHA256SUMS";
    match error {
        parcel::Error::Read(error) => unreadable(&error),
        parcel::Error::Cut { has, of } => Failure::new(format!(
            "This file is incomplete: it has {has} of its {of} bytes, and the window is in the \
             rest. {again}"
        )),
        parcel::Error::Damaged => Failure::new(format!(
            "This file is damaged: the window in it is not the one that was packed. {again}"
        )),
    }
}
