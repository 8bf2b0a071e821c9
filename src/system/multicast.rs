//! Sockets for one network and one multicast group, and news of networks that come and go.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, sockopt};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};

/// RTMGRP_LINK, RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR of rtnetlink(7).
const CHANGES: u32 = 0x1 | 0x10 | 0x100;
/// Most changes that one read takes; the rest waits for the next one.
const BATCH: usize = 64;

/// A network interface by its number and its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NetworkRef<'a> {
    /// The number, which is its scope (RFC 4007).
    pub(crate) index: u32,
    /// The name.
    pub(crate) name: &'a str,
}

/// A socket in a multicast group on one network: nothing comes in by it that was not sent to the group
/// on that very network, and nothing goes out elsewhere. `hops` is what its messages are sent with.
/// Others on this machine may have the port, too; it never blocks.
///
/// # Errors
/// The system's.
pub(crate) fn open_v4(
    group: Ipv4Addr,
    port: u16,
    hops: u32,
    interface: NetworkRef<'_>,
) -> io::Result<UdpSocket> {
    let socket = open(Domain::IPV4)?;
    socket.set_multicast_all_v4(false)?;
    socket.bind(&SocketAddr::from((group, port)).into())?;
    socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(interface.index))?;
    let any = Ipv4Addr::UNSPECIFIED;
    sockopt::set_ip_multicast_if_with_ifindex(socket.as_fd(), &any, &any, interface.index)?;
    socket.set_multicast_ttl_v4(hops)?;
    socket.set_ttl_v4(hops)?;
    keep_to(&socket, interface);
    Ok(socket.into())
}

/// A socket that receives and sends the group's IPv6 messages on the interface.
///
/// # Errors
/// The system's.
pub(crate) fn open_v6(
    group: Ipv6Addr,
    port: u16,
    hops: u32,
    interface: NetworkRef<'_>,
) -> io::Result<UdpSocket> {
    let socket = open(Domain::IPV6)?;
    socket.set_only_v6(true)?;
    socket.set_multicast_all_v6(false)?;
    let address = SocketAddrV6::new(group, port, 0, interface.index);
    socket.bind(&SocketAddr::from(address).into())?;
    socket.join_multicast_v6(&group, interface.index)?;
    socket.set_multicast_if_v6(interface.index)?;
    socket.set_multicast_hops_v6(hops)?;
    socket.set_unicast_hops_v6(hops)?;
    keep_to(&socket, interface);
    Ok(socket.into())
}

fn open(domain: Domain) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::DGRAM.nonblocking(), Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    Ok(socket)
}

/// Binds the socket to the interface. Old kernels leave this to the administrator; the group's scope and
/// a check of the senders' addresses keep everything on the network without it.
fn keep_to(socket: &Socket, interface: NetworkRef<'_>) {
    let _ = socket.bind_device(Some(interface.name.as_bytes()));
}

/// The kernel's news of networks that come, go or change; readable when there is any.
#[derive(Debug)]
pub(crate) struct NetworkNews(OwnedFd);

impl NetworkNews {
    /// Subscribes to it.
    ///
    /// # Errors
    /// The system gives none.
    pub(crate) fn subscribe() -> io::Result<NetworkNews> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            flags,
            None, // NETLINK_ROUTE, rtnetlink(7)
        )?;
        rustix::net::bind(&socket, &SocketAddrNetlink::new(0, CHANGES))?;
        Ok(NetworkNews(socket))
    }

    /// Takes the news that have come, at most a batch. What changed is for the caller to look up; a
    /// queue that overflowed says the same.
    pub(crate) fn take(&self) {
        let mut told = [0_u8; 4_096];
        let more = |_: &usize| {
            rustix::net::recv(&self.0, &mut told, RecvFlags::DONTWAIT).is_ok_and(|(_, n)| n > 0)
        };
        let _ = (0..BATCH).take_while(more).count();
    }
}

impl AsFd for NetworkNews {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
