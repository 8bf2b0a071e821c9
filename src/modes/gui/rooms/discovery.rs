//! The discovery of rooms: announcements on the network, and probes of addresses where a room may be.
//! All of it runs on its own threads, which end when [`Discovery`] is dropped.

use std::net::IpAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::address::Address;
use crate::modes::gui::rooms::ProbedRoom;
use crate::nearby::{RoomChange, RoomSearch};

/// Time from the start to [`Discovered::LongEnough`]. Answers on a network come within some 100 ms,
/// and the question is repeated after a second.
const SEARCH_TIME: Duration = Duration::from_secs(1);
/// Time limit of a probe.
const PROBE_TIMEOUT: Duration = Duration::from_millis(900);

/// Asks whether a room answers at an address, for at most the duration. Blocks.
pub type Probe = fn(&Address, Duration) -> Option<ProbedRoom>;

/// A search for rooms.
pub struct Discovery {
    found: Receiver<Found>,
    /// The search of the network, once it has begun.
    search: Option<RoomSearch>,
    begun: Instant,
    /// [`Discovered::LongEnough`] was reported.
    long_enough: bool,
}

/// A result of the search.
#[derive(Clone, Debug)]
pub enum Discovered {
    /// A room of the network came, went or changed.
    Nearby(RoomChange),
    /// A probed room answered.
    Answered(ProbedRoom),
    /// The network cannot be searched; a sentence for the status line.
    Trouble(String),
    /// The search has run for as long as the user should wait for it. Reported once.
    LongEnough,
}

enum Found {
    Search(Result<RoomSearch, String>),
    Answered(ProbedRoom),
}

impl Discovery {
    /// Starts to search the network and to probe these addresses. `wake` is called, on other
    /// threads, when there is something to take.
    pub fn start(addresses: Vec<Address>, probe: Probe, wake: fn()) -> Discovery {
        let (tell, found) = channel();
        let to_tell = tell.clone();
        // Joining the networks takes the system a moment.
        let search = move || {
            // Fails if the discovery is over already; then the search ends here.
            let _ = to_tell.send(Found::Search(RoomSearch::start(wake)));
            wake();
        };
        spawn("search", search);
        for address in addresses {
            let tell = tell.clone();
            spawn("asking", move || ask(&address, probe, &tell, wake));
        }
        Discovery {
            found,
            search: None,
            begun: Instant::now(),
            long_enough: false,
        }
    }

    /// Returns the results since the last call.
    pub fn take(&mut self) -> Vec<Discovered> {
        let mut news = Vec::new();
        for found in self.found.try_iter() {
            match found {
                Found::Search(Ok(search)) => self.search = Some(search),
                Found::Search(Err(sentence)) => news.push(Discovered::Trouble(sentence)),
                Found::Answered(room) => news.push(Discovered::Answered(room)),
            }
        }
        let changes = std::iter::from_fn(|| self.search.as_ref()?.next());
        news.extend(changes.map(Discovered::Nearby));
        if self.due() == Some(Duration::ZERO) {
            self.long_enough = true;
            news.push(Discovered::LongEnough);
        }
        news
    }

    /// The time until [`Discovered::LongEnough`] is reported.
    pub fn due(&self) -> Option<Duration> {
        (!self.long_enough).then(|| SEARCH_TIME.saturating_sub(self.begun.elapsed()))
    }
}

/// Runs `work` on a thread. Without a thread nothing is found, and the user types the address.
fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    let _ = thread::Builder::new().name(name.to_string()).spawn(work);
}

/// Probes an address, and sends the room that answers.
fn ask(address: &Address, probe: Probe, tell: &Sender<Found>, wake: fn()) {
    let Some(mut room) = probe(address, PROBE_TIMEOUT) else {
        return;
    };
    room.aliases = aliases(address);
    // Fails if the login was quicker and the discovery is over.
    let _ = tell.send(Found::Answered(room));
    wake();
}

/// Returns the addresses by which the network reaches a loopback address of this machine.
fn aliases(address: &Address) -> Vec<Address> {
    let is_own = |host: &IpAddr| host.is_loopback();
    if !address.host().parse().is_ok_and(|host| is_own(&host)) {
        return Vec::new();
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let hosts = interfaces.iter().map(if_addrs::Interface::ip);
    let there = hosts.filter(|host| !is_own(host)).map(|host| match host {
        IpAddr::V4(host) => format!("{host}:{}", address.port()),
        IpAddr::V6(host) => format!("[{host}]:{}", address.port()),
    });
    there
        .filter_map(|text| Address::parse(&text).ok())
        .collect()
}
