//! The log printed at once, front to back, in one of several output formats.

pub(super) mod console;
mod follow;
pub(super) mod renderer;
pub(super) mod html;
pub(super) mod json;
mod pager;
mod plain;
mod pass;

use std::process::ExitCode;
use std::sync::Arc;

use super::painter::Painter;
use super::stdout::{BufferedStdout, progress_of};
use super::progress::ProgressMeter;
use super::read::defects::Defects;
use super::read::filter::{Filter, nothing_accepted};
use super::read::log::{Log, LogInput, cannot_follow, unreadable};
use super::read::prefilter::Prefilter;
use super::read::time_range::{self, ByteRange};
use super::read::watch::{Watch, whole_lines};
use crate::cli::{Colour, FileFormat, Output, ReplayArgs};
use crate::failure::Failure;
use renderer::Renderer;
use pager::PagerRenderer;
use pass::PrintPass;

pub(super) use plain::{PlainRenderer, plain_defect};

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
    let range = time_range::find(&log, args, &mut filter)?;
    let mut stdout = BufferedStdout::new(progress_of(&log));
    let (name, report) = (log.name.clone(), log.report.clone());
    let mut pass = PrintPass {
        renderer: renderer(args),
        filter,
        // A program that writes into the pipe may do so as things happen.
        is_live: log.length().is_none(),
        defects: Defects::default(),
        found: false,
    };
    pass.renderer.begin(&name, &mut stdout.pending);
    print_lines(log, range, args.follow, &mut pass, &mut stdout)?;
    pass.renderer.end(&mut stdout.pending);
    stdout.flush()?;
    drop(stdout);
    match pass.filter.accepts_all() {
        true => pass.defects.report(&name),
        false => pass.defects.report_partial(&name),
    }
    if let Some(report) = report {
        report.tell(&name, args.verbose);
    }
    match pass.found || args.follow || pass.filter.accepts_all() {
        true => Ok(ExitCode::SUCCESS),
        false => Err(nothing_accepted(&name)),
    }
}

/// Prints the lines in a range of the log, and with `follow` those that a room writes after it.
fn print_lines(
    log: Log,
    range: Option<ByteRange>,
    follow: bool,
    pass: &mut PrintPass,
    stdout: &mut BufferedStdout,
) -> Result<(), Failure> {
    let name = log.name.clone();
    let failed = |error| unreadable(&name, &error);
    if let Some(id) = log.id().map_err(failed)? {
        pass.renderer.set_log(id);
    }
    let followed = match (&log.input, &log.path) {
        (LogInput::File { file, .. }, Some(path)) if follow => {
            Some((Arc::clone(file), path.clone()))
        }
        _ => None,
    };
    let position = match &log.input {
        LogInput::Stream(stream) => Some(Arc::clone(&stream.position)),
        LogInput::File { .. } => None,
    };
    let (start, mut end) = range.map_or((0, None), |range| (range.start, Some(range.end)));
    if let (Some((file, _)), Some(end)) = (&followed, &mut end) {
        // A line that is being written is printed when it is whole.
        *end = whole_lines(file, start, *end).map_err(failed)?;
    }
    let prefilter = Prefilter::of(&pass.filter);
    let mut blocks = log.blocks(start, end).ahead();
    pass.all(&mut blocks, &prefilter, stdout, &name, position.as_deref())?;
    if let (Some((file, path)), Some(end)) = (followed, end) {
        stdout.flush()?;
        stdout.progress = ProgressMeter::none();
        let watch = Watch::new(path, Arc::clone(&file));
        pass.follow(watch, file, end, &prefilter, stdout, &name)?;
    }
    Ok(())
}

/// The renderer of the output format that the arguments ask for.
fn renderer(args: &ReplayArgs) -> Box<dyn Renderer> {
    let painter = args.color == Colour::Always && !args.plain;
    let painter = painter.then(|| Painter::chosen(args.color));
    let output = match args.output {
        None if args.times || painter.is_some() => {
            let times = args.times;
            return Box::new(PagerRenderer { painter, times });
        }
        output => output.unwrap_or(Output::Plain),
    };
    match output {
        Output::Plain => Box::new(PlainRenderer),
        Output::Json => Box::new(json::JsonRenderer::default()),
        Output::Http => Box::new(console::ConsoleRenderer::default()),
        Output::Html => Box::new(html::HtmlRenderer::default()),
    }
}
