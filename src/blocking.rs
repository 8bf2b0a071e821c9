//! Connections to a room that block: a request out, its answer in. [`exchange`](crate::http::exchange)
//! gives the bytes their meaning; `replay --into` and `backup` add their time limits and sentences.
//!
//! It has a place of its own since `http` knows no sockets. The window's connections do not block, and
//! are the window's.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::address::Address;
use crate::failure::reason;
use crate::http::exchange::{Exchange, ReplyBody};
use crate::http::reply::{ReplyError, ReplyHead};
use crate::lookup::lookup;

/// The time limits of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// The longest time that connecting to one of a machine's addresses may take.
    pub connect: Duration,
    /// The longest time that a write may wait.
    pub write: Duration,
    /// The time without a byte after which the caller decides whether to go on waiting.
    pub read: Duration,
}

/// The reason why there is no answer.
#[derive(Debug)]
pub(crate) enum NoReply {
    /// The system reports it.
    System(io::Error),
    /// No answer within the time that the caller would wait.
    Silence,
    /// The answer is of no use.
    Useless(ReplyError),
}

impl fmt::Display for NoReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoReply::System(error) if error.kind() == ErrorKind::UnexpectedEof => {
                f.write_str("the connection was closed")
            }
            NoReply::System(error) => f.write_str(&reason(error)),
            NoReply::Silence => f.write_str("it does not answer"),
            NoReply::Useless(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for NoReply {
    fn from(error: io::Error) -> NoReply {
        NoReply::System(error)
    }
}

impl From<ReplyError> for NoReply {
    fn from(error: ReplyError) -> NoReply {
        NoReply::Useless(error)
    }
}

/// Connects to the first of the machine's addresses that answers.
///
/// # Errors
/// The system's error for the last of them.
pub(crate) fn connect(address: &Address, timeouts: Timeouts) -> io::Result<TcpStream> {
    let unknown = || io::Error::new(ErrorKind::NotFound, "no machine by this name is known");
    let found = lookup(address.host(), address.port()).map_err(|_| unknown())?;
    let mut last = unknown();
    for target in found {
        match TcpStream::connect_timeout(&target, timeouts.connect) {
            Ok(stream) => {
                // Small requests, each waited for: nothing to collect.
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(timeouts.write))?;
                stream.set_read_timeout(Some(timeouts.read))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// An open connection with the buffer that its reads fill.
pub(crate) struct BlockingConnection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl BlockingConnection {
    /// Connects; a read takes at most `most` bytes.
    ///
    /// # Errors
    /// Those of [`connect`].
    pub(crate) fn open(
        address: &Address,
        timeouts: Timeouts,
        most: usize,
    ) -> io::Result<BlockingConnection> {
        Ok(BlockingConnection {
            stream: connect(address, timeouts)?,
            buffer: vec![0; most],
        })
    }

    /// Sends a request and waits for the head of its answer, until `enough` says that the caller will
    /// wait no longer. The exchange has what came of the body.
    ///
    /// # Errors
    /// There is no answer; it is not known whether the room heard the request.
    pub(crate) fn begin(
        &mut self,
        request: &[u8],
        enough: &dyn Fn() -> bool,
    ) -> Result<(ReplyHead, Exchange), NoReply> {
        self.stream.write_all(request)?;
        let mut exchange = Exchange::new();
        loop {
            if let Some(head) = exchange.head()? {
                return Ok((head, exchange));
            }
            exchange.receive(self.more(enough)?);
        }
    }

    /// Waits for more of a body that is not whole; `false` if the end of the connection ends it.
    ///
    /// # Errors
    /// The body breaks off.
    pub(crate) fn more_of(
        &mut self,
        body: &mut ReplyBody,
        enough: &dyn Fn() -> bool,
    ) -> Result<bool, NoReply> {
        match self.more(enough) {
            Ok(bytes) => body.receive(bytes),
            Err(NoReply::System(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                body.closed()?;
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// Waits for more bytes; the end of the stream is an error here.
    fn more(&mut self, enough: &dyn Fn() -> bool) -> Result<&[u8], NoReply> {
        loop {
            match self.stream.read(&mut self.buffer) {
                Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
                Ok(count) => return Ok(&self.buffer[..count]),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut if enough() => {
                        return Err(NoReply::Silence);
                    }
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => (),
                    _ => return Err(error.into()),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::net::TcpListener;

    use super::*;

    const TIMEOUTS: Timeouts = Timeouts {
        connect: Duration::from_secs(20),
        write: Duration::from_secs(20),
        read: Duration::from_millis(1),
    };

    /// A connection and its other end.
    fn pair() -> (BlockingConnection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let address = Address::parse(&address).expect("an address");
        let near = BlockingConnection::open(&address, TIMEOUTS, 16).expect("connected");
        (near, listener.accept().expect("accepted").0)
    }

    #[test]
    fn a_silence_lasts_as_long_as_the_caller_waits() {
        let (mut near, far) = pair();
        let asked = Cell::new(0);
        let enough = || {
            asked.set(asked.get() + 1);
            asked.get() == 3
        };
        let ended = near.begin(b"GET / HTTP/1.1\r\n\r\n", &enough);
        assert!(matches!(ended, Err(NoReply::Silence)), "{ended:?}");
        assert_eq!(asked.get(), 3);
        drop(far);
    }

    #[test]
    fn the_end_of_a_connection_ends_only_a_body_without_a_length() {
        for (head, whole) in [
            ("HTTP/1.0 200 OK\r\n\r\n", true),
            ("HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n", false),
        ] {
            let (mut near, mut far) = pair();
            far.write_all(format!("{head}hello").as_bytes())
                .expect("sent");
            let (head, exchange) = near.begin(b"", &|| false).expect("a head");
            drop(far);
            let mut body = exchange.body(&head, 100).expect("within the limit");
            let ended = loop {
                match near.more_of(&mut body, &|| false) {
                    Ok(true) => {}
                    ended => break ended,
                }
            };
            if whole {
                assert!(matches!(ended, Ok(false)), "{ended:?}")
            } else {
                assert!(
                    matches!(ended, Err(NoReply::Useless(ReplyError::CutOff))),
                    "{ended:?}"
                )
            }
        }
    }
}
