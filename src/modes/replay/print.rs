//! The log printed at once, front to back, in one of several forms.

pub(super) mod console;
mod follow;
pub(super) mod html;
pub(super) mod json;
mod pager;
mod plain;

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::painter::Painter;
use super::progress::Progress;
use super::read::defects::{Defect, Faults, judge, nothing};
use crate::cli::{Colour, FileFormat, Output, ReplayArgs};
use crate::event::{LogId, Stamp};
use crate::failure::Failure;
use crate::journal;
use crate::line;
use crate::modes::replay::read::blocks::Block;
use crate::modes::replay::read::blocks::Blocks;
use crate::modes::replay::read::filter::Filter;
use crate::modes::replay::read::log::Input;
use crate::modes::replay::read::log::Log;
use crate::modes::replay::read::log::cannot_follow;
use crate::modes::replay::read::log::unreadable;
use crate::modes::replay::read::prefilter::Prefilter;
use crate::modes::replay::read::time_range;
use crate::modes::replay::read::watch::Watch;
use crate::modes::replay::read::watch::whole_lines;

use pager::PagerPrinter;
pub use plain::{PlainPrinter, plain_wrong};

/// So much is gathered before it is written, in bytes.
const BATCH: usize = 128 * 1024;

/// One good line of a log.
pub struct PrintedLine<'a> {
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
    fn line(&mut self, line: &PrintedLine<'_>, out: &mut Vec<u8>);
    /// What stands in the place of a line that is not shown; `bytes` are what is there.
    fn wrong(&mut self, offset: u64, bytes: &[u8], wrong: Defect, out: &mut Vec<u8>);
    /// What stands behind everything.
    fn end(&mut self, _out: &mut Vec<u8>) {}
}

/// Lines on their way to stdout, past the bar.
pub struct Printout {
    /// How far it is.
    pub progress: Progress,
    /// What was not yet written.
    pub pending: Vec<u8>,
}

impl Printout {
    /// A screen with that bar below it.
    pub fn new(progress: Progress) -> Printout {
        Printout {
            progress,
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
        let written = self.progress.around(|| {
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
    let mut filter = Filter::of(args);
    filter.begins_converted = log.format != FileFormat::Room;
    let span = time_range::find(&log, args, &mut filter)?;
    let mut printout = Printout::new(progress_of(&log));
    let (name, report) = (log.name.clone(), log.report.clone());
    // Who writes into a pipe may do so as it happens.
    let is_live = log.length().is_none();
    let prefilter = Prefilter::of(&filter);
    let mut print = Print {
        printer: printer(args),
        filter,
        is_live,
        faults: Faults::default(),
        found: false,
    };
    print.printer.begin(&name, &mut printout.pending);
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
    print.all(
        &mut blocks,
        &prefilter,
        &mut printout,
        &name,
        position.as_deref(),
    )?;
    if let (Some((file, path)), Some(end)) = (followed, end) {
        printout.flush()?;
        printout.progress = Progress::none();
        print.follow(
            Watch::new(path, Arc::clone(&file)),
            file,
            end,
            &prefilter,
            &mut printout,
            &name,
        )?;
    }
    print.printer.end(&mut printout.pending);
    printout.flush()?;
    drop(printout);
    match print.filter.is_everything() {
        true => print.faults.report(&name),
        false => print.faults.report_met(&name),
    }
    if let Some(report) = report {
        report.tell(&name, args.verbose);
    }
    match print.found || args.follow || print.filter.is_everything() {
        true => Ok(ExitCode::SUCCESS),
        false => Err(nothing(&name)),
    }
}

fn printer(args: &ReplayArgs) -> Box<dyn Printer> {
    let painter = args.color == Colour::Always && !args.plain;
    let painter = painter.then(|| Painter::chosen(args.color));
    let output = match args.output {
        None if args.times || painter.is_some() => {
            let times = args.times;
            return Box::new(PagerPrinter { painter, times });
        }
        output => output.unwrap_or(Output::Plain),
    };
    match output {
        Output::Plain => Box::new(PlainPrinter),
        Output::Json => Box::new(crate::modes::replay::print::json::JsonPrinter::default()),
        Output::Http => Box::new(crate::modes::replay::print::console::ConsolePrinter::default()),
        Output::Html => Box::new(crate::modes::replay::print::html::HtmlPrinter::default()),
    }
}

/// A log being printed.
struct Print {
    printer: Box<dyn Printer>,
    filter: Filter,
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
        prefilter: &Prefilter,
        printout: &mut Printout,
        name: &str,
        source: Option<&AtomicU64>,
    ) -> Result<(), Failure> {
        loop {
            match blocks.next() {
                Ok(Some(block)) => self.block(prefilter, &block, &mut printout.pending),
                Ok(None) => return Ok(()),
                Err(error) => {
                    printout.flush()?;
                    return Err(unreadable(name, &error));
                }
            }
            let position = source.map_or(blocks.position(), |read| read.load(Ordering::Relaxed));
            printout.progress.show(position, String::new);
            match self.is_live {
                true => printout.flush()?,
                false => printout.flush_if_full()?,
            }
        }
    }

    fn block(&mut self, prefilter: &Prefilter, block: &Block<'_>, out: &mut Vec<u8>) {
        if block.offset == 0 {
            let first = block.bytes.split(|b| *b == b'\n').next();
            self.printer.of(journal::log_of(first.unwrap_or_default()));
        }
        if block.too_long {
            let wrong = if block.torn {
                Defect::Torn
            } else {
                Defect::TooLong
            };
            return self.wrong(block.offset, block.bytes, wrong, out);
        }
        let end = block.offset + block.bytes.len() as u64;
        for (offset, bytes) in prefilter.lines(block.offset, block.bytes) {
            let ended = offset + (bytes.len() as u64) < end;
            match judge(bytes, ended) {
                Ok((at, look)) => {
                    let wanted = self.filter.is_in_time(at)
                        && self.filter.accepts(&look)
                        && !self.filter.is_put_in_front(offset, &look);
                    if wanted {
                        let line = PrintedLine {
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
    fn wrong(&mut self, offset: u64, bytes: &[u8], wrong: Defect, out: &mut Vec<u8>) {
        self.faults.add(offset, wrong);
        if self.filter.is_all() {
            self.found = true;
            self.printer.wrong(offset, bytes, wrong, out);
        }
    }
}

/// How far the log is printed, if that takes longer than a moment. A bar would get between the
/// lines of whatever reads the pipe and shows them.
pub fn progress_of(log: &Log) -> Progress {
    match stdout_is_pipe() {
        true => Progress::none(),
        false => Progress::after_a_moment(log.length()),
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
