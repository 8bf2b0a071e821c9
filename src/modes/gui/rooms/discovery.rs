//! Looking for rooms: the network's announcements, and the addresses where a room may be anyway. All
//! of it happens on other threads; it ends when this is dropped.

use std::net::IpAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::address::Address;
use crate::modes::gui::link::health;
use crate::modes::gui::model::Event;
use crate::modes::gui::rooms::Answered;
use crate::nearby::Search;

/// So long is waited for rooms before it is said which there are. A network's answers come within
/// some 100 ms, and are asked for again after a second.
const LOOK: Duration = Duration::from_secs(1);
/// A room that was tried answers within this time.
const ANSWER: Duration = Duration::from_millis(900);

/// A search for rooms.
pub struct Looking {
    found: Receiver<Found>,
    /// Once it has begun.
    search: Option<Search>,
    begun: Instant,
    /// It was said that it was looked for long enough.
    said: bool,
}

enum Found {
    Search(Result<Search, String>),
    Answered(Answered),
}

impl Looking {
    /// Begins to look: on the network, and at these addresses. `wake` is called, on other threads,
    /// when there is something to take.
    pub fn start(addresses: Vec<Address>, wake: fn()) -> Looking {
        let (tell, found) = channel();
        let to_tell = tell.clone();
        // Joining the networks takes the system a moment.
        let search = move || {
            // Nobody wants it any more if this fails: then it ends here.
            let _ = to_tell.send(Found::Search(Search::start(wake)));
            wake();
        };
        spawn("search", search);
        for address in addresses {
            let tell = tell.clone();
            spawn("asking", move || ask(&address, &tell, wake));
        }
        Looking {
            found,
            search: None,
            begun: Instant::now(),
            said: false,
        }
    }

    /// What there is to tell by now. `busy` is asked whether somebody fills in the login.
    pub fn take(&mut self, busy: impl Fn() -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        for found in self.found.try_iter() {
            match found {
                Found::Search(Ok(search)) => self.search = Some(search),
                Found::Search(Err(sentence)) => events.push(Event::Note(sentence)),
                Found::Answered(answered) => events.push(Event::Answered(answered)),
            }
        }
        let changes = std::iter::from_fn(|| self.search.as_ref()?.next());
        events.extend(changes.map(Event::Nearby));
        if self.due() == Some(Duration::ZERO) {
            self.said = true;
            events.push(Event::Looked { busy: busy() });
        }
        events
    }

    /// In what time it was looked for long enough.
    pub fn due(&self) -> Option<Duration> {
        (!self.said).then(|| LOOK.saturating_sub(self.begun.elapsed()))
    }
}

/// Without a thread to be had nothing is found, and somebody types the address.
fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    let _ = thread::Builder::new().name(name.to_string()).spawn(work);
}

fn ask(address: &Address, tell: &Sender<Found>, wake: fn()) {
    let Some(mut answered) = health(address, ANSWER) else {
        return;
    };
    answered.aliases = aliases(address);
    // Nobody listens any more if the login was quicker.
    let _ = tell.send(Found::Answered(answered));
    wake();
}

/// What the network calls this machine's own address.
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
