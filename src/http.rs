//! HTTP/1.1 without sockets: request heads and bodies as bytes come in, answers as bytes to write.
//!
//! Framing is strict (RFC 9112): a request whose end two readers could see differently is refused
//! and the connection closed, so that nothing can be smuggled. "More bytes please" is a value
//! (`None`), not an error.

mod body;
pub mod reply;
mod response;

pub use body::{Body, BodyError, Framing};
pub use response::Response;

use crate::wire::Refusal;

use crate::event::MAX_TEXT;

/// The longest request head, in bytes.
pub const MAX_HEAD: usize = 8 * 1024;
/// The most header fields in one head.
const MAX_FIELDS: usize = 100;
/// What may stand around a field's value without being part of it (RFC 9110, section 5.6.3). Not
/// all that Unicode calls white space: a proxy does not read `\u{a0}chunked` as `chunked` either.
const BLANK: [char; 2] = [' ', '\t'];

/// A request's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The method, in the case it came in (methods are case-sensitive).
    pub method: String,
    /// The path, still percent-encoded, without the query.
    pub path: String,
    /// What followed the `?`, still encoded; empty without one.
    pub query: String,
    /// The host asked for: the target's in absolute form, else the `Host` field's. None only in
    /// HTTP/1.0.
    pub host: Option<String>,
    /// How the body's end is known.
    pub framing: Framing,
    /// Whether the client wants the connection kept.
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
    /// HTTP/1.`minor`.
    pub minor: u8,
    fields: Vec<(String, String)>,
}

/// A request that cannot be read. It is answered, and the connection is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRequest {
    /// The status to answer with.
    pub status: u16,
    /// One word for programs.
    pub error: &'static str,
    /// A sentence for people.
    pub message: String,
    /// The limit that was passed, where there is one.
    pub limit: Option<u64>,
}

impl BadRequest {
    pub(crate) fn new(status: u16, error: &'static str, message: impl Into<String>) -> BadRequest {
        BadRequest {
            status,
            error,
            message: message.into(),
            limit: None,
        }
    }

    /// The answer to it, after which the connection must be closed.
    pub fn response(self) -> Response {
        let refusal = Refusal {
            error: self.error.to_string(),
            message: self.message,
            limit: self.limit,
        };
        Response::json(self.status, &refusal)
    }
}

impl From<BodyError> for BadRequest {
    fn from(error: BodyError) -> BadRequest {
        match error {
            BodyError::TooLong => {
                let message = format!(
                    "A message has at most {MAX_TEXT} bytes. Send it in several shorter ones."
                );
                BadRequest {
                    limit: Some(MAX_TEXT as u64),
                    ..BadRequest::new(413, "text_too_long", message)
                }
            }
            BodyError::Malformed | BodyError::CutOff => BadRequest::new(
                400,
                "bad_framing",
                "The request's chunked body cannot be read. Send a Content-Length instead.",
            ),
        }
    }
}

