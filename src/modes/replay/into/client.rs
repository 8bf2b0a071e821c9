//! A connection to a room that waits: a request out, an answer in, all of it within limits.
//!
//! Everybody's requests go over this one connection, one after the other; whose a request is, its
//! token says. A kept connection that the room has closed meanwhile is made again at once.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::address::Address;
use crate::failure::reason;
use crate::http::reply::{Head, MAX_HEAD, ReplyError};
use crate::http::{BodyDecoder, BodyError};
use crate::lookup::lookup;

/// How long connecting to one of a machine's addresses may take.
const CONNECT: Duration = Duration::from_secs(5);
/// After so long without a byte it is asked whether to go on waiting.
const GLANCE: Duration = Duration::from_millis(100);
/// The longest answer that is kept, in bytes: a page of history fits.
const MAX_BODY: u64 = 32 * 1024 * 1024;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The system said so.
    System(io::Error),
    /// It took longer than it was waited for.
    Silence,
    /// What came is of no use.
    Reply(ReplyError),
    /// It is HTTP, but not what a chatroom says.
    Foreign(u16),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::System(error) if error.kind() == ErrorKind::UnexpectedEof => {
                f.write_str("the connection was closed")
            }
            Trouble::System(error) => f.write_str(&reason(error)),
            Trouble::Silence => f.write_str("it does not answer"),
            Trouble::Reply(error) => error.fmt(f),
            Trouble::Foreign(status) => {
                write!(
                    f,
                    "it answers with status {status}, and not as a chatroom does"
                )
            }
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::System(error)
    }
}

impl From<ReplyError> for Trouble {
    fn from(error: ReplyError) -> Trouble {
        Trouble::Reply(error)
    }
}

impl From<BodyError> for Trouble {
    fn from(error: BodyError) -> Trouble {
        ReplyError::from(error).into()
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The path with its query.
    pub path: &'a str,
    /// Whose it is.
    pub token: Option<&'a str>,
    /// What makes a repeat of it recognisable.
    pub key: Option<&'a str>,
    /// The type of the body.
    pub kind: &'a str,
    /// The body.
    pub body: &'a [u8],
}

impl Request<'_> {
    /// It, as it goes over the wire.
    pub(super) fn bytes(&self, address: &Address) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: chatroom-replay/{}\r\n",
            self.method,
            self.path,
            address.authority(),
            env!("CARGO_PKG_VERSION")
        );
        let posts = self.method == "POST";
        let length = self.body.len().to_string();
        let token = self.token.map(|token| format!("Bearer {token}"));
        for (name, value) in [
            ("Authorization", token.as_deref()),
            ("Idempotency-Key", self.key),
            ("Content-Type", posts.then_some(self.kind)),
            ("Content-Length", posts.then_some(&length)),
        ] {
            if let Some(value) = value {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        head.push_str("\r\n");
        [head.as_bytes(), self.body].concat()
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// Its head.
    pub head: Head,
    /// Its body, whatever the framing was.
    pub body: Vec<u8>,
    /// It was asked twice, since the first connection broke before it answered.
    pub repeated: bool,
}

/// The connection.
pub(super) struct Client {
    address: Address,
    kept: Option<TcpStream>,
}

impl Client {
    /// A client of the room there; connects with the first request.
    pub(super) fn new(address: Address) -> Client {
        Client {
            address,
            kept: None,
        }
    }

    /// Where the room is.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Asks, and waits for the answer until `enough` says that it was waited long enough. If the
    /// kept connection turns out to be closed it asks once more, so what is asked must bear that.
    ///
    /// # Errors
    /// There is no answer; whether the request was heard is not known.
    pub(super) fn ask(
        &mut self,
        request: &Request<'_>,
        enough: &dyn Fn() -> bool,
    ) -> Result<Answer, Trouble> {
        let request = request.bytes(&self.address);
        let mut repeated = false;
        if let Some(kept) = self.kept.take() {
            repeated = true;
            match self.exchange(kept, &request, enough) {
                Err(Trouble::System(_)) if !enough() => (),
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
    ) -> Result<Answer, Trouble> {
        stream.set_read_timeout(Some(GLANCE))?;
        stream.write_all(request)?;
        let mut unread = Vec::new();
        let head = loop {
            match Head::read(&unread)? {
                Some((head, taken)) => {
                    unread.drain(..taken);
                    if head.status >= 200 || head.status == 101 {
                        break head;
                    }
                }
                None if unread.len() >= MAX_HEAD => return Err(ReplyError::HeadTooLong.into()),
                None => more(&mut stream, &mut unread, enough)?,
            }
        };
        let mut framed = BodyDecoder::new(head.framing, MAX_BODY)?;
        let mut body = Vec::new();
        loop {
            let mut input = &unread[..];
            framed.read(&mut input, &mut body)?;
            let left = input.len();
            unread.drain(..unread.len() - left);
            if framed.is_done() {
                break;
            }
            match more(&mut stream, &mut unread, enough) {
                Err(Trouble::System(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                    framed.closed()?;
                    break;
                }
                read => read?,
            }
        }
        if head.reusable && unread.is_empty() {
            self.kept = Some(stream);
        }
        Ok(Answer {
            head,
            body,
            repeated: false,
        })
    }
}

/// Waits for more bytes; the end of the stream is an error here.
fn more(
    stream: &mut TcpStream,
    unread: &mut Vec<u8>,
    enough: &dyn Fn() -> bool,
) -> Result<(), Trouble> {
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
            Ok(count) => {
                unread.extend_from_slice(&piece[..count]);
                return Ok(());
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut if enough() => {
                    return Err(Trouble::Silence);
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
/// What the system says of the last of them.
pub(super) fn connect(address: &Address) -> Result<TcpStream, Trouble> {
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
