//! The secret beside the log, which keeps logins valid across restarts, and who on this machine can
//! read the room's files.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::failure::reason;
use crate::system::files::{OTHERS, PRIVATE, keep_from_others, permissions, rights};
use crate::system::replace::{Lasting, beside, replace};

/// The secret beside the log; made, readable by its owner alone, if it is not there.
///
/// # Errors
/// The file can be neither read nor created.
pub fn load_or_make(log: &Path) -> io::Result<[u8; 32]> {
    let path = beside(log, "secret");
    let mut secret = [0; 32];
    match File::open(&path) {
        Ok(mut file) => file.read_exact(&mut secret).map(|()| secret),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            getrandom::fill(&mut secret).map_err(|error| io::Error::other(error.to_string()))?;
            // With half a secret no server would start again. The lock on the log keeps others away.
            replace(&path, &secret, "new", Some(PRIVATE), Lasting::PowerCut).map(|()| secret)
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
    keep_from_others();
}

/// Takes from others on this machine what is not for them: the secret, and the log of a room with a
/// key. What the operator must know of it.
pub fn take_back(log: &Path, has_key: bool) -> Vec<String> {
    let secret = beside(log, "secret");
    let told = opened(&secret, OTHERS).map(|(mode, closed)| {
        let advice = if closed {
            "Now only its owner can.".to_string()
        } else {
            format!("Change that: `chmod 600 {}`.", secret.display())
        };
        format!(
            "The secret {} was accessible to other local users (its mode was {mode:o}). {advice} \
             Anybody who has read it can post as any member who is logged in: if that is possible, \
             stop the server and remove the file; then everybody logs in again.",
            secret.display()
        )
    });
    // A group may be meant to read it: whoever makes the backups.
    let open = if has_key { 0o007 } else { 0 };
    let read = opened(log, open).map(|(mode, closed)| {
        let advice = if closed {
            "Now only its owner can.".to_string()
        } else {
            format!("Change that: `chmod 600 {}`.", log.display())
        };
        format!(
            "Everybody on this machine could read or write the log {} of this room with a key (its mode was {mode:o}). {advice}",
            log.display()
        )
    });
    told.into_iter().chain(read).collect()
}

/// The sentence that tells the operator of a key file that everybody on this machine can read.
pub fn open_key(file: &Path) -> Option<String> {
    let mode = |path: &Path| Some(rights(&fs::metadata(path).ok()?) & 0o777);
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
    let mode = rights(&fs::metadata(path).ok()?) & 0o777;
    (mode & open != 0).then(|| {
        let closed = fs::set_permissions(path, permissions(PRIVATE));
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
        assert_eq!((file.len(), rights(&file)), (32, PRIVATE));
        assert!(!dir.path().join("log.txt.secret.new").exists());
    }
}
