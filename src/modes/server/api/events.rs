//! `GET /events`: the way into an event stream. The connection sends it.

use crate::http::Head;
use crate::journal::Reader;
use crate::modes::server::room::Hold;
use crate::sse::{Encoding, Form};

use super::Api;
use super::caller::Caller;
use super::ranges::{StreamQuery, StreamStart};
use super::rejection::Rejection;

/// An event stream that a caller was let into.
#[derive(Debug)]
pub(super) struct Subscription {
    /// The encoding of the events.
    pub(super) encoding: Encoding,
    /// True if the listener takes compressed answers, so that a proxy on the way may be about to
    /// compress this one.
    pub(super) takes_codings: bool,
    /// The start.
    pub(super) start: StreamStart,
    /// The offset at which a poll ends.
    pub(super) until: Option<u64>,
    /// Keeps the listener's member present.
    pub(super) hold: Option<Hold>,
}

impl Api {
    /// Answers `GET /events`.
    pub(super) async fn events(
        &self,
        caller: &Caller,
        head: &Head,
    ) -> Result<Subscription, Rejection> {
        let now = self.room.clock().wall;
        let query = StreamQuery::read(head, now)?;
        let polls = query.polls;
        // A HEAD request listens to nothing, so it keeps nobody present.
        let hold = match head.method.as_str() {
            "HEAD" => None,
            _ => self.hold(caller).await?,
        };
        let end = self.room.end();
        let find = move |reader: &Reader| query.find(reader, end, now);
        let start = self
            .fanout
            .cold
            .lookups
            .read(caller.turn_address(), find)
            .await?;
        let form = Form::accepted(head.field("accept"));
        Ok(Subscription {
            encoding: Encoding::to(form, head.minor),
            takes_codings: head.field("accept-encoding").is_some(),
            start,
            until: polls.then_some(end),
            hold,
        })
    }
}
