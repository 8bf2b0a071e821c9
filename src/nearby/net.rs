//! The sockets, and the one thread that reads and writes them.
//!
//! There is a socket for each interface and family. It is bound to the multicast group and to the interface's
//! interface: nothing comes in by it that was not sent to the group on that very network, and
//! nothing goes out elsewhere. While nothing happens the thread sleeps; the kernel tells it when a
//! network comes or goes.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::time::{Duration, Instant};

use super::interfaces::{self, Interface, Reach};
use crate::system::multicast::{self, NetworkNews};
use crate::system::wait::{Handle, Woken, readable};

/// The port of mDNS.
pub const PORT: u16 = 5353;
/// The group of mDNS, IPv4.
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
/// The group of mDNS, IPv6.
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
/// So that who receives it knows that no router passed it on (RFC 6762 section 11).
const HOPS: u32 = 255;
/// The longest message (RFC 6762 section 17).
const LONGEST: usize = 9_000;
/// Messages that are read of one socket before it is another's turn, and how long is rested after
/// as many: a network full of them costs a part of one core, and keeps no other network waiting.
const BATCH: usize = 64;
const REST: Duration = Duration::from_millis(10);
/// Changes of networks come in crowds.
const SETTLING: Duration = Duration::from_millis(250);
/// How often to look at the networks where the kernel cannot tell of changes.
const LOOK: Duration = Duration::from_secs(30);

/// A message that came.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// On which network.
    pub interface: &'a Interface,
    /// From where.
    pub from: SocketAddr,
    /// What.
    pub bytes: &'a [u8],
    /// How long to wait with an answer that others may give as well: random, 20 to 120 ms.
    pub delay: Duration,
}

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// On which network.
    pub interface: u32,
    /// To whom; to all of the network if to nobody.
    pub to: Option<SocketAddr>,
    /// What.
    pub bytes: Vec<u8>,
}

/// Who talks.
pub trait Party {
    /// These are the networks from now on.
    fn interfaces(&mut self, interfaces: &[Interface], now: Instant, delay: Duration);
    /// Something was said.
    fn heard(&mut self, heard: &Incoming, now: Instant);
    /// What is to be said by now.
    fn due(&mut self, now: Instant) -> Vec<Outgoing>;
    /// When there is something to be done again.
    fn next(&self) -> Option<Instant>;
    /// What is to be said at the end.
    fn farewell(&mut self) -> Vec<Outgoing> {
        Vec::new()
    }
}

/// The networks, each with its sockets.
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
    /// Opens what there is.
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

    /// The names of the networks that can be talked on.
    pub fn names(&self) -> Vec<String> {
        self.interfaces
            .iter()
            .map(|sockets| sockets.interface.name.clone())
            .collect()
    }

    /// Why a network cannot be talked on, if there is one.
    pub fn trouble(&self) -> Option<&io::Error> {
        self.trouble.as_ref()
    }

    /// Looks which networks there are now, and whether that is a change.
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
                // What does not get out is as what gets lost on the way: it is said again.
                let _ = socket.send_to(&message.bytes, to);
            }
        }
    }

    /// Lets `party` talk until the other end of `stop` is gone.
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
                // Nothing but an error that stays would be there again at once.
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

    /// Waits for something to do. `None` is the end.
    fn wait(&self, stop: &Woken, next: Option<Instant>) -> Option<Ready> {
        let sockets = self
            .interfaces
            .iter()
            .flat_map(|sockets| sockets.v4.iter().chain(&sockets.v6));
        let mut handles: Vec<&dyn Handle> = vec![stop];
        handles.extend(self.news.iter().map(|news| news as &dyn Handle));
        handles.extend(sockets.map(|socket| socket as &dyn Handle));
        let timeout = next.map(|next| {
            // To the next millisecond: to wake too early would be to wake twice.
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

    /// Reads at most a batch of each socket; how many messages there were.
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

/// Hands on what waits at a socket, at most a batch; how many messages that were.
fn batch(socket: &UdpSocket, buffer: &mut [u8], mut heard: impl FnMut(SocketAddr, &[u8])) -> usize {
    let mut count = 0;
    // An interruption counts as well: nothing here goes on for as long as somebody wants.
    for _ in 0..BATCH {
        match socket.recv_from(buffer) {
            Ok((length, from)) => {
                count += 1;
                heard(from, &buffer[..length]);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // An error that a message of ours brought back was taken with this call.
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

/// 20 to 120 ms, so that not all answer at the same moment (RFC 6762 section 6).
fn delay() -> Duration {
    let random = getrandom::u32().unwrap_or(50);
    Duration::from_millis(20 + u64::from(random % 100))
}

/// What the system knows an interface by.
fn system(interface: &Interface) -> multicast::Interface<'_> {
    multicast::Interface {
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

    /// Two sockets that nobody else sends to, the second with so many messages waiting.
    fn mail(count: usize) -> (UdpSocket, UdpSocket) {
        let [from, to] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a socket"));
        to.set_nonblocking(true).expect("set");
        let address = to.local_addr().expect("an address");
        for _ in 0..count {
            from.send_to(b"x", address).expect("sent");
        }
        (from, to)
    }

    /// Who listens, and how often each interface was heard.
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
        // One batch of each socket a turn, whatever waits at the others.
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
