//! The event loop's surroundings: the clock, randomness, signals, the desktop's colours.

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

/// Converts to the user's clock.
pub(super) fn on_the_wall(at: Stamp) -> NaiveDateTime {
    at.utc().with_timezone(&Local).naive_local()
}

/// Asks the desktop whether it is dark, on a thread of its own.
pub(super) fn ask_desktop() -> mpsc::Receiver<bool> {
    let (sender, is_dark) = mpsc::channel();
    let ask = move || {
        if let Some(dark) = system_is_dark() {
            // Fails if the window is closed.
            let _ = sender.send(dark);
            window::wake();
        }
    };
    // Without a thread the window stays light.
    let _ = thread::Builder::new()
        .name("desktop".to_string())
        .spawn(ask);
    is_dark
}

/// Returns 16 random hex digits as a key that no other message has.
pub(super) fn random_key() -> Key {
    let mut bytes = [0; 8];
    if getrandom::fill(&mut bytes).is_err() {
        // Without randomness the clock and the process id tell two messages apart as well.
        let now = Stamp::now().micros() as u64;
        bytes = (now << 16 ^ u64::from(std::process::id())).to_be_bytes();
    }
    let digits = format!("{:016x}", u64::from_be_bytes(bytes));
    // infallible: hex digits are visible ASCII and 16 of them are no more than 64.
    Key::new(&digits).expect("hex digits are a key")
}

/// Sets the flag and wakes the loop when the process is told to end, so that the room sees us
/// leave.
pub(super) fn on_signals() -> Result<Arc<AtomicBool>, Failure> {
    let told_to_end = Arc::new(AtomicBool::new(false));
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])
        .map_err(|e| Failure::new(format!("Signals cannot be heard: {}.", reason(&e))))?;
    let flag = Arc::clone(&told_to_end);
    let listen = move || {
        for _ in signals.forever() {
            flag.store(true, Ordering::SeqCst);
            window::wake();
        }
    };
    thread::Builder::new()
        .name("signals".to_string())
        .spawn(listen)
        .map_err(|e| no_thread(&e))?;
    Ok(told_to_end)
}

/// The failure when the system gives no thread.
pub(super) fn no_thread(error: &io::Error) -> Failure {
    Failure::new(format!("The system gives no thread: {}.", reason(error)))
}
