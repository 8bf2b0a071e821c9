//! The limits of this process, and the name of the machine.

use std::io;
use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The number of files and sockets that this process may have open at once.
pub(crate) fn open_files() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Raises that number as far as the process may by itself; the number then.
pub(crate) fn raise_open_files() -> u64 {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum.unwrap_or(u64::MAX),
        Err(_) => open_files(),
    }
}

/// The length to which a file may grow, in bytes; `None` without a limit.
pub(crate) fn file_size() -> Option<u64> {
    getrlimit(Resource::Fsize).current
}

/// The space of a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Space {
    /// All of it.
    pub(crate) size: u64,
    /// The space in bytes that this process may still use.
    pub(crate) free: u64,
    /// The space in bytes that is free for anybody, root included.
    pub(crate) free_for_root: u64,
}

/// The space of the file system that `path` is in. It may take its time to answer.
///
/// # Errors
/// The system's.
pub(crate) fn space(path: &Path) -> io::Result<Space> {
    let found = rustix::fs::statvfs(path)?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    Ok(Space {
        size: bytes(found.f_blocks),
        free: bytes(found.f_bavail),
        free_for_root: bytes(found.f_bfree),
    })
}

/// The machine's own name.
pub(crate) fn host_name() -> String {
    let names = rustix::system::uname();
    names.nodename().to_string_lossy().into_owned()
}
