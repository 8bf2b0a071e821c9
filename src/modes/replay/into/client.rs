//! A connection to a room that waits for the answer: a request out, its answer in, within limits of size
//! and time. What the bytes mean is [`exchange`](crate::http::exchange)'s.
//!
//! All requests go over this one connection, one after the other; the token tells whose each is. A kept
//! connection that the room has closed meanwhile is made again at once.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::address::Address;
use crate::failure::reason;
use crate::http::exchange::{ClientRequest, Exchange};
use crate::http::reply::{ReplyError, ReplyHead};
use crate::lookup::lookup;

/// The name of this program in its requests.
const AGENT: &str = "chatroom-replay";
/// The longest time that connecting to one of a machine's addresses may take.
const CONNECT: Duration = Duration::from_secs(5);
/// The time without a byte after which the caller decides whether to go on waiting.
const GLANCE: Duration = Duration::from_millis(100);
/// The longest answer that is kept, in bytes: a page of history fits.
const MAX_BODY: u64 = 32 * 1024 * 1024;

/// The reason for which there is no answer.
#[derive(Debug)]
pub(super) enum AskError {
    /// The system reports it.
    System(io::Error),
    /// No answer within the time that the caller would wait.
    Silence,
    /// The room's answer is of no use.
    Reply(ReplyError),
    /// An answer in HTTP that no chatroom gives, with its status.
    Foreign(u16),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::System(error) if error.kind() == ErrorKind::UnexpectedEof => {
                f.write_str("the connection was closed")
            }
            AskError::System(error) => f.write_str(&reason(error)),
            AskError::Silence => f.write_str("it does not answer"),
            AskError::Reply(error) => error.fmt(f),
            AskError::Foreign(status) => {
                write!(
                    f,
                    "it answers with status {status}, and not as a chatroom does"
                )
            }
        }
    }
}

impl From<io::Error> for AskError {
    fn from(error: io::Error) -> AskError {
        AskError::System(error)
    }
}

impl From<ReplyError> for AskError {
    fn from(error: ReplyError) -> AskError {
        AskError::Reply(error)
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
    kept: Option<TcpStream>,
}

impl RoomClient {
    /// A client of the room there; connects with the first request.
    pub(super) fn new(address: Address) -> RoomClient {
        RoomClient {
            address,
            kept: None,
        }
    }

    /// The room's address.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Sends a request and waits for the answer, until `enough` says that the caller will wait no
    /// longer. If the kept connection turns out to be closed it sends the request once more, which the
    /// request must bear.
    ///
    /// # Errors
    /// There is no answer; it is not known whether the room heard the request.
    pub(super) fn ask(
        &mut self,
        request: &ClientRequest<'_>,
        enough: &dyn Fn() -> bool,
    ) -> Result<RoomReply, AskError> {
        let request = bytes(request, &self.address);
        let mut repeated = false;
        if let Some(kept) = self.kept.take() {
            repeated = true;
            match self.exchange(kept, &request, enough) {
                Err(AskError::System(_)) if !enough() => (),
                answered => return answered,
            }
        }
        let fresh = connect(&self.address)?;
        let mut answer = self.exchange(fresh, &request, enough)?;
        answer.repeated = repeated;
        Ok(answer)
    }

    fn exchange(
        &mut self,
        mut stream: TcpStream,
        request: &[u8],
        enough: &dyn Fn() -> bool,
    ) -> Result<RoomReply, AskError> {
        stream.set_read_timeout(Some(GLANCE))?;
        stream.write_all(request)?;
        let mut piece = [0; 4096];
        let mut exchange = Exchange::new();
        let head = loop {
            match exchange.head()? {
                Some(head) => break head,
                None => exchange.receive(more(&mut stream, &mut piece, enough)?),
            }
        };
        let mut reply = exchange.body(&head, MAX_BODY)?;
        let mut body = Vec::new();
        while !reply.read(&mut body)? {
            match more(&mut stream, &mut piece, enough) {
                Ok(bytes) => reply.receive(bytes),
                Err(AskError::System(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                    reply.closed()?;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        if reply.is_reusable() {
            self.kept = Some(stream);
        }
        Ok(RoomReply {
            head,
            body,
            repeated: false,
        })
    }
}

/// Waits for more bytes; the end of the stream is an error here.
fn more<'a>(
    stream: &mut TcpStream,
    piece: &'a mut [u8],
    enough: &dyn Fn() -> bool,
) -> Result<&'a [u8], AskError> {
    loop {
        match stream.read(piece) {
            Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
            Ok(count) => return Ok(&piece[..count]),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut if enough() => {
                    return Err(AskError::Silence);
                }
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => (),
                _ => return Err(error.into()),
            },
        }
    }
}

/// Connects to the first of the machine's addresses that answers.
///
/// # Errors
/// The system's error for the last of them.
pub(super) fn connect(address: &Address) -> Result<TcpStream, AskError> {
    let unknown = || io::Error::new(ErrorKind::NotFound, "no machine by this name is known");
    let found = lookup(address.host(), address.port());
    let mut last = unknown();
    for target in found.map_err(|_| unknown())? {
        match TcpStream::connect_timeout(&target, CONNECT) {
            Ok(stream) => {
                // Small requests, each waited for: nothing to collect.
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(CONNECT))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last.into())
}
