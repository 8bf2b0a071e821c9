//! The server's handling of signals.

use std::io;
use std::time::{Duration, Instant};

use async_std::channel::{self, Receiver};

use crate::failure::{Failure, reason};

use crate::modes::server::console::Console;
use crate::modes::server::console::Entry;
use crate::system::signals::{SIGHUP, SIGINT, SIGTERM, Signals, is_ignored};
use crate::system::terminal;

/// The time within which signals mean the same wish: `timeout`, make and supervisors send one to the
/// process and at once another to its group.
const SAME_WISH: Duration = Duration::from_millis(500);

/// Turns Ctrl-C, SIGTERM and a closed terminal into a stop in good order; one more, later than
/// [`SAME_WISH`], ends the process at once.
///
/// SIGHUP means a closed terminal only where there is one. Elsewhere it is what people send to make
/// a service look at its settings again, and where it is ignored (`nohup`) it stays ignored.
///
/// # Errors
/// The system does not allow it.
pub fn watch(console: Console) -> Result<Receiver<()>, Failure> {
    let (stop, stopped) = channel::bounded(1);
    let mut watched = vec![SIGINT, SIGTERM];
    if !is_ignored(SIGHUP) {
        watched.push(SIGHUP);
    }
    let has_terminal = terminal::has_one();
    let mut signals = Signals::new(watched).map_err(failed)?;
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            let mut asked: Option<Instant> = None;
            for signal in signals.forever() {
                if signal == SIGHUP && !has_terminal {
                    console.show(Entry::Notice(STAYS.to_string()));
                    continue;
                }
                match asked {
                    None => {
                        asked = Some(Instant::now());
                        let _ = stop.try_send(());
                    }
                    Some(at) if at.elapsed() < SAME_WISH => {}
                    Some(_) => std::process::exit(128 + signal),
                }
            }
        })
        .map_err(failed)?;
    Ok(stopped)
}

const STAYS: &str = "SIGHUP received; the room keeps running, since there is nothing to reload. \
                     For other settings or another key, restart it; SIGTERM stops it.";

fn failed(error: io::Error) -> Failure {
    Failure::new(format!(
        "The server cannot handle signals: {}.",
        reason(&error)
    ))
}
