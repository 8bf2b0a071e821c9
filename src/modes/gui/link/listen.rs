//! Listening: the list of members, then the stream after the last event that the window has.
//!
//! What always holds: `resume_after` moves on only after the window was given everything up to it,
//! so that an interruption skips nothing.

use std::io::ErrorKind;
use std::time::Duration;

use async_std::task;

use super::Shared;
use super::connection::{ANSWER_TIMEOUT, LinkConnection, MAX_BODY, Trouble, unexpected, within};
use super::ending::Ending;
use crate::address::Address;
use crate::event::{Body, Id, Key, Recorded};
use crate::http::exchange::{ClientRequest, Exchange, ReplyBody};
use crate::http::reply::ReplyHead;
use crate::modes::gui::talk::Report;
use crate::sse::decoder::{Decoder, SseEvent};
use crate::wire::endpoint::{EVENTS, MEMBERS};
use crate::wire::{HEARTBEAT, Members, Said, Wire};

/// The number of events with which a stream begins that resumes nowhere.
const BACKLOG: usize = 200;
/// Most events that the first stream brings at once; older ones are loaded when the user scrolls
/// there. A few more than a round number, so that the window can say "more than 500" of the new
/// messages although some of the events are joins and leaves.
const MAX_FIRST: usize = 520;
/// The same for a later stream in the same room.
const MAX_AGAIN: usize = 2100;
/// Most events in one report.
const BATCH: usize = 256;

/// Time beyond two heartbeats after which a silent stream counts as broken.
const GRACE: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 5000 });

/// An open stream.
pub(super) struct EventStream {
    connection: LinkConnection,
    /// The body of the answer, which knows its end.
    body: ReplyBody,
    /// Once the stream has brought this event, everything from before it was opened has been read.
    target: Id,
}

/// Reads the list of members and opens the stream.
///
/// The list comes first, so that its event is one that we have or that comes in the stream.
pub(super) async fn open(
    shared: &Shared,
    address: &Address,
    token: &str,
) -> Result<EventStream, Ending> {
    let mut connection = connect(address).await?;
    let (target, reusable) = report_members(shared, &mut connection, token).await?;
    if !reusable {
        connection = connect(address).await?;
    }
    let after = shared.resume_after.get().map(|id| id.to_string());
    let mut fields = vec![("Accept", "text/event-stream")];
    let path = match &after {
        Some(after) => {
            fields.push(("Last-Event-ID", after));
            let max = if shared.streamed_before.get() {
                MAX_AGAIN
            } else {
                MAX_FIRST
            };
            // The last events come if the log is another one by now.
            format!("{EVENTS}?last={BACKLOG}&max={max}")
        }
        None => {
            shared.delivered.borrow_mut().cut();
            format!("{EVENTS}?last={BACKLOG}")
        }
    };
    let request = ClientRequest {
        fields: &fields,
        ..ClientRequest::get(&path, token)
    };
    let (head, exchange) = within(ANSWER_TIMEOUT, connection.begin(&request))
        .await
        .map_err(|trouble| Ending::broken(&trouble))?;
    match head.status {
        200 if head.content_type() == "text/event-stream" => {
            let body = exchange.body(&head, u64::MAX);
            let body = body.map_err(|error| Ending::broken(&error.into()))?;
            Ok(EventStream {
                connection,
                body,
                target,
            })
        }
        200 => Err(Ending::refused(unexpected(&head), None)),
        _ => Err(refusal(connection, head, exchange).await),
    }
}

/// Reports the list of members. Returns the event as of which it is, and whether the connection can
/// be used again.
async fn report_members(
    shared: &Shared,
    connection: &mut LinkConnection,
    token: &str,
) -> Result<(Id, bool), Ending> {
    let answer = connection
        .ask(&ClientRequest::get(MEMBERS, token))
        .await
        .map_err(|trouble| Ending::broken(&trouble))?;
    let again = answer.head.retry_after().map(Duration::from_secs);
    let members: Members = match (answer.head.status, answer.json()) {
        (200, Some(members)) => members,
        (401, _) => return Err(Ending::LoggedOut),
        _ => return Err(Ending::refused(answer.sentence(), again)),
    };
    let target = members.id;
    shared.report(Report::Members(members)).await;
    Ok((target, answer.reusable))
}

/// Reads the reason of a refused stream.
async fn refusal(mut connection: LinkConnection, head: ReplyHead, exchange: Exchange) -> Ending {
    let again = head.retry_after().map(Duration::from_secs);
    let (status, unread) = (head.status, unexpected(&head));
    let rest = connection.rest(head, exchange, MAX_BODY);
    let reply = within(ANSWER_TIMEOUT, rest).await;
    let sentence = reply.map_or(unread, |reply| reply.sentence());
    match status {
        401 => Ending::LoggedOut,
        _ => Ending::refused(sentence, again),
    }
}

impl EventStream {
    /// Takes the stream's bytes that have come, without the transfer coding, and whether it has ended.
    fn take(&mut self) -> Result<(Vec<u8>, bool), Trouble> {
        let mut content = Vec::new();
        let ended = self.body.read(&mut content)?;
        Ok((content, ended))
    }
}

async fn connect(address: &Address) -> Result<LinkConnection, Ending> {
    LinkConnection::open(address)
        .await
        .map_err(|trouble| Ending::broken(&trouble))
}

/// The events for the next report, and what is recorded once that is sent.
#[derive(Default)]
struct Received {
    events: Vec<Wire>,
    /// The newest of them, after which the stream resumes.
    resume_after: Option<Id>,
    /// Our own messages among them.
    own: Vec<(Key, Said)>,
    bye: bool,
}

