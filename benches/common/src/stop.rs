//! Ctrl-C: noticed between two steps, so that everything that was started ends in good order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::Res;

static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Starts watching for SIGHUP, SIGINT and SIGTERM.
pub fn watch() -> Res<()> {
    let asked = ASKED.get_or_init(Arc::default);
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(asked))?;
    }
    Ok(())
}

/// Returns an error after such a signal.
pub fn check() -> Res<()> {
    match ASKED.get() {
        Some(asked) if asked.load(Ordering::Relaxed) => Err("stopped by a signal".into()),
        _ => Ok(()),
    }
}
