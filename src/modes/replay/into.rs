//! Posting a log again in a running room: each of its people becomes a member who joins, leaves and speaks
//! as they did.
//!
//! Invariants:
//!
//! - A message is posted only after the room has answered the one before it, so the room gets the log's
//!   order.
//! - Every message has its own key and is repeated with it until the room has answered, so nothing is posted
//!   twice or lost.
//! - However the run ends, every member of ours leaves.

mod actors;
mod client;
mod listeners;
mod room_names;
mod schedule;
mod script;
mod summary;
mod target_room;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::progress::ProgressMeter;
use super::wording::date_and_clock;
use crate::address::Address;
use crate::cli::{Kind, ReplayArgs, Speed};
use crate::event::{Body, Stamp};
use crate::failure::Failure;
use crate::modes::replay::read::filter::Filter;
use crate::modes::replay::read::log::{Log, unreadable};
use crate::modes::replay::read::time_range;
use crate::room_key;
use actors::Actors;
use script::{PlacedStep, Script, Step};
use target_room::{Halt, INTERRUPTED, StopRequest, TargetRoom};

/// The longest absence of the room before the rest is given up.
const MAX_ABSENCE: Duration = Duration::from_secs(120);

/// Posts the chosen part of the log in the room that `--into` names.
///
/// # Errors
/// The log cannot be read, or no room listens.
pub(super) fn run(log: Log, args: &ReplayArgs) -> Result<ExitCode, Failure> {
    let address = args.into.as_deref().unwrap_or_default();
    let address = Address::parse(address).map_err(Failure::new)?;
    let key = room_key::find(args.key_file.as_deref())?;
    let mut filter = Filter::of(args);
    let span = time_range::find(&log, args, &mut filter)?;
    let stop = StopRequest::watch()?;
    let room = TargetRoom::new(
        address,
        stop,
        ProgressMeter::at_once(log.length()),
        MAX_ABSENCE,
    );
    let mut actors = Actors::new(room, key)?;
    let (name, report) = (log.name.clone(), log.report.clone());
    let with_presence = args.only != Some(Kind::Messages) && args.grep.is_none();
    let script = Script::of(log, filter, span, with_presence);
    let begun = Instant::now();
    let met = actors.room.meet().map_err(Stopped::from);
    let ended = met.and_then(|()| perform(&mut actors, script, args, begun, &name));
    actors.leave_at_end();
    let room = actors.room.address().to_string();
    let mut summary = actors.end(begun.elapsed());
    summary.cut_short = matches!(ended, Err(Stopped::ByUser));
    // If no one joined, the sentence about the room says enough.
    let written = if summary.joined == 0 && ended.is_err() {
        Ok(())
    } else {
        io::stdout().write_all(summary.words(&name, &room, args.verbose).as_bytes())
    };
    if let Some(report) = report {
        report.tell(&name, args.verbose);
    }
    match ended {
        Err(Stopped::Failed(failure)) => Err(failure),
        Err(Stopped::ByUser) => Ok(ExitCode::from(INTERRUPTED)),
        Ok(()) => {
            written.map_err(Failure::output)?;
            Ok(if summary.is_whole() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
    }
}

/// The reason to stop before the end of the log.
enum Stopped {
    ByUser,
    Failed(Failure),
}

impl From<Halt> for Stopped {
    fn from(ended: Halt) -> Stopped {
        match ended {
            Halt::Stopped => Stopped::ByUser,
            Halt::Failed(sentence) => Stopped::Failed(Failure::new(sentence)),
        }
    }
}

/// Takes the steps in order, each when it is due.
fn perform(
    actors: &mut Actors,
    script: Script,
    args: &ReplayArgs,
    begun: Instant,
    name: &str,
) -> Result<(), Stopped> {
    let speed = match args.speed {
        Speed::Max => "as fast as it goes".to_string(),
        Speed::Times(times) => format!("x{times}"),
    };
    let mut now = None;
    for cue in schedule::cues(script, args.max_gap, args.speed) {
        let PlacedStep { step, position } = cue.item;
        if let Step::Event(event) = &step {
            now = Some(event.at);
        }
        // Time that was spent waiting for the room is not made up for in a rush.
        let due = cue.due.saturating_add(actors.room.waited);
        show(actors, position, now, &speed);
        if let Some(due) = begun.checked_add(due) {
            actors.room.sleep(due)?;
        }
        match step {
            Step::Event(event) => match event.body {
                Body::Message { from, text, .. } => actors.post(&from, &text)?,
                Body::Join { name } => {
                    actors.join(&name)?;
                }
                Body::Leave { name } => actors.leave(&name)?,
                Body::Opened { .. }
                | Body::Closed
                | Body::Notice { .. }
                | Body::Erased { .. }
                | Body::Other { .. } => actors.summary.unsaid += 1,
            },
            Step::Started => {
                actors.summary.unsaid += 1;
                actors.all_leave()?;
            }
            Step::Unsaid => actors.summary.unsaid += 1,
            Step::Defect => actors.summary.add_damaged(position),
            Step::Unreadable(error) => return Err(Stopped::Failed(unreadable(name, &error))),
        }
    }
    Ok(())
}

fn show(actors: &mut Actors, position: u64, now: Option<Stamp>, speed: &str) {
    let (said, here) = (actors.summary.said, actors.count());
    actors.room.progress.show(position, || {
        let time = now.map(date_and_clock).unwrap_or_default();
        format!("{time}  {here} here, {said} said  {speed}")
    });
}
