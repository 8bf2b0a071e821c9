//! What the operator hears of the committer, and of its end.

use std::time::Duration;

use crate::failure::reason;
use crate::journal::{AppendError, Unseen};

use super::super::console::Entry;
use super::super::fullness::Tell;
use super::Committer;

/// How long until it is tried again to save a log that was removed.
const AGAIN: Duration = Duration::from_secs(2);

impl Committer {
    /// What the operator is told at the end. What a removed log held is saved before that, however
    /// long it takes: with this process the last copy would be gone.
    pub(super) fn part(&self, error: AppendError) -> String {
        let gone = match error {
            AppendError::Gone(gone) if gone.unlinked => gone.sentence,
            other => return other.to_string(),
        };
        let log = self.journal.path().display();
        let mut told = false;
        loop {
            match self.journal.save() {
                Ok(saved) => {
                    let saved = saved.display();
                    return format!(
                        "{gone} What it held was saved as {saved}, all {} bytes. To go on with that, put it back \
                         (`mv {saved} {log}`), then start the server again.",
                        self.journal.end()
                    );
                }
                Err(error) if !told => {
                    told = true;
                    self.console.show(Entry::Notice(format!(
                        "{gone} What it held could not be saved: {}. The server refuses messages and tries again until it \
                         can; if you stop it now, the conversation is gone. Make space in the log's folder, or copy /proc/{}/fd/{}.",
                        reason(&error),
                        std::process::id(),
                        self.journal.descriptor()
                    )));
                }
                Err(_) => {}
            }
            std::thread::sleep(AGAIN);
        }
    }

    pub(super) fn tell_about_sight(&mut self, unseen: Unseen) {
        let log = self.journal.path().display();
        let told = match (&self.unseen, &unseen) {
            (None, Some(why)) => format!(
                "The log {log} cannot be looked at by its name: {why}. It is open and messages are kept in it; a server \
                 that starts now may not find it. Look at the rights of its folder, and at its disk."
            ),
            (Some(_), None) => format!("The log {log} is seen by its name again."),
            _ => return,
        };
        self.unseen = unseen;
        self.console.show(Entry::Notice(told));
    }

    pub(super) fn tell_about_space(&self, tell: Option<Tell>) {
        let log = self.journal.path().display();
        let sentence = match tell {
            None => return,
            Some(Tell::Full) => format!(
                "There is no room for more in the log {log}: messages are refused until there is space. Nothing \
                 acknowledged is lost, and reading goes on. Make space on its disk."
            ),
            Some(Tell::Space) => {
                format!("There is space for the log {log} again: messages are taken.")
            }
        };
        self.console.show(Entry::Notice(sentence));
    }

    pub(super) fn tell_about_clock(&mut self) {
        let behind = self.scribe.behind(self.room.clock());
        if let (Some(by), false) = (behind, self.behind) {
            self.console.show(Entry::Notice(format!(
                "This machine's clock is {} s behind the log's last line. Times go on from that line; set the clock.",
                by.as_secs()
            )));
        }
        self.behind = behind.is_some();
    }
}
