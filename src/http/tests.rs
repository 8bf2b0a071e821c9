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
    let text =
        "POST /messages?a=b%20c&a=d HTTP/1.1\r\nHost: x:1337\r\nContent-Length: 2\r\nX: y\r\n\r\n";
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
    for bad in [
        "GET / HTTP/1.1\r\nHost: [::1]$(id)\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a b\r\n\r\n",
        "GET http://a:1/ HTTP/1.1\r\nHost: [::1].b\r\n\r\n",
        "GET http://a:99999/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        assert_eq!(status(bad), 400, "{bad}");
    }
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
        ("Transfer-Encoding: \u{a0}chunked", 400),
        ("Transfer-Encoding: chunked\u{85}", 400),
        ("Content-Length: 2\r\nTransfer-Encoding: chunked", 400),
        ("Transfer-Encoding: gzip, chunked", 501),
        ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", 501),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            400,
        ),
        ("Transfer-Encoding: chunked, chunked", 400),
        ("Transfer-Encoding: chunked, gzip", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip", 400),
        ("Transfer-Encoding: chunked,", 400),
        ("Transfer-Encoding: chunked;q=1", 400),
        ("Transfer-Encoding: gzip", 400),
        ("Transfer-Encoding:", 400),
        ("Transfer-Encoding: identity", 400),
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
