//! One connection, one task: requests are read one after the other, answered, and the connection
//! is kept, closed, or turned into an event stream.
//!
//! What always holds: a client that sends without a pause is served one request, or one piece of what
//! is read or written, before everybody else on the thread has a turn.

mod gone;
mod limits;
mod stream;

use std::cell::Cell;
use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_io::Timer;
use async_std::task;
use futures_lite::future;

use crate::http::{BadRequest, BodyDecoder, Head, Persistence, Response};
use crate::journal::Reader;
use crate::waited::waited;
use crate::wire::endpoint::{Endpoint, MAX_BODY};

use super::caller::Source;
use super::events::Subscription;
use super::idle::Eviction;
use super::log_file::FileRange;
use super::{Answer, Api, ApiRequest, Content};
use crate::modes::server::console::Console;
use crate::modes::server::console::ShownRequest;
use crate::modes::server::fanout::peer::{Peer, SendOutcome};
use crate::modes::server::room::AnswerDue;
use crate::modes::server::room::client::Client;
use crate::modes::server::room::quotas::Connected;

pub use limits::{full, too_many, turn_away};
pub use stream::Stream;

/// The longest time that a request's head may take.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// The longest time that a request's body may take.
const BODY_TIME: Duration = Duration::from_secs(10);
/// The time for which a connection is kept without a request.
const IDLE_TIME: Duration = Duration::from_secs(30);
/// The time for which the connection of a session's owner is kept without a request.
const MEMBER_IDLE_TIME: Duration = Duration::from_secs(300);
/// The longest time in which a client must have taken an ordinary answer.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// The most bytes of the journal in memory for one answer: peers that do not take them hold them.
const PIECE: usize = 64 * 1024;

/// The reason why a connection ends. None of these is a fault.
#[derive(Debug)]
enum ConnectionEnd {
    /// The peer is gone, or was too slow.
    Gone,
    /// Everything was said.
    Finished,
    /// The request cannot be read, so the beginning of the next one is not known. The peer is told.
    Refused(BadRequest),
    /// The connection goes on as an event stream.
    Stream(Box<Subscription>),
}

/// The form in which a request is answered.
#[derive(Clone, Copy, Debug)]
struct AnswerForm {
    /// Only the head is sent.
    head_only: bool,
    /// The fate of the connection.
    persistence: Persistence,
}

/// One client's connection.
pub struct Connection {
    peer: Peer,
    from: IpAddr,
    api: Arc<Api>,
    console: Console,
    buffer: Vec<u8>,
    /// A room key may have come on it.
    gave_key: bool,
    /// Counts it for its address.
    connected: Option<Connected>,
    /// The last request was a member's.
    member: bool,
    /// Asks it to make room for another.
    eviction: Arc<Eviction>,
}

impl Connection {
    /// A connection that was just accepted.
    pub fn new(peer: Peer, from: IpAddr, api: Arc<Api>, console: Console) -> Connection {
        Connection {
            peer,
            from,
            api,
            console,
            buffer: Vec::new(),
            gave_key: false,
            connected: None,
            member: false,
            eviction: Arc::default(),
        }
    }

    /// The connection, counted for its address.
    pub fn counted(self, connected: Option<Connected>) -> Connection {
        Connection { connected, ..self }
    }

    /// Serves the connection to its end, or until it becomes an event stream, which is a task of its
    /// own: it lasts for hours, and needs little of what reading requests takes.
    pub async fn run(mut self) -> Option<Stream> {
        let mut patience = HEAD_TIME;
        loop {
            match self.one_request(patience).await {
                Ok(idle) => patience = idle,
                Err(ConnectionEnd::Gone) => return None,
                Err(ConnectionEnd::Finished) => {
                    self.peer.close().await;
                    return None;
                }
                Err(ConnectionEnd::Refused(error)) => {
                    let answer = error.response().whole(Persistence::Close);
                    if self.write(&answer).await.is_ok() {
                        self.peer.close().await;
                    }
                    return None;
                }
                Err(ConnectionEnd::Stream(subscription)) => {
                    return Some(Stream::new(self, *subscription));
                }
            }
        }
    }

    /// Reads and answers one request. Returns the longest time to wait for the next.
    async fn one_request(&mut self, idle: Duration) -> Result<Duration, ConnectionEnd> {
        let (head, raw) = self.next_head(idle).await?;
        let body = self.body(&head).await?;
        let form = AnswerForm::of(&head);
        let client = self.api.proxies.client(self.from, &head);
        if let Err(wait) = self.count(client) {
            let last = AnswerForm {
                persistence: Persistence::Close,
                ..form
            };
            self.write(&last.bytes(too_many(wait))).await?;
            return Err(ConnectionEnd::Finished);
        }
        let request = self.request(client, head, raw, body);
        let due = self.api.room.answer_due();
        let Answer { content, to_member } = self.answer(request).await?;
        self.send(content, form, due).await?;
        if form.persistence == Persistence::Close {
            return Err(ConnectionEnd::Finished);
        }
        self.member = to_member;
        Ok(if to_member {
            MEMBER_IDLE_TIME
        } else {
            IDLE_TIME
        })
    }

