//! The mDNS sockets, and the one thread that reads and writes them.
//!
//! Each interface and family has a socket, bound to the multicast group and to the interface: it
//! receives only what was sent to the group on that very network, and sends nowhere else. An idle
//! thread sleeps; the kernel wakes it when a network appears or disappears.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::time::{Duration, Instant};

use super::interfaces::{self, Interface, Reach};
use crate::system::multicast::{self, NetworkNews};
use crate::system::wait::{Handle, Woken, readable};

/// The port of mDNS.
pub const PORT: u16 = 5353;
/// The multicast group of mDNS, IPv4.
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
/// The multicast group of mDNS, IPv6.
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
/// The hop limit from which receivers see that no router forwarded a packet (RFC 6762 section 11).
const HOPS: u32 = 255;
/// The longest message, in bytes (RFC 6762 section 17).
const LONGEST: usize = 9_000;
/// The most messages read from one socket before the next one's turn, and the rest after that many: a
/// flood costs part of one core and does not delay other networks.
const BATCH: usize = 64;
const REST: Duration = Duration::from_millis(10);
/// The delay between a change of the networks and the reaction; changes come in bursts.
const SETTLING: Duration = Duration::from_millis(250);
/// The interval at which networks are listed if the kernel does not report changes.
const LOOK: Duration = Duration::from_secs(30);

/// A received message.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// The network on which it arrived.
    pub interface: &'a Interface,
    /// The sender's address.
    pub from: SocketAddr,
    /// The message.
    pub bytes: &'a [u8],
    /// The delay of an answer that others may give as well: random, 20 to 120 ms.
    pub delay: Duration,
}

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The index of the network to send it on.
    pub interface: u32,
    /// The recipient; `None` for the multicast group.
    pub to: Option<SocketAddr>,
    /// The message.
    pub bytes: Vec<u8>,
}

/// The logic that a [`Net`] runs: a responder or a search.
pub trait Party {
    /// Takes in the current networks.
    fn interfaces(&mut self, interfaces: &[Interface], now: Instant, delay: Duration);
    /// Takes in a received message.
    fn heard(&mut self, heard: &Incoming, now: Instant);
    /// The messages to be sent by now.
    fn due(&mut self, now: Instant) -> Vec<Outgoing>;
    /// The time at which [`Party::due`] has to be called next.
    fn next(&self) -> Option<Instant>;
    /// The messages to be sent at the end.
    fn farewell(&mut self) -> Vec<Outgoing> {
        Vec::new()
    }
}

/// The usable networks, each with its sockets.
#[derive(Debug)]
pub struct Net {
    reach: Reach,
    interfaces: Vec<InterfaceSockets>,
    news: Option<NetworkNews>,
    trouble: Option<io::Error>,
}

#[derive(Debug)]
struct InterfaceSockets {
    interface: Interface,
    v4: Option<UdpSocket>,
    v6: Option<UdpSocket>,
}

impl Net {
    /// Opens sockets on all networks that are up.
    pub fn open(reach: Reach) -> Net {
        let mut net = Net {
            reach,
            interfaces: Vec::new(),
            news: NetworkNews::subscribe().ok(),
            trouble: None,
        };
        net.look();
        net
    }

    /// The names of the usable networks.
    pub fn names(&self) -> Vec<String> {
        self.interfaces
            .iter()
            .map(|sockets| sockets.interface.name.clone())
            .collect()
    }

    /// The reason why a network is not usable, if there is one.
    pub fn trouble(&self) -> Option<&io::Error> {
        self.trouble.as_ref()
    }

