//! The secret beside the log, which keeps logins valid across restarts.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

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
            file.write_all(&secret)?;
            file.sync_all()?;
            fs::rename(&half, &path)?;
            sync_folder(Path::new(&path))?;
            Ok(secret)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_made_once_and_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
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
