//! The log printed at once, front to back, in one of several forms.

pub(super) mod console;
mod follow;
pub(super) mod html;
pub(super) mod json;
mod plain;
mod shown;

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::bar::Bar;
use super::show::Look;
use super::wrong::{Faults, Wrong, nothing, read};
use crate::cli::{Colour, FileFormat, Output, ReplayArgs};
use crate::event::{LogId, Stamp};
use crate::failure::Failure;
use crate::journal;
use crate::line;
use crate::modes::replay::read::blocks::Block;
use crate::modes::replay::read::blocks::Blocks;
use crate::modes::replay::read::choice::Choice;
use crate::modes::replay::read::follow::Watch;
use crate::modes::replay::read::follow::whole_lines;
use crate::modes::replay::read::log::Input;
use crate::modes::replay::read::log::Log;
use crate::modes::replay::read::log::cannot_follow;
use crate::modes::replay::read::log::unreadable;
use crate::modes::replay::read::scan::Scan;
use crate::modes::replay::read::span;

pub use plain::{Plain, plain_wrong};
use shown::Shown;

/// So much is gathered before it is written, in bytes.
const BATCH: usize = 128 * 1024;

/// One good line of a log.
pub struct Line<'a> {
    /// Where it starts.
    pub offset: u64,
    /// It, as it stands there, without its `\n`.
    pub bytes: &'a [u8],
    /// What it says.
    pub look: line::RawLine<'a>,
    /// When.
    pub at: Stamp,
}

/// A form in which a log is printed.
pub trait Printer {
    /// What stands before everything; `name` is the log's.
    fn begin(&mut self, _name: &str, _out: &mut Vec<u8>) {}
    /// Which log the lines are of: said before the first of them.
    fn of(&mut self, _log: LogId) {}
    /// One event.
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<u8>);
    /// What stands in the place of a line that is not shown; `bytes` are what is there.
    fn wrong(&mut self, offset: u64, bytes: &[u8], wrong: Wrong, out: &mut Vec<u8>);
    /// What stands behind everything.
    fn end(&mut self, _out: &mut Vec<u8>) {}
}

/// Lines on their way to stdout, past the bar.
pub struct Screen {
    /// How far it is.
    pub bar: Bar,
    /// What was not yet written.
    pub pending: Vec<u8>,
}

impl Screen {
    /// A screen with that bar below it.
    pub fn new(bar: Bar) -> Screen {
        Screen {
            bar,
            pending: Vec::with_capacity(BATCH),
        }
    }

    /// Writes what is pending if that is much.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn flush_if_full(&mut self) -> Result<(), Failure> {
        match self.pending.len() >= BATCH {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// Writes what is pending.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn flush(&mut self) -> Result<(), Failure> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let written = self.bar.around(|| {
            let mut out = io::stdout().lock();
            out.write_all(&self.pending).and_then(|()| out.flush())
        });
        self.pending.clear();
        written.map_err(Failure::output)
    }
}

/// Prints what is wanted of the log.
///
/// # Errors
/// The log cannot be read, or the output not written.
pub fn run(log: Log, args: &ReplayArgs) -> Result<ExitCode, Failure> {
    if let Input::Stream(stream) = &log.input
        && args.follow
        && log.path.is_some()
    {
        return Err(cannot_follow(&log.name, stream));
    }
    let mut choice = Choice::of(args);
    choice.begins_converted = log.format != FileFormat::Room;
    let span = span::find(&log, args, &mut choice)?;
    let mut screen = Screen::new(bar(&log));
    let (name, report) = (log.name.clone(), log.report.clone());
    // Who writes into a pipe may do so as it happens.
    let is_live = log.length().is_none();
    let scan = Scan::of(&choice);
    let mut print = Print {
        printer: printer(args),
        choice,
        is_live,
        faults: Faults::default(),
        found: false,
    };
    print.printer.begin(&name, &mut screen.pending);
    if let Some(id) = log.id().map_err(|error| unreadable(&name, &error))? {
        print.printer.of(id);
    }
    let followed = match (&log.input, &log.path) {
        (Input::File { file, .. }, Some(path)) if args.follow => {
            Some((Arc::clone(file), path.clone()))
        }
        _ => None,
    };
    let position = match &log.input {
        Input::Stream(stream) => Some(Arc::clone(&stream.position)),
        Input::File { .. } => None,
    };
    let (start, mut end) = span.map_or((0, None), |span| (span.start, Some(span.end)));
    if let (Some((file, _)), Some(end)) = (&followed, &mut end) {
        // What is being written just now is printed when it is whole.
        *end = whole_lines(file, start, *end).map_err(|error| unreadable(&name, &error))?;
    }
    let mut blocks = log.blocks(start, end).ahead();
    print.all(&mut blocks, &scan, &mut screen, &name, position.as_deref())?;
    if let (Some((file, path)), Some(end)) = (followed, end) {
        screen.flush()?;
        screen.bar = Bar::none();
        print.follow(
            Watch::new(path, Arc::clone(&file)),
            file,
            end,
            &scan,
            &mut screen,
            &name,
        )?;
    }
    print.printer.end(&mut screen.pending);
    screen.flush()?;
    drop(screen);
    match print.choice.is_everything() {
        true => print.faults.report(&name),
        false => print.faults.report_met(&name),
    }
    if let Some(report) = report {
        report.tell(&name, args.verbose);
    }
    match print.found || args.follow || print.choice.is_everything() {
        true => Ok(ExitCode::SUCCESS),
        false => Err(nothing(&name)),
    }
}

