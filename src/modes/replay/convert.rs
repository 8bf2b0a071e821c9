//! `--convert OUT`: any log, or what is chosen of it, as a room's log that a server goes on with.
//!
//! What always holds: a file that is there is never written over, and the name OUT is given only to
//! a log that is whole and on the disk. Until then it is `OUT.part`, which goes again whatever
//! happens. A line of a room's log is copied as it stands; one that is damaged is left out.

mod destination;

use std::ffi::OsStr;
use std::io::{self, Write};
use std::process::ExitCode;

use super::formats::title;
use super::progress::Progress;
use super::read::defects::{advice, judge};
use super::wording::{counted, date_and_clock};
use crate::cli::{FileFormat, ReplayArgs};
use crate::event::{Body, Event, Stamp};
use crate::failure::Failure;
use crate::line::{self, Shape};
use crate::modes::replay::read::blocks::Block;
use crate::modes::replay::read::filter::Filter;
use crate::modes::replay::read::log::{Input, Log, shown, unreadable};
use crate::modes::replay::read::time_range;
use destination::Destination;

/// Writes what is chosen of the log to where `--convert` says.
///
/// # Errors
/// The log cannot be read, or the result not written; there is something at that place already;
/// nothing is chosen.
pub fn run(log: Log, args: &ReplayArgs) -> Result<ExitCode, Failure> {
    // infallible: this is what was asked for.
    let out = args.convert.as_deref().unwrap_or(OsStr::new("-").as_ref());
    let mut filter = Filter::of(args);
    let span = time_range::find(&log, args, &mut filter)?;
    let mut destination = Destination::create(out)?;
    let mut progress = Progress::after_a_moment(log.length());
    let (name, format, report) = (log.name.clone(), log.format, log.report.clone());
    let position = match &log.input {
        Input::Stream(stream) => Some(std::sync::Arc::clone(&stream.position)),
        Input::File { .. } => None,
    };
    let mut conversion = Conversion {
        filter,
        counts: CopyCounts::default(),
        times: None,
        ready: Vec::new(),
    };
    let mut blocks = match span {
        Some(span) => log.blocks(span.start, Some(span.end)),
        None => log.blocks(0, None),
    };
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
            "Nothing of {name} is chosen, so {} was not written. Choose more of it with --from, --to, \
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
    // There is nowhere left to say it if stderr is closed.
    let _ = io::stderr().write_all(summary.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// How many lines were copied, by what they say, and how many were not.
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

/// What is copied of a log.
struct Conversion {
    filter: Filter,
    counts: CopyCounts,
    /// The first and the newest time in the result.
    times: Option<(Stamp, Stamp)>,
    /// What is to be written.
    ready: Vec<u8>,
}

impl Conversion {
    fn block(&mut self, block: &Block<'_>) -> Result<(), Failure> {
        if block.too_long {
            self.counts.damaged += 1;
            return Ok(());
        }
        for (_, bytes) in line::lines(block.offset, block.bytes) {
            // A last line that lacks only its end is whole.
            let Ok((at, look)) = judge(bytes, true) else {
                self.counts.damaged += 1;
                continue;
            };
            if !self.filter.is_in_time(at) || !self.filter.accepts(&look) {
                self.counts.not_chosen += 1;
                continue;
            }
            let opened = matches!(look.shape, Shape::Opened { .. });
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
            let count = match look.shape {
                Shape::Message { .. } => &mut self.counts.messages,
                Shape::Join(_) => &mut self.counts.joins,
                Shape::Leave(_) => &mut self.counts.leaves,
                Shape::Notice(_) => &mut self.counts.notices,
                _ => &mut self.counts.others,
            };
            *count += 1;
            self.ready.extend_from_slice(bytes);
            self.ready.push(b'\n');
        }
        Ok(())
    }

    /// Begins the result as every log begins.
    fn open(&mut self, at: Stamp) -> Result<(), Failure> {
        let mut random = [0; 8];
        getrandom::fill(&mut random)
            .map_err(|error| Failure::new(format!("The system has no random numbers: {error}.")))?;
        let body = Body::Opened {
            version: concat!("chatroom ", env!("CARGO_PKG_VERSION")).to_string(),
            random: random.iter().map(|byte| format!("{byte:02x}")).collect(),
            after: None,
        };
        line::to_line(&Event { at, body }, &mut self.ready);
        Ok(())
    }
}

impl CopyCounts {
    /// What was read, what became of it, and what to do next.
    fn summary(
        &self,
        name: &str,
        format: FileFormat,
        out: &std::path::Path,
        (first, last): (Stamp, Stamp),
    ) -> String {
        let is_stdout = out.as_os_str() == "-";
        let place = match is_stdout {
            true => "standard output".to_string(),
            false => shown(out),
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
            say(format!("{lines} not chosen."));
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
                "Next: chatroom server --log {place} goes on with it, chatroom replay {place} plays it."
            ));
        }
        text
    }
}
