//! The timing of the session file: messages are saved before they are sent, everything else a
//! moment later.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::session_file::{Geometry, SavedSession, SessionFile};
use crate::address::Address;
use crate::event::Key;

/// Delay before a changed draft or read position is saved.
const SOON: Duration = Duration::from_millis(400);

/// Saves the state of the present session and opens the file of the next.
pub struct Autosave {
    /// The folder of the session files; none on a machine without a home.
    folder: Option<PathBuf>,
    /// Called on another thread when [`Autosave::newly_durable`] has news.
    tell: fn(),
    /// The file of the session that we are in.
    current: Option<OpenFile>,
    /// The file of the login just requested.
    asked: Option<OpenFile>,
    /// The requested login is the present one.
    same: bool,
    /// The state that was saved last.
    written: SavedSession,
    /// A failure while the window's geometry was looked up, until it can be reported.
    trouble: Option<String>,
    /// The time at which the rest is to be saved.
    due: Option<Instant>,
}

struct OpenFile {
    address: String,
    name: String,
    keeper: SessionFile,
    kept: SavedSession,
}

impl Autosave {
    /// Starts without a file; each login then has one in `folder`. `tell` is called on another
    /// thread when [`Autosave::newly_durable`] has news.
    pub fn new(folder: Option<PathBuf>, tell: fn()) -> Autosave {
        Autosave {
            folder,
            tell,
            current: None,
            asked: None,
            same: false,
            written: SavedSession::default(),
            trouble: None,
            due: None,
        }
    }

    /// Returns the geometry of the last window of this room and name.
    pub fn look(&mut self, address: &Address, name: &str) -> Option<Geometry> {
        let (kept, trouble) = self.open(address, name);
        self.trouble = trouble;
        kept.place
    }

    /// Returns the state that an earlier window saved for this room and name, and a sentence if
    /// nothing can be saved.
    pub fn open(&mut self, address: &Address, name: &str) -> (SavedSession, Option<String>) {
        let trouble = self.trouble.take();
        let (address, name) = (address.to_string(), name.trim().to_string());
        let is = |mine: &OpenFile| mine.address == address && mine.name == name;
        self.same = self.current.as_ref().is_some_and(is);
        if self.same {
            return (self.written.clone(), None);
        }
        if let Some(mine) = self.asked.as_ref().filter(|mine| is(mine)) {
            return (mine.kept.clone(), trouble);
        }
        self.asked = None;
        let Some(folder) = self.folder.as_deref().filter(|_| !name.is_empty()) else {
            return (SavedSession::default(), None);
        };
        let (keeper, kept, sentence) = SessionFile::open(folder, &address, &name, self.tell);
        self.asked = keeper.map(|keeper| OpenFile {
            address,
            name,
            keeper,
            kept: kept.clone(),
        });
        (kept, sentence)
    }

    /// Goes on with the requested login's file: the login was accepted.
    pub fn entered(&mut self) {
        if let Some(mine) = self.asked.take() {
            self.written = mine.kept.clone();
            self.current = Some(mine);
        } else if !self.same {
            // Nothing can be saved here, and nothing of it belongs into the earlier session's file.
            self.current = None;
        }
    }

    /// Returns whether the present session is saved.
    pub fn keeps(&self) -> bool {
        self.current.is_some()
    }

    /// Returns the messages that have reached the disk since the last call.
    ///
    /// # Errors
    /// A sentence for the status line.
    pub fn newly_durable(&mut self) -> Result<Vec<Key>, String> {
        let mine = self.current.as_mut().or(self.asked.as_mut());
        mine.map_or(Ok(Vec::new()), |mine| mine.keeper.newly_durable())
    }

    /// Goes on with the present file: the requested login was refused.
    pub fn not_entered(&mut self) {
        self.asked = None;
    }

    /// Saves this state: at once if `now`, or if its messages or its token changed; otherwise soon.
    ///
    /// # Errors
    /// A sentence for the status line.
    pub fn keep(
        &mut self,
        kept: Option<SavedSession>,
        place: Geometry,
        now: bool,
    ) -> Result<(), String> {
        // Before the first login this may be the draft for the room that is being asked.
        let out = self.current.is_none();
        let mine = self.current.as_mut().or(self.asked.as_mut());
        let Some((kept, mine)) = kept.zip(mine) else {
            return Ok(());
        };
        let kept = SavedSession {
            place: Some(place),
            ..kept
        };
        let written = if out {
            &mut mine.kept
        } else {
            &mut self.written
        };
        if kept == *written {
            self.due = None;
            return Ok(());
        }
        let urgent = kept.messages != written.messages || kept.token != written.token;
        let due = *self.due.get_or_insert_with(|| Instant::now() + SOON);
        if !now && !urgent && due > Instant::now() {
            return Ok(());
        }
        self.due = None;
        *written = kept;
        mine.keeper.save(written)
    }

    /// The time until something is to be saved.
    pub fn due(&self) -> Option<Duration> {
        let due = self.due?;
        Some(due.saturating_duration_since(Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Geometry = Geometry {
        x: 0,
        y: 0,
        width: 1,
        height: 1,
    };

    fn kept(draft: &str) -> SavedSession {
        SavedSession {
            draft: draft.to_string(),
            ..SavedSession::default()
        }
    }

    fn room(text: &str) -> Address {
        Address::parse(text).expect("an address")
    }

    #[test]
    fn who_can_keep_nothing_here_writes_nothing_over_what_is_kept_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let keeping = || Autosave::new(Some(folder.path().to_path_buf()), || ());
        // Another window has the second room open.
        let mut other = keeping();
        other.open(&room("b"), "eve");
        let mut own = keeping();
        own.open(&room("a"), "eve");
        own.entered();
        assert!(own.keeps());
        own.keep(Some(kept("for a")), PLACE, true).expect("kept");
        let (_, sentence) = own.open(&room("b"), "eve");
        assert!(sentence.expect("a sentence").contains("Another window"));
        own.entered();
        assert!(!own.keeps());
        own.keep(Some(kept("for b")), PLACE, true)
            .expect("nothing to do");
        drop(own);
        assert_eq!(keeping().open(&room("a"), "eve").0.draft, "for a");
    }

    #[test]
    fn a_login_that_renews_itself_goes_on_being_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut own = Autosave::new(Some(folder.path().to_path_buf()), || ());
        own.open(&room("a"), "eve");
        own.entered();
        own.open(&room("a"), "eve");
        own.entered();
        assert!(own.keeps());
    }

    #[test]
    fn what_is_written_on_the_way_in_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let keeping = || Autosave::new(Some(folder.path().to_path_buf()), || ());
        let mut own = keeping();
        own.open(&room("a"), "eve");
        own.keep(Some(kept("nobody answers")), PLACE, true)
            .expect("kept");
        drop(own);
        let (left, _) = keeping().open(&room("a"), "eve");
        assert_eq!(left.draft, "nobody answers");
    }
}
