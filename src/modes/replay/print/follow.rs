//! `--follow`: lines that a room writes later, printed as they come.
//!
//! Invariant: a line is printed once, when it is whole; a torn line that a restarted room cuts off was never
//! printed.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::pass::PrintPass;
use crate::failure::Failure;
use crate::modes::replay::read::blocks::Blocks;
use crate::modes::replay::read::log::unreadable;
use crate::modes::replay::read::prefilter::Prefilter;
use crate::modes::replay::read::watch::{FileChange, Watch};
use crate::modes::replay::stdout::BufferedStdout;
use crate::system::sockets::is_unread;

/// The interval at which the log is polled.
const LOOK: Duration = Duration::from_millis(100);

impl PrintPass {
    /// Prints what the room writes from now on, until somebody ends it.
    pub(super) fn follow(
        &mut self,
        mut watch: Watch,
        mut file: Arc<File>,
        mut known: u64,
        prefilter: &Prefilter,
        stdout: &mut BufferedStdout,
        name: &str,
    ) -> Result<(), Failure> {
        let mut gone = false;
        loop {
            let change = watch
                .poll(known)
                .map_err(|error| unreadable(name, &error))?;
            if !matches!(change, FileChange::Same | FileChange::Gone) {
                gone = false;
            }
            match change {
                FileChange::Same => (),
                FileChange::Grown(end) => {
                    let mut blocks = Blocks::of_file(Arc::clone(&file), known, end);
                    self.all(&mut blocks, prefilter, stdout, name, None)?;
                    stdout.flush()?;
                    known = end;
                    continue;
                }
                FileChange::Shrunk(end) => known = end,
                FileChange::Replaced(other) => {
                    say(&format!(
                        "{name} is a new file now. It is followed from its beginning."
                    ));
                    (file, known) = (other, 0);
                    continue;
                }
                FileChange::Gone if gone => (),
                FileChange::Gone => {
                    gone = true;
                    say(&format!(
                        "{name} is gone. A new file with that name is followed when it appears; \
                         Ctrl-C ends this."
                    ));
                }
            }
            if is_unread(&io::stdout()) {
                return Ok(());
            }
            thread::sleep(LOOK);
        }
    }
}

/// Prints a sentence on stderr; if that is closed, nothing can be reported.
fn say(sentence: &str) {
    let _ = writeln!(io::stderr(), "chatroom: {sentence}");
}
