//! The web page at `/`, as build.rs puts it together from the files beside this one.
//!
//! What always holds: the page is one document; its own style and script, named by their hashes, are the only
//! ones that a browser may use with it (Content Security Policy Level 3), and the room is all that it may
//! talk to.

use crate::http::{Head, Response};

/// The fields of a request that decide what is at `/`.
pub const VARY: &str = "Accept, Accept-Encoding, Accept-Language";

/// The page in one language.
#[derive(Debug)]
struct Document {
    /// The tag of its language (RFC 5646).
    language: &'static str,
    /// The document.
    plain: &'static [u8],
    /// The same, compressed with gzip.
    packed: &'static [u8],
    /// The beginning of the document's SHA-256, in Base64.
    hash: &'static str,
    /// The SHA-256 of its style, in Base64.
    style: &'static str,
    /// The SHA-256 of its script, in Base64.
    script: &'static str,
}

/// The page in every language, the one for all others first.
static DOCUMENTS: &[Document] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// Tells whether a client wants a page: browsers name `text/html`, programs do not.
pub fn is_wanted(head: &Head) -> bool {
    let accepted = head.field("accept").unwrap_or_default();
    accepted.split(',').any(|one| {
        let (kind, parameters) = one.split_once(';').unwrap_or((one, ""));
        kind.trim().eq_ignore_ascii_case("text/html") && !is_refused(parameters)
    })
}

/// The answer with the page.
pub fn response(head: &Head) -> Response {
    let document = preferred(head.field("accept-language").unwrap_or_default());
    let packed = accepts_gzip(head.field("accept-encoding").unwrap_or_default());
    let etag = format!("\"{}{}\"", document.hash, if packed { "-gz" } else { "" });
    let is_known = head.field("if-none-match").is_some_and(|known| {
        let mut known = known
            .split(',')
            .map(|one| one.trim().trim_start_matches("W/"));
        known.any(|one| one == "*" || one == etag)
    });
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'",
        document.script, document.style
    );
    let response = match is_known {
        true => Response::new(304),
        false => Response::html(if packed {
            document.packed
        } else {
            document.plain
        }),
    };
    let response = response
        .field("ETag", etag)
        .field("Cache-Control", "no-cache")
        .field("Vary", VARY)
        .field("Content-Security-Policy", policy)
        .field("Referrer-Policy", "no-referrer");
    match packed && !is_known {
        true => response.field("Content-Encoding", "gzip"),
        false => response,
    }
}

/// The names of all documents, of which a page finds out that it is an older one.
pub fn hash() -> &'static str {
    DOCUMENTS[0].hash
}

/// The document in the language that a browser prefers (RFC 9110, section 12.5.4).
fn preferred(accepted: &str) -> &'static Document {
    let mut wanted: Vec<(f32, &str)> = accepted
        .split(',')
        .filter_map(|one| {
            let (tag, parameters) = one.split_once(';').unwrap_or((one, ""));
            Some((quality(parameters)?, tag.trim()))
        })
        .filter(|(quality, _)| *quality > 0.0)
        .collect();
    wanted.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let found = wanted.iter().find_map(|(_, tag)| {
        let language = tag.split('-').next().unwrap_or_default();
        let fits = |document: &&Document| document.language.eq_ignore_ascii_case(language);
        DOCUMENTS.iter().find(fits)
    });
    found.unwrap_or(&DOCUMENTS[0])
}

/// Tells whether a browser takes gzip (RFC 9110, section 12.5.3).
fn accepts_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|one| {
        let (coding, parameters) = one.split_once(';').unwrap_or((one, ""));
        coding.trim().eq_ignore_ascii_case("gzip") && !is_refused(parameters)
    })
}

fn is_refused(parameters: &str) -> bool {
    quality(parameters).is_none_or(|quality| quality <= 0.0)
}

/// The quality value among parameters, 1 without one; `None` if it is not a number.
fn quality(parameters: &str) -> Option<f32> {
    let mut parameters = parameters.split(';').map(str::trim);
    match parameters.find_map(|one| one.strip_prefix("q=").or(one.strip_prefix("Q="))) {
        Some(value) => value.trim().parse().ok(),
        None => Some(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most bytes of a document, compressed: what a phone on a workshop's Wi-Fi waits for.
    const BUDGET: usize = 24 * 1024;

    fn head(fields: &str) -> Head {
        let text = format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
        let head = Head::parse(text.as_bytes()).expect("a head");
        head.expect("whole").0
    }

    #[test]
    fn a_document_is_within_its_budget() {
        for document in DOCUMENTS {
            let bytes = document.packed.len();
            assert!(bytes <= BUDGET, "{}: {bytes} bytes", document.language);
        }
    }

    #[test]
    fn a_document_is_what_its_hashes_say() {
        use base64::Engine;
        use base64::engine::general_purpose::STANDARD;
        use sha2::{Digest, Sha256};
        use std::io::Read;
        for document in DOCUMENTS {
            let text = std::str::from_utf8(document.plain).expect("UTF-8");
            for (tag, hash) in [("style", document.style), ("script", document.script)] {
                let (_, rest) = text.split_once(&format!("<{tag}")).expect("the element");
                let (_, rest) = rest.split_once('>').expect("its beginning");
                let (inner, _) = rest.split_once(&format!("</{tag}>")).expect("its end");
                assert_eq!(STANDARD.encode(Sha256::digest(inner)), hash, "{tag}");
            }
            let mut unpacked = Vec::new();
            let mut decoder = flate2::read::GzDecoder::new(document.packed);
            decoder.read_to_end(&mut unpacked).expect("gzip");
            assert_eq!(unpacked, document.plain);
            assert!(text.contains(&format!("<html lang=\"{}\">", document.language)));
            assert!(!text.contains("{{"), "a placeholder is left");
        }
    }

    #[test]
    fn browsers_get_the_page_and_programs_do_not() {
        for (accept, wanted) in [
            ("", false),
            ("Accept: */*\r\n", false),
            ("Accept: text/plain\r\n", false),
            ("Accept: text/html\r\n", true),
            ("Accept: TEXT/HTML;q=0.5, */*\r\n", true),
            ("Accept: text/html;q=0\r\n", false),
            (
                "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n",
                true,
            ),
        ] {
            assert_eq!(is_wanted(&head(accept)), wanted, "{accept}");
        }
    }

    #[test]
    fn the_language_is_the_one_that_the_browser_prefers() {
        for (accepted, language) in [
            ("", "en"),
            ("de", "de"),
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("en-GB,de;q=0.9", "en"),
            ("fr-FR,fr;q=0.9,de;q=0.5,en;q=0.7", "en"),
            ("fr, DE;q=0.1", "de"),
            ("de;q=0", "en"),
            ("de;q=x", "en"),
        ] {
            assert_eq!(preferred(accepted).language, language, "{accepted}");
        }
    }
}
