//! The client to whom a connection counts, and the answers where there is no place for it.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::http::{Head, Persistence, Response};
use crate::modes::server::api::rejection::Rejection;
use crate::modes::server::console::Entry;
use crate::modes::server::fanout::peer::Peer;
use crate::modes::server::room::client::Client;
use crate::modes::server::room::quotas::Arrival;

use super::Connection;

impl Connection {
    /// Counts the connection for the client that asks: through a proxy that may be another each time.
    pub(super) fn count(&mut self, client: Client) -> Result<(), Duration> {
        if self
            .connected
            .as_ref()
            .is_none_or(|counted| counted.from() != client)
        {
            self.connected = None;
            // A room key that the one before gave is not held against this one.
            self.gave_key = false;
            let (api, now) = (&self.api, Instant::now());
            let make_room = |whose| api.idle.make_room_of(whose);
            let counted = api.connections.open(client, Arrival::Open, make_room, now);
            self.connected = Some(counted?.0);
        }
        Ok(())
    }

    /// The address whose turn it is when the log is read for this connection: a network's, so that
    /// nobody gets more turns by more addresses.
    pub(super) fn whose(&self) -> IpAddr {
        let counted = self.connected.as_ref();
        counted.map_or(self.from, |counted| counted.from().network().address())
    }

    /// Tells the operator, once, that all who come through a proxy count as one.
    pub(super) fn look_for_proxy(&self, head: &Head) {
        let named = head
            .host
            .as_deref()
            .is_some_and(|host| self.api.hosts.has(host));
        if let Some(notice) = self.api.proxies.unknown(self.from, head, named) {
            self.console.show(Entry::Notice(notice));
        }
    }
}

/// Reports whether a room key may come with the request, which is a login or not.
pub fn gives_key(head: &Head, login: bool) -> bool {
    let scheme = head
        .field("authorization")
        .and_then(|c| c.split(' ').next());
    login || scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
}

/// The answer to a connection that there is no room for.
pub fn full() -> Response {
    Rejection::ServerFull.response()
}

/// The answer to a connection whose address has too many.
pub fn too_many(wait: Duration) -> Response {
    Rejection::TooManyConnections(wait).response()
}

/// Answers a connection without waiting for its request. A client that does not take it all at once
/// loses the rest.
pub fn turn_away(peer: &Peer, response: Response) {
    peer.send(&response.whole(Persistence::Close));
}
