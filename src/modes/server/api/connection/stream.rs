//! Connections that become event streams, and polls of what there is.

use std::sync::Arc;

use crate::failure::reason;
use crate::http::{Persistence, Response};

use super::{Connection, ConnectionEnd, PIECE};
use crate::modes::server::api::events::Subscription;
use crate::modes::server::console::Console;
use crate::modes::server::console::Entry;
use crate::modes::server::fanout::follower::FollowEnd;
use crate::modes::server::fanout::follower::Follower;
use crate::modes::server::fanout::peer::Liveness;
use crate::modes::server::room::quotas::Connected;
use crate::modes::server::room::tail::Batch;

/// A connection that has become an event stream.
pub struct Stream {
    follower: Follower,
    console: Console,
    /// Counts it for its address.
    _connected: Option<Connected>,
}

impl Stream {
    pub(super) fn new(connection: Connection, subscription: Subscription) -> Stream {
        let (encoding, offset, hold) = (
            subscription.encoding,
            subscription.start.offset,
            subscription.hold,
        );
        let fanout = &connection.api.fanout;
        let whose = connection.whose();
        Stream {
            follower: Follower::new(fanout, connection.peer, whose, hold, encoding, offset),
            console: connection.console,
            _connected: connection.connected,
        }
    }

    /// Serves the stream to its end.
    pub async fn run(self) {
        let (ended, shared) = self.follower.run().await;
        match ended {
            FollowEnd::Complete => Box::pin(shared.peer.close()).await,
            FollowEnd::Gone | FollowEnd::Stalled => {}
            FollowEnd::Unreadable(error) => self.console.show(Entry::Notice(format!(
                "A listener was cut off because the log could not be read: {}. Check the disk.",
                reason(&error)
            ))),
        }
    }
}

impl Connection {
    /// The head of a stream, which proxies are told neither to keep nor to collect nor to compress: some
    /// that compress hold the end of an event back until there is another.
    fn stream_response(&self, subscription: &Subscription) -> Response {
        let mut response = Response::new(200)
            .field("Content-Type", subscription.encoding.form.content_type())
            .field("Cache-Control", "no-store, no-transform")
            .field("X-Accel-Buffering", "no");
        if subscription.takes_codings {
            // Caddy 2.6 compresses whatever has no coding yet.
            response = response.field("Content-Encoding", "identity");
        }
        if subscription.encoding.chunked {
            response.field("Transfer-Encoding", "chunked")
        } else {
            response
        }
    }

    /// Answers HEAD; the connection ends with it, as it does with a stream.
    pub(super) async fn stream_head(&self, subscription: &Subscription) -> ConnectionEnd {
        let response = self.stream_response(subscription);
        match self.write(&response.head(Persistence::Close)).await {
            Ok(()) => ConnectionEnd::Finished,
            Err(end) => end,
        }
    }

    /// Begins an event stream; the connection ends with it.
    pub(super) async fn stream(&self, subscription: &Subscription) -> Result<(), ConnectionEnd> {
        let mut head = self.stream_response(subscription).head(Persistence::Close);
        head.extend(first_words(subscription));
        self.write(&head).await
    }

    /// Sends the events up to `until`, framed so that a cut is seen: in chunks, or for HTTP/1.0 with
    /// their length, for which everything is encoded twice.
    pub(super) async fn poll(
        &self,
        subscription: Subscription,
        until: u64,
        persistence: Persistence,
    ) -> Result<(), ConnectionEnd> {
        let first = first_words(&subscription);
        let head = self.stream_response(&subscription).head(persistence);
        if subscription.encoding.chunked {
            self.write(&head).await?;
        } else {
            // What the head begins with is sent before everything is counted: a machine where
            // nobody waits any more refuses it.
            let begun = head.strip_suffix(b"\r\n").unwrap_or(&head);
            self.write(begun).await?;
            let length = first.len() + self.length(&subscription, until).await?;
            let rest = format!("Content-Length: {length}\r\n\r\n");
            self.write(rest.as_bytes()).await?;
        }
        self.write(&first).await?;
        let mut offset = subscription.start.offset;
        while offset < until {
            let batch = self.piece(&subscription, offset, until).await?;
            offset = batch.end();
            self.write(&batch.encoded(subscription.encoding).bytes)
                .await?;
        }
        self.write(subscription.encoding.end()).await
    }

    /// The number of bytes that the events from the start up to `until` take.
    async fn length(
        &self,
        subscription: &Subscription,
        until: u64,
    ) -> Result<usize, ConnectionEnd> {
        let (mut length, mut offset) = (0, subscription.start.offset);
        while offset < until {
            if self.peer.liveness() == Liveness::Gone {
                return Err(ConnectionEnd::Gone);
            }
            let batch = self.piece(subscription, offset, until).await?;
            length += batch.encoded(subscription.encoding).bytes.len();
            offset = batch.end();
        }
        Ok(length)
    }

    async fn piece(
        &self,
        subscription: &Subscription,
        offset: u64,
        until: u64,
    ) -> Result<Arc<Batch>, ConnectionEnd> {
        // A body was promised: all that is left is to break off, and the framing shows it.
        let cold = &self.api.fanout.cold;
        cold.lines(self.whose(), subscription.encoding, offset..until, PIECE)
            .await
            .map_err(|_| ConnectionEnd::Gone)
    }
}

/// The words to a listener before the log's lines.
fn first_words(subscription: &Subscription) -> Vec<u8> {
    let mut words = Vec::new();
    for wire in &subscription.start.first {
        subscription.encoding.encode(wire, &mut words);
    }
    words
}
