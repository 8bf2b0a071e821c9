//! Opening the log, and what the operator hears of the state in which it was found.

use std::path::Path;

use crate::event::{Body, Event, Id, Stamp};
use crate::failure::{Failure, reason};
use crate::journal::{self, Journal, LogRange, Opening, TornCopy};

/// Finishes a `chatroom rotate` that was cut off, and returns the sentence that tells the operator so.
///
/// # Errors
/// The new log cannot get its name.
pub fn finish_rotation(path: &Path) -> Result<Option<String>, Failure> {
    let finished = journal::finish_rotation(path).map_err(|error| {
        Failure::new(format!(
            "The log {} was being rotated, and that cannot be finished: {}. Wait for chatroom \
             rotate to end, or rename {}.new to it.",
            path.display(),
            reason(&error),
            path.display()
        ))
    })?;
    Ok(finished.then(|| {
        format!(
            "The rotation of the log {} was interrupted; it is finished now. Nothing is lost.",
            path.display()
        )
    }))
}

/// Opens and repairs the log.
///
/// # Errors
/// A sentence; nothing was touched then.
pub fn open(path: &Path) -> Result<Opening, Failure> {
    Journal::open(path).map_err(|error| Failure::new(error.to_string()))
}

/// The sentences that the operator must know about the log as it was found.
pub fn notices(opening: &Opening) -> Vec<String> {
    let torn = opening.torn().map(|torn| {
        let saved = match &torn.copy {
            TornCopy::InFile(path) => format!("were saved as {} and cut off", path.display()),
            TornCopy::InMemory(bytes) => format!(
                "were cut off, and could not be saved, since the disk is full (they began with {:?})",
                String::from_utf8_lossy(&bytes[..bytes.len().min(200)])
            ),
        };
        format!(
            "The log ended in an incomplete line after an unclean shutdown: {} bytes from byte {} on \
             {saved}. No whole line was cut, and acknowledged messages are whole lines.",
            torn.bytes, torn.offset,
        )
    });
    let damaged = opening.damaged().first().map(|(offset, damage)| {
        let (many, subject) = match opening.damaged().len() {
            1 => ("the only such line near its end".to_string(), "It is"),
            count => (format!("{count} such lines near its end"), "They are"),
        };
        format!(
            "The log is damaged at byte {offset}: {damage} ({many}). {subject} kept and shown as \
             damaged; check the disk, and compare with a backup."
        )
    });
    let missing = opening.missing().map(|name| {
        format!(
            "The log continues {name}, which is not next to it. If a message from before is sent \
             again, it counts as a new one, and members whose tokens were not used since have to \
             log in again. To avoid that, put the file back, uncompressed, and restart the server; \
             if you keep it elsewhere on purpose, there is nothing to do."
        )
    });
    torn.into_iter().chain(damaged).chain(missing).collect()
}

/// The sentence about the copy of an earlier log with the name of one that is new: it has what that log had when it
/// was removed while a server used it. A service manager then starts the server again, with an empty room.
pub fn forgotten_copy(path: &Path, opening: &Opening) -> Option<String> {
    if opening.recent().next > 0 {
        return None;
    }
    let mut copies = journal::saved_copies(path);
    let (newest, others) = (copies.pop()?, copies.len());
    let (log, copy) = (path.display(), newest.display());
    let newest = match others {
        0 => String::new(),
        _ => format!(" (the newest of {} such copies)", others + 1),
    };
    Some(format!(
        "The log {log} is new, but there is {copy}{newest}: the copy of a log of that name that was \
         removed while a server used it. To continue with that conversation, stop the server, \
         move the new log aside, put the copy back (`mv -n {copy} {log}`), and start the server. To \
         continue with the new log, move the copy elsewhere."
    ))
}

/// A log that this run has begun to write.
pub struct BegunLog {
    /// The append end.
    pub journal: Journal,
    /// The id of the line that says so.
    pub opened: Id,
    /// The latest time in it.
    pub last: Stamp,
    /// The lines before that.
    pub recent: LogRange,
}

/// Writes this run's first line.
///
/// # Errors
/// The line could not be written.
pub fn begin(opening: Opening) -> Result<BegunLog, Failure> {
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::new(format!("The system has no random numbers: {error}.")))?;
    // A clock that is behind the log must not make time go back in it.
    let at = Stamp::now().max(opening.last_stamp().unwrap_or(Stamp::from_micros(i64::MIN)));
    let body = Body::opening(random, None);
    let recent = opening.recent().clone();
    let failed = |error: String| Failure::new(error);
    let journal = opening
        .begin(&Event { at, body })
        .map_err(|error| failed(error.to_string()))?;
    let opened = journal
        .reader()
        .id_before(journal.end())
        .map_err(|error| failed(reason(&error)))?;
    let opened = opened.ok_or_else(|| {
        failed("The log is empty after its first line was written. Check the disk.".into())
    })?;
    Ok(BegunLog {
        journal,
        opened,
        last: at,
        recent,
    })
}
