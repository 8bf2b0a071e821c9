//! Answers, and their bytes.

use std::borrow::Cow;

use serde::Serialize;

use super::date;

/// The usual length of a head, in bytes.
const HEAD: usize = 384;

/// The fate of a connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// Another request may come.
    Keep,
    /// The answer announces that the connection ends.
    Close,
}

/// A whole answer with its body, or the head of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    status: u16,
    fields: Vec<(&'static str, Cow<'static, str>)>,
    body: Vec<u8>,
}

impl Response {
    /// An empty answer.
    pub fn new(status: u16) -> Response {
        Response {
            status,
            fields: Vec::new(),
            body: Vec::new(),
        }
    }

    /// An answer with a JSON body.
    pub fn json(status: u16, value: &impl Serialize) -> Response {
        // infallible: the values consist of strings, numbers and lists.
        let mut body = Vec::new();
        let _ = crate::json::write(value, &mut body);
        body.push(b'\n');
        Response::of_json(status, body)
    }

    /// An answer whose body is JSON already.
    pub fn of_json(status: u16, body: Vec<u8>) -> Response {
        Response::new(status)
            .field("Content-Type", "application/json")
            .body(body)
    }

    /// An answer with a body of plain text.
    pub fn text(status: u16, text: impl Into<String>) -> Response {
        Response::new(status)
            .field("Content-Type", "text/plain; charset=utf-8")
            .body(text.into().into_bytes())
    }

    /// An answer with an HTML document.
    pub fn html(document: &[u8]) -> Response {
        Response::new(200)
            .field("Content-Type", "text/html; charset=utf-8")
            .body(document.to_vec())
    }

    /// Adds a header field. `value` must not contain a line break.
    pub fn field(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Response {
        self.fields.push((name, value.into()));
        self
    }

    fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(n, _)| *n == name)
    }

    fn body(mut self, body: Vec<u8>) -> Response {
        self.body = body;
        self
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The head and body of an ordinary answer, which caches must not store unless a field says
    /// otherwise.
    pub fn whole(self, persistence: Persistence) -> Vec<u8> {
        let (mut out, body) = self.ordinary(persistence);
        out.extend_from_slice(&body);
        out
    }

    /// The head of an ordinary answer as [`Response::whole`] has it, for HEAD.
    pub fn whole_head(self, persistence: Persistence) -> Vec<u8> {
        self.ordinary(persistence).0
    }

    /// The head and the body of an ordinary answer.
    fn ordinary(mut self, persistence: Persistence) -> (Vec<u8>, Vec<u8>) {
        if !matches!(self.status, 204 | 304) {
            let length = self.body.len().to_string();
            self = self.field("Content-Length", length);
        }
        // A cache must not repeat later what is true now.
        if !self.has("Cache-Control") {
            self = self.field("Cache-Control", "no-store");
        }
        (self.head(persistence), self.body)
    }

    /// The head alone, for a body that is written bit by bit and framed as the fields say.
    pub fn head(&self, persistence: Persistence) -> Vec<u8> {
        let mut head = Vec::with_capacity(HEAD + self.body.len());
        let status = self.status.to_string();
        append(&mut head, &["HTTP/1.1 ", &status, " ", phrase(self.status)]);
        date::now(|date| append(&mut head, &["\r\nDate: ", date, "\r\n"]));
        for (name, value) in &self.fields {
            append(&mut head, &[name, ": ", value, "\r\n"]);
        }
        append(&mut head, &["X-Content-Type-Options: nosniff\r\n"]);
        if persistence == Persistence::Close {
            append(&mut head, &["Connection: close\r\n"]);
        }
        append(&mut head, &["\r\n"]);
        head
    }
}

fn append(to: &mut Vec<u8>, pieces: &[&str]) {
    for piece in pieces {
        to.extend_from_slice(piece.as_bytes());
    }
}

/// The reason phrase of a status (RFC 9110, section 15; RFC 6585).
fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        507 => "Insufficient Storage",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Refusal;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn an_answer_says_how_long_it_is() {
        let refusal = Refusal {
            error: "name_taken".into(),
            message: "Taken.".into(),
            ..Refusal::default()
        };
        let answer = text(Response::json(409, &refusal).whole(Persistence::Close));
        assert!(
            answer.starts_with("HTTP/1.1 409 Conflict\r\nDate: "),
            "{answer}"
        );
        assert!(answer.contains("Connection: close\r\n"));
        let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
        assert_eq!(body, "{\"error\":\"name_taken\",\"message\":\"Taken.\"}\n");
        assert!(head.contains(&format!("Content-Length: {}", body.len())));
        assert!(head.contains("\r\nCache-Control: no-store\r\n"));
    }

    #[test]
    fn head_and_204_have_no_body() {
        let head = text(Response::text(200, "hi\n").whole_head(Persistence::Keep));
        assert!(
            head.contains("Content-Length: 3\r\n") && head.ends_with("\r\n\r\n"),
            "{head}"
        );
        assert!(!text(Response::new(204).whole(Persistence::Keep)).contains("Content-Length"));
    }
}