    /// The request that was read, for the API. Remembers whether a room key may have come with it.
    fn request(
        &mut self,
        client: Client,
        head: Head,
        raw: Option<String>,
        body: Vec<u8>,
    ) -> ApiRequest {
        let endpoint = Endpoint::parse(&head.method, &head.path);
        let first = !self.gave_key;
        self.gave_key |= limits::gives_key(&head, endpoint == Ok(Endpoint::LogIn));
        self.look_for_proxy(&head);
        let shown = raw.map(|head| {
            Box::new(ShownRequest {
                head,
                task: task_number(),
                thread: thread_number(),
            })
        });
        ApiRequest {
            source: Source {
                client,
                first,
                encrypted: self.api.proxies.encrypted(self.from, &head),
            },
            head,
            body,
            endpoint,
            shown,
        }
    }

    /// The answer to a request. If its client goes away meanwhile, the request is dropped, and its reading or
    /// waiting ends, unless it is to be carried out all the same.
    async fn answer(&self, request: ApiRequest) -> Result<Answer, ConnectionEnd> {
        let minor = request.head.minor;
        let outlives_client = outlives_client(&request);
        let mut answer = pin!(self.api.answer(request));
        if outlives_client {
            return Ok(answer.await);
        }
        future::or(async { Ok(answer.as_mut().await) }, async {
            gone::gone(&self.peer, minor, gone::OFTEN).await;
            Err(ConnectionEnd::Gone)
        })
        .await
    }

    /// Sends an answer, until which `due` counts its request; an event stream counts as answered when it begins.
    async fn send(
        &self,
        content: Content,
        form: AnswerForm,
        due: AnswerDue,
    ) -> Result<(), ConnectionEnd> {
        match content {
            Content::Whole(response) => self.write(&form.bytes(response)).await,
            Content::LogFile(range) => self.log_file(&range, form).await,
            Content::Events(subscription) => {
                drop(due);
                match subscription.until {
                    _ if form.head_only => Err(self.stream_head(&subscription).await),
                    None => {
                        self.stream(&subscription).await?;
                        Err(ConnectionEnd::Stream(subscription))
                    }
                    Some(until) => self.poll(*subscription, until, form.persistence).await,
                }
            }
        }
    }

    /// The next request's head, unless its time is up or the connection has to make room for another
    /// before it comes.
    async fn next_head(&mut self, idle: Duration) -> Result<(Head, Option<String>), ConnectionEnd> {
        let (eviction, api) = (Arc::clone(&self.eviction), Arc::clone(&self.api));
        let from = self.connected.as_ref().map(Connected::from);
        let until = Instant::now() + idle;
        let _stay = api.idle.enter(&eviction, from, self.member, until);
        let called = async {
            eviction.wait().await;
            Err(ConnectionEnd::Gone)
        };
        let comes = async {
            if self.buffer.is_empty() {
                self.fill().await?;
            } else {
                // The next request came with the last one.
                task::yield_now().await;
            }
            self.head().await
        };
        future::or(comes, called).await
    }

    /// The next request's head, and its text if the console wants it.
    async fn head(&mut self) -> Result<(Head, Option<String>), ConnectionEnd> {
        let whole = async {
            loop {
                match Head::parse(&self.buffer) {
                    Ok(Some((head, taken))) => {
                        let posts = || {
                            Endpoint::parse(&head.method, &head.path) == Ok(Endpoint::PostMessage)
                        };
                        let shown = self.console.wants_requests() && posts();
                        let raw = shown
                            .then(|| String::from_utf8_lossy(&self.buffer[..taken]).into_owned());
                        self.buffer.drain(..taken);
                        return Ok((head, raw));
                    }
                    Ok(None) => self.fill().await?,
                    Err(error) => return Err(ConnectionEnd::Refused(error)),
                }
            }
        };
        let slow = || {
            Err(timeout(
                "The request's head took too long. Send it in one piece.",
            ))
        };
        within(HEAD_TIME, whole).await.unwrap_or_else(|_| slow())
    }

