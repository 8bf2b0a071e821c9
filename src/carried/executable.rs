//! Where a carried executable is run from: memory, or a file that has no name.
//!
//! Neither can be found by others or stays behind: both are gone with the last process that uses them.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::Errno;

/// Room for an executable: first to be written, then to be run.
#[derive(Debug)]
pub struct Executable {
    file: File,
    in_memory: bool,
}

impl Executable {
    /// In memory.
    pub fn memory() -> io::Result<Executable> {
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

    /// In a file in `folder` that has no name from the start, or, where a file system cannot do that,
    /// loses it before anything is written.
    pub fn folder(folder: &Path) -> io::Result<Executable> {
        Ok(Executable {
            file: tempfile::tempfile_in(folder)?,
            in_memory: false,
        })
    }

    /// Puts the executable there. Nothing is written any more then: it can be run.
    pub fn hold(mut self, executable: &[u8]) -> io::Result<Executable> {
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

    /// What this process and its children can execute it by.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()))
    }
}
