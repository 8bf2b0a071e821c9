//! Connections that become event streams, and polls of what there is.

use std::sync::Arc;

use crate::failure::reason;
use crate::http::Response;
use crate::sse;

use super::super::api::Follow;
use super::super::cold;
use super::super::console::{Console, Entry};
use super::super::follower::{Ended, Follower};
use super::{Connection, End, PIECE, close};

/// A connection that has become an event stream.
pub struct Stream {
    follower: Follower,
    console: Console,
}

impl Stream {
    pub(super) fn new(connection: Connection, follow: Follow) -> Stream {
        let (form, offset, hold) = (follow.form, follow.start.offset, follow.hold);
        let room = &connection.api.room;
        Stream {
            follower: Follower::new(room, connection.stream, hold, form, offset),
            console: connection.console,
        }
    }

    /// Serves it to its end.
    pub async fn run(self) {
        let (ended, seat) = self.follower.run().await;
        match ended {
            Ended::Closed | Ended::Over => close(&seat.stream).await,
            Ended::Gone | Ended::Stalled => {}
            Ended::Journal(error) => self.console.show(Entry::Notice(format!(
                "A listener was cut off because the log could not be read: {}. Check the disk.",
                reason(&error)
            ))),
        }
    }
}

impl Connection {
    fn stream_response(&self, follow: &Follow) -> Response {
        Response::new(200)
            .field("Content-Type", follow.form.content_type())
            .field("Cache-Control", "no-store")
            .field("X-Accel-Buffering", "no")
    }

    /// What HEAD gets: the connection ends with it, as the stream's does.
    pub(super) async fn stream_head(&self, follow: &Follow, minor: u8) -> End {
        let mut response = self.stream_response(follow);
        if follow.until.is_some() && minor > 0 {
            response = response.field("Transfer-Encoding", "chunked");
        }
        match self.write(&response.head(true)).await {
            Ok(()) => End::Done,
            Err(end) => end,
        }
    }

    /// Begins an event stream; the connection ends with it.
    pub(super) async fn stream(&self, follow: &Follow) -> Result<(), End> {
        let mut head = self.stream_response(follow).head(true);
        for wire in &follow.start.first {
            sse::encode(follow.form, wire, &mut head);
        }
        self.write(&head).await
    }

    /// What there is up to `until`, framed so that a cut is seen: in chunks, or for HTTP/1.0 with
    /// its length, for which everything is encoded twice.
    pub(super) async fn poll(
        &self,
        follow: Follow,
        until: u64,
        minor: u8,
        keep: bool,
    ) -> Result<(), End> {
        let mut first = Vec::new();
        for wire in &follow.start.first {
            sse::encode(follow.form, wire, &mut first);
        }
        let chunked = minor > 0;
        let response = self.stream_response(&follow);
        let response = if chunked {
            response.field("Transfer-Encoding", "chunked")
        } else {
            let length = first.len() + self.length(&follow, until).await?;
            response.field("Content-Length", length.to_string())
        };
        self.write(&response.head(!keep)).await?;
        let framed = |bytes: &[u8]| match (chunked, bytes.len()) {
            (_, 0) => Vec::new(),
            (true, length) => [format!("{length:x}\r\n").as_bytes(), bytes, b"\r\n"].concat(),
            (false, _) => bytes.to_vec(),
        };
        self.write(&framed(&first)).await?;
        let mut offset = follow.start.offset;
        while offset < until {
            let batch = self.piece(&follow, offset, until).await?;
            let bytes = framed(&batch.encoded(follow.form).bytes);
            offset = batch.end();
            // A peer that is slow to take it holds one copy, not two.
            drop(batch);
            self.write(&bytes).await?;
        }
        if chunked {
            self.write(b"0\r\n\r\n").await?;
        }
        Ok(())
    }

    /// How many bytes the events from the start up to `until` take.
    async fn length(&self, follow: &Follow, until: u64) -> Result<usize, End> {
        let (mut length, mut offset) = (0, follow.start.offset);
        while offset < until {
            let batch = self.piece(follow, offset, until).await?;
            length += batch.encoded(follow.form).bytes.len();
            offset = batch.end();
        }
        Ok(length)
    }

    async fn piece(
        &self,
        follow: &Follow,
        offset: u64,
        until: u64,
    ) -> Result<Arc<super::super::tail::Batch>, End> {
        // A body was promised: all that is left is to break off, and the framing shows it.
        cold::lines(&self.api.room, follow.form, offset, until, PIECE)
            .await
            .map_err(|_| End::Gone)
    }
}