impl Head {
    /// Reads the head that `bytes` begin with; the number is how many of them it took. `None` if
    /// its end has not come yet.
    ///
    /// # Errors
    /// The bytes can become no request that this server reads.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, BadRequest> {
        let mut space = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut request = httparse::Request::new(&mut space);
        let window = &bytes[..bytes.len().min(MAX_HEAD)];
        let taken = match request.parse(window) {
            Ok(httparse::Status::Complete(taken)) => taken,
            Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD => return Ok(None),
            Ok(httparse::Status::Partial) => {
                return Err(BadRequest::new(
                    431,
                    "head_too_large",
                    format!(
                        "The request's head is over {MAX_HEAD} bytes. Send fewer or shorter header fields."
                    ),
                ));
            }
            Err(error) => return Err(unreadable(error)),
        };
        let fields: Vec<(String, String)> = request
            .headers
            .iter()
            .map(|field| {
                (
                    field.name.to_ascii_lowercase(),
                    String::from_utf8_lossy(field.value).into_owned(),
                )
            })
            .collect();
        let minor = request.version.unwrap_or(1);
        let target = request.path.unwrap_or_default();
        let method = request.method.unwrap_or_default().to_string();
        let (authority, target) = absolute(target);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut head = Head {
            method,
            path: path.to_string(),
            query: query.to_string(),
            host: None,
            framing: Framing::None,
            keep_alive: false,
            expects_continue: false,
            minor,
            fields,
        };
        let hosts: Vec<&str> = head.all("host").collect();
        head.host = match hosts.as_slice() {
            [] if minor == 0 => authority,
            [] => {
                return Err(BadRequest::new(
                    400,
                    "host_missing",
                    "The request has no Host field. HTTP/1.1 needs one.",
                ));
            }
            [host] => Some(authority.unwrap_or_else(|| (*host).to_string())),
            _ => {
                return Err(BadRequest::new(
                    400,
                    "bad_request",
                    "The request has more than one Host field.",
                ));
            }
        };
        head.framing = framing(&head)?;
        head.keep_alive = match minor {
            0 => false,
            _ => !head.lists("connection", "close"),
        };
        head.expects_continue = match head.field("expect") {
            None => false,
            Some(what) if what.eq_ignore_ascii_case("100-continue") => minor == 1,
            Some(_) => {
                return Err(BadRequest::new(
                    417,
                    "expectation_failed",
                    "The only expectation this server meets is 100-continue.",
                ));
            }
        };
        Ok(Some((head, taken)))
    }

    /// The first field of that lower-case name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, value)| value.trim_matches(BLANK))
    }

    /// Whether the comma-separated field `name` has the item `item`.
    fn lists(&self, name: &str, item: &str) -> bool {
        self.all(name)
            .flat_map(|value| value.split(','))
            .any(|i| i.trim_matches(BLANK).eq_ignore_ascii_case(item))
    }

    /// The query's first parameter of that name, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes())
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Every field in the order it came, names in lower case.
    pub fn fields(&self) -> &[(String, String)] {
        &self.fields
    }
}

/// Splits `http://host:port/path` into host and path; other targets have no host.
fn absolute(target: &str) -> (Option<String>, &str) {
    let lower = target.get(..7).map(str::to_ascii_lowercase);
    if lower.as_deref() != Some("http://") {
        return (None, target);
    }
    let rest = &target[7..];
    match rest.find(['/', '?']) {
        Some(end) if rest[end..].starts_with('/') => (Some(rest[..end].to_string()), &rest[end..]),
        Some(end) => (Some(rest[..end].to_string()), "/"),
        None => (Some(rest.to_string()), "/"),
    }
}

fn framing(head: &Head) -> Result<Framing, BadRequest> {
    let lengths: Vec<&str> = head.all("content-length").collect();
    let encodings: Vec<&str> = head.all("transfer-encoding").collect();
    match (lengths.as_slice(), encodings.as_slice()) {
        ([], []) => Ok(Framing::None),
        ([length], []) if !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit()) => {
            // More digits than fit are a length that is over every limit.
            Ok(Framing::Length(length.parse().unwrap_or(u64::MAX)))
        }
        ([_, ..], []) => Err(BadRequest::new(
            400,
            "bad_framing",
            "The request's Content-Length is not one number of plain digits. Send exactly one.",
        )),
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") && head.minor == 1 => {
            Ok(Framing::Chunked)
        }
        ([], _) if head.minor == 1 => Err(BadRequest::new(
            501,
            "transfer_encoding",
            "The only Transfer-Encoding this server reads is chunked.",
        )),
        ([], _) => Err(BadRequest::new(
            400,
            "bad_framing",
            "HTTP/1.0 has no Transfer-Encoding. Send a Content-Length.",
        )),
        _ => Err(BadRequest::new(
            400,
            "bad_framing",
            "The request has both Content-Length and Transfer-Encoding. Send one of them.",
        )),
    }
}

