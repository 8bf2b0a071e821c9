//! Whose a connection is, and what it is told where there is no place for it.

use std::io::{self, Write};
use std::net::{IpAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::http::{Head, Response};
use crate::modes::server::api::refusals::seconds;
use crate::modes::server::console::Entry;
use crate::modes::server::room::client::Client;
use crate::wire::endpoint::Endpoint;

use super::Connection;

impl Connection {
    /// Counts the connection for whoever asks: through a proxy that may be somebody else each time.
    pub(super) fn count(&mut self, client: Client) -> Result<(), Duration> {
        if self
            .connected
            .as_ref()
            .is_none_or(|counted| counted.from() != client)
        {
            self.connected = None;
            // What the one before gave is nothing of this one's.
            self.gave_key = false;
            let (api, now) = (&self.api, Instant::now());
            let make_room = |whose| api.idle.make_room_of(whose);
            let counted = api.connections.open(client, false, make_room, now);
            self.connected = Some(counted?.0);
        }
        Ok(())
    }

    /// Whose turn it is when the log is read for this connection: a network's, so that nobody gets
    /// more of them by more addresses.
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

/// Whether a room key may come with the request.
pub fn gives_key(head: &Head) -> bool {
    let scheme = head
        .field("authorization")
        .and_then(|c| c.split(' ').next());
    let basic = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"));
    basic || Endpoint::parse(&head.method, &head.path) == Ok(Endpoint::LogIn)
}

/// What a connection is told that there is no room for.
pub fn full() -> Response {
    let message = "The server has as many connections as it can. Try again in a moment.";
    Response::refusal(503, "room_full", message).field("Retry-After", "5")
}

/// What a connection is told of whose address there are too many.
pub fn too_many(wait: Duration) -> Response {
    let wait = seconds(wait);
    let message = format!(
        "Your address has as many connections here as it may, or opens too many at once. Close windows or programs that listen here, or wait, and try again in {wait} s."
    );
    Response::refusal(429, "too_many_connections", message).field("Retry-After", wait.to_string())
}

/// Answers a connection without waiting for its request.
pub fn turn_away(stream: &TcpStream, response: Response) -> io::Result<()> {
    let mut stream = stream;
    stream.write_all(&response.whole(true, false))
}
