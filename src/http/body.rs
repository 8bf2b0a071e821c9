//! A request's body, taken in as its bytes come.

use super::{BadRequest, Framing, MAX_HEAD};

/// The longest line that announces a chunk, extensions included.
const MAX_SIZE_LINE: usize = 1024;

/// What [`BodyReader::feed`] made of the bytes it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many were taken; the body goes on.
    More(usize),
    /// So many were taken; the body is whole, and what follows is the next request.
    Done(usize),
}

/// Collects one body up to a limit.
#[derive(Debug)]
pub struct BodyReader {
    state: State,
    limit: usize,
    body: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Length(u64),
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers,
    Done,
}

impl BodyReader {
    /// A reader for a body framed like that, of at most `limit` bytes.
    ///
    /// # Errors
    /// 413 if the announced length is over the limit.
    pub fn new(framing: Framing, limit: usize) -> Result<BodyReader, BadRequest> {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(length) if length > limit as u64 => return Err(too_large(limit)),
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::ChunkSize,
        };
        Ok(BodyReader {
            state,
            limit,
            body: Vec::new(),
        })
    }

    /// Whether the body is whole.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The body. What was fed so far, if it is not whole.
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// Takes what it can use from the front of `bytes`. Bytes that were not taken must be given
    /// again, with more behind them.
    ///
    /// # Errors
    /// 413 over the limit, 400 for chunks that are none.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Progress, BadRequest> {
        let mut at = 0;
        loop {
            let rest = &bytes[at..];
            let taken = match self.state {
                State::Done => return Ok(Progress::Done(at)),
                State::Length(left) => {
                    let taken = self.take(rest, left)?;
                    self.state = match left - taken as u64 {
                        0 => State::Done,
                        left => State::Length(left),
                    };
                    taken
                }
                State::ChunkData(left) => {
                    let taken = self.take(rest, left)?;
                    self.state = match left - taken as u64 {
                        0 => State::ChunkEnd,
                        left => State::ChunkData(left),
                    };
                    taken
                }
                State::ChunkSize => match httparse::parse_chunk_size(rest) {
                    Ok(httparse::Status::Complete((taken, size)))
                        if is_size_line(&rest[..taken]) =>
                    {
                        if size > (self.limit - self.body.len()) as u64 {
                            return Err(too_large(self.limit));
                        }
                        self.state = if size == 0 {
                            State::Trailers
                        } else {
                            State::ChunkData(size)
                        };
                        taken
                    }
                    Ok(httparse::Status::Partial) if rest.len() <= MAX_SIZE_LINE => 0,
                    _ => return Err(bad_chunk()),
                },
                State::ChunkEnd => match rest {
                    [b'\r', b'\n', ..] => {
                        self.state = State::ChunkSize;
                        2
                    }
                    [] | [b'\r'] => 0,
                    _ => return Err(bad_chunk()),
                },
                State::Trailers => {
                    let mut fields = [httparse::EMPTY_HEADER; 16];
                    match httparse::parse_headers(rest, &mut fields) {
                        Ok(httparse::Status::Complete((taken, _))) => {
                            self.state = State::Done;
                            taken
                        }
                        Ok(httparse::Status::Partial) if rest.len() <= MAX_HEAD => 0,
                        _ => return Err(bad_chunk()),
                    }
                }
            };
            if taken == 0 && self.state != State::Done {
                return Ok(Progress::More(at));
            }
            at += taken;
        }
    }

    fn take(&mut self, bytes: &[u8], left: u64) -> Result<usize, BadRequest> {
        let taken = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        if taken > self.limit - self.body.len() {
            return Err(too_large(self.limit));
        }
        self.body.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }
}

/// Whether a line that announces a chunk has a size and one end: httparse takes no digits for a 0,
/// and passes over an LF in an extension, where another reader sees the line end.
fn is_size_line(line: &[u8]) -> bool {
    line.first().is_some_and(u8::is_ascii_hexdigit)
        && line.iter().position(|b| *b == b'\n') == Some(line.len() - 1)
}

fn too_large(limit: usize) -> BadRequest {
    let message = format!("A message has at most {limit} bytes. Send it in several shorter ones.");
    BadRequest {
        limit: Some(limit as u64),
        ..BadRequest::new(413, "text_too_long", message)
    }
}

fn bad_chunk() -> BadRequest {
    BadRequest::new(
        400,
        "bad_framing",
        "The request's chunked body cannot be read. Send a Content-Length instead.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    type BodyAndRest = (Vec<u8>, Vec<u8>);

    /// Feeds `bytes` in portions of `step` and gives the body and what was left over.
    fn read(
        framing: Framing,
        bytes: &[u8],
        step: usize,
    ) -> Result<Option<BodyAndRest>, BadRequest> {
        let mut reader = BodyReader::new(framing, 100)?;
        let mut pending = Vec::new();
        for portion in bytes.chunks(step) {
            pending.extend_from_slice(portion);
            if reader.is_done() {
                continue;
            }
            let (Progress::More(taken) | Progress::Done(taken)) = reader.feed(&pending)?;
            pending.drain(..taken);
        }
        Ok(reader.is_done().then(|| (reader.into_body(), pending)))
    }

    #[test]
    fn bodies_are_the_same_however_they_are_cut() {
        let chunked = b"5;x=y\r\nhello\r\nA\r\n 123456789\r\n0\r\nX: y\r\n\r\nGET";
        for step in 1..chunked.len() {
            let got = read(Framing::Chunked, chunked, step);
            assert_eq!(
                got,
                Ok(Some((b"hello 123456789".to_vec(), b"GET".to_vec()))),
                "{step}"
            );
            let got = read(Framing::Length(5), b"helloGET", step);
            assert_eq!(
                got,
                Ok(Some((b"hello".to_vec(), b"GET".to_vec()))),
                "{step}"
            );
        }
        assert_eq!(read(Framing::Length(5), b"hell", 1), Ok(None));
        assert_eq!(read(Framing::Chunked, b"0\r\n", 1), Ok(None));
        assert_eq!(
            read(Framing::Chunked, b"0\r\n\r\n", 1),
            Ok(Some((vec![], vec![])))
        );
    }

    #[test]
    fn what_is_too_long_or_no_chunk_is_refused() {
        let status = |framing, bytes: &[u8]| read(framing, bytes, 7).err().map(|e| e.status);
        assert_eq!(status(Framing::Length(101), b""), Some(413));
        assert_eq!(status(Framing::Chunked, b"65\r\n"), Some(413));
        assert_eq!(status(Framing::Chunked, b"ffffffffffffffff\r\n"), Some(413));
        assert_eq!(status(Framing::Chunked, b"x\r\n"), Some(400));
        assert_eq!(status(Framing::Chunked, b"-1\r\n"), Some(400));
        assert_eq!(status(Framing::Chunked, b"1\r\nabc"), Some(400));
        assert_eq!(status(Framing::Chunked, b"\r\n\r\n"), Some(400));
        assert_eq!(status(Framing::Chunked, b";x\r\n\r\n"), Some(400));
        assert_eq!(
            status(Framing::Chunked, b"1;a\nb\r\nx\r\n0\r\n\r\n"),
            Some(400)
        );
        assert_eq!(status(Framing::Chunked, &[b'0'; 2000]), Some(400));
        assert_eq!(
            status(
                Framing::Chunked,
                &[b"0\r\n".as_slice(), &[b'x'; 9000]].concat()
            ),
            Some(400)
        );
    }
}
