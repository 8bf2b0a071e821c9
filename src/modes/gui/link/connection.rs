//! One connection to the server: a request out, its answer in, within limits of size and time. The bytes
//! are read by [`exchange`](crate::http::exchange).

use std::fmt;
use std::future::Future;
use std::io;
use std::time::{Duration, Instant};

use async_std::future::timeout;
use async_std::io::{ReadExt as _, WriteExt as _};
use async_std::net::TcpStream;
use async_std::task;

use crate::address::Address;
use crate::failure::reason;
use crate::http::exchange::{ClientRequest, Exchange, ReplyBody};
use crate::http::reply::{ReplyError, ReplyHead};
use crate::waited::waited;
use crate::wire::Refusal;

/// Time limit of looking up an address and connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time limit of an answer, longer than the server waits for its disk.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);
/// Longest body that is read, in bytes; a list of some thousand members fits.
pub(super) const MAX_BODY: u64 = 1024 * 1024;
/// Longest rest of a connection that is used again. The server may close one that rests longer, and
/// sending on it could leave a message in doubt for no reason.
const MAX_IDLE: Duration = Duration::from_secs(20);
/// The name of this program in its requests.
const AGENT: &str = "chatroom-gui";

/// The reason why a connection cannot be used any more.
#[derive(Debug)]
pub(super) enum Trouble {
    /// An error of the system.
    System(io::Error),
    /// Nothing came for too long.
    Silence,
    /// An answer that cannot be used.
    Reply(ReplyError),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::System(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                f.write_str("the connection was closed")
            }
            Trouble::System(error) => f.write_str(&reason(error)),
            Trouble::Silence => f.write_str("nothing is heard from the server"),
            Trouble::Reply(error) => error.fmt(f),
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

/// Runs the future; [`Trouble::Silence`] after the time limit.
pub(super) async fn within<T>(
    limit: Duration,
    doing: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    timeout(limit, doing).await.unwrap_or(Err(Trouble::Silence))
}

/// An answer that was read whole.
pub(super) struct ServerReply {
    pub(super) head: ReplyHead,
    pub(super) body: Vec<u8>,
    /// The connection can carry another request.
    pub(super) reusable: bool,
}

impl ServerReply {
    /// The body as the object that it should be.
    pub(super) fn json<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The server's own sentence, or one about its answer if it gave none.
    pub(super) fn sentence(&self) -> String {
        match self.json::<Refusal>() {
            Some(refusal) => super::presentable(&refusal.message),
            None => unexpected(&self.head),
        }
    }
}

/// The sentence about an answer that no chatroom gives.
pub(super) fn unexpected(head: &ReplyHead) -> String {
    match (head.status, head.field("location")) {
        (status @ 300..=399, Some(target)) => format!(
            "it sends visitors elsewhere ({status}, to {})",
            super::presentable(target)
        ),
        (200..=299, _) => format!(
            "it answers with {}, which is not what a chatroom says",
            match head.content_type().as_str() {
                "" => "something without a type".to_string(),
                kind => super::presentable(kind),
            }
        ),
        (status, _) => format!("it answers with status {status}, and not as a chatroom does"),
    }
}

/// An open connection.
pub(super) struct LinkConnection {
    stream: TcpStream,
    host: Address,
    /// The buffer that a read fills; on the heap, since it would be in every future on the way here.
    piece: Vec<u8>,
}

impl LinkConnection {
    pub(super) async fn open(address: &Address) -> Result<LinkConnection, Trouble> {
        let stream = within(CONNECT_TIMEOUT, async {
            let target = (address.host(), address.port());
            Ok(TcpStream::connect(target).await.map_err(plain)?)
        })
        .await?;
        // Small requests, each waited for: nothing to collect.
        let _ = stream.set_nodelay(true);
        Ok(LinkConnection {
            stream,
            host: address.clone(),
            piece: vec![0; 16 * 1024],
        })
    }

    /// Sends a request and reads the head of its answer; the body is read from the exchange.
    pub(super) async fn begin(
        &mut self,
        request: &ClientRequest<'_>,
    ) -> Result<(ReplyHead, Exchange), Trouble> {
        let bytes = request.bytes(&self.host, AGENT);
        self.stream.write_all(&bytes).await?;
        let mut exchange = Exchange::new();
        loop {
            if let Some(head) = exchange.head()? {
                return Ok((head, exchange));
            }
            exchange.receive(self.more().await?);
        }
    }

