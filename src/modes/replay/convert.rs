//! `--convert OUT`: any log, or the chosen part of it, as a room's log that a server continues.
//!
//! Invariant: an existing file is never overwritten, and only a whole, synced log gets the name OUT. Until
//! then it is `OUT.part`, which is always removed. Lines of a room's log are copied unchanged; damaged ones
//! are left out.

mod destination;

use std::ffi::OsStr;
use std::io::{self, Write};
use std::process::ExitCode;

use super::formats::title;
use super::progress::ProgressMeter;
use super::read::defects::{advice, judge};
use super::wording::{counted, date_and_clock};
use crate::cli::{FileFormat, ReplayArgs};
use crate::event::{Body, Event, Stamp};
use crate::failure::Failure;
use crate::line::{self, Shape};
use crate::modes::replay::read::blocks::Block;
use crate::modes::replay::read::filter::Filter;
use crate::modes::replay::read::log::{Log, shown, unreadable};
use crate::modes::replay::read::time_range;
use destination::Destination;

/// Writes the chosen part of the log to the destination of `--convert`.
///
/// # Errors
/// The log cannot be read, or the result not written; the destination exists; nothing is chosen.
pub(super) fn run(log: Log, args: &ReplayArgs) -> Result<ExitCode, Failure> {
    // infallible: `--convert` chose this mode.
    let out = args.convert.as_deref().unwrap_or(OsStr::new("-").as_ref());
    let mut filter = Filter::of(args);
    let range = time_range::find(&log, args, &mut filter)?;
    let mut destination = Destination::create(out)?;
    let mut progress = ProgressMeter::after_a_moment(log.length());
    let (name, format, report) = (log.name.clone(), log.format, log.report.clone());
    let position = log.source_position();
    let mut conversion = Conversion {
        filter,
        counts: CopyCounts::default(),
        times: None,
        ready: Vec::new(),
    };
    let mut blocks = log.blocks(range);
    while let Some(block) = blocks.next().map_err(|error| unreadable(&name, &error))? {
        conversion.block(&block)?;
        destination.write(&conversion.ready)?;
        conversion.ready.clear();
        let read = position
            .as_ref()
            .map(|at| at.load(std::sync::atomic::Ordering::Relaxed));
        progress.show(read.unwrap_or(blocks.position()), String::new);
    }
    let Some(times) = conversion.times else {
        return Err(Failure::new(format!(
            "Nothing in {name} is selected, so {} was not written. Select more with --from, --to, \
             --user, --grep or --only, or leave them out.",
            shown(out)
        )));
    };
    destination.finish()?;
    drop(progress);
    if let Some(report) = report {
        report.tell(&name, args.verbose);
    }
    let summary = conversion.counts.summary(&name, format, out, times);
    // Nothing can be reported if stderr is closed.
    let _ = io::stderr().write_all(summary.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// Copied lines by kind, and lines that were not copied.
#[derive(Debug, Default)]
struct CopyCounts {
    messages: u64,
    joins: u64,
    leaves: u64,
    notices: u64,
    others: u64,
    not_chosen: u64,
    damaged: u64,
    back: u64,
}

/// A conversion under way.
struct Conversion {
    filter: Filter,
    counts: CopyCounts,
    /// The times of the first and the newest line in the result.
    times: Option<(Stamp, Stamp)>,
    /// The lines to write next.
    ready: Vec<u8>,
}

impl Conversion {
    fn block(&mut self, block: &Block<'_>) -> Result<(), Failure> {
        if block.too_long {
            self.counts.damaged += 1;
            return Ok(());
        }
        for (_, bytes) in line::lines(block.offset, block.bytes) {
            // A last line that lacks only its line feed is whole.
            let Ok((at, raw)) = judge(bytes) else {
                self.counts.damaged += 1;
                continue;
            };
            if !self.filter.is_in_time(at) || !self.filter.accepts(&raw) {
                self.counts.not_chosen += 1;
                continue;
            }
            let opened = matches!(raw.shape, Shape::Opened { .. });
            let newest = match self.times {
                Some((_, newest)) => newest,
                None if opened => at,
                None => {
                    self.open(at)?;
                    at
                }
            };
            self.counts.back += u64::from(at < newest);
            self.times = Some((self.times.map_or(at, |(first, _)| first), at));
            let count = match raw.shape {
                Shape::Message { .. } => &mut self.counts.messages,
                Shape::Join(_) => &mut self.counts.joins,
                Shape::Leave(_) => &mut self.counts.leaves,
                Shape::Notice(_) => &mut self.counts.notices,
                Shape::Opened { .. } | Shape::Closed | Shape::Erased(_) | Shape::Other(_) => {
                    &mut self.counts.others
                }
            };
            *count += 1;
            self.ready.extend_from_slice(bytes);
            self.ready.push(b'\n');
        }
        Ok(())
    }

    /// Writes the line with which every log begins.
    fn open(&mut self, at: Stamp) -> Result<(), Failure> {
        let mut random = [0; 8];
        getrandom::fill(&mut random)
            .map_err(|error| Failure::new(format!("The system has no random numbers: {error}.")))?;
        let body = Body::opening(random, None);
        line::to_line(&Event { at, body }, &mut self.ready);
        Ok(())
    }
}

impl CopyCounts {
    /// The sentences about the conversion and the next step.
    fn summary(
        &self,
        name: &str,
        format: FileFormat,
        out: &std::path::Path,
        (first, last): (Stamp, Stamp),
    ) -> String {
        let is_stdout = out.as_os_str() == "-";
        let place = if is_stdout {
            "standard output".to_string()
        } else {
            shown(out)
        };
        let kinds = [
            counted(self.messages, "message", "messages"),
            counted(self.joins, "join", "joins"),
            counted(self.leaves, "leave", "leaves"),
            counted(self.notices, "notice", "notices"),
        ];
        let mut text = format!(
            "chatroom: {name} ({}) is now in {place}: {}, from {} to {}.\n",
            title(format),
            kinds.join(", "),
            date_and_clock(first),
            date_and_clock(last)
        );
        let mut say = |sentence: String| text += &format!("chatroom: {sentence}\n");
        if self.not_chosen > 0 {
            let lines = counted(self.not_chosen, "line was", "lines were");
            say(format!("{lines} not selected."));
        }
        if self.damaged > 0 {
            let lines = counted(self.damaged, "damaged line was", "damaged lines were");
            say(format!("{lines} left out{}.", advice(name)));
        }
        if self.back > 0 {
            let places = counted(self.back, "place", "places");
            say(format!(
                "At {places} the time goes back, as it does in {name}{}.",
                advice(name)
            ));
        }
        if !is_stdout {
            say(format!(
                "Next: chatroom server --log {place} continues it, chatroom replay {place} plays \
                 it."
            ));
        }
        text
    }
}
