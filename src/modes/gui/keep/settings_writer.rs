//! The thread that writes the settings, one change after the other, so that choosing never waits
//! for the disk.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use super::files::MAX_WAIT_AT_END;
use super::settings::{self, Settings};

type Change = Box<dyn FnOnce(&mut Settings) + Send>;

/// The thread's handle. Dropping it waits until everything is written, for at most [`MAX_WAIT_AT_END`].
pub struct SettingsWriter {
    changes: Option<mpsc::Sender<Change>>,
    done: mpsc::Receiver<()>,
}

impl SettingsWriter {
    /// Starts the thread. `tell` is called on it with a sentence if a change could not be saved.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        path: PathBuf,
        tell: impl Fn(String) + Send + 'static,
    ) -> io::Result<SettingsWriter> {
        let (changes, to_make) = mpsc::channel::<Change>();
        let (finished, done) = mpsc::channel();
        let work = move || {
            for change in to_make {
                if let Err(sentence) = settings::update(&path, change) {
                    tell(sentence);
                }
            }
            // Fails if the window waited in vain and is gone.
            let _ = finished.send(());
        };
        thread::Builder::new()
            .name("settings".to_string())
            .spawn(work)?;
        Ok(SettingsWriter {
            changes: Some(changes),
            done,
        })
    }

    /// Has the file changed, after the changes requested before.
    pub fn change(&self, change: impl FnOnce(&mut Settings) + Send + 'static) {
        if let Some(changes) = &self.changes {
            // The thread lives as long as the sender does.
            let _ = changes.send(Box::new(change));
        }
    }
}

impl Drop for SettingsWriter {
    fn drop(&mut self) {
        self.changes = None;
        // Either way the window ends.
        let _ = self.done.recv_timeout(MAX_WAIT_AT_END);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_is_in_the_file_in_order_once_it_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gui.toml");
        let writer = SettingsWriter::start(path.clone(), |sentence| panic!("{sentence}"));
        let writer = writer.expect("a thread");
        for size in 9..=32 {
            writer.change(move |settings| settings.size = size);
        }
        drop(writer);
        assert_eq!(settings::load(&path).0.size, 32);
    }

    #[test]
    fn what_could_not_be_kept_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("written");
        let (tell, told) = mpsc::channel();
        let writer = SettingsWriter::start(file.join("gui.toml"), move |sentence| {
            tell.send(sentence).expect("heard");
        });
        writer
            .expect("a thread")
            .change(|settings| settings.bell = true);
        let sentence = told.recv().expect("a sentence");
        assert!(sentence.contains("could not be saved"), "{sentence}");
    }
}
