//! What a login says.

use crate::http::{Head, Response};

/// Name and room key of a login: JSON, or the name alone.
///
/// # Errors
/// The answer: 400 with what is not understood.
pub fn credentials(head: &Head, body: &[u8]) -> Result<(String, Option<String>), Response> {
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
        return match serde_json::from_slice::<Login>(body) {
            Ok(login) => Ok((login.name, login.key)),
            Err(error) => Err(Response::refusal(
                400,
                "bad_json",
                format!(
                    "The body is not {{\"name\":\"...\",\"key\":\"...\"}}: {error}. The name alone, as plain text, does too."
                ),
            )),
        };
    }
    match std::str::from_utf8(body) {
        Ok(name) => Ok((name.trim_end_matches(['\r', '\n']).to_string(), None)),
        Err(_) => Err(Response::refusal(
            400,
            "not_utf8",
            "The name is not UTF-8. Send it in UTF-8.",
        )),
    }
}
