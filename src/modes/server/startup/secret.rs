//! The secret beside the log, which keeps logins valid across restarts, and who on this machine can
//! read the room's files.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::Mode;

use crate::failure::reason;
use crate::journal::sync_folder;

/// The secret beside the log; made, readable by its owner alone, if it is not there.
///
/// # Errors
/// It can be neither read nor made.
pub fn load_or_make(log: &Path) -> io::Result<[u8; 32]> {
    let mut path = log.as_os_str().to_os_string();
    path.push(".secret");
    let mut secret = [0; 32];
    match OpenOptions::new().read(true).open(&path) {
        Ok(mut file) => file.read_exact(&mut secret).map(|()| secret),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            getrandom::fill(&mut secret).map_err(|error| io::Error::other(error.to_string()))?;
            // Under another name until it is whole: a crash must not leave half a secret, with
            // which no server starts again. The lock on the log keeps others away meanwhile.
            let mut half = path.clone();
            half.push(".new");
            let _ = fs::remove_file(&half);
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&half)?;
            let made = file
                .write_all(&secret)
                .and_then(|()| file.sync_all())
                .and_then(|()| fs::rename(&half, &path));
            if made.is_err() {
                let _ = fs::remove_file(&half);
            }
            made.and_then(|()| sync_folder(Path::new(&path)))
                .map(|()| secret)
        }
        Err(error) => Err(error),
    }
}

/// The sentence for a secret beside `log` that can be neither read nor made.
pub fn unusable(log: &Path, error: &io::Error) -> String {
    use io::ErrorKind as E;
    let advice = match error.kind() {
        E::StorageFull | E::QuotaExceeded | E::FileTooLarge | E::WriteZero => {
            "Free some space on its disk, then start the server again."
        }
        E::PermissionDenied => {
            "Give the server's user the right to read it, and to make files in its folder."
        }
        E::ReadOnlyFilesystem => "Make its disk writable, or name a log on another one with --log.",
        E::UnexpectedEof => "It is incomplete: remove it, and everybody logs in again.",
        E::IsADirectory => "Remove the folder with that name; the server makes the file.",
        _ => "Check its disk, or remove the file: then everybody logs in again.",
    };
    format!(
        "The file {}.secret, which keeps logins valid, cannot be used: {}. {advice}",
        log.display(),
        reason(error)
    )
}

/// Lets nobody else on this machine read what the server writes from now on: in a room with a key
/// that is the log, and what is saved of it.
pub fn write_privately() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Takes from others on this machine what is not for them: the secret, and the log of a room with a
/// key. What the operator must know of it.
pub fn take_back(log: &Path, has_key: bool) -> Vec<String> {
    let mut secret = log.as_os_str().to_os_string();
    secret.push(".secret");
    let secret = Path::new(&secret);
    let told = opened(secret, 0o077).map(|(mode, closed)| {
        let advice = match closed {
            true => "Now only its owner can.".to_string(),
            false => format!("Change that: `chmod 600 {}`.", secret.display()),
        };
        format!(
            "Others on this machine could use the secret {} (its mode was {mode:o}). {advice} \
             Anybody who has read it can post as any member who is logged in: if that is possible, \
             stop the server and remove the file; then everybody logs in again.",
            secret.display()
        )
    });
    // A group may be meant to read it: whoever makes the backups.
    let open = if has_key { 0o007 } else { 0 };
    let read = opened(log, open).map(|(mode, closed)| {
        let advice = match closed {
            true => "Now only its owner can.".to_string(),
            false => format!("Change that: `chmod 600 {}`.", log.display()),
        };
        format!(
            "Everybody on this machine could use the log {} of this room with a key (its mode was {mode:o}). {advice}",
            log.display()
        )
    });
    told.into_iter().chain(read).collect()
}

/// What the operator must know of a key file that everybody on this machine can read.
pub fn open_key(file: &Path) -> Option<String> {
    let mode = |path: &Path| Some(fs::metadata(path).ok()?.permissions().mode() & 0o777);
    let whole = fs::canonicalize(file).ok()?;
    let folders = whole.ancestors().skip(1).map(mode);
    remark(file, mode(&whole)?, &folders.collect::<Option<Vec<_>>>()?)
}

/// A group may be meant to read it: the service's. And nobody reads a file in a folder that is closed.
fn remark(file: &Path, mode: u32, folders: &[u32]) -> Option<String> {
    let everybody = mode & 0o004 != 0 && folders.iter().all(|folder| folder & 0o001 != 0);
    everybody.then(|| {
        let file = file.display();
        format!(
            "Everybody on this machine can read the room key in {file} (its mode is {mode:o}). \
             Change that: `chmod o= {file}`."
        )
    })
}

/// The mode of a file that is `open` to others, and whether it could be closed.
fn opened(path: &Path, open: u32) -> Option<(u32, bool)> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & open != 0).then(|| {
        let closed = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
        (mode, closed.is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_goes_by_what_is_wrong() {
        for (kind, advice) in [
            (io::ErrorKind::StorageFull, "Free some space"),
            (io::ErrorKind::QuotaExceeded, "Free some space"),
            (io::ErrorKind::PermissionDenied, "the right to read"),
            (io::ErrorKind::ReadOnlyFilesystem, "writable"),
            (io::ErrorKind::UnexpectedEof, "remove it"),
            (io::ErrorKind::Other, "Check its disk"),
        ] {
            let said = unusable(Path::new("log.txt"), &io::Error::from(kind));
            assert!(said.contains("log.txt.secret, which"), "{said}");
            assert!(said.contains(advice) && said.ends_with('.'), "{said}");
        }
    }

    #[test]
    fn a_key_that_everybody_can_read_is_remarked_on() {
        let told = |mode, folders: &[u32]| remark(Path::new("key"), mode, folders);
        let said = told(0o644, &[0o755, 0o755]).expect("a remark");
        assert!(
            said.contains("key (its mode is 644)") && said.ends_with("`chmod o= key`."),
            "{said}"
        );
        for (mode, folders) in [
            (0o600, [0o755, 0o755]),
            (0o640, [0o755, 0o755]),
            (0o644, [0o700, 0o755]),
            (0o644, [0o755, 0o750]),
        ] {
            assert_eq!(told(mode, &folders), None, "{mode:o} {folders:?}");
        }
    }

    #[test]
    fn the_secret_is_made_once_and_for_its_owner_alone() {
        let dir = tempfile::tempdir().expect("a folder");
        let log = dir.path().join("log.txt");
        fs::write(dir.path().join("log.txt.secret.new"), b"half").expect("written");
        let made = load_or_make(&log).expect("a secret");
        assert_eq!(load_or_make(&log).ok(), Some(made));
        let file = fs::metadata(dir.path().join("log.txt.secret")).expect("a file");
        assert_eq!((file.len(), file.permissions().mode() & 0o777), (32, 0o600));
        assert!(!dir.path().join("log.txt.secret.new").exists());
    }
}
