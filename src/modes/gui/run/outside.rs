//! What the event loop is given from outside of the window: the clock, chance, signals, the desktop.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use chrono::{Local, NaiveDateTime};

use crate::event::{Key, Stamp};
use crate::failure::{Failure, reason};
use crate::modes::gui::desktop::notify::system_is_dark;
use crate::modes::gui::window;
use crate::system::signals::{SIGHUP, SIGINT, SIGTERM, Signals};

/// The clock on the wall.
pub(super) fn on_the_wall(at: Stamp) -> NaiveDateTime {
    at.utc().with_timezone(&Local).naive_local()
}

/// Asks the desktop whether it is dark, on a thread of its own: the window does not wait for it.
pub(super) fn ask_desktop() -> mpsc::Receiver<bool> {
    let (tell, told) = mpsc::channel();
    let ask = move || {
        if let Some(dark) = system_is_dark() {
            // Nobody listens any more if the window is closed.
            let _ = tell.send(dark);
            window::wake();
        }
    };
    // Without a thread to be had it stays light.
    let _ = thread::Builder::new()
        .name("desktop".to_string())
        .spawn(ask);
    told
}

/// 16 random hex digits: no two messages of the world have the same.
pub(super) fn random_key() -> Key {
    let mut bytes = [0; 8];
    if getrandom::fill(&mut bytes).is_err() {
        // No chance to be had: the clock and the process tell two messages apart as well.
        let now = Stamp::now().micros() as u64;
        bytes = (now << 16 ^ u64::from(std::process::id())).to_be_bytes();
    }
    let digits = format!("{:016x}", u64::from_be_bytes(bytes));
    // infallible: hex digits are visible ASCII and 16 of them are no more than 64.
    Key::new(&digits).expect("hex digits are a key")
}

/// Has the loop end when the process is told to, so that the room sees us leave.
pub(super) fn on_signals() -> Result<Arc<AtomicBool>, Failure> {
    let told = Arc::new(AtomicBool::new(false));
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])
        .map_err(|e| Failure::new(format!("Signals cannot be heard: {}.", reason(&e))))?;
    let heard = Arc::clone(&told);
    let listen = move || {
        for _ in signals.forever() {
            heard.store(true, Ordering::SeqCst);
            window::wake();
        }
    };
    thread::Builder::new()
        .name("signals".to_string())
        .spawn(listen)
        .map_err(|e| no_thread(&e))?;
    Ok(told)
}

/// What is said where the system gives no thread.
pub(super) fn no_thread(error: &io::Error) -> Failure {
    Failure::new(format!("The system gives no thread: {}.", reason(error)))
}
