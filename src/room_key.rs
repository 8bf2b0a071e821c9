//! The sources of the room key in all modes, so that it need not be on a command line.
//!
//! `--key-file` overrides the file that `CHATROOM_KEY_FILE` names, which overrides `CHATROOM_KEY`.

use std::env::{self, VarError};
use std::fs;
use std::io;
use std::path::Path;

use crate::failure::{Failure, reason};

/// The variable that holds the key itself.
pub const VARIABLE: &str = "CHATROOM_KEY";
/// The variable that names a file, as `--key-file` does.
pub const FILE_VARIABLE: &str = "CHATROOM_KEY_FILE";

/// The key, if there is one: the first line of `file`, else of the file that the environment names,
/// else what the environment says. Empty variables count as not set.
///
/// # Errors
/// The file cannot be read or holds no key, or the variable is not UTF-8.
pub fn find(file: Option<&Path>) -> Result<Option<String>, Failure> {
    let named = env::var_os(FILE_VARIABLE).filter(|name| !name.is_empty());
    if let Some(path) = file.or(named.as_deref().map(Path::new)) {
        return in_file(path).map(Some);
    }
    match env::var(VARIABLE) {
        Ok(key) => Ok(Some(key).filter(|key| !key.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(Failure::setting(format!(
            "The room key in {VARIABLE} is not UTF-8, so it cannot be a room's. Check it."
        ))),
    }
}

/// The key for a server's room. An empty variable is an error here: the operator meant to set a
/// key, and the room would be open.
///
/// # Errors
/// As [`find`], and a variable that is set but empty.
pub fn for_server(file: Option<&Path>) -> Result<Option<String>, Failure> {
    let key = find(file)?;
    let empty = |name: &&str| env::var_os(name).is_some_and(|value| value.is_empty());
    let source = match &key {
        None => [FILE_VARIABLE, VARIABLE].into_iter().find(empty),
        Some(key) if key.trim().is_empty() => Some(VARIABLE),
        Some(_) => None,
    };
    match source {
        Some(source) => Err(Failure::setting(format!(
            "The room key in {source} is empty. Write one, or leave it out for an open room."
        ))),
        None => Ok(key),
    }
}

fn in_file(path: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let key = text.lines().next().unwrap_or_default();
    if key.trim().is_empty() {
        Err(Failure::setting(format!(
            "The room key in {} is empty. Write one, or leave it out for an open room.",
            path.display()
        )))
    } else {
        Ok(key.to_string())
    }
}

/// The failure for a key file that cannot be read. A name that leads to no readable file, and bytes that are
/// no text, are configuration errors; what the disk or the network says may go away.
fn unreadable(path: &Path, error: &io::Error) -> Failure {
    use io::ErrorKind as E;
    let sentence = format!(
        "The key file {} cannot be read: {}. Name a file whose first line is the room key.",
        path.display(),
        reason(error)
    );
    match error.kind() {
        E::NotFound | E::PermissionDenied | E::IsADirectory | E::NotADirectory => {
            Failure::setting(sentence)
        }
        E::InvalidData | E::InvalidFilename => Failure::setting(sentence),
        _ => Failure::new(sentence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_key_file_that_may_be_readable_later_is_worth_another_try() {
        let code = |error| unreadable(Path::new("key"), &error).code();
        for kind in [
            io::ErrorKind::NotFound,
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::IsADirectory,
            io::ErrorKind::InvalidData,
        ] {
            assert_eq!(code(io::Error::from(kind)), 2, "{kind}");
        }
        // EIO of a failed disk, ESTALE and ETIMEDOUT of one on the network.
        for number in [5, 116, 110] {
            let error = io::Error::from_raw_os_error(number);
            assert_eq!(code(error), 1, "{number}");
        }
    }
}
