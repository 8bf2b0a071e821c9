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
    /// The file of the present session.
    current: Option<OpenFile>,
    /// The file of the login just requested.
    requested: Option<OpenFile>,
    /// The requested login is the present one.
    same: bool,
    /// The state in the file of the present session.
    written: SavedSession,
    /// A failure while the window's geometry was looked up, until it can be reported.
    trouble: Option<String>,
    /// The time at which a change that can wait is saved.
    due: Option<Instant>,
}

struct OpenFile {
    address: String,
    name: String,
    file: SessionFile,
    /// The state in the file, until the login is accepted.
    written: SavedSession,
}

impl Autosave {
    /// Starts without a file; each login then has one in `folder`. `tell` is called on another
    /// thread when [`Autosave::newly_durable`] has news.
    pub fn new(folder: Option<PathBuf>, tell: fn()) -> Autosave {
        Autosave {
            folder,
            tell,
            current: None,
            requested: None,
            same: false,
            written: SavedSession::default(),
            trouble: None,
            due: None,
        }
    }

    /// Opens the file of this room and name, and returns the geometry of its last window.
    pub fn open_for_geometry(&mut self, address: &Address, name: &str) -> Option<Geometry> {
        let (saved, trouble) = self.open(address, name);
        self.trouble = trouble;
        saved.geometry
    }

    /// Opens the file of this room and name. Returns the state that an earlier window saved there,
    /// and a sentence if nothing can be saved.
    pub fn open(&mut self, address: &Address, name: &str) -> (SavedSession, Option<String>) {
        let trouble = self.trouble.take();
        let (address, name) = (address.to_string(), name.trim().to_string());
        let is_it = |open: &OpenFile| open.address == address && open.name == name;
        self.same = self.current.as_ref().is_some_and(is_it);
        if self.same {
            return (self.written.clone(), None);
        }
        if let Some(open) = self.requested.as_ref().filter(|open| is_it(open)) {
            return (open.written.clone(), trouble);
        }
        self.requested = None;
        let Some(folder) = self.folder.as_deref().filter(|_| !name.is_empty()) else {
            return (SavedSession::default(), None);
        };
        let (file, saved, sentence) = SessionFile::open(folder, &address, &name, self.tell);
        self.requested = file.map(|file| OpenFile {
            address,
            name,
            file,
            written: saved.clone(),
        });
        (saved, sentence)
    }

    /// Goes on with the requested login's file: the login was accepted.
    pub fn accept_login(&mut self) {
        if let Some(open) = self.requested.take() {
            self.written = open.written.clone();
            self.current = Some(open);
        } else if !self.same {
            // Nothing can be saved here, and nothing of it belongs into the earlier session's file.
            self.current = None;
        }
    }

    /// Goes on with the present file: the requested login was refused.
    pub fn refuse_login(&mut self) {
        self.requested = None;
    }

    /// Returns whether the present session is saved.
    pub fn is_saving(&self) -> bool {
        self.current.is_some()
    }

    /// Returns the messages that have reached the disk since the last call.
    ///
    /// # Errors
    /// A sentence for the status line.
    pub fn newly_durable(&mut self) -> Result<Vec<Key>, String> {
        let open = self.current.as_mut().or(self.requested.as_mut());
        open.map_or(Ok(Vec::new()), |open| open.file.newly_durable())
    }

    /// Saves this state at once.
    ///
    /// # Errors
    /// A sentence for the status line.
    pub fn save(&mut self, state: Option<SavedSession>, geometry: Geometry) -> Result<(), String> {
        self.save_if(state, geometry, |_, _| true)
    }

    /// Saves this state: at once if it is urgent, because its messages or its token changed, and
    /// otherwise a moment after the first change.
    ///
    /// # Errors
    /// A sentence for the status line.
    pub fn save_soon(
        &mut self,
        state: Option<SavedSession>,
        geometry: Geometry,
    ) -> Result<(), String> {
        self.save_if(state, geometry, |new, old| {
            new.messages != old.messages || new.token != old.token
        })
    }

    fn save_if(
        &mut self,
        state: Option<SavedSession>,
        geometry: Geometry,
        is_urgent: impl Fn(&SavedSession, &SavedSession) -> bool,
    ) -> Result<(), String> {
        // Before the first login this may be the draft for the room that is being asked.
        let before_login = self.current.is_none();
        let open = self.current.as_mut().or(self.requested.as_mut());
        let Some((state, open)) = state.zip(open) else {
            return Ok(());
        };
        let state = SavedSession {
            geometry: Some(geometry),
            ..state
        };
        let written = if before_login {
            &mut open.written
        } else {
            &mut self.written
        };
        if state == *written {
            self.due = None;
            return Ok(());
        }
        let due = *self.due.get_or_insert_with(|| Instant::now() + SOON);
        if !is_urgent(&state, written) && due > Instant::now() {
            return Ok(());
        }
        self.due = None;
        *written = state;
        open.file.save(written)
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

    const GEOMETRY: Geometry = Geometry {
        x: 0,
        y: 0,
        width: 1,
        height: 1,
    };

    fn state(draft: &str) -> SavedSession {
        SavedSession {
            draft: draft.to_string(),
            ..SavedSession::default()
        }
    }

    fn room(text: &str) -> Address {
        Address::parse(text).expect("an address")
    }

    #[test]
    fn a_window_that_cannot_save_here_overwrites_nothing_of_the_session_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let autosave = || Autosave::new(Some(folder.path().to_path_buf()), || ());
        // Another window has the second room open.
        let mut other = autosave();
        other.open(&room("b"), "eve");
        let mut own = autosave();
        own.open(&room("a"), "eve");
        own.accept_login();
        assert!(own.is_saving());
        own.save(Some(state("for a")), GEOMETRY).expect("saved");
        let (_, sentence) = own.open(&room("b"), "eve");
        assert!(sentence.expect("a sentence").contains("Another window"));
        own.accept_login();
        assert!(!own.is_saving());
        own.save(Some(state("for b")), GEOMETRY)
            .expect("nothing to do");
        drop(own);
        assert_eq!(autosave().open(&room("a"), "eve").0.draft, "for a");
    }

    #[test]
    fn a_renewed_login_goes_on_being_saved() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut own = Autosave::new(Some(folder.path().to_path_buf()), || ());
        own.open(&room("a"), "eve");
        own.accept_login();
        own.open(&room("a"), "eve");
        own.accept_login();
        assert!(own.is_saving());
    }

    #[test]
    fn a_draft_of_before_the_login_is_saved() {
        let folder = tempfile::tempdir().expect("a folder");
        let autosave = || Autosave::new(Some(folder.path().to_path_buf()), || ());
        let mut own = autosave();
        own.open(&room("a"), "eve");
        own.save(Some(state("nobody answers")), GEOMETRY)
            .expect("saved");
        drop(own);
        let (left, _) = autosave().open(&room("a"), "eve");
        assert_eq!(left.draft, "nobody answers");
    }
}
