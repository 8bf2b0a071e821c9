//! Connections beyond what every system offers alike: patience with a silent peer, and what is known of
//! it without reading.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;
use socket2::SockRef;

/// Sets how many connections may wait to be accepted. It can be said again while they come.
///
/// # Errors
/// The system's.
pub(crate) fn queue(listener: &TcpListener, backlog: i32) -> io::Result<()> {
    Ok(rustix::net::listen(listener, backlog)?)
}

/// The system's questions whether a silent peer is still there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeepAlive {
    /// The silence before the first probe.
    pub(crate) idle: Duration,
    /// The time between two.
    pub(crate) interval: Duration,
    /// After so many without an answer the connection is over.
    pub(crate) probes: u32,
}

impl KeepAlive {
    /// Has the system ask on this connection.
    ///
    /// # Errors
    /// The first of the settings that cannot be had; the others are made all the same.
    pub(crate) fn set(self, stream: &TcpStream) -> io::Result<()> {
        let set = [
            sockopt::set_tcp_keepidle(stream, self.idle),
            sockopt::set_tcp_keepintvl(stream, self.interval),
            sockopt::set_tcp_keepcnt(stream, self.probes),
            sockopt::set_socket_keepalive(stream, true),
        ];
        Ok(set.into_iter().collect::<Result<(), _>>()?)
    }
}

/// Ends the connection when what was sent stays without an answer of the peer's system for this long.
///
/// # Errors
/// The system's.
pub(crate) fn give_up_after(stream: &TcpStream, time: Duration) -> io::Result<()> {
    let millis = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    Ok(sockopt::set_tcp_user_timeout(stream, millis)?)
}

/// Bounds the bytes that wait in the system before they are sent. Those on their way do not count: a far
/// peer would have no more in the time that an answer of its takes.
///
/// # Errors
/// The system's.
pub(crate) fn bound_unsent(stream: &TcpStream, bytes: u32) -> io::Result<()> {
    SockRef::from(stream).set_tcp_notsent_lowat(bytes)
}

/// The state of a peer's side, as far as the system knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// Nothing but that it is there.
    Open,
    /// The peer sends nothing more: it is gone, or it has only closed its sending side.
    HalfClosed,
    /// The peer receives nothing more.
    Gone,
}

/// The state of a connection's peer, without reading or waiting. An error says nothing about the peer.
pub(crate) fn liveness(stream: &TcpStream) -> Liveness {
    let seen = seen(stream, PollFlags::RDHUP).unwrap_or(PollFlags::empty());
    if seen.intersects(PollFlags::ERR | PollFlags::HUP) {
        Liveness::Gone
    } else if seen.contains(PollFlags::RDHUP) {
        Liveness::HalfClosed
    } else {
        Liveness::Open
    }
}

/// Tells whether nobody reads any more what is written here, which otherwise only a write would show.
pub(crate) fn is_unread(output: &impl AsFd) -> bool {
    seen(output, PollFlags::empty()).is_some_and(|seen| seen.contains(PollFlags::ERR))
}

fn seen(handle: &impl AsFd, asked: PollFlags) -> Option<PollFlags> {
    let mut polled = [PollFd::new(handle, asked)];
    poll(&mut polled, Some(&Timespec::default())).ok()?;
    Some(polled[0].revents())
}

/// Waits until the connection takes more bytes, at most for this long; whether it does.
pub(crate) fn is_writable_within(stream: &TcpStream, time: Duration) -> bool {
    let Ok(time) = Timespec::try_from(time) else {
        return false;
    };
    let mut polled = [PollFd::new(stream, PollFlags::OUT)];
    poll(&mut polled, Some(&time)).is_ok_and(|ready| ready > 0)
}

#[cfg(all(test, feature = "gui"))]
/// A listener on this machine whose queue is full at `backlog` connections, on a port of the system's
/// choice.
pub(crate) fn listener(backlog: i32) -> TcpListener {
    use rustix::net::{AddressFamily, SocketType, bind, listen, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    let any: std::net::SocketAddrV4 = "127.0.0.1:0".parse().expect("an address");
    bind(&socket, &any).expect("a port");
    listen(&socket, backlog).expect("it listens");
    TcpListener::from(socket)
}

/// The bytes that the system keeps for a connection until they are taken by the peer.
#[cfg(test)]
pub(crate) fn send_buffer(stream: &TcpStream) -> io::Result<usize> {
    Ok(sockopt::socket_send_buffer_size(stream)?)
}

/// The bytes that the system keeps for a connection until they are read here.
#[cfg(test)]
pub(crate) fn receive_buffer(stream: &TcpStream) -> io::Result<usize> {
    Ok(sockopt::socket_recv_buffer_size(stream)?)
}