    /// Lists the networks again and opens their sockets; `true` if anything changed.
    fn look(&mut self) -> bool {
        let before = std::mem::take(&mut self.interfaces);
        let interfaces_before: Vec<Interface> = before
            .iter()
            .map(|sockets| sockets.interface.clone())
            .collect();
        let mut before: Vec<Option<InterfaceSockets>> = before.into_iter().map(Some).collect();
        self.trouble = None;
        for interface in interfaces::now(self.reach) {
            let same = |sockets: &&mut Option<InterfaceSockets>| {
                sockets.as_ref().is_some_and(|sockets| {
                    sockets.interface.index == interface.index
                        && sockets.interface.name == interface.name
                })
            };
            let old = before.iter_mut().find(same).and_then(Option::take);
            let (v4, v6) = old.map_or((None, None), |sockets| (sockets.v4, sockets.v6));
            let mut open =
                |wanted: bool,
                 old: Option<UdpSocket>,
                 open: fn(&Interface) -> io::Result<UdpSocket>| {
                    if !wanted || old.is_some() {
                        return old.filter(|_| wanted);
                    }
                    match open(&interface) {
                        Ok(socket) => Some(socket),
                        Err(error) => {
                            self.trouble.get_or_insert(error);
                            None
                        }
                    }
                };
            let v4 = open(!interface.v4.is_empty(), v4, open_v4);
            let v6 = open(!interface.v6.is_empty(), v6, open_v6);
            if v4.is_some() || v6.is_some() {
                self.interfaces.push(InterfaceSockets { interface, v4, v6 });
            }
        }
        let interfaces = self.interfaces.iter().map(|sockets| &sockets.interface);
        !interfaces.eq(interfaces_before.iter())
    }

    fn interfaces(&self) -> Vec<Interface> {
        self.interfaces
            .iter()
            .map(|sockets| sockets.interface.clone())
            .collect()
    }

    fn send(&self, message: &Outgoing) {
        let Some(sockets) = self
            .interfaces
            .iter()
            .find(|sockets| sockets.interface.index == message.interface)
        else {
            return;
        };
        let v6 = SocketAddrV6::new(GROUP_V6, PORT, 0, sockets.interface.index);
        let to = match message.to {
            Some(to) => vec![to],
            None => vec![(GROUP_V4, PORT).into(), v6.into()],
        };
        for to in to {
            let socket = if to.is_ipv4() {
                &sockets.v4
            } else {
                &sockets.v6
            };
            if let Some(socket) = socket {
                // A message that cannot be sent is like one that is lost on the way: it is repeated.
                let _ = socket.send_to(&message.bytes, to);
            }
        }
    }

    /// Runs `party` until the other end of `stop` is gone.
    pub fn run(mut self, party: &mut impl Party, stop: &Woken) {
        party.interfaces(&self.interfaces(), Instant::now(), delay());
        let mut buffer = vec![0; LONGEST];
        let mut look_at = self.news.is_none().then(|| Instant::now() + LOOK);
        loop {
            for message in party.due(Instant::now()) {
                self.send(&message);
            }
            let next = party.next().into_iter().chain(look_at).min();
            let Some(ready) = self.wait(stop, next) else {
                break;
            };
            let now = Instant::now();
            if ready.changed {
                look_at.get_or_insert(now + SETTLING);
            }
            if look_at.is_some_and(|at| at <= now) {
                look_at = self.news.is_none().then(|| now + LOOK);
                if self.look() {
                    party.interfaces(&self.interfaces(), now, delay());
                }
            }
            if ready.mail {
                // Only a persistent error wakes the thread again at once.
                let count = self.read(party, &mut buffer, now);
                if count >= BATCH || count == 0 {
                    std::thread::sleep(REST);
                }
            }
        }
        for message in party.farewell() {
            self.send(&message);
        }
    }

    /// Waits until there is something to do. `None` at the end.
    fn wait(&self, stop: &Woken, next: Option<Instant>) -> Option<Ready> {
        let sockets = self
            .interfaces
            .iter()
            .flat_map(|sockets| sockets.v4.iter().chain(&sockets.v6));
        let mut handles: Vec<&dyn Handle> = vec![stop];
        handles.extend(self.news.iter().map(|news| news as &dyn Handle));
        handles.extend(sockets.map(|socket| socket as &dyn Handle));
        let timeout = next.map(|next| {
            // Rounded up to the next millisecond: waking too early would mean waking twice.
            next.saturating_duration_since(Instant::now()) + Duration::from_millis(1)
        });
        let awake = match readable(&handles, timeout) {
            Ok(awake) => awake,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Some(Ready::default()),
            Err(_) => return None,
        };
        let (stopped, awake) = awake.split_first()?;
        if *stopped {
            return None;
        }
        let (news, mail) = awake.split_at(usize::from(self.news.is_some()));
        let ready = Ready {
            changed: news.contains(&true),
            mail: mail.contains(&true),
        };
        if let Some(news) = self.news.as_ref().filter(|_| ready.changed) {
            news.take();
        }
        Some(ready)
    }

