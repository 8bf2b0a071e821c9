//! This process's own executable, and becoming another one that has no name on any disk.
//!
//! Neither memory nor a file without a name can be found by others or stays behind: both are gone with
//! the last process that uses them.

use std::ffi::{CString, OsStr, OsString};
use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::Errno;

use super::files::path_of_open;

/// The path of this process's executable, also after the file was replaced or removed.
pub(crate) const THIS_FILE: &str = "/proc/self/exe";

/// Room for an executable: first to be written, then to be run.
#[derive(Debug)]
pub(crate) struct Executable {
    file: File,
    in_memory: bool,
}

impl Executable {
    /// An empty one in memory.
    ///
    /// # Errors
    /// The system does not let programs run from memory.
    pub(crate) fn memory() -> io::Result<Executable> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let made = match memfd_create("chatroom", flags | MemfdFlags::EXEC) {
            // Linux before 6.3 does not know the flag, and lets everything be executed.
            Err(Errno::INVAL) => memfd_create("chatroom", flags),
            made => made,
        };
        Ok(Executable {
            file: made?.into(),
            in_memory: true,
        })
    }

    /// An empty one in `folder`: a file that has no name from the start, or, where a file system cannot
    /// do that, loses it before anything is written.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn folder(folder: &Path) -> io::Result<Executable> {
        Ok(Executable {
            file: tempfile::tempfile_in(folder)?,
            in_memory: false,
        })
    }

    /// Fills it. Nothing is written any more then: it can be run.
    ///
    /// # Errors
    /// The system's, as for want of space.
    pub(crate) fn hold(mut self, executable: &[u8]) -> io::Result<Executable> {
        self.file.write_all(executable)?;
        if self.in_memory {
            let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
            fcntl_add_seals(&self.file, seals)?;
            return Ok(self);
        }
        self.file.set_permissions(Permissions::from_mode(0o500))?;
        // What is open for writing is not executed (ETXTBSY): it is opened anew, the old one closed.
        Ok(Executable {
            file: File::open(self.path())?,
            in_memory: false,
        })
    }

    /// The path by which this process and its children can execute it.
    pub(crate) fn path(&self) -> PathBuf {
        path_of_open(&self.file)
    }

    /// Replaces this process by it: same number, surroundings and open files, called `name`, with these
    /// arguments. Comes back only with the error.
    pub(crate) fn become_it(
        &self,
        name: OsString,
        arguments: impl Iterator<Item = OsString>,
    ) -> io::Error {
        let mut command = Command::new(self.path());
        command.arg0(name).args(arguments);
        command.exec()
    }
}

/// Starts this program afresh in its own place, without a variable of its environment. Comes back only
/// with the error.
#[cfg(feature = "gui")]
pub(crate) fn become_this_without(variable: &str) -> io::Error {
    let mut all = std::env::args_os();
    let own = all.next().unwrap_or_else(|| OsString::from("chatroom"));
    let mut command = Command::new(THIS_FILE);
    command.arg0(own).args(all).env_remove(variable).exec()
}

/// Has what ends this process by a signal to its group leave the command alone.
#[cfg(feature = "gui")]
pub(crate) fn in_own_group(command: &mut Command) -> &mut Command {
    command.process_group(0)
}

/// Tells whether the system calls this process by a number, as it does what was executed by
/// [`Executable::path`].
pub(crate) fn is_called_by_number() -> bool {
    let is_number = |name: &CString| name.as_bytes().iter().all(u8::is_ascii_digit);
    rustix::thread::name().is_ok_and(|name| is_number(&name))
}

/// Gives this process a name in lists of processes, of which the system keeps 15 bytes.
pub(crate) fn be_called(name: &OsStr) {
    let name = name.as_bytes();
    if let Ok(name) = CString::new(&name[..name.len().min(15)]) {
        let _ = rustix::thread::set_name(&name);
    }
}

/// Tells whether this process runs as root.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
