//! Replacing the picture: whole, or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces the file at `path`. After a failed or interrupted write, the previous picture is unchanged. A
/// symbolic link stays one, and the permissions are kept.
///
/// # Errors
/// The file system's error.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let there = match fs::metadata(path) {
        Ok(there) if !there.is_file() => return fs::write(path, bytes),
        Ok(there) => Some(there.permissions()),
        Err(_) => None,
    };
    let path = match there {
        Some(_) => fs::canonicalize(path)?,
        None => path.to_path_buf(),
    };
    let part = part_of(&path);
    let written = write(&part, bytes, there).and_then(|()| fs::rename(&part, &path));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

fn write(part: &Path, bytes: &[u8], rights: Option<fs::Permissions>) -> io::Result<()> {
    // An interrupted process with the same id may have left it.
    let file = match File::create_new(part) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(part)?;
            File::create_new(part)
        }
        made => made,
    };
    let mut file = file?;
    if let Some(rights) = rights {
        file.set_permissions(rights)?;
    }
    file.write_all(bytes)
}

/// A temporary name that no other process uses.
fn part_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".part-{}", std::process::id()));
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_link_stays_one_and_rights_are_kept() {
        let dir = tempfile::tempdir().expect("a folder");
        let (picture, link) = (dir.path().join("a.png"), dir.path().join("b.png"));
        fs::write(&picture, b"before").expect("written");
        fs::set_permissions(&picture, fs::Permissions::from_mode(0o600)).expect("set");
        symlink("a.png", &link).expect("linked");
        replace(&link, b"after").expect("replaced");
        assert_eq!(fs::read(&picture).expect("it"), b"after");
        assert!(link.symlink_metadata().expect("it").is_symlink());
        let mode = fs::metadata(&picture).expect("it").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // The remains of an interrupted process with our id are no obstacle.
        fs::write(part_of(&picture), b"half").expect("written");
        replace(&picture, b"again").expect("replaced");
        assert_eq!(fs::read(&picture).expect("it"), b"again");
        assert_eq!(fs::read_dir(dir.path()).expect("it").count(), 2);
    }
}
