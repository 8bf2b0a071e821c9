//! The window's timers.

use fltk::app;

use super::wake;

/// Calls `act` once, after so many seconds, and then wakes the event loop.
///
/// FLTK runs a timer at the beginning of a wait, which goes on afterwards: without the wake, an
/// action that `act` notes would stay undone until something else happens.
pub(super) fn after(seconds: f64, mut act: impl FnMut() + 'static) {
    app::add_timeout3(seconds, move |_| {
        act();
        wake();
    });
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn a_timer_ends_the_wait_that_runs_it() {
        const LONG: f64 = 5.0;
        let _app = app::App::default();
        // What was left to do before.
        while app::wait_for(0.0).expect("a wait") {}
        let has_run = Rc::new(Cell::new(false));
        let flag = Rc::clone(&has_run);
        after(0.0, move || flag.set(true));
        let is_woken = app::wait_for(LONG).expect("a wait");
        assert!(has_run.get(), "the wait runs it");
        assert!(is_woken, "the wait went on until its limit");
    }
}
