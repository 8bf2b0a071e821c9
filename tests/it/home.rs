//! What is at `/`: the page for browsers, lines for everybody else. The page itself is tested in tests/pages.

use std::io::Read;
use std::sync::Arc;

use flate2::read::GzDecoder;
use support::client::Answer;
use support::program::Folder;
use support::server::Server;

/// The fields of a browser's request for a page.
const BROWSER: (&str, &str) = (
    "Accept",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
);

fn page(server: &Server, fields: &[(&str, &str)]) -> Answer {
    let fields: Vec<(&str, &str)> = std::iter::once(BROWSER)
        .chain(fields.iter().copied())
        .collect();
    server.ask("GET", "/", &fields, "")
}

#[test]
fn a_browser_gets_the_page_and_curl_its_lines() {
    let server = Server::start(&[]);
    let answer = page(&server, &[]);
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.field("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(answer.text().starts_with("<!DOCTYPE html>"));
    let lines = server.get("/");
    assert!(lines.text().starts_with("This is the chat room"));
    // A cache between them keeps the two apart.
    for answer in [&answer, &lines] {
        let vary = answer.field("vary").expect("a Vary");
        assert!(
            vary.contains("Accept") && vary.contains("Accept-Encoding"),
            "{vary}"
        );
    }
    assert_eq!(server.said().len(), 1, "nobody came in");
}

#[test]
fn a_page_that_the_browser_has_is_not_sent_again() {
    let server = Server::start(&[]);
    let answer = page(&server, &[("Accept-Encoding", "gzip")]);
    let tag = answer.field("etag").expect("an ETag").to_string();
    assert_eq!(answer.field("cache-control"), Some("no-cache"));
    for (known, status) in [
        (tag.clone(), 304),
        (format!("W/{tag}"), 304),
        (format!("\"other\", {tag}"), 304),
        ("*".to_string(), 304),
        ("\"other\"".to_string(), 200),
    ] {
        let fields = [("Accept-Encoding", "gzip"), ("If-None-Match", &*known)];
        let again = page(&server, &fields);
        assert_eq!(again.status, status, "{known}");
        assert_eq!(again.body.is_empty(), status == 304, "{known}");
        assert_eq!(again.field("etag"), Some(&*tag), "{known}");
    }
    // The plain form is another one.
    assert_eq!(page(&server, &[("If-None-Match", &*tag)]).status, 200);
}

#[test]
fn the_page_is_compressed_for_those_who_take_that() {
    let server = Server::start(&[]);
    let plain = page(&server, &[]);
    assert_eq!(plain.field("content-encoding"), None);
    let packed = page(&server, &[("Accept-Encoding", "gzip, deflate, br")]);
    assert_eq!(packed.field("content-encoding"), Some("gzip"));
    assert!(
        packed.body.len() <= 24 * 1024,
        "{} bytes",
        packed.body.len()
    );
    let mut unpacked = Vec::new();
    GzDecoder::new(&*packed.body)
        .read_to_end(&mut unpacked)
        .expect("gzip");
    assert_eq!(unpacked, plain.body);
    let refused = page(&server, &[("Accept-Encoding", "br, gzip;q=0")]);
    assert_eq!(refused.field("content-encoding"), None);
}

#[test]
fn the_page_may_run_and_reach_nothing_but_itself_and_the_room() {
    let answer = page(&Server::start(&[]), &[]);
    let policy = answer
        .field("content-security-policy")
        .expect("a policy")
        .to_string();
    for part in [
        "default-src 'none'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ] {
        assert!(
            policy.split("; ").any(|one| one == part),
            "{part}: {policy}"
        );
    }
    for (kind, tag) in [("script-src", "script"), ("style-src", "style")] {
        let sources = policy
            .split("; ")
            .find_map(|one| one.strip_prefix(kind))
            .expect(kind);
        assert!(
            sources.trim().starts_with("'sha256-") && !sources.contains("unsafe"),
            "{policy}"
        );
        let text = answer.text();
        assert_eq!(text.matches(&format!("</{tag}>")).count(), 1, "{tag}");
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(answer.field(name), Some(value));
    }
}

#[test]
fn the_page_of_a_room_with_a_key_comes_without_it() {
    let folder = Arc::new(Folder::new());
    folder.file("key", "open sesame");
    let server = Server::start_in(
        folder,
        "127.0.0.1:0",
        &["--key-file", "key", "--room", "secret plans"],
    );
    for credentials in [None, Some("Basic Y2k6Z3Vlc3M=")] {
        let fields: Vec<(&str, &str)> = credentials
            .map(|one| ("Authorization", one))
            .into_iter()
            .collect();
        let answer = page(&server, &fields);
        assert_eq!(answer.status, 200);
        assert!(!answer.text().contains("secret plans"));
    }
    server.get("/").refused(401, "key_required");
    // It learns there that a key is needed, and of which log the room is.
    let health = server.get("/health").json();
    assert_eq!(health["key"], true);
    assert!(
        health["id"].is_string() && health["room"].is_null(),
        "{health}"
    );
}

#[test]
fn the_page_speaks_the_browsers_language() {
    let server = Server::start(&[]);
    for (accepted, language) in [
        ("de-CH,de;q=0.9,en;q=0.8", "de"),
        ("fr,en;q=0.5", "en"),
        ("ja", "en"),
    ] {
        let text = page(&server, &[("Accept-Language", accepted)]).text();
        assert!(
            text.contains(&format!("<html lang=\"{language}\">")),
            "{accepted}"
        );
    }
}
