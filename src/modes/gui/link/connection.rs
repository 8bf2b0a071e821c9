//! One connection to the server: a request out, an answer in, all of it within limits.

use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

use async_std::future::timeout;
use async_std::io::{ReadExt as _, WriteExt as _};
use async_std::net::TcpStream;
use async_std::task;

use crate::address::Address;
use crate::failure::reason;
use crate::http::reply::{Head, MAX_HEAD, ReplyError};
use crate::http::{BodyDecoder, BodyError};
use crate::waited::waited;
use crate::wire::Refusal;

/// How long looking up and connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take. Longer than the server waits for its disk.
pub(super) const ANSWER: Duration = Duration::from_secs(40);
/// The longest body that is kept; a list of some thousand members fits.
pub(super) const MAX_BODY: u64 = 1024 * 1024;
/// How many interim answers (status 1xx) are passed over.
const MAX_INTERIM: usize = 4;

/// Why a connection is of no more use.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The system said so.
    System(io::Error),
    /// Nothing came for too long.
    Silence,
    /// What came is of no use.
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

impl From<BodyError> for Trouble {
    fn from(error: BodyError) -> Trouble {
        ReplyError::from(error).into()
    }
}

impl From<ReplyError> for Trouble {
    fn from(error: ReplyError) -> Trouble {
        Trouble::Reply(error)
    }
}

/// Does it within a time.
pub(super) async fn within<T>(
    limit: Duration,
    doing: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    timeout(limit, doing).await.unwrap_or(Err(Trouble::Silence))
}

/// A request.
#[derive(Default)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) token: Option<&'a str>,
    /// More header fields, each `Name: value`; the caller vouches that there is no line break.
    pub(super) fields: Vec<String>,
    pub(super) body: &'a [u8],
}

impl<'a> Request<'a> {
    /// Asks for something, as the owner of a token.
    pub(super) fn get(path: &'a str, token: &'a str) -> Request<'a> {
        Request {
            method: "GET",
            path,
            token: Some(token),
            ..Request::default()
        }
    }

    fn bytes(&self, address: &Address) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: chatroom-gui/{}\r\n",
            self.method,
            self.path,
            address.authority(),
            env!("CARGO_PKG_VERSION")
        );
        let token = self.token.map(|t| format!("Authorization: Bearer {t}"));
        let length =
            (self.method == "POST").then(|| format!("Content-Length: {}", self.body.len()));
        for field in self.fields.iter().chain(&token).chain(&length) {
            head.push_str(field);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        [head.as_bytes(), self.body].concat()
    }
}

/// A whole answer.
pub(super) struct Answer {
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The body as the object it should be.
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

/// What to say about an answer that no chatroom gives.
pub(super) fn unexpected(head: &Head) -> String {
    match (head.status, head.field("location")) {
        (status @ 300..=399, Some(place)) => format!(
            "it sends visitors elsewhere ({status}, to {})",
            super::presentable(place)
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
pub(super) struct Connection {
    stream: TcpStream,
    host: Address,
    /// What has come and is not used yet.
    pub(super) unread: Vec<u8>,
    /// Where bytes are read to; on the heap, since it would be in every future on the way here.
    piece: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(address: &Address) -> Result<Connection, Trouble> {
        let stream = within(CONNECT, async {
            let target = (address.host(), address.port());
            Ok(TcpStream::connect(target).await.map_err(plain)?)
        })
        .await?;
        // Small requests, each waited for: nothing to collect.
        let _ = stream.set_nodelay(true);
        Ok(Connection {
            stream,
            host: address.clone(),
            unread: Vec::new(),
            piece: vec![0; 16 * 1024],
        })
    }

    /// Sends a request and reads the head of its answer.
    pub(super) async fn begin(&mut self, request: &Request<'_>) -> Result<Head, Trouble> {
        self.stream.write_all(&request.bytes(&self.host)).await?;
        let mut interim = 0;
        loop {
            if let Some((head, taken)) = Head::read(&self.unread)? {
                self.unread.drain(..taken);
                if head.status >= 200 {
                    return Ok(head);
                }
                interim += 1;
                if interim > MAX_INTERIM || head.status == 101 {
                    return Err(ReplyError::NotHttp.into());
                }
                continue;
            }
            if self.unread.len() >= MAX_HEAD {
                return Err(ReplyError::HeadTooLong.into());
            }
            self.more().await?;
        }
    }

    /// Sends a request and reads the whole answer, within the usual time.
    pub(super) async fn ask(&mut self, request: &Request<'_>) -> Result<Answer, Trouble> {
        self.ask_for(request, MAX_BODY).await
    }

    /// The same for an answer of at most `limit` bytes.
    pub(super) async fn ask_for(
        &mut self,
        request: &Request<'_>,
        limit: u64,
    ) -> Result<Answer, Trouble> {
        within(ANSWER, async {
            let head = self.begin(request).await?;
            let body = self.rest(&head, limit).await?;
            Ok(Answer { head, body })
        })
        .await
    }

    /// Reads the body that belongs to the head.
    pub(super) async fn rest(&mut self, head: &Head, limit: u64) -> Result<Vec<u8>, Trouble> {
        let mut framed = BodyDecoder::new(head.framing, limit)?;
        let mut body = Vec::new();
        loop {
            let mut input = &self.unread[..];
            framed.read(&mut input, &mut body)?;
            let taken = self.unread.len() - input.len();
            self.unread.drain(..taken);
            if framed.is_done() {
                return Ok(body);
            }
            match self.more().await {
                Ok(()) => {}
                Err(Trouble::System(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    framed.closed()?;
                    return Ok(body);
                }
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// Waits for more bytes; the end of the stream is an error here. If they are there already, the
    /// others on this thread have a turn first, and limits of time are looked at.
    pub(super) async fn more(&mut self) -> Result<(), Trouble> {
        let (read, waited) = waited(self.stream.read(&mut self.piece)).await;
        if !waited {
            task::yield_now().await;
        }
        match read? {
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            n => {
                self.unread.extend_from_slice(&self.piece[..n]);
                Ok(())
            }
        }
    }
}

/// async-std wraps what the system says in words of its own; only the kind is worth telling.
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
        let mut near = block_on(Connection::open(&address)).expect("connected");
        let (mut far, _) = door.accept().expect("accepted");
        let pieces = 6;
        let length = pieces * near.piece.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        // All of it is there before anything is read.
        far.write_all(head.as_bytes()).expect("sent");
        far.write_all(&vec![b'x'; length]).expect("sent");
        let request = Request::get("/", "token");
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
