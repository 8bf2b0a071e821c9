//! The log printed at once, front to back, in one of several forms.

pub(super) mod console;
mod follow;
pub(super) mod form;
pub(super) mod html;
pub(super) mod json;
mod pager;
mod plain;
mod printing;

use std::process::ExitCode;
use std::sync::Arc;

use super::painter::Painter;
use super::printout::{Printout, progress_of};
use super::progress::ProgressMeter;
use super::read::defects::Faults;
use super::read::filter::{Filter, nothing_accepted};
use super::read::log::{Log, LogInput, cannot_follow, unreadable};
use super::read::prefilter::Prefilter;
use super::read::time_range;
use super::read::watch::{Watch, whole_lines};
use crate::cli::{Colour, FileFormat, Output, ReplayArgs};
use crate::failure::Failure;
use form::Printer;
use pager::PagerPrinter;
use printing::Printing;

pub(super) use plain::{PlainPrinter, plain_wrong};

/// Prints the chosen part of the log.
///
/// # Errors
/// The log cannot be read, or the output not written.
pub(super) fn run(log: Log, args: &ReplayArgs) -> Result<ExitCode, Failure> {
    if let LogInput::Stream(stream) = &log.input
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
    // A program that writes into the pipe may do so as things happen.
    let is_live = log.length().is_none();
    let prefilter = Prefilter::of(&filter);
    let mut print = Printing {
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
        (LogInput::File { file, .. }, Some(path)) if args.follow => {
            Some((Arc::clone(file), path.clone()))
        }
        _ => None,
    };
    let position = match &log.input {
        LogInput::Stream(stream) => Some(Arc::clone(&stream.position)),
        LogInput::File { .. } => None,
    };
    let (start, mut end) = span.map_or((0, None), |span| (span.start, Some(span.end)));
    if let (Some((file, _)), Some(end)) = (&followed, &mut end) {
        // A line that is being written is printed when it is whole.
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
        printout.progress = ProgressMeter::none();
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
        false => Err(nothing_accepted(&name)),
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
        Output::Json => Box::new(json::JsonPrinter::default()),
        Output::Http => Box::new(console::ConsolePrinter::default()),
        Output::Html => Box::new(html::HtmlPrinter::default()),
    }
}