    /// Sends a request and reads the whole answer, within the usual time.
    pub(super) async fn ask(
        &mut self,
        request: &ClientRequest<'_>,
    ) -> Result<ServerReply, Trouble> {
        self.ask_limited(request, MAX_BODY).await
    }

    /// Sends a request and reads its answer of at most `limit` bytes, within the usual time.
    pub(super) async fn ask_limited(
        &mut self,
        request: &ClientRequest<'_>,
        limit: u64,
    ) -> Result<ServerReply, Trouble> {
        within(ANSWER_TIMEOUT, async {
            let (head, exchange) = self.begin(request).await?;
            self.rest(head, exchange, limit).await
        })
        .await
    }

    /// Reads the body that belongs to the head.
    pub(super) async fn rest(
        &mut self,
        head: ReplyHead,
        exchange: Exchange,
        limit: u64,
    ) -> Result<ServerReply, Trouble> {
        let mut reply = exchange.body(&head, limit)?;
        let mut body = Vec::new();
        while !reply.read(&mut body)? {
            match self.more().await {
                Ok(bytes) => reply.receive(bytes),
                Err(Trouble::System(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    reply.closed()?;
                    break;
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(ServerReply {
            reusable: reply.is_reusable(),
            head,
            body,
        })
    }

    /// Waits for more of a body that is read as it comes; the end of the stream is an error here.
    pub(super) async fn more_of(&mut self, body: &mut ReplyBody) -> Result<(), Trouble> {
        body.receive(self.more().await?);
        Ok(())
    }

    /// Waits for more bytes; the end of the stream is an error here. If they are there already, the
    /// other tasks of this thread have a turn first, and time limits are checked.
    async fn more(&mut self) -> Result<&[u8], Trouble> {
        let (read, waited) = waited(self.stream.read(&mut self.piece)).await;
        if !waited {
            task::yield_now().await;
        }
        match read? {
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            count => Ok(&self.piece[..count]),
        }
    }
}

/// A connection between two requests.
#[derive(Default)]
pub(super) struct IdleConnection(Option<(LinkConnection, Instant)>);

impl IdleConnection {
    /// Puts a connection here whose exchange is over.
    pub(super) fn put(&mut self, connection: LinkConnection) {
        self.0 = Some((connection, Instant::now()));
    }

    /// Takes the connection, unless it leads elsewhere or has rested for too long.
    pub(super) fn take(&mut self, address: &Address) -> Option<LinkConnection> {
        let (connection, since) = self.0.take()?;
        (connection.host == *address && since.elapsed() < MAX_IDLE).then_some(connection)
    }
}

/// Returns the same error in plain words, since async-std wraps the system's in its own.
fn plain(error: io::Error) -> io::Error {
    use io::ErrorKind::*;
    let words = match error.kind() {
        ConnectionRefused => "connection refused",
        HostUnreachable => "the machine cannot be reached",
        NetworkUnreachable => "the network cannot be reached",
        TimedOut => "the machine does not answer",
        ConnectionReset | ConnectionAborted => "the connection was broken off",
        PermissionDenied => "the system does not allow it",
        _ if error.to_string().starts_with("could not resolve") => {
            "no machine by this name is known"
        }
        _ => return error,
    };
    io::Error::new(error.kind(), words)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::pin::pin;

    use futures_lite::future::{block_on, poll_once};

    use super::*;

    #[test]
    fn an_answer_that_never_pauses_is_read_a_piece_a_turn() {
        let door = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = door.local_addr().expect("an address").to_string();
        let address = Address::parse(&address).expect("an address");
        let mut near = block_on(LinkConnection::open(&address)).expect("connected");
        let (mut far, _) = door.accept().expect("accepted");
        let pieces = 6;
        let length = pieces * near.piece.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        // All of it is there before anything is read.
        far.write_all(head.as_bytes()).expect("sent");
        far.write_all(&vec![b'x'; length]).expect("sent");
        let request = ClientRequest::get("/", "token");
        let mut asking = pin!(near.ask(&request));
        let mut turns = 1;
        let answer = loop {
            match block_on(poll_once(asking.as_mut())) {
                Some(answer) => break answer.expect("an answer"),
                None => turns += 1,
            }
        };
        assert_eq!(answer.body.len(), length);
        assert!(turns > pieces, "{turns}");
    }

    #[test]
    fn an_unknown_machine_is_said_without_the_librarys_words() {
        let words = "could not resolve address `(\"nohost\", 1337)`";
        let trouble = Trouble::from(plain(io::Error::other(words)));
        assert_eq!(trouble.to_string(), "no machine by this name is known");
    }
}
