use super::*;

fn head(text: &str) -> Result<Option<(ReplyHead, usize)>, ReplyError> {
    ReplyHead::read(text.as_bytes())
}

fn framing(fields: &str) -> Result<Framing, ReplyError> {
    let (head, _) = head(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n"))?.expect("a whole head");
    Ok(head.framing)
}

#[test]
fn a_head_is_read_once_it_is_whole() {
    let text = "HTTP/1.1 409 Conflict\r\nContent-Type: Application/JSON; charset=utf-8\r\n\
                Retry-After: 3\r\nContent-Length: 2\r\n\r\n{}";
    for end in 0..text.len() - 2 {
        assert_eq!(head(&text[..end]), Ok(None), "at {end}");
    }
    let (head, taken) = head(text).expect("a head").expect("a whole one");
    assert_eq!(taken, text.len() - 2);
    assert_eq!(head.status, 409);
    assert_eq!(head.content_type(), "application/json");
    assert_eq!(head.retry_after(), Some(3));
    assert_eq!(head.framing, Framing::Length(2));
    assert!(head.keep_alive);
}

#[test]
fn the_body_is_framed_in_one_way_only() {
    assert_eq!(framing(""), Ok(Framing::UntilClose));
    assert_eq!(framing("Content-Length: 0\r\n"), Ok(Framing::Length(0)));
    assert_eq!(
        framing("Transfer-Encoding: chunked\r\n"),
        Ok(Framing::Chunked)
    );
    for wrong in [
        "Content-Length: +1\r\n",
        "Content-Length: 1, 1\r\n",
        "Content-Length: \r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
    ] {
        assert_eq!(framing(wrong), Err(ReplyError::Framing), "{wrong:?}");
    }
    let (no_content, _) = head("HTTP/1.1 204 No Content\r\n\r\n")
        .expect("a head")
        .expect("a whole one");
    assert_eq!(no_content.framing, Framing::None);
}

#[test]
fn a_connection_is_used_again_only_where_both_ends_know_it() {
    let keep_alive = |text: &str| {
        head(text)
            .expect("a head")
            .expect("a whole one")
            .0
            .keep_alive
    };
    assert!(keep_alive("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    assert!(!keep_alive(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n"
    ));
    assert!(!keep_alive("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
    assert!(!keep_alive("HTTP/1.1 200 OK\r\n\r\n"));
}

#[test]
fn what_is_not_http_is_told_apart_from_what_is_too_long() {
    assert_eq!(head("SSH-2.0-OpenSSH_9.2\r\n"), Err(ReplyError::NotHttp));
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(MAX_HEAD));
    assert_eq!(head(&endless), Err(ReplyError::HeadTooLong));
    let many = format!(
        "HTTP/1.1 200 OK\r\n{}\r\n",
        "X: y\r\n".repeat(MAX_FIELDS + 1)
    );
    assert_eq!(head(&many), Err(ReplyError::HeadTooLong));
}
