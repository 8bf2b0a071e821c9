//! A log that is one file, and this server its only writer.

use std::thread;
use std::time::{Duration, Instant};

use super::{Appended, Draft, Fatal, ForeignBatch, Place, Store, Stored};
use crate::event::LogId;
use crate::failure::reason;
use crate::journal::{AppendError, Journal, Unreachable};
use crate::modes::server::room::order::Refused;

/// The pause between two attempts to save a log that was removed.
const AGAIN: Duration = Duration::from_secs(2);

/// The journal as a store.
#[derive(Debug)]
pub struct FileStore {
    journal: Journal,
    /// The number of batches that this run appended.
    sequence: u64,
    /// The reason why the log could not be reached by its name at the last check.
    unreachable: Unreachable,
}

impl FileStore {
    /// The store of an open journal.
    pub fn new(journal: Journal) -> FileStore {
        FileStore {
            journal,
            sequence: 0,
            unreachable: None,
        }
    }

    fn write(&mut self, draft: Draft<'_>) -> Result<Stored, AppendError> {
        if !draft.lines.is_empty() {
            self.journal.append(draft.lines)?;
            self.sequence += 1;
        }
        let (mut synced, mut notice) = (None, None);
        if draft.durable {
            let from = Instant::now();
            self.journal.sync()?;
            synced = Some(from.elapsed());
        } else {
            let unreachable = self.journal.check_file()?;
            notice = self.note_reachability(unreachable);
        }
        Ok(Stored {
            place: self.last(),
            synced,
            notice,
        })
    }

    /// The notice that the log can no longer be reached by its name, or can again; none if that is as before.
    fn note_reachability(&mut self, unreachable: Unreachable) -> Option<String> {
        let log = self.journal.path().display();
        let sentence = match (&self.unreachable, &unreachable) {
            (None, Some(why)) => format!(
                "The log {log} cannot be reached by its name: {why}. It is open and messages are \
                 still stored, but a server that starts now may not find it. Check the permissions \
                 of its folder, and its disk."
            ),
            (Some(_), None) => format!("The log {log} can be reached by its name again."),
            _ => return None,
        };
        self.unreachable = unreachable;
        Some(sentence)
    }
}

impl Store for FileStore {
    fn log(&self) -> LogId {
        self.journal.log()
    }

    fn name(&self) -> String {
        self.journal.path().display().to_string()
    }

    fn last(&self) -> Place {
        Place {
            sequence: self.sequence,
            offset: self.journal.end(),
            digest: None,
        }
    }

    fn append(&mut self, after: Place, draft: Draft<'_>) -> Appended {
        debug_assert_eq!(after, self.last(), "nobody else appends");
        self.write(draft).map_or_else(failed, Appended::Stored)
    }

    fn batches_after(&mut self, _: Place) -> Result<Vec<ForeignBatch>, Fatal> {
        Ok(Vec::new())
    }

    fn erase(&mut self, offset: u64, line: &[u8]) -> Appended {
        let erased = self.journal.overwrite(offset, line);
        let stored = |()| {
            Appended::Stored(Stored {
                place: self.last(),
                synced: None,
                notice: None,
            })
        };
        erased.map_or_else(failed, stored)
    }

    /// A log that was removed is saved, however long that takes: with this process the last copy would be
    /// gone.
    fn rescue(&self, fatal: Fatal, notice: &dyn Fn(String)) -> String {
        if !fatal.unlinked {
            return fatal.sentence;
        }
        let (gone, log) = (fatal.sentence, self.journal.path().display());
        let mut told = false;
        loop {
            match self.journal.save() {
                Ok(saved) => {
                    let saved = saved.display();
                    return format!(
                        "{gone} Its contents were saved as {saved}, all {} bytes. To continue with \
                         them, put them back (`mv -n {saved} {log}`; if a service manager has started \
                         the server again, first stop it and move the new log aside), then start \
                         the server again.",
                        self.journal.end()
                    );
                }
                Err(error) if !told => {
                    told = true;
                    notice(format!(
                        "{gone} Its contents could not be saved: {}. The server refuses messages \
                         and keeps trying; if you stop it now, the conversation is lost. Make the \
                         log's folder if it is gone, and some space in it, or copy {}.",
                        reason(&error),
                        self.journal.path_while_open().display()
                    ));
                }
                Err(_) => {}
            }
            thread::sleep(AGAIN);
        }
    }
}

fn failed(error: AppendError) -> Appended {
    match error {
        AppendError::Full(why) => Appended::Full(why),
        AppendError::Fatal(sentence) => Appended::Fatal(Fatal {
            refused: Refused::Unknown,
            sentence,
            unlinked: false,
        }),
        AppendError::Gone(gone) => Appended::Fatal(Fatal {
            refused: Refused::Gone,
            sentence: gone.sentence,
            unlinked: gone.unlinked,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Event, Stamp};
    use crate::line;

    fn line_of(body: Body) -> Vec<u8> {
        let mut bytes = Vec::new();
        let at = Stamp::from_micros(0);
        line::to_line(&Event { at, body }, &mut bytes);
        bytes
    }

    fn notice(text: &str) -> Vec<u8> {
        let text = text.into();
        line_of(Body::Notice { text })
    }

    #[test]
    fn a_batch_moves_the_place_and_an_erased_line_does_not() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("log.txt");
        let opened = Body::opened("chatroom test", "6f1d0c5be2a94c07");
        let at = Stamp::from_micros(0);
        let opening = Journal::open(&path).expect("opened");
        let journal = opening.begin(&Event { at, body: opened }).expect("begun");
        let mut store = FileStore::new(journal);
        let first = store.last();
        let mut append = |lines: &[u8]| {
            let after = store.last();
            let draft = Draft {
                lines,
                changes: &[],
                durable: true,
            };
            match store.append(after, draft) {
                Appended::Stored(stored) => stored,
                other => panic!("{other:?}"),
            }
        };
        let stored = append(&notice("a secret"));
        assert_eq!(stored.place.sequence, first.sequence + 1);
        assert!(stored.place.offset > first.offset && stored.synced.is_some());
        let last = append(&notice("goes on")).place;
        assert_eq!(append(&[]).place, last, "a check adds nothing");
        let padding = notice("a secret").len() - line_of(Body::Erased { padding: 0 }).len();
        let erased = store.erase(first.offset, &line_of(Body::Erased { padding }));
        assert!(matches!(erased, Appended::Stored(stored) if stored.place == last));
        let text = std::fs::read_to_string(&path).expect("read");
        assert!(
            !text.contains("a secret") && text.contains("* Erased"),
            "{text}"
        );
        assert!(text.ends_with(std::str::from_utf8(&notice("goes on")).expect("text")));
        // It fits no line but one that is as long.
        let beyond = store.erase(last.offset - 1, &notice("x"));
        assert!(matches!(beyond, Appended::Fatal(_)), "{beyond:?}");
        assert_eq!(store.last(), last);
    }
}
