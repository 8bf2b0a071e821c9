//! `GET /log.txt`: the log as it is, whole or from where a copy ends.

use std::process::Command;

use support::client::Answer;
use support::server::Server;

fn with_log() -> (Server, String, Vec<u8>) {
    let server = Server::start(&[]);
    let token = server.log_in("uthira");
    for text in ["one", "zwei é", "[three]\n"] {
        server.say(&token, text);
    }
    let bytes = std::fs::read(server.log()).expect("the log");
    (server, token, bytes)
}

fn get(server: &Server, fields: &[(&str, &str)]) -> Answer {
    server.ask("GET", "/log.txt", fields, "")
}

#[test]
fn the_log_is_given_as_it_is() {
    let (server, _, bytes) = with_log();
    let answer = get(&server, &[]);
    assert_eq!((answer.status, &answer.body), (200, &bytes));
    assert_eq!(answer.field("accept-ranges"), Some("bytes"));
    assert_eq!(
        answer.field("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(
        answer.field("content-length"),
        Some(&*bytes.len().to_string())
    );
    assert!(answer.field("etag").is_some());
}

#[test]
fn parts_of_it_are_those_that_were_asked_for() {
    let (server, _, bytes) = with_log();
    let length = bytes.len();
    for (range, part) in [
        ("bytes=0-".to_string(), 0..length),
        ("bytes=0-0".to_string(), 0..1),
        ("bytes=10-19".to_string(), 10..20),
        (format!("bytes={}-", length - 1), length - 1..length),
        ("bytes=20-999999".to_string(), 20..length),
        ("bytes=-7".to_string(), length - 7..length),
        ("bytes=-999999".to_string(), 0..length),
    ] {
        let answer = get(&server, &[("Range", &range)]);
        assert_eq!(answer.status, 206, "{range}");
        assert!(answer.body == bytes[part.clone()], "{range}");
        let wanted = format!("bytes {}-{}/{length}", part.start, part.end - 1);
        assert_eq!(answer.field("content-range"), Some(&*wanted));
    }
    for range in [
        format!("bytes={length}-"),
        "bytes=99999999999999999999-".into(),
        "bytes=-0".into(),
    ] {
        let answer = get(&server, &[("Range", &range)]);
        answer.refused(416, "range_unsatisfiable");
        assert_eq!(
            answer.field("content-range"),
            Some(&*format!("bytes */{length}"))
        );
    }
    // An invalid range is ignored (RFC 9110, section 14.2).
    for range in ["bytes=5-4", "bytes=0-1,5-6", "lines=1-2", "bytes=x-", "5-6"] {
        let answer = get(&server, &[("Range", range)]);
        assert_eq!((answer.status, answer.body.len()), (200, length), "{range}");
    }
}

#[test]
fn a_part_of_another_log_is_never_joined_to_a_copy() {
    let (mut server, token, bytes) = with_log();
    let tag = get(&server, &[]).field("etag").expect("a tag").to_string();
    server.say(&token, "the log grows, and its name stays");
    let range = ("Range", "bytes=5-9");
    assert_eq!(get(&server, &[range, ("If-Range", &tag)]).status, 206);
    assert_eq!(
        get(&server, &[range, ("If-Range", "\"00000000\"")]).status,
        200
    );
    assert_eq!(
        get(
            &server,
            &[range, ("If-Range", "Mon, 23 Nov 2026 22:34:57 GMT")]
        )
        .status,
        200
    );
    // A range is served if it begins at or before that place.
    let from = |at: usize| {
        let range = format!("bytes={at}-");
        get(&server, &[("Range", &range), ("If-Range", &tag)]).status
    };
    let end = bytes.len();
    assert_eq!([from(end - 1), from(end), from(end + 1)], [206, 206, 200]);
    // The same log, restored from an older copy and continued: longer than it was, with a different past.
    let last = bytes[..end - 1].iter().rposition(|b| *b == b'\n');
    let older = &bytes[..last.expect("a line") + 1];
    server.kill();
    std::fs::write(server.log(), older).expect("restored");
    server.start_again(&[]);
    let token = server.log_in("bob");
    server.say(&token, &"x".repeat(1_000));
    let whole = get(&server, &[("Range", "bytes=10-"), ("If-Range", &tag)]);
    assert_eq!(whole.status, 200);
    assert!(whole.body == std::fs::read(server.log()).expect("the log"));
    let other = Server::start(&[]);
    assert_ne!(get(&other, &[]).field("etag"), Some(&*tag));
}

#[test]
fn curl_goes_on_where_a_copy_ends() {
    let (server, token, bytes) = with_log();
    let copy = server.folder.file("copy.txt", &bytes[..bytes.len() / 2]);
    let url = format!("http://{}/log.txt", server.address);
    let fetch = || {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-f", "-C", "-", "-o"])
            .arg(&copy)
            .arg(&url);
        let run = curl.output().expect("curl runs");
        assert!(run.status.success(), "{run:?}");
        std::fs::read(&copy).expect("the copy")
    };
    assert!(fetch() == bytes, "the other half was added");
    server.say(&token, "meanwhile");
    assert!(fetch() == std::fs::read(server.log()).expect("the log"));
}

#[test]
fn a_long_log_arrives_whole() {
    let server = Server::start(&["--max-rate", "0", "--sync", "never"]);
    let token = server.log_in("uthira");
    let mut client = server.client();
    let authorised = support::client::bearer(&token);
    for n in 0..40 {
        let text = format!("{n}{}", "\0".repeat(16_000));
        client.send(server.request("POST", "/messages", &[("Authorization", &authorised)], text));
        assert_eq!(client.answer("POST").status, 201);
    }
    let answer = get(&server, &[]);
    assert!(answer.body.len() > 3_000_000);
    let file = std::fs::read(server.log()).expect("the log");
    assert!(file.starts_with(&answer.body));
}
