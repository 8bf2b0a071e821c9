//! `chatroom backup`: a copy of a room's log that grows with it and never mixes two histories.
//!
//! Invariant: whatever happens to either machine, the copy is whole lines of one log in their order, then
//! perhaps a partial line that the next run fetches again. A copy that is no longer the beginning of the
//! room's log is set aside whole, under a name of its own.

mod copy;
mod room;
mod state;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use crate::address::Address;
use crate::cli::BackupArgs;
use crate::failure::Failure;
use crate::room_key;

use copy::{Fetched, FreshCopy, LocalCopy};
use room::{Download, LogReply};

/// Brings the copy up to date.
///
/// # Errors
/// The sentence that explains the failure. The lines fetched before it are kept.
pub fn run(args: BackupArgs) -> Result<ExitCode, Failure> {
    if args.file.as_os_str() == "-" {
        return Err(Failure::setting(
            "A backup is a file that grows, so it cannot go to standard output. Name a file (one called - is ./-), or ask \
             the room for /log.txt with curl.",
        ));
    }
    let key = room_key::find(args.key_file.as_deref())?;
    let mut copy = LocalCopy::open(&args.file, key.is_some())?;
    let before = copy.state.end;
    let ended = bring_up(&args.address, key.as_deref(), &mut copy);
    let aside = match ended {
        Ok(aside) => aside,
        Err(failure) => {
            copy.remove_if_new_and_empty();
            return Err(failure);
        }
    };
    let file = args.file.display();
    if let Some(aside) = aside {
        let _ = writeln!(io::stderr(), "chatroom: {aside}");
    } else if io::stdout().is_terminal() {
        let (all, more) = (copy.state.end, copy.state.end - before);
        let said = match more {
            0 => format!("{file} is up to date, with {all} bytes.\n"),
            _ => format!("{file} has {more} bytes more, and {all} in all.\n"),
        };
        io::stdout()
            .write_all(said.as_bytes())
            .map_err(Failure::output)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Fetches until the copy is complete, and returns the sentence to print if the previous copy was set aside.
fn bring_up(
    address: &Address,
    key: Option<&str>,
    copy: &mut LocalCopy,
) -> Result<Option<String>, Failure> {
    loop {
        let before = copy.state.end;
        let answer = room::ask(address, key, &copy.state)?;
        let fetched = match answer {
            LogReply::Whole(sent) if before == 0 => copy.take_all(sent),
            LogReply::Rest(sent) => copy.go_on(sent),
            LogReply::Whole(sent) => return start_anew(address, key, copy, sent).map(Some),
        };
        match fetched? {
            Fetched::Whole => return Ok(None),
            // Every broken connection has brought something, so repeating makes progress.
            Fetched::Cut(why) if copy.state.end == before => return Err(broken(address, &why)),
            Fetched::Cut(_) => {}
        }
    }
}

fn broken(address: &Address, why: &str) -> Failure {
    Failure::new(format!(
        "The room at {address} stopped in the middle of its log: {why}. What arrived is kept; \
         start this again to continue from there."
    ))
}

/// The relation of a new log to the copy's. Files are named as they lie beside the room's log.
enum Anew {
    /// Direct: it continues the copy's log, which is in this file.
    Once(String),
    /// Others lie between the two: the files of the copy's log and of the newest one before the room's.
    Often { first: String, last: String },
    /// Partly known: it continues the log in this file, which may or may not continue the copy's.
    From(String),
}

impl Anew {
    /// The relation of the fresh copy's log to the copy's, if its first line states one.
    fn of(
        address: &Address,
        key: Option<&str>,
        copy: &LocalCopy,
        fresh: &FreshCopy,
    ) -> Option<Anew> {
        let (before, last) = fresh.goes_on_from()?;
        let (log, last) = (copy.log()?, last.display().to_string());
        if before == log {
            return Some(Anew::Once(last));
        }
        Some(match room::name_of_earlier(address, key, log) {
            Some(first) => Anew::Often { first, last },
            None => Anew::From(last),
        })
    }
}

/// Replaces a copy whose log is no longer the room's, and returns the sentence to print.
fn start_anew(
    address: &Address,
    key: Option<&str>,
    copy: &mut LocalCopy,
    sent: Download,
) -> Result<String, Failure> {
    let mut fresh = FreshCopy::beside(copy)?;
    if let Fetched::Cut(why) = fresh.take_all(sent)? {
        return Err(broken(address, &why));
    }
    let same = copy.same_until(&fresh)?;
    let path = copy.path.display().to_string();
    let lost = copy.state.end - same;
    let begun_anew = Anew::of(address, key, copy, &fresh);
    let aside = copy.give_way(fresh)?;
    let (aside, at) = (aside.display(), address);
    Ok(match (same, begun_anew) {
        (0, Some(Anew::Once(name))) => format!(
            "The room at {at} has rotated its log. The copy of the old log is {aside} now, and \
             {path} is a copy of the new one. Messages between the last backup and the rotation \
             are in neither, but in {name} next to the room's log. Copy that file, too."
        ),
        (0, Some(Anew::Often { first, last })) => format!(
            "The room at {at} has rotated its log more than once. The copy of the log of the last \
             backup is {aside} now, and {path} is a copy of the newest log. Messages in between \
             are in neither, but in {first}, {last} and any log between these two in time, next to \
             the room's log. Copy those files, too."
        ),
        (0, Some(Anew::From(name))) => format!(
            "The room at {at} has another log than the one in {path}. That copy is {aside} now, \
             and {path} is a copy of the new log, which continues {name} next to it; earlier logs \
             are not known there. Look next to the room's log for logs that neither copy has, and \
             copy those, too."
        ),
        (0, None) => format!(
            "The room at {at} has another log than the one in {path}. That copy is {aside} now, \
             and {path} is a copy of the new log."
        ),
        _ => format!(
            "The room at {at} has gone back: its log equals {path} up to byte {same}, and the \
             {lost} bytes after that are gone, as after a restore from an older copy. That copy is \
             {aside} now, and {path} is a copy of the log as it is."
        ),
    })
}
