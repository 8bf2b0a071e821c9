//! The question at the start, while the room is open already: whether to show the old conversation; then
//! that conversation, and where to join.
//!
//! What always holds:
//!
//! - Nobody but the operator waits for the answer: connections are served meanwhile.
//! - Only a process in the foreground of its terminal reads from it. In the background that would stop
//!   the process, and with it the room, so a question is not asked there, or is withdrawn.
//! - While a question stands, or the old conversation is shown, the console keeps its lines
//!   ([`Console::ask`]).
//!
//! The thread that reads the answer is the one that reads the terminal: what an operator may type later
//! goes here, too.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::cli::{History, ServerArgs};
use crate::modes::replay;
use crate::modes::server::console::Console;
use crate::modes::server::console::Entry;
use crate::system::signals::Continued;
use crate::system::terminal;
use crate::system::wait::{Wake, Woken, readable, waking};

const QUESTION: &str = "Show the old conversation here? It is kept either way. [yes/no] ";
const AGAIN: &str = "Answer yes or no; Enter means no. [yes/no] ";
/// The lines of a screen that are for the question and its answer.
const SPARE_ROWS: u64 = 3;
/// The longest answer that is read, in bytes.
const LONGEST: usize = 256;

/// A question that stands, a conversation that is being shown, or neither. Dropped, the question is
/// withdrawn, and what is being shown ends.
pub struct Asking {
    over: Arc<AtomicBool>,
    wake: Option<Wake>,
    console: Console,
}

impl Asking {
    /// Says where the room is, by `say_where`, which returns its number of lines, and shows the old conversation, which ends at `end`,
    /// if that is wanted; asks the operator if this runs in the foreground of a terminal. Returns at once.
    pub fn begin(
        args: &ServerArgs,
        end: u64,
        console: Console,
        say_where: impl Fn() -> u64 + Send + 'static,
    ) -> Asking {
        let over = Arc::new(AtomicBool::new(false));
        let asks = args.history == History::Ask && end > 0 && may_ask();
        let newest = match args.history {
            History::Last(count) => Some(count),
            History::Yes => None,
            History::Ask if asks => None,
            History::Ask | History::No => {
                say_where();
                return Asking {
                    over,
                    wake: None,
                    console,
                };
            }
        };
        let Ok((wake, woken)) = waking() else {
            // Out of descriptors already: nothing is shown, and the room is open all the same.
            say_where();
            return Asking {
                over,
                wake: None,
                console,
            };
        };
        let on_continue = wake.try_clone();
        let old = Old {
            path: args.log.clone(),
            end,
            newest,
            console: console.clone(),
            over: Arc::clone(&over),
        };
        let talk = move || {
            let mut seen = None;
            if asks {
                let lines = say_where();
                old.console.ask(QUESTION);
                let _continued = on_continue.ok().map(Continued::watch);
                if answer(&old.console, woken, &old.over) != Some(true) {
                    return old.console.go_on();
                }
                seen = Some(lines);
            }
            let shown = old.show();
            // A long conversation has moved it off the screen.
            let is_seen = seen.is_some_and(|lines| lines + shown + SPARE_ROWS < rows());
            if !is_seen && !old.over.load(Ordering::Relaxed) {
                say_where();
            }
            old.console.go_on();
        };
        // Without a thread nothing is shown; the room is open all the same.
        let _ = thread::Builder::new().name("terminal".into()).spawn(talk);
        Asking {
            over,
            wake: Some(wake),
            console,
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(wake) = self.wake.take() {
            wake.wake();
        }
        self.console.go_on();
    }
}

/// The old conversation, and how it is to be shown.
struct Old {
    path: PathBuf,
    end: u64,
    newest: Option<usize>,
    console: Console,
    over: Arc<AtomicBool>,
}

impl Old {
    /// Shows the conversation, and returns the number of its lines.
    fn show(&self) -> u64 {
        self.console.pause();
        let out = io::stdout();
        let colour = out.is_terminal() && terminal::takes_colours();
        let over = &self.over;
        let mut out = Until { out, over };
        let done = replay::print_history(&self.path, self.end, self.newest, &mut out, colour);
        match done {
            Ok(shown) => return shown,
            Err(failure) if failure.is_broken_pipe() => (),
            Err(failure) => {
                let sentence = format!("The old conversation is not shown: {failure}");
                self.console.show(Entry::Notice(sentence));
            }
        }
        0
    }
}

/// The number of lines that the terminal has.
fn rows() -> u64 {
    terminal::size(io::stdout()).rows.into()
}

/// Returns whether somebody at a terminal would see a question and could answer it.
fn may_ask() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal() && in_foreground()
}

/// Returns whether this process may read its terminal. Any process may read a terminal that controls none.
fn in_foreground() -> bool {
    terminal::foreground(io::stdin()).unwrap_or(true)
}

/// The answer, asked for until it is one; none if the question is withdrawn.
fn answer(console: &Console, woken: Woken, over: &AtomicBool) -> Option<bool> {
    let mut line = Vec::new();
    loop {
        let ready = match readable(&[&io::stdin(), &woken], None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return None,
            Ok(ready) => ready,
        };
        let (typed, was_woken) = (ready[0], ready[1]);
        if over.load(Ordering::Relaxed) || !in_foreground() {
            return None;
        }
        if was_woken {
            // Stopped by Ctrl-Z and back in the foreground: the shell has written over it.
            if woken.settle() {
                return None;
            }
            console.ask(QUESTION);
        } else if typed {
            let mut bytes = [0; LONGEST];
            match terminal::read_standard_input(&mut bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // The end of the input is a no, and so is a terminal that is gone.
                Ok(0) | Err(_) => {
                    let _ = io::stdout().write_all(b"\n");
                    return Some(false);
                }
                Ok(count) => line.extend_from_slice(&bytes[..count]),
            }
            if line.ends_with(b"\n") || line.len() >= LONGEST {
                match meant(&line) {
                    Some(answer) => return Some(answer),
                    None => console.ask(AGAIN),
                }
                line.clear();
            }
        }
    }
}

fn meant(line: &[u8]) -> Option<bool> {
    let line = String::from_utf8_lossy(line);
    match line.trim().to_ascii_lowercase().as_str() {
        "yes" | "y" => Some(true),
        "no" | "n" | "" => Some(false),
        _ => None,
    }
}

/// Standard output, until it is over.
struct Until<'a> {
    out: io::Stdout,
    over: &'a AtomicBool,
}

impl Write for Until<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.over.load(Ordering::Relaxed) {
            Err(io::ErrorKind::BrokenPipe.into())
        } else {
            self.out.write(bytes)
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one() {
        for (line, answer) in [
            ("yes\n", Some(true)),
            (" Y \r\n", Some(true)),
            ("no\n", Some(false)),
            ("\n", Some(false)),
            ("perhaps\n", None),
        ] {
            assert_eq!(meant(line.as_bytes()), answer, "{line:?}");
        }
    }
}
