//! Listening: who is here, then the stream from where we were.

use std::time::Duration;

use async_std::task;

use super::Shared;
use super::connection::{ANSWER, Answer, Connection, Request, unexpected, within};
use super::session::End;
use crate::event::Id;
use crate::modes::gui::address::Address;
use crate::modes::gui::talk::Report;
use crate::sse::decoder::Decoder;
use crate::wire::{HEARTBEAT, Members, Wire};

/// How many events the first stream begins with.
const BACKLOG: usize = 200;
/// The most events in one report.
const BATCH: usize = 256;

/// How much later than two heartbeats a sign of life may come.
const GRACE: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 5000 });

/// An open stream.
pub(super) struct Stream {
    connection: Connection,
    /// Once the stream is here, everything that happened before it was opened has been read.
    target: Id,
}

/// Reads the list of members and opens the stream.
///
/// The list comes first: its id then is either where we are, or on its way in the stream.
pub(super) async fn open(shared: &Shared, address: &Address, token: &str) -> Result<Stream, End> {
    let mut connection = connect(address).await?;
    let answer = connection
        .ask(&Request {
            method: "GET",
            path: "/members",
            token: Some(token),
            fields: Vec::new(),
            body: &[],
        })
        .await
        .map_err(|trouble| End::broken(&trouble))?;
    if answer.head.status == 401 {
        return Err(End::LoggedOut);
    }
    let again = answer.head.retry_after().map(Duration::from_secs);
    let members: Members = match (answer.head.status, answer.json()) {
        (200, Some(members)) => members,
        _ => return Err(End::refused(answer.sentence(), again)),
    };
    let target = members.id;
    shared.report(Report::Members(members)).await;
    if !answer.head.reusable {
        connection = connect(address).await?;
    }
    let mut fields = vec!["Accept: text/event-stream".to_string()];
    let path = match shared.place.get() {
        Some(place) => {
            fields.push(format!("Last-Event-ID: {place}"));
            "/events".to_string()
        }
        None => format!("/events?last={BACKLOG}"),
    };
    let request = Request {
        method: "GET",
        path: &path,
        token: Some(token),
        fields,
        body: &[],
    };
    let head = within(ANSWER, connection.begin(&request))
        .await
        .map_err(|trouble| End::broken(&trouble))?;
    match head.status {
        200 if head.content_type() == "text/event-stream" => Ok(Stream { connection, target }),
        200 => Err(End::refused(unexpected(&head), None)),
        401 => Err(End::LoggedOut),
        _ => {
            let again = head.retry_after().map(Duration::from_secs);
            let body = within(ANSWER, connection.rest(&head)).await;
            let body = body.unwrap_or_default();
            let answer = Answer { head, body };
            Err(End::refused(answer.sentence(), again))
        }
    }
}

async fn connect(address: &Address) -> Result<Connection, End> {
    Connection::open(address)
        .await
        .map_err(|trouble| End::broken(&trouble))
}

/// Reads the stream until it ends.
pub(super) async fn follow(shared: &Shared, mut stream: Stream) -> End {
    let mut decoder = Decoder::new();
    let mut heartbeat = HEARTBEAT;
    loop {
        let bytes = std::mem::take(&mut stream.connection.unread);
        let mut input = &bytes[..];
        while !input.is_empty() {
            let mut batch = Vec::new();
            let mut bye = false;
            while batch.len() < BATCH {
                let event = match decoder.next(&mut input) {
                    Ok(Some(event)) => event,
                    Ok(None) => break,
                    Err(too_long) => return End::refused(too_long.to_string(), None),
                };
                // What is no object that we know still moves our place on.
                let wire = serde_json::from_str(&event.data).unwrap_or(Wire::Unknown);
                if let Some(id) = wire.id().or_else(|| event.id.parse().ok()) {
                    shared.place.set(Some(id));
                }
                match &wire {
                    Wire::Hello {
                        heartbeat: every, ..
                    } => heartbeat = (*every).clamp(1, 300),
                    Wire::Message { key: Some(key), .. } => shared.outbox.borrow_mut().done(key),
                    Wire::Bye { .. } => bye = true,
                    _ => {}
                }
                batch.push(wire);
            }
            if !batch.is_empty() {
                shared.report(Report::Events(batch)).await;
            }
            if bye {
                return End::refused("the server stopped".to_string(), None);
            }
            // A stream that never pauses must not keep the others on this thread from their turn.
            task::yield_now().await;
        }
        catch_up(shared, stream.target);
        let silence = Duration::from_secs(2 * heartbeat) + GRACE;
        if let Err(trouble) = within(silence, stream.connection.more()).await {
            return End::broken(&trouble);
        }
    }
}

/// Lets the outbox go on once everything from before the stream was read.
fn catch_up(shared: &Shared, target: Id) {
    if shared.caught_up.get() {
        return;
    }
    let there = |place: Id| place.log == target.log && place >= target;
    shared.caught_up.set(shared.place.get().is_some_and(there));
    // Either way something came: whoever waits looks again, or waits afresh.
    shared.kick();
}
