//! The search for rooms on the local network.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use crate::failure::reason;
use crate::system::wait::{Wake, waking};

use super::finder::{Finder, ROOMS};
use super::interfaces::{Interface, Reach};
use super::net::{Incoming, Net, Outgoing, Party};
use super::{FoundRoom, RoomChange};

/// The interval at which undelivered changes are offered to the window again.
const AGAIN: Duration = Duration::from_millis(100);

/// A search that runs until it is dropped.
#[derive(Debug)]
pub struct RoomSearch {
    changes: Receiver<RoomChange>,
    /// Dropping it ends the thread.
    _stop: Wake,
}

impl RoomSearch {
    /// Starts a search; `wake` is called, on the search's thread, after each change.
    ///
    /// # Errors
    /// A sentence with the reason why the network cannot be searched.
    pub fn start(wake: impl Fn() + Send + 'static) -> Result<RoomSearch, String> {
        let failed = |error: std::io::Error| {
            format!(
                "The local network cannot be searched for rooms: {}. Type the room's address.",
                reason(&error)
            )
        };
        let net = Net::open(Reach::All { v4: true, v6: true });
        if net.names().is_empty()
            && let Some(error) = net.trouble()
        {
            return Err(failed(std::io::Error::new(error.kind(), error.to_string())));
        }
        let (tell, changes) = sync_channel(ROOMS);
        let (stop, stopped) = waking().map_err(failed)?;
        let mut searching = Searching {
            finder: Finder::default(),
            told: BTreeMap::new(),
            tell,
            wake,
            more: false,
        };
        std::thread::Builder::new()
            .name("searching".into())
            .spawn(move || net.run(&mut searching, &stopped))
            .map_err(failed)?;
        Ok(RoomSearch {
            changes,
            _stop: stop,
        })
    }

    /// The next change, if there is one yet.
    pub fn next(&self) -> Option<RoomChange> {
        self.changes.try_recv().ok()
    }
}

/// The finder, and the rooms as the window knows them. A window that does not keep up gets the final
/// state later, without the steps between.
struct Searching<W> {
    finder: Finder,
    told: BTreeMap<String, FoundRoom>,
    tell: SyncSender<RoomChange>,
    wake: W,
    /// Tells whether changes are left that did not fit into the channel.
    more: bool,
}

impl<W: Fn()> Searching<W> {
    fn tell(&mut self) {
        let rooms = self.finder.rooms();
        let gone = self.told.keys().filter(|id| !rooms.contains_key(*id));
        let gone = gone.map(|id| RoomChange::Gone(id.clone()));
        let there = rooms
            .values()
            .filter(|room| self.told.get(&room.id) != Some(room));
        let there = there.map(|room| RoomChange::There(room.clone()));
        let changes: Vec<RoomChange> = gone.chain(there).collect();
        self.more = false;
        let mut any = false;
        for change in changes {
            if self.tell.try_send(change.clone()).is_err() {
                self.more = true;
                break;
            }
            any = true;
            match change {
                RoomChange::Gone(id) => drop(self.told.remove(&id)),
                RoomChange::There(room) => drop(self.told.insert(room.id.clone(), room)),
            }
        }
        if any {
            (self.wake)();
        }
    }
}

impl<W: Fn()> Party for Searching<W> {
    fn interfaces(&mut self, interfaces: &[Interface], now: Instant, delay: Duration) {
        self.finder.interfaces(interfaces, now, delay);
    }

    fn heard(&mut self, heard: &Incoming, now: Instant) {
        self.finder.heard(heard, now);
    }

    fn due(&mut self, now: Instant) -> Vec<Outgoing> {
        let outgoing = self.finder.due(now);
        self.tell();
        outgoing
    }

    fn next(&self) -> Option<Instant> {
        let again = self.more.then(|| Instant::now() + AGAIN);
        self.finder.next().into_iter().chain(again).min()
    }
}
