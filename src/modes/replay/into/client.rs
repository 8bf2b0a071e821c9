//! The requests to a room, over one connection, one after the other; the token says whose each is. An idle
//! connection that the room has closed meanwhile is replaced at once.

use std::fmt;
use std::net::TcpStream;
use std::time::Duration;

use crate::address::Address;
use crate::blocking::{self, BlockingConnection, NoReply, Timeouts};
use crate::http::exchange::ClientRequest;
use crate::http::reply::ReplyHead;

/// The name of this program in its requests.
const AGENT: &str = "chatroom-replay";
/// The time limits; the caller is asked ten times a second whether to go on waiting.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    write: Duration::from_secs(5),
    read: Duration::from_millis(100),
};
/// Most bytes of one read.
const PIECE: usize = 4 * 1024;
/// Longest body that is read, in bytes: a range of history fits.
const MAX_BODY: u64 = 32 * 1024 * 1024;
/// First and longest delay before the room is tried again after a lost connection; it doubles.
pub(super) const FIRST_DELAY: Duration = Duration::from_millis(250);
pub(super) const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// The reason why no room answered a request.
#[derive(Debug)]
pub(super) enum AskError {
    /// No answer, or none in HTTP.
    NoReply(NoReply),
    /// An answer in HTTP that no chatroom gives, with its status.
    Foreign(u16),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::NoReply(error) => error.fmt(f),
            AskError::Foreign(status) => {
                write!(
                    f,
                    "it answers with status {status}, and not as a chatroom does"
                )
            }
        }
    }
}

impl<E: Into<NoReply>> From<E> for AskError {
    fn from(error: E) -> AskError {
        AskError::NoReply(error.into())
    }
}

/// The bytes of a request to the room at `address`.
pub(super) fn bytes(request: &ClientRequest<'_>, address: &Address) -> Vec<u8> {
    request.bytes(address, AGENT)
}

/// A room's answer, read whole.
#[derive(Debug)]
pub(super) struct RoomReply {
    /// Its head.
    pub head: ReplyHead,
    /// Its body, whatever the framing was.
    pub body: Vec<u8>,
    /// The request was sent twice, since the first connection broke before it was answered.
    pub repeated: bool,
}

/// The connection to a room.
pub(super) struct RoomClient {
    address: Address,
    idle: Option<BlockingConnection>,
}

impl RoomClient {
    /// Makes a client of the room at `address`, which connects with the first request.
    pub(super) fn new(address: Address) -> RoomClient {
        RoomClient {
            address,
            idle: None,
        }
    }

    /// The room's address.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Sends a request and waits for the answer until `enough` returns true. If the idle connection turns
    /// out to be closed, the request is sent a second time, so it must be safe to repeat.
    ///
    /// # Errors
    /// There is no answer, and the room may or may not have received the request.
    pub(super) fn ask(
        &mut self,
        request: &ClientRequest<'_>,
        enough: &dyn Fn() -> bool,
    ) -> Result<RoomReply, AskError> {
        let request = bytes(request, &self.address);
        let mut repeated = false;
        if let Some(idle) = self.idle.take() {
            repeated = true;
            match self.exchange(idle, &request, enough) {
                Err(NoReply::System(_)) if !enough() => (),
                answered => return Ok(answered?),
            }
        }
        let fresh = BlockingConnection::open(&self.address, TIMEOUTS, PIECE)?;
        let mut answer = self.exchange(fresh, &request, enough)?;
        answer.repeated = repeated;
        Ok(answer)
    }

    fn exchange(
        &mut self,
        mut connection: BlockingConnection,
        request: &[u8],
        enough: &dyn Fn() -> bool,
    ) -> Result<RoomReply, NoReply> {
        let (head, exchange) = connection.begin(request, enough)?;
        let mut reply = exchange.body(&head, MAX_BODY)?;
        let mut body = Vec::new();
        while !reply.read(&mut body)? && connection.more_of(&mut reply, enough)? {}
        if reply.is_reusable() {
            self.idle = Some(connection);
        }
        Ok(RoomReply {
            head,
            body,
            repeated: false,
        })
    }
}

/// Connects for a stream that is read elsewhere.
///
/// # Errors
/// The system's.
pub(super) fn connect(address: &Address) -> std::io::Result<TcpStream> {
    blocking::connect(address, TIMEOUTS)
}
