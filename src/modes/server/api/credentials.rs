//! The credentials in a request, read but not judged.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::http::Head;

use super::rejection::Rejection;

/// The credentials of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Credentials<'a> {
    /// None.
    None,
    /// The token of a session.
    Token(&'a str),
    /// A name and a room key (RFC 7617); the key may be empty.
    Basic(String, String),
}

impl<'a> Credentials<'a> {
    /// Reads `Authorization`; `token` is one that came in the query, where that is allowed.
    ///
    /// # Errors
    /// The field is there and cannot be understood.
    pub(super) fn read(head: &'a Head, token: Option<&'a str>) -> Result<Self, Rejection> {
        let field = head.field("authorization");
        let (scheme, value) = field
            .and_then(|field| field.split_once(' '))
            .unwrap_or(("", ""));
        let bearer = scheme.eq_ignore_ascii_case("bearer");
        if let Some(token) = bearer.then_some(value.trim()).or(token) {
            return Ok(Credentials::Token(token));
        }
        if scheme.eq_ignore_ascii_case("basic") {
            let (name, key) = basic(value)?;
            return Ok(Credentials::Basic(name, key));
        }
        match field {
            None => Ok(Credentials::None),
            Some(_) => Err(Rejection::CredentialsUnknown),
        }
    }
}

fn basic(value: &str) -> Result<(String, String), Rejection> {
    let bytes = STANDARD
        .decode(value.trim())
        .map_err(|_| Rejection::BasicNotBase64)?;
    let text = String::from_utf8(bytes).map_err(|_| Rejection::BasicNotUtf8)?;
    let (name, key) = text.split_once(':').ok_or(Rejection::BasicWithoutColon)?;
    Ok((name.to_string(), key.to_string()))
}

/// Reads name and room key from the body of a login: JSON, or the name alone.
///
/// # Errors
/// The body is neither.
pub(super) fn login(head: &Head, body: &[u8]) -> Result<(String, Option<String>), Rejection> {
    #[derive(serde::Deserialize)]
    struct Login {
        name: String,
        #[serde(default)]
        key: Option<String>,
    }
    let says_json = head.field("content-type").is_some_and(|t| {
        t.split(';')
            .next()
            .is_some_and(|t| t.trim().eq_ignore_ascii_case("application/json"))
    });
    if says_json || body.trim_ascii_start().starts_with(b"{") {
        let login: Login = serde_json::from_slice(body)
            .map_err(|error| Rejection::LoginNotJson(error.to_string()))?;
        return Ok((login.name, login.key));
    }
    let name = std::str::from_utf8(body).map_err(|_| Rejection::LoginNotUtf8)?;
    Ok((name.trim_end_matches(['\r', '\n']).to_string(), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Persistence;

    #[test]
    fn the_fault_in_basic_credentials_is_named() {
        for (field, code, part) in [
            ("Basic Y2k6", "", ""),
            ("Basic ZfxyOg==", "credentials_unreadable", "not UTF-8"),
            // The bytes that requests makes of ("j\u{fc}rgen", "").
            (
                "Basic avxyZ2VuOg==",
                "credentials_unreadable",
                "auth=(name.encode(), key.encode())",
            ),
            ("basic Y2k=", "credentials_unreadable", "no colon"),
            ("Basic !!", "credentials_unreadable", "not Base64"),
            ("Basic ", "credentials_unknown", "neither"),
            ("Digest x", "credentials_unknown", "neither"),
        ] {
            let text = format!("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: {field}\r\n\r\n");
            let (head, _) = Head::parse(text.as_bytes())
                .expect("a head")
                .expect("whole");
            let answer = match Credentials::read(&head, None) {
                Ok(_) => String::new(),
                Err(rejection) => {
                    assert_eq!(rejection.status(), 401, "{field}");
                    String::from_utf8_lossy(&rejection.response().whole(Persistence::Keep)).into()
                }
            };
            assert!(
                answer.contains(code) && answer.contains(part),
                "{field}: {answer}"
            );
            assert_eq!(answer.is_empty(), code.is_empty(), "{field}: {answer}");
        }
    }
}
