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

use super::{Print, Screen};
use crate::failure::Failure;
use crate::modes::replay::read::blocks::Blocks;
use crate::modes::replay::read::follow::Seen;
use crate::modes::replay::read::follow::Watch;
use crate::modes::replay::read::log::unreadable;
use crate::modes::replay::read::scan::Scan;

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(100);

impl Print {
    /// Prints what the room goes on to write, until somebody ends it.
    pub(super) fn follow(
        &mut self,
        mut watch: Watch,
        mut file: Arc<File>,
        mut known: u64,
        scan: &Scan,
        screen: &mut Screen,
        name: &str,
    ) -> Result<(), Failure> {
        let mut gone = false;
        loop {
            let seen = watch
                .look(known)
                .map_err(|error| unreadable(name, &error))?;
            if !matches!(seen, Seen::Same | Seen::Gone) {
                gone = false;
            }
            match seen {
                Seen::Same => (),
                Seen::Grown(end) => {
                    let mut blocks = Blocks::of_file(Arc::clone(&file), known, end);
                    self.all(&mut blocks, scan, screen, name, None)?;
                    screen.flush()?;
                    known = end;
                    continue;
                }
                Seen::Shrunk(end) => known = end,
                Seen::Replaced(other) => {
                    say(&format!(
                        "{name} is another file now. It is followed from its beginning."
                    ));
                    (file, known) = (other, 0);
                    continue;
                }
                Seen::Gone if gone => (),
                Seen::Gone => {
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
