//! `POST /messages`, `GET /messages` and `GET /messages/ID`: messages in, and events of the past out.

use crate::event::{self, Key};
use crate::http::{Head, Response};
use crate::journal::Reader;
use crate::modes::server::room::order::Verdict;
use crate::modes::server::room::presence::Denied;
use crate::wire::Said;
use crate::wire::endpoint::MESSAGES;

use super::caller::Caller;
use super::ranges::{self, RangeQuery};
use super::rejection::Rejection;
use super::{Api, ApiRequest};

impl Api {
    /// Answers `POST /messages`: records the text.
    pub(super) async fn post_message(
        &self,
        caller: &Caller,
        request: ApiRequest,
    ) -> Result<Response, Rejection> {
        let key = match request.head.field("idempotency-key") {
            None => None,
            Some(text) => Some(Key::of_client(text).ok_or(Rejection::BadKey)?),
        };
        let text = event::text(request.body)?;
        let verdict = match self.hold(caller).await? {
            Some(hold) => self.room.say(&hold, text, key, request.shown).await?,
            None => {
                let name = self.room.names.name(caller.name()?)?;
                let client = caller.client;
                self.room
                    .say_as(&name, client, text, key, request.shown)
                    .await?
            }
        };
        let location = |said: Said| format!("{MESSAGES}/{}", said.id);
        match verdict {
            Verdict::Recorded(said) => {
                Ok(Response::json(201, &said).field("Location", location(said)))
            }
            Verdict::Repeat(said) => {
                Ok(Response::json(200, &said).field("Content-Location", location(said)))
            }
            Verdict::NotYet => Err(Denied::NotYet.into()),
            Verdict::KeyReused => Err(Rejection::KeyReused),
        }
    }

    /// Answers `GET /messages` with a range of history.
    pub(super) async fn history(
        &self,
        caller: &Caller,
        head: &Head,
    ) -> Result<Response, Rejection> {
        let query = RangeQuery::read(head, self.room.clock().wall)?;
        let end = self.room.end();
        let searches = query.searches();
        // Encoded there, too: a range of long events is megabytes.
        let read = move |reader: &Reader| {
            let range = query.range(reader, end)?;
            Ok::<_, Rejection>(Response::json(200, &range))
        };
        let cold = &self.fanout.cold;
        let lane = if searches {
            &cold.searches
        } else {
            &cold.lookups
        };
        lane.read(caller.turn_address(), read).await
    }

    /// Answers `GET /messages/ID` with the event of the id.
    pub(super) async fn one_event(&self, caller: &Caller, id: &str) -> Result<Response, Rejection> {
        let (end, id) = (self.room.end(), id.to_string());
        let find = move |reader: &Reader| ranges::event(reader, &id, end);
        let event = self
            .fanout
            .cold
            .lookups
            .read(caller.turn_address(), find)
            .await?;
        Ok(Response::json(200, &event))
    }
}
