//! The log printed at once, front to back, in one of several output formats.

mod console;
mod follow;
mod html;
mod json;
mod pager;
mod pass;
mod plain;
mod renderer;

use std::process::ExitCode;
use std::sync::Arc;

use super::painter::Painter;
use super::progress::ProgressMeter;
use super::read::blocks::ByteRange;
use super::read::defects::Defects;
use super::read::filter::{Filter, nothing_accepted};
use super::read::log::{Log, LogInput, cannot_follow, unreadable};
use super::read::prefilter::Prefilter;
use super::read::time_range;
use super::read::watch::{Watch, whole_lines};
use super::stdout::{BufferedStdout, progress_of};
use crate::cli::{Colour, FileFormat, Output, ReplayArgs};
use crate::failure::Failure;
use pager::PagerRenderer;
use pass::PrintPass;
use plain::PlainRenderer;
use renderer::Renderer;

pub(super) use plain::plain_defect;

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
    if pass.filter.accepts_all() {
        pass.defects.report(&name)
    } else {
        pass.defects.report_partial(&name)
    }
    if let Some(report) = report {
        report.tell(&name, args.verbose);
    }
    if pass.found || args.follow || pass.filter.accepts_all() {
        Ok(ExitCode::SUCCESS)
    } else {
        Err(nothing_accepted(&name))
    }
}

/// Prints the lines in a range of the log, and with `follow` those that a room writes after it.
fn print_lines(
    log: Log,
    mut range: Option<ByteRange>,
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
    if let (Some((file, _)), Some(range)) = (&followed, &mut range) {
        // A line that is being written is printed when it is whole.
        range.end = whole_lines(file, range.start, range.end).map_err(failed)?;
    }
    let position = log.source_position();
    let prefilter = Prefilter::of(&pass.filter);
    let mut blocks = log.blocks(range).ahead();
    pass.all(&mut blocks, &prefilter, stdout, &name, position.as_deref())?;
    if let (Some((file, path)), Some(range)) = (followed, range) {
        stdout.flush()?;
        stdout.progress = ProgressMeter::none();
        let watch = Watch::new(path, Arc::clone(&file));
        pass.follow(watch, file, range.end, &prefilter, stdout, &name)?;
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
