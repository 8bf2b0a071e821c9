//! What a room goes on to write, printed as it comes.
//!
//! What always holds: a line is printed when it is whole, and once; what a room that starts again
//! cuts off was never printed.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::printing::Printing;
use crate::failure::Failure;
use crate::modes::replay::printout::Printout;
use crate::modes::replay::read::blocks::Blocks;
use crate::modes::replay::read::log::unreadable;
use crate::modes::replay::read::prefilter::Prefilter;
use crate::modes::replay::read::watch::{FileChange, Watch};

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(100);

impl Printing {
    /// Prints what the room goes on to write, until somebody ends it.
    pub(super) fn follow(
        &mut self,
        mut watch: Watch,
        mut file: Arc<File>,
        mut known: u64,
        prefilter: &Prefilter,
        printout: &mut Printout,
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
                    self.all(&mut blocks, prefilter, printout, name, None)?;
                    printout.flush()?;
                    known = end;
                    continue;
                }
                FileChange::Shrunk(end) => known = end,
                FileChange::Replaced(other) => {
                    say(&format!(
                        "{name} is another file now. It is followed from its beginning."
                    ));
                    (file, known) = (other, 0);
                    continue;
                }
                FileChange::Gone if gone => (),
                FileChange::Gone => {
                    gone = true;
                    say(&format!(
                        "There is no {name} any more. What comes under that name is printed when \
                         it is there; Ctrl-C ends this."
                    ));
                }
            }
            if reader_left() {
                return Ok(());
            }
            thread::sleep(LOOK);
        }
    }
}

/// Says something beside what is printed; if stderr is closed there is nowhere to say it.
fn say(sentence: &str) {
    let _ = writeln!(io::stderr(), "chatroom: {sentence}");
}

/// Whether nobody reads what is printed any more: while nothing is written, nothing else tells.
fn reader_left() -> bool {
    let stdout = io::stdout();
    let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
    let none = Timespec::default();
    poll(&mut polled, Some(&none)).is_ok() && polled[0].revents().contains(PollFlags::ERR)
}