fn unreadable(error: httparse::Error) -> BadRequest {
    match error {
        httparse::Error::TooManyHeaders => BadRequest::new(
            431,
            "head_too_large",
            format!("The request has more than {MAX_FIELDS} header fields. Send fewer."),
        ),
        httparse::Error::Version => BadRequest::new(
            505,
            "http_version",
            "This server speaks HTTP/1.1 and HTTP/1.0 only.",
        ),
        other => BadRequest::new(
            400,
            "bad_request",
            format!("This is not an HTTP request: {other}."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Option<(Head, usize)>, BadRequest> {
        Head::parse(text.as_bytes())
    }

    fn head(text: &str) -> Head {
        match parse(text) {
            Ok(Some((head, taken))) if taken == text.len() => head,
            other => panic!("{text:?}: {other:?}"),
        }
    }

    fn status(text: &str) -> u16 {
        parse(text).expect_err(text).status
    }

    #[test]
    fn a_head_is_read_whole_however_it_is_cut() {
        let text = "POST /messages?a=b%20c&a=d HTTP/1.1\r\nHost: x:1337\r\nContent-Length: 2\r\nX: y\r\n\r\n";
        for cut in 0..text.len() {
            assert_eq!(parse(&text[..cut]), Ok(None), "{cut}");
        }
        let (head, taken) = parse(&format!("{text}hiGET"))
            .ok()
            .flatten()
            .expect("a head");
        assert_eq!(taken, text.len());
        assert_eq!(
            (head.method.as_str(), head.path.as_str()),
            ("POST", "/messages")
        );
        assert_eq!(head.parameter("a").as_deref(), Some("b c"));
        assert_eq!(head.framing, Framing::Length(2));
        assert_eq!(head.field("x"), Some("y"));
        assert!(head.keep_alive);
    }

    #[test]
    fn keep_alive_follows_version_and_connection() {
        assert!(!head("GET / HTTP/1.0\r\n\r\n").keep_alive);
        assert!(!head("GET / HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\n").keep_alive);
        assert!(head("GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n").keep_alive);
    }

    #[test]
    fn the_host_comes_from_the_target_or_the_one_field() {
        assert_eq!(
            head("GET http://a:1/x?y HTTP/1.1\r\nHost: b\r\n\r\n")
                .host
                .as_deref(),
            Some("a:1")
        );
        assert_eq!(
            head("GET http://a:1/x?y HTTP/1.1\r\nHost: b\r\n\r\n").path,
            "/x"
        );
        assert_eq!(
            head("GET / HTTP/1.1\r\nHost: b\r\n\r\n").host.as_deref(),
            Some("b")
        );
        assert_eq!(status("GET / HTTP/1.1\r\n\r\n"), 400);
        assert_eq!(status("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
    }

    #[test]
    fn framing_that_two_readers_could_see_differently_is_refused() {
        let with = |fields: &str| format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n");
        assert_eq!(
            head(&with("Transfer-Encoding: Chunked")).framing,
            Framing::Chunked
        );
        for (fields, want) in [
            ("Content-Length: 2\r\nContent-Length: 2", 400),
            ("Content-Length: +2", 400),
            ("Content-Length: 2, 2", 400),
            ("Content-Length: 0x2", 400),
            ("Content-Length:", 400),
            ("Content-Length: -1", 400),
            ("Content-Length: \u{a0}2", 400),
            ("Transfer-Encoding: \u{a0}chunked", 501),
            ("Transfer-Encoding: chunked\u{85}", 501),
            ("Content-Length: 2\r\nTransfer-Encoding: chunked", 400),
            ("Transfer-Encoding: gzip, chunked", 501),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                501,
            ),
            ("Transfer-Encoding: identity", 501),
            ("X: a\r\n b", 400),
            ("X: a\rb", 400),
            ("X : a", 400),
            ("X: a\0b", 400),
            ("Expect: 200-ok", 417),
        ] {
            assert_eq!(status(&with(fields)), want, "{fields:?}");
        }
        assert_eq!(
            head(&with("Content-Length: 99999999999999999999")).framing,
            Framing::Length(u64::MAX)
        );
        assert_eq!(
            status("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            400
        );
    }

    #[test]
    fn what_is_no_request_gets_a_fitting_status() {
        assert_eq!(status("hello\r\n\r\n"), 400);
        assert_eq!(status("GET / HTTP/2.0\r\n\r\n"), 505);
        assert_eq!(status("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
        assert_eq!(
            status(&format!("GET /{} HTTP/1.1\r\n", "x".repeat(MAX_HEAD))),
            431
        );
        assert_eq!(
            status(&format!(
                "GET / HTTP/1.1\r\n{}\r\n",
                "X: y\r\n".repeat(MAX_FIELDS + 1)
            )),
            431
        );
    }
}