/// Reads the stream until it ends.
pub(super) async fn follow(shared: &Shared, mut stream: EventStream) -> Ending {
    let mut decoder = Decoder::new();
    let mut heartbeat = None;
    loop {
        let (bytes, ended) = match stream.take() {
            Ok(content) => content,
            Err(trouble) => return Ending::broken(&trouble),
        };
        let mut input = &bytes[..];
        while !input.is_empty() {
            let mut batch = Received::default();
            while batch.events.len() < BATCH {
                let event = match decoder.next(&mut input) {
                    Ok(Some(event)) => event,
                    Ok(None) => break,
                    Err(too_long) => return Ending::refused(too_long.to_string(), None),
                };
                let wire = serde_json::from_str(&event.data).unwrap_or(Wire::Unknown);
                match (&wire, heartbeat) {
                    (
                        Wire::Hello {
                            heartbeat: every, ..
                        },
                        _,
                    ) => {
                        heartbeat = Some((*every).clamp(1, 300));
                    }
                    (_, None) => return Ending::refused(not_understood(), None),
                    _ => {}
                }
                batch.take_in(shared, wire, &event);
            }
            let bye = batch.bye;
            hand_over(shared, batch).await;
            if bye {
                return Ending::refused("the server stopped".to_string(), None);
            }
            // A stream that never pauses must not starve the other tasks of this thread.
            task::yield_now().await;
        }
        // A large buffer is not held while nothing comes.
        drop(bytes);
        if ended {
            return Ending::broken(&Trouble::System(ErrorKind::UnexpectedEof.into()));
        }
        note_progress(shared, stream.target);
        let silence = Duration::from_secs(2 * heartbeat.unwrap_or(HEARTBEAT)) + GRACE;
        let EventStream {
            connection, body, ..
        } = &mut stream;
        if let Err(trouble) = within(silence, connection.more_of(body)).await {
            return Ending::broken(&trouble);
        }
    }
}

impl Received {
    fn take_in(&mut self, shared: &Shared, wire: Wire, event: &SseEvent) {
        match &wire {
            // If there is a gap, the id comes after it, and the window has to hear of the gap
            // first.
            Wire::Hello { id, .. } => {
                shared.delivered.borrow_mut().begin(*id);
                let known = self.resume_after.or(shared.resume_after.get());
                self.resume_after = self
                    .resume_after
                    .or(if known.is_none() { *id } else { None });
            }
            Wire::Gap { .. } | Wire::Reset { .. } => shared.delivered.borrow_mut().cut(),
            Wire::Bye { .. } => self.bye = true,
            // An object of an unknown kind still counts as read.
            Wire::Unknown => self.resume_after = event.id.parse().ok().or(self.resume_after),
            other => {
                shared.delivered.borrow_mut().begin(other.id());
                self.resume_after = other.id().or(self.resume_after);
            }
        }
        if let Wire::Recorded(Recorded {
            id,
            at,
            body:
                Body::Message {
                    from,
                    elapsed,
                    key: Some(key),
                    ..
                },
        }) = &wire
            && shared.is_ours(from, key)
        {
            let (id, at, elapsed) = (*id, *at, *elapsed);
            self.own.push((key.clone(), Said { id, at, elapsed }));
        }
        self.events.push(wire);
    }
}

/// Reports a batch to the window, and only then moves `resume_after` on.
async fn hand_over(shared: &Shared, batch: Received) {
    if batch.events.is_empty() {
        return;
    }
    shared.report(Report::Events(batch.events)).await;
    if batch.resume_after.is_some() {
        shared.resume_after.set(batch.resume_after);
    }
    for (key, said) in batch.own {
        shared.outbox.borrow_mut().remove(&key);
        shared.delivered.borrow_mut().record(key, said);
    }
}

/// Lets the sending go on once everything from before the stream was read.
fn note_progress(shared: &Shared, target: Id) {
    if shared.caught_up.get() {
        return;
    }
    let reached = |id: Id| id.log == target.log && id >= target;
    if shared.resume_after.get().is_some_and(reached) {
        shared.set_caught_up();
    }
    // Something came: the sender checks again, or waits afresh.
    shared.wake_sending();
}

fn not_understood() -> String {
    format!(
        "it greets in a way that this window (chatroom {}) does not understand; use the same version \
         on both sides",
        env!("CARGO_PKG_VERSION")
    )
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::pin::pin;

    use futures_lite::future::{block_on, poll_once};

    use super::*;
    use crate::modes::gui::link::tests::fake::{encoded, id, said};

    #[test]
    fn a_stream_that_never_pauses_has_one_report_a_turn() {
        let door = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = door.local_addr().expect("an address").to_string();
        let address = Address::parse(&address).expect("an address");
        let connection = block_on(LinkConnection::open(&address)).expect("connected");
        let turns = 10;
        // The greeting is one of them.
        let count = turns * BATCH as u64 - 1;
        let all: Vec<Wire> = (2..2 + count).map(|n| said(n, "hi", None)).collect();
        let mut exchange = Exchange::new();
        exchange.receive(b"HTTP/1.1 200 OK\r\n\r\n");
        exchange.receive(&encoded(&all));
        let head = exchange.head().expect("a head").expect("a whole one");
        let stream = EventStream {
            connection,
            body: exchange.body(&head, u64::MAX).expect("a body"),
            target: id(2),
        };
        let (shared, reports) = Shared::new(|| ());
        let mut running = pin!(follow(&shared, stream));
        for _ in 0..turns {
            assert!(block_on(poll_once(running.as_mut())).is_none());
            let Ok(Report::Events(events)) = reports.try_recv() else {
                panic!("no report in a turn");
            };
            assert_eq!(events.len(), BATCH);
            assert!(reports.is_empty(), "more than one in a turn");
        }
    }
}