    async fn body(&mut self, head: &Head) -> Result<Vec<u8>, ConnectionEnd> {
        let refused = |error| ConnectionEnd::Refused(BadRequest::of_body(error, MAX_BODY));
        let mut framed = BodyDecoder::new(head.framing, MAX_BODY as u64).map_err(refused)?;
        if head.expects_continue && !framed.is_done() && self.buffer.is_empty() {
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let mut body = Vec::new();
        let whole = async {
            loop {
                let mut input = &self.buffer[..];
                framed.read(&mut input, &mut body).map_err(refused)?;
                let taken = self.buffer.len() - input.len();
                self.buffer.drain(..taken);
                if framed.is_done() {
                    return Ok(body);
                }
                self.fill().await?;
            }
        };
        let slow = || {
            Err(timeout(
                "The request's body took too long. Send all that Content-Length announced.",
            ))
        };
        within(BODY_TIME, whole).await.unwrap_or_else(|_| slow())
    }

    /// Waits for more bytes from the peer. If they are there already, others have a turn first.
    async fn fill(&mut self) -> Result<(), ConnectionEnd> {
        let (read, waited) = waited(self.peer.receive(&mut self.buffer)).await;
        if !waited {
            task::yield_now().await;
        }
        match read {
            Ok(0) | Err(_) => Err(ConnectionEnd::Gone),
            Ok(_) => Ok(()),
        }
    }

    async fn write(&self, bytes: &[u8]) -> Result<(), ConnectionEnd> {
        if bytes.is_empty() {
            return Ok(());
        }
        let all = async {
            let mut rest = bytes;
            loop {
                let piece = &rest[..rest.len().min(PIECE)];
                match self.peer.send(piece) {
                    SendOutcome::All if piece.len() == rest.len() => return Ok(()),
                    SendOutcome::All => {
                        rest = &rest[piece.len()..];
                        // It takes what it is sent as fast as it comes.
                        task::yield_now().await;
                    }
                    SendOutcome::Full(sent) => {
                        rest = &rest[sent..];
                        let ready = self.peer.writable().await;
                        ready.map_err(|_| ConnectionEnd::Gone)?;
                    }
                    SendOutcome::Gone => return Err(ConnectionEnd::Gone),
                }
            }
        };
        within(WRITE_TIME, all).await?
    }

    async fn log_file(&self, range: &FileRange, form: AnswerForm) -> Result<(), ConnectionEnd> {
        self.write(&range.response.head(form.persistence)).await?;
        let mut at = range.from;
        while at < range.to && !form.head_only {
            let to = range.to;
            let read = move |reader: &Reader| reader.bytes(at, to, PIECE);
            let pieces = &self.api.fanout.cold.pieces;
            let bytes = pieces.read(self.whose(), read).await;
            // A length was promised: all that is left is to break off.
            let bytes = bytes.map_err(|_| ConnectionEnd::Gone)?;
            at += bytes.len() as u64;
            self.write(&bytes).await?;
        }
        Ok(())
    }
}

impl AnswerForm {
    /// The form that a request wants.
    fn of(head: &Head) -> AnswerForm {
        AnswerForm {
            head_only: head.method == "HEAD",
            persistence: if head.keep_alive {
                Persistence::Keep
            } else {
                Persistence::Close
            },
        }
    }

    /// The bytes of a complete response in this form.
    fn bytes(self, response: Response) -> Vec<u8> {
        if self.head_only {
            response.whole_head(self.persistence)
        } else {
            response.whole(self.persistence)
        }
    }
}

/// Returns whether the request is carried out although its client goes away before it is answered. One that reads
/// the log, gives a room key or joins is not: nobody needs its outcome.
fn outlives_client(request: &ApiRequest) -> bool {
    match request.endpoint {
        Ok(Endpoint::PostMessage | Endpoint::LogOut) => true,
        Ok(
            Endpoint::Home
            | Endpoint::Health
            | Endpoint::Events
            | Endpoint::Members
            | Endpoint::LogFile
            | Endpoint::OwnSession
            | Endpoint::LogIn
            | Endpoint::History
            | Endpoint::OneEvent,
        )
        | Err(_) => false,
    }
}

fn timeout(message: &str) -> ConnectionEnd {
    ConnectionEnd::Refused(BadRequest::new(408, "timeout", message))
}

async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, ConnectionEnd> {
    let late = async {
        Timer::after(limit).await;
        Err(ConnectionEnd::Gone)
    };
    future::or(async { Ok(work.await) }, late).await
}

/// The number of the task that runs here, as async-std counts them.
fn task_number() -> u64 {
    let current = task::current().id().to_string();
    current.parse().unwrap_or_default()
}

/// A small number for the thread that runs here.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    thread_local! {
        static NUMBER: Cell<usize> = const { Cell::new(0) };
    }
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}

#[cfg(test)]
mod tests;
