//! Files beyond what every system offers alike: identity, rights, owners, names as bytes.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Reads and writes at an offset, without a cursor that threads would share.
pub(crate) use std::os::unix::fs::FileExt as Positional;

#[cfg(test)]
pub(crate) use std::os::unix::fs::symlink;

/// The rights of a file that its owner alone may use.
pub(crate) const PRIVATE: u32 = 0o600;
/// The rights of a file that everybody may use, before the user's mask.
pub(crate) const SHARED: u32 = 0o666;
/// The rights of a folder that its owner alone may use.
#[cfg(feature = "gui")]
pub(crate) const PRIVATE_FOLDER: u32 = 0o700;
/// All rights of everybody but the owner.
pub(crate) const OTHERS: u32 = 0o077;

/// The identity of a file, whatever its names: its device and its inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The identity of the file that the metadata is of.
    pub(crate) fn of(metadata: &Metadata) -> FileId {
        FileId {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }

    /// The identity of an open file, standard output and the like included.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn of_open(file: impl AsFd) -> io::Result<FileId> {
        let stat = rustix::fs::fstat(file)?;
        Ok(FileId {
            device: stat.st_dev,
            inode: stat.st_ino,
        })
    }
}

impl fmt::Display for FileId {
    /// Writes `device:inode`, as the journal's variable names a stream.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.device, self.inode)
    }
}

/// The number of names that the file has; 0 once it was removed and is only still open.
pub(crate) fn names(metadata: &Metadata) -> u64 {
    metadata.nlink()
}

/// The name of an open file, as the system knows it now.
///
/// # Errors
/// The system's, as where `/proc` is not mounted.
pub(crate) fn name_of(file: &File) -> io::Result<PathBuf> {
    fs::read_link(path_of_open(file))
}

/// A path that leads this process and its children to a file that is open here, name or not.
pub(crate) fn path_of_open(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// A path that leads other programs to a file for as long as it is open here, name or not.
pub(crate) fn path_for_others(file: &File) -> PathBuf {
    let number = file.as_raw_fd();
    PathBuf::from(format!("/proc/{}/fd/{number}", std::process::id()))
}

/// The rights of a file: owner, group and others in octal, and the three bits above.
pub(crate) fn rights(metadata: &Metadata) -> u32 {
    metadata.mode() & 0o7777
}

/// The value that gives a file these rights.
pub(crate) fn permissions(rights: u32) -> Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    Permissions::from_mode(rights)
}

/// Has a file that these options make get these rights, less the user's mask.
pub(crate) fn made_with(options: &mut OpenOptions, rights: u32) -> &mut OpenOptions {
    options.mode(rights)
}

/// Makes a folder and those above it that are missing, for their owner alone.
///
/// # Errors
/// The file system's.
#[cfg(feature = "gui")]
pub(crate) fn make_private_folders(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(PRIVATE_FOLDER).create(folder)
}

/// Lets nobody else on this machine use the files that this process makes from now on.
pub(crate) fn keep_from_others() {
    use rustix::fs::Mode;
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Gives `file` the owner, the group and the rights that `model` has.
///
/// # Errors
/// The system's; only root gives files away.
pub(crate) fn take_after(file: &File, model: &Metadata) -> io::Result<()> {
    let ours = file.metadata()?;
    if (ours.uid(), ours.gid()) != (model.uid(), model.gid()) {
        std::os::unix::fs::fchown(file, Some(model.uid()), Some(model.gid()))?;
    }
    file.set_permissions(permissions(rights(model)))
}

/// Tells whether the error is a failure of the device itself.
pub(crate) fn is_device_failure(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

/// Tells whether a name is one that a network file system gives to a file that was removed while open.
pub(crate) fn is_of_removed(path: &Path) -> bool {
    let name = path.file_name().map(bytes_of_name).unwrap_or_default();
    name.starts_with(b".nfs") || name.starts_with(b".fuse_hidden")
}

/// The bytes of a name.
pub(crate) fn bytes_of_name(name: &OsStr) -> &[u8] {
    name.as_bytes()
}

/// The name with these bytes.
pub(crate) fn name_of_bytes(bytes: Vec<u8>) -> OsString {
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_identity_under_all_its_names() {
        let dir = tempfile::tempdir().expect("a folder");
        let (one, other) = (dir.path().join("one"), dir.path().join("other"));
        let file = File::create_new(&one).expect("made");
        fs::hard_link(&one, &other).expect("linked");
        let id = |path: &Path| FileId::of(&fs::metadata(path).expect("it"));
        assert_eq!(id(&one), id(&other));
        assert_eq!(FileId::of_open(&file).expect("it"), id(&one));
        assert_eq!(names(&file.metadata().expect("it")), 2);
        fs::remove_file(&one).expect("removed");
        fs::remove_file(&other).expect("removed");
        assert_eq!(names(&file.metadata().expect("it")), 0);
        fs::write(&one, b"").expect("written");
        assert_ne!(FileId::of_open(&file).expect("it"), id(&one));
    }

    #[test]
    fn a_file_is_found_by_its_new_name() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().canonicalize().expect("a folder");
        let (old, new) = (folder.join("old"), folder.join("new"));
        let file = File::create_new(&old).expect("made");
        fs::rename(&old, &new).expect("moved");
        assert_eq!(name_of(&file).expect("a name"), new);
    }

    #[test]
    fn rights_are_taken_over() {
        let dir = tempfile::tempdir().expect("a folder");
        let (model, path) = (dir.path().join("model"), dir.path().join("file"));
        fs::write(&model, b"").expect("written");
        fs::set_permissions(&model, permissions(0o640)).expect("set");
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let file = made_with(&mut options, PRIVATE).open(&path).expect("made");
        assert_eq!(rights(&file.metadata().expect("it")), PRIVATE);
        take_after(&file, &fs::metadata(&model).expect("it")).expect("taken over");
        assert_eq!(rights(&fs::metadata(&path).expect("it")), 0o640);
    }
}
