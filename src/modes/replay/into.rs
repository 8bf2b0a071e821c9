//! The log said again in a running room: everybody in it becomes a member, comes and goes and
//! speaks as they did.
//!
//! What always holds:
//!
//! - A message is posted only after the room has answered the one before it, so the order in the
//!   room is the log's, whoever speaks.
//! - Every message has a key of its own and is repeated with it until the room has answered, so
//!   nothing is said twice and nothing is lost.
//! - However it ends, whoever came in leaves.

mod cast;
mod client;
mod presence;
mod room;
mod script;
mod stage;
mod tally;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::bar::{Bar, time_of_day};
use super::pace;
use crate::address::Address;
use crate::cli::{Kind, ReplayArgs, Speed};
use crate::event::{Body, Stamp};
use crate::failure::{Failure, reason};
use crate::modes::replay::read::choice::Choice;
use crate::modes::replay::read::log::Log;
use crate::modes::replay::read::log::unreadable;
use crate::modes::replay::read::span;
use crate::room_key;
use room::{Ended, Room, Stop};
use script::{Placed, Script, Step};
use stage::Stage;

/// What a shell calls a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;
/// How long the room may be away before the rest is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// Says what is chosen of the log again in the room that `--into` names.
///
/// # Errors
/// The log cannot be read, or there is no room that listens.
pub fn run(log: Log, args: &ReplayArgs) -> Result<ExitCode, Failure> {
    let address = args.into.as_deref().unwrap_or_default();
    let address = Address::parse(address).map_err(Failure::new)?;
    let key = room_key::find(args.key_file.as_deref())?;
    let mut choice = Choice::of(args);
    let span = span::find(&log, args, &mut choice)?;
    let stop = Stop::watch()?;
    let room = Room::new(address, stop, Bar::at_once(log.length()), PATIENCE);
    let mut stage = Stage::new(room, key)?;
    let (name, report) = (log.name.clone(), log.report.clone());
    let comings = args.only != Some(Kind::Messages) && args.grep.is_none();
    let script = Script::of(log, choice, span, comings);
    let begun = Instant::now();
    let met = stage.room.meet().map_err(Stopped::from);
    let ended = met.and_then(|()| perform(&mut stage, script, args, begun, &name));
    stage.clear();
    let room = stage.room.address().to_string();
    let mut tally = stage.end(begun.elapsed());
    tally.cut_short = matches!(ended, Err(Stopped::ByUser));
    // Where nobody ever was, the sentence about the room says it all.
    let written = match tally.joined == 0 && ended.is_err() {
        true => Ok(()),
        false => io::stdout().write_all(tally.words(&name, &room, args.verbose).as_bytes()),
    };
    if let Some(report) = report {
        report.tell(&name, args.verbose);
    }
    match ended {
        Err(Stopped::Failed(failure)) => Err(failure),
        Err(Stopped::ByUser) => Ok(ExitCode::from(INTERRUPTED)),
        Ok(()) => {
            written.map_err(Failure::output)?;
            Ok(match tally.is_whole() {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            })
        }
    }
}

/// Why it ended before the log did.
enum Stopped {
    ByUser,
    Failed(Failure),
}

impl From<Ended> for Stopped {
    fn from(ended: Ended) -> Stopped {
        match ended {
            Ended::Stopped => Stopped::ByUser,
            Ended::Failed(sentence) => Stopped::Failed(Failure::new(sentence)),
        }
    }
}

/// One step after the other, each when it is due.
fn perform(
    stage: &mut Stage,
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
    for cue in pace::cues(script, args.max_gap, args.speed) {
        let Placed { step, place } = cue.what;
        if let Step::Event(event) = &step {
            now = Some(event.at);
        }
        // What the room made everybody wait for is not to be caught up with in a rush.
        let due = cue.due.saturating_add(stage.room.waited);
        show(stage, place, now, &speed);
        if let Some(due) = begun.checked_add(due) {
            stage.room.sleep(due)?;
        }
        match step {
            Step::Event(event) => match event.body {
                Body::Message { from, text, .. } => stage.say(&from, &text)?,
                Body::Join { name } => {
                    stage.come(&name)?;
                }
                Body::Leave { name } => stage.go(&name)?,
                _ => stage.tally.unsaid += 1,
            },
            Step::Started => {
                stage.tally.unsaid += 1;
                stage.all_go()?;
            }
            Step::Unsaid => stage.tally.unsaid += 1,
            Step::Wrong => stage.tally.add_damaged(place),
            Step::Unreadable(error) => return Err(Stopped::Failed(unreadable(name, &error))),
        }
    }
    Ok(())
}

fn show(stage: &mut Stage, place: u64, now: Option<Stamp>, speed: &str) {
    let (said, here) = (stage.tally.said, stage.present());
    stage.room.bar.show(place, || {
        let time = now.map(time_of_day).unwrap_or_default();
        format!("{time}  {here} here, {said} said  {speed}")
    });
}

/// The system would not do what every program needs.
fn not_given(error: &io::Error) -> Failure {
    Failure::new(format!(
        "The replay cannot start what it needs: {}. Close some programs and try again.",
        reason(error)
    ))
}