fn printer(args: &ReplayArgs) -> Box<dyn Printer> {
    let look = args.color == Colour::Always && !args.plain;
    let look = look.then(|| Look::chosen(args.color));
    let output = match args.output {
        None if args.times || look.is_some() => {
            let times = args.times;
            return Box::new(Shown { look, times });
        }
        output => output.unwrap_or(Output::Plain),
    };
    match output {
        Output::Plain => Box::new(Plain),
        Output::Json => Box::new(crate::modes::replay::print::json::Json::default()),
        Output::Http => Box::new(crate::modes::replay::print::console::Console::default()),
        Output::Html => Box::new(crate::modes::replay::print::html::Html::default()),
    }
}

/// A log being printed.
struct Print {
    printer: Box<dyn Printer>,
    choice: Choice,
    /// What comes is to be seen when it comes.
    is_live: bool,
    faults: Faults,
    /// Something was wanted of it.
    found: bool,
}

impl Print {
    /// Prints what is wanted of the blocks. Of what is converted on the way, `source` is how much
    /// of it was read.
    fn all(
        &mut self,
        blocks: &mut Blocks,
        scan: &Scan,
        screen: &mut Screen,
        name: &str,
        source: Option<&AtomicU64>,
    ) -> Result<(), Failure> {
        loop {
            match blocks.next() {
                Ok(Some(block)) => self.block(scan, &block, &mut screen.pending),
                Ok(None) => return Ok(()),
                Err(error) => {
                    screen.flush()?;
                    return Err(unreadable(name, &error));
                }
            }
            let position = source.map_or(blocks.position(), |read| read.load(Ordering::Relaxed));
            screen.bar.show(position, String::new);
            match self.is_live {
                true => screen.flush()?,
                false => screen.flush_if_full()?,
            }
        }
    }

    fn block(&mut self, scan: &Scan, block: &Block<'_>, out: &mut Vec<u8>) {
        if block.offset == 0 {
            let first = block.bytes.split(|b| *b == b'\n').next();
            self.printer.of(journal::log_of(first.unwrap_or_default()));
        }
        if block.too_long {
            let wrong = if block.torn {
                Wrong::Torn
            } else {
                Wrong::TooLong
            };
            return self.wrong(block.offset, block.bytes, wrong, out);
        }
        let end = block.offset + block.bytes.len() as u64;
        for (offset, bytes) in scan.lines(block.offset, block.bytes) {
            let ended = offset + (bytes.len() as u64) < end;
            match read(bytes, ended) {
                Ok((at, look)) => {
                    let wanted = self.choice.is_in_time(at)
                        && self.choice.takes(&look)
                        && !self.choice.is_put_in_front(offset, &look);
                    if wanted {
                        let line = Line {
                            offset,
                            bytes,
                            look,
                            at,
                        };
                        self.found = true;
                        self.printer.line(&line, out);
                    }
                }
                Err(wrong) => self.wrong(offset, bytes, wrong, out),
            }
        }
    }

    /// Of a choice of events the damaged lines are no part, but those that were met are counted.
    fn wrong(&mut self, offset: u64, bytes: &[u8], wrong: Wrong, out: &mut Vec<u8>) {
        self.faults.add(offset, wrong);
        if self.choice.is_all() {
            self.found = true;
            self.printer.wrong(offset, bytes, wrong, out);
        }
    }
}

/// How far the log is printed, if that takes longer than a moment. A bar would get between the
/// lines of whatever reads the pipe and shows them.
pub fn bar(log: &Log) -> Bar {
    match stdout_is_pipe() {
        true => Bar::none(),
        false => Bar::after_a_moment(log.length()),
    }
}

/// Whether what is printed goes to another program.
fn stdout_is_pipe() -> bool {
    rustix::fs::fstat(io::stdout().as_fd()).is_ok_and(|stat| {
        let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
        matches!(
            kind,
            rustix::fs::FileType::Fifo | rustix::fs::FileType::Socket
        )
    })
}
