//! What the window remembers: one small TOML file in the user's configuration folder.
//!
//! Settings are a convenience, so nothing about them ever stops a start: a broken file is set
//! aside and said.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::address::Address;
use crate::failure::reason;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The room that was last logged in to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// Where the file is; `None` on a machine without a home.
pub fn path() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "chatroom")
        .map(|dirs| dirs.config_dir().join("gui.toml"))
}

/// Reads the file. With it comes a sentence for the status line if something was wrong.
pub fn load(path: &Path) -> (Settings, Option<String>) {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Default::default(),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => return set_aside(path),
        Err(error) => {
            let sentence = format!(
                "The settings in {} could not be read: {}.",
                path.display(),
                reason(&error)
            );
            return (Settings::default(), Some(sentence));
        }
    };
    let usable = |settings: &Settings| {
        let address = settings.address.as_deref();
        address.is_none_or(|address| Address::parse(address).is_ok())
    };
    match toml::from_str::<Settings>(&text) {
        Ok(settings) if usable(&settings) => (settings, None),
        _ => set_aside(path),
    }
}

fn set_aside(path: &Path) -> (Settings, Option<String>) {
    let aside = path.with_extension("toml.broken");
    let sentence = match fs::rename(path, &aside) {
        Ok(()) => format!(
            "The settings were not readable; they are kept in {} and new ones begin.",
            aside.display()
        ),
        Err(error) => format!(
            "The settings in {} are not readable and could not be set aside: {}.",
            path.display(),
            reason(&error)
        ),
    };
    (Settings::default(), Some(sentence))
}

/// Writes the file whole or not at all.
///
/// # Errors
/// A sentence for the status line.
pub fn save(path: &Path, settings: &Settings) -> Result<(), String> {
    let written = || -> std::io::Result<()> {
        let text = toml::to_string(settings).map_err(std::io::Error::other)?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        // A name of its own, so that two windows do not write into one file.
        let fresh = path.with_extension(format!("toml.{}", std::process::id()));
        let mut file = fs::File::create(&fresh)?;
        let whole = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all());
        let moved = whole.and_then(|()| fs::rename(&fresh, path));
        if moved.is_err() {
            // The first error is the one to tell.
            let _ = fs::remove_file(&fresh);
        }
        moved
    };
    written().map_err(|error| {
        format!(
            "The address could not be remembered in {}: {}.",
            path.display(),
            reason(&error)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_loaded() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new").join("gui.toml");
        assert_eq!(load(&path), (Settings::default(), None));
        let settings = Settings {
            address: Some("[::1]:1337".into()),
        };
        save(&path, &settings).expect("saved");
        assert_eq!(load(&path), (settings, None));
        let files = fs::read_dir(path.parent().expect("a folder")).expect("readable");
        assert_eq!(files.count(), 1, "nothing else is left behind");
    }

    #[test]
    fn a_broken_file_is_set_aside_and_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gui.toml");
        for broken in [
            b"address = ".as_slice(),
            b"address = 5",
            b"address = \"a b\"",
            b"\xff\xfe",
        ] {
            fs::write(&path, broken).expect("written");
            let (settings, sentence) = load(&path);
            assert_eq!(settings, Settings::default());
            assert!(sentence.expect("a sentence").contains("gui.toml.broken"));
            assert!(!path.exists());
            let aside = folder.path().join("gui.toml.broken");
            assert_eq!(fs::read(&aside).expect("kept"), broken);
        }
    }
}