    /// Reads at most a batch from each socket and returns the number of messages.
    fn read(&self, party: &mut impl Party, buffer: &mut [u8], now: Instant) -> usize {
        let mut count = 0;
        for sockets in &self.interfaces {
            for socket in sockets.v4.iter().chain(&sockets.v6) {
                count += batch(socket, buffer, |from, bytes| {
                    let heard = Incoming {
                        interface: &sockets.interface,
                        from,
                        bytes,
                        delay: delay(),
                    };
                    party.heard(&heard, now);
                });
            }
        }
        count
    }
}

/// Passes on the waiting messages of a socket, at most a batch, and returns their number.
fn batch(socket: &UdpSocket, buffer: &mut [u8], mut heard: impl FnMut(SocketAddr, &[u8])) -> usize {
    let mut count = 0;
    // Interruptions count, too, so that the loop is bounded.
    for _ in 0..BATCH {
        match socket.recv_from(buffer) {
            Ok((length, from)) => {
                count += 1;
                heard(from, &buffer[..length]);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // A pending error caused by an earlier send is cleared by this call.
            Err(_) => break,
        }
    }
    count
}

#[derive(Default)]
struct Ready {
    changed: bool,
    mail: bool,
}

/// A random delay of 20 to 120 ms, so that answers do not collide (RFC 6762 section 6).
fn delay() -> Duration {
    let random = getrandom::u32().unwrap_or(50);
    Duration::from_millis(20 + u64::from(random % 100))
}

/// The system's identification of an interface.
fn system(interface: &Interface) -> multicast::NetworkRef<'_> {
    multicast::NetworkRef {
        index: interface.index,
        name: &interface.name,
    }
}

fn open_v4(interface: &Interface) -> io::Result<UdpSocket> {
    multicast::open_v4(GROUP_V4, PORT, HOPS, system(interface))
}

fn open_v6(interface: &Interface) -> io::Result<UdpSocket> {
    multicast::open_v6(GROUP_V6, PORT, HOPS, system(interface))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two sockets that nobody else sends to, the second with `count` messages waiting.
    fn mail(count: usize) -> (UdpSocket, UdpSocket) {
        let [from, to] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a socket"));
        to.set_nonblocking(true).expect("set");
        let address = to.local_addr().expect("an address");
        for _ in 0..count {
            from.send_to(b"x", address).expect("sent");
        }
        (from, to)
    }

    /// A listener that counts the messages of each interface.
    #[derive(Default)]
    struct Ears(Vec<(String, usize)>);

    impl Party for Ears {
        fn interfaces(&mut self, _: &[Interface], _: Instant, _: Duration) {}

        fn heard(&mut self, heard: &Incoming, _: Instant) {
            assert_eq!(heard.bytes, b"x");
            let name = &heard.interface.name;
            match self.0.last_mut() {
                Some((last, count)) if last == name => *count += 1,
                _ => self.0.push((name.clone(), 1)),
            }
        }

        fn due(&mut self, _: Instant) -> Vec<Outgoing> {
            Vec::new()
        }

        fn next(&self) -> Option<Instant> {
            None
        }
    }

    #[test]
    fn a_flood_on_one_socket_leaves_the_others_their_turn() {
        let mut senders = Vec::new();
        let mut sockets = |name: &str, counts: [usize; 2]| {
            let [v4, v6] = counts.map(|count| {
                let (from, to) = mail(count);
                senders.push(from);
                Some(to)
            });
            let interface = Interface {
                index: 1,
                name: name.into(),
                v4: Vec::new(),
                v6: Vec::new(),
            };
            InterfaceSockets { interface, v4, v6 }
        };
        let net = Net {
            reach: Reach::All { v4: true, v6: true },
            interfaces: vec![sockets("a", [3 * BATCH, 2]), sockets("b", [1, BATCH + 1])],
            news: None,
            trouble: None,
        };
        // One batch from each socket per turn, whatever waits at the others.
        for turn in [
            &[("a", BATCH + 2), ("b", 1 + BATCH)][..],
            &[("a", BATCH), ("b", 1)],
            &[("a", BATCH)],
            &[],
        ] {
            let mut ears = Ears::default();
            let count = net.read(&mut ears, &mut [0; 16], Instant::now());
            let heard: Vec<_> = ears.0.iter().map(|(name, n)| (&**name, *n)).collect();
            assert_eq!(heard, turn);
            assert_eq!(count, turn.iter().map(|(_, n)| n).sum::<usize>());
        }
    }
}
