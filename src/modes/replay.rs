//! `chatroom replay`: plays a log back as it happened, prints it, counts it, or posts it again.
//!
//! Whatever the kind of the file, [`read::log`] presents it as a room's log; everything else works on that,
//! in constant memory and without a server. On a terminal the conversation is played ([`play`]); elsewhere,
//! and with `--output`, it is printed at once ([`mod@print`]). A damaged line is reported in its place and
//! stops nothing.

mod convert;
mod formats;
#[doc(hidden)]
pub mod fuzzing;
mod gzip;
mod into;
mod locale;
mod painter;
mod play;
mod plot;
mod portions;
mod print;
mod progress;
mod read;
mod scrollback;
mod stats;
mod stdout;
mod tally;
#[cfg(test)]
mod testing;
mod verify;
mod wording;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use crate::cli::ReplayArgs;
use crate::failure::Failure;
use crate::journal::comes_before;
use crate::line;
use painter::Painter;
use read::log::{Log, LogInput};

pub use scrollback::print_history;

/// Returns whether output on stdout should be coloured: it is a terminal, and the environment does not forbid
/// it.
pub fn wants_colour() -> bool {
    io::stdout().is_terminal() && Painter::wished().colour
}

/// Names the previous log on stderr, if this one continues another.
fn say_what_comes_before(log: &Log) {
    let path = log
        .path
        .as_deref()
        .filter(|_| matches!(log.input, LogInput::File { .. }));
    let Some((before, is_there)) = path.and_then(comes_before) else {
        return;
    };
    let where_it_is = if is_there {
        "which is next to it"
    } else {
        "which is no longer next to it"
    };
    let before = line::escaped(&before.display().to_string());
    let name = &log.name;
    // Nothing can be reported if stderr is closed.
    let _ = writeln!(
        io::stderr(),
        "chatroom: {name} continues {before}, {where_it_is}. Earlier messages are there."
    );
}

/// Runs the mode that the arguments ask for.
///
/// # Errors
/// The sentence with which the run ends: no such file, not a log, output that cannot be written.
pub fn run(args: ReplayArgs) -> Result<ExitCode, Failure> {
    let log = Log::open(&args.file, args.format)?;
    if args.from.is_none() {
        say_what_comes_before(&log);
    }
    let printed = args.plain || args.output.is_some() || !io::stdout().is_terminal();
    if args.verify {
        verify::run(log)
    } else if args.convert.is_some() {
        convert::run(log, &args)
    } else if args.into.is_some() {
        into::run(log, &args)
    } else if args.stats.is_some() || args.plot.is_some() {
        stats::run(log, &args)
    } else if printed {
        print::run(log, &args)
    } else {
        play::run(log, &args)
    }
}
