use super::*;

fn head(text: &str) -> Result<Option<(Head, usize)>, ReplyError> {
    Head::read(text.as_bytes())
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
    assert!(head.reusable);
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
    assert_eq!(no_content.framing, Framing::Empty);
}

#[test]
fn a_connection_is_used_again_only_where_both_ends_know_it() {
    let reusable = |text: &str| head(text).expect("a head").expect("a whole one").0.reusable;
    assert!(reusable("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    assert!(!reusable(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n"
    ));
    assert!(!reusable("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
    assert!(!reusable("HTTP/1.1 200 OK\r\n\r\n"));
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

fn content(framing: Framing, limit: u64, pieces: &[&[u8]]) -> Result<(String, bool), ReplyError> {
    let mut body = Body::new(framing, limit);
    let mut out = Vec::new();
    for piece in pieces {
        body.read(&mut &piece[..], &mut out)?;
    }
    Ok((String::from_utf8(out).expect("UTF-8"), body.is_done()))
}

#[test]
fn chunks_read_the_same_however_they_are_split() {
    let bytes = b"4;x=y\r\nWiki\r\n6 \r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\nX: y\r\n\r\n";
    let expected = Ok(("Wikipedia in \r\n\r\nchunks.".to_string(), true));
    for at in 0..=bytes.len() {
        let pieces = [&bytes[..at], &bytes[at..]];
        assert_eq!(
            content(Framing::Chunked, 100, &pieces),
            expected,
            "split at {at}"
        );
    }
    for end in 0..bytes.len() {
        let mut body = Body::new(Framing::Chunked, 100);
        let read = body.read(&mut &bytes[..end], &mut Vec::new());
        assert_eq!(read, Ok(()));
        assert_eq!(body.closed(), Err(ReplyError::CutOff), "cut at {end}");
    }
}

#[test]
fn wrong_chunks_are_refused() {
    for wrong in [
        b"\r\n".as_slice(),
        b"g\r\n",
        b"-1\r\n",
        b"0x4\r\n",
        b"4\nWiki\r\n",
        b"4\r\nWikiX",
        b"ffffffffffffffff\r\n",
        &[b'1'; 400],
    ] {
        assert_eq!(
            content(Framing::Chunked, 100, &[wrong]),
            Err(ReplyError::Framing),
            "{wrong:?}"
        );
    }
}

#[test]
fn a_body_ends_where_it_says_and_no_limit_is_passed() {
    assert_eq!(
        content(Framing::Length(2), 9, &[b"a", b"bc"]),
        Ok(("ab".into(), true))
    );
    assert_eq!(
        content(Framing::Length(3), 2, &[b"abc"]),
        Err(ReplyError::BodyTooLong)
    );
    assert_eq!(
        content(Framing::UntilClose, 2, &[b"ab"]),
        Ok(("ab".into(), false))
    );
    assert_eq!(
        content(Framing::UntilClose, 2, &[b"ab", b"c"]),
        Err(ReplyError::BodyTooLong)
    );
    let endless = [b"0\r\n".as_slice(), &[b'x'; MAX_TRAILER + 1]];
    assert_eq!(
        content(Framing::Chunked, 100, &endless),
        Err(ReplyError::HeadTooLong)
    );
}
