use super::*;
use crate::event::Key;
use crate::event::testing::every_kind;

fn stamp() -> Stamp {
    Stamp::from_micros(1_795_473_297_180_845)
}

fn written(body: Body) -> String {
    let mut out = Vec::new();
    to_line(&Event { at: stamp(), body }, &mut out);
    assert_eq!(out.pop(), Some(b'\n'));
    String::from_utf8(out).expect("a line is UTF-8")
}

#[test]
fn the_forms_are_the_documented_ones() {
    let body_of = |body| {
        let line = written(body);
        line[28..]
            .split('\t')
            .next()
            .unwrap_or_default()
            .to_string()
    };
    let name = || "uthira".to_string();
    assert_eq!(body_of(Body::join(name())), "Client (uthira) entered room");
    assert_eq!(body_of(Body::leave(name())), "Client (uthira) is offline");
    assert_eq!(body_of(Body::Closed), "* Room closed");
    assert_eq!(body_of(Body::Erased { padding: 2 }), "* Erased  ");
    assert_eq!(body_of(Body::notice("a\nb")), "* Notice: a\\nb");
    assert_eq!(
        body_of(Body::opened("chatroom 0.1.0", "6f1d0c5be2a94c07")),
        "* Room opened (chatroom 0.1.0, 6f1d0c5be2a94c07)"
    );
    assert_eq!(
        body_of(Body::message(name(), "hi").elapsed(17)),
        "[uthira]: 0:00:17:hi"
    );
}

#[test]
fn every_kind_has_a_documented_form_and_reads_back() {
    let page = include_str!("../../docs/log.md");
    let manual = include_str!("../../man/text/chatroom-log.txt");
    for body in every_kind() {
        let line = written(body.clone());
        let parts = split(line.as_bytes()).expect("a line");
        assert_eq!(
            parts.event().map(|event| event.body),
            Ok(body.clone()),
            "{line}"
        );
        assert_eq!(check(line.as_bytes()).map(|_| ()), Ok(()), "{line}");
        if matches!(body, Body::Other { .. }) {
            continue;
        }
        let row = format!("\n| `{}`", parts.body.replace("0:00:00", "H:MM:SS"));
        assert!(page.contains(&row), "docs/log.md has no row {row:?}");
        let entry = parts.body.replace("0:00:00", "elapsed");
        let entries = manual.lines().filter(|line| line.trim() == entry);
        assert_eq!(
            entries.count(),
            1,
            "man/chatroom-log.5 has no entry {entry:?}"
        );
    }
}

#[test]
fn the_checksum_is_crc32c_without_its_own_field() {
    // The check value of CRC-32C (RFC 3720 and every table of CRCs).
    assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
    let line = written(
        Body::message("uthira", "hi")
            .elapsed(17)
            .keyed(Key::new("4fd1c2e07a9b")),
    );
    let covered = "2026-11-23T22:34:57.180845Z [uthira]: 0:00:17:hi\t4fd1c2e07a9b";
    let expected = format!("\t{:08x} 4fd1c2e07a9b", crc32c::crc32c(covered.as_bytes()));
    assert!(line.ends_with(&expected), "{line}");
}

#[test]
fn what_looks_like_another_line_inside_a_text_stays_text() {
    let text = "]: 0:00:01:no\n[bob]: 0:00:01:not really bob\t00000000\r\u{1b}[31m\u{202e}";
    let line = written(Body::message("a]b)c", text));
    assert_eq!(line.matches('\t').count(), 1);
    assert!(!line.chars().any(|c| c != '\t' && is_unsafe(c)), "{line:?}");
    match parse_line(line.as_bytes()).map(|event| event.body) {
        Ok(Body::Message {
            from, text: read, ..
        }) => assert_eq!((from.as_str(), read.as_str()), ("a]b)c", text)),
        other => panic!("{other:?}"),
    }
}

fn with(covered: &str, rest: &str) -> String {
    let checksum = crc32c::crc32c(format!("{covered}\t{rest}").as_bytes());
    let rest = Some(rest).filter(|rest| !rest.is_empty());
    let rest = rest.map(|rest| format!(" {rest}")).unwrap_or_default();
    format!("{covered}\t{checksum:08x}{rest}")
}

#[test]
fn fields_stand_after_the_key_and_are_covered_by_the_checksum() {
    let message = "2026-11-23T22:34:57.180845Z [bob]: 0:00:17:hi";
    let leave = "2026-11-23T22:34:57.180845Z Client (bob) is offline";
    for (covered, rest, key, value) in [
        (message, "", None, None),
        (message, "k1", Some("k1"), None),
        (message, "-", Some("-"), None),
        (message, "- re:7", None, Some("7")),
        (message, "k1 re:7", Some("k1"), Some("7")),
        (message, "k1 x:y re:7 re:8", Some("k1"), Some("7")),
        (leave, "- re:7:8", None, Some("7:8")),
        (
            "2026-11-23T22:34:57.180845Z * Room closed",
            "- re:7",
            None,
            Some("7"),
        ),
        (
            "2026-11-23T22:34:57.180845Z * Room exploded",
            "- re:7",
            None,
            Some("7"),
        ),
    ] {
        let line = with(covered, rest);
        let event = parse_line(line.as_bytes()).expect(&line);
        let said = match &event.body {
            Body::Message { key, .. } => key.as_ref().map(Key::as_str),
            _ => None,
        };
        assert_eq!(said, key, "{line}");
        let raw = raw(line.as_bytes()).expect(&line);
        assert!(raw.is_canonical(), "{line}");
        assert_eq!(raw.field("re"), value.map(str::as_bytes), "{line}");
        assert_eq!(raw.field("r"), None, "{line}");
        let fields = split(line.as_bytes())
            .and_then(|parts| parts.fields())
            .expect(&line);
        let mut again = Vec::new();
        to_line_with(&event, &fields, &mut again);
        assert_eq!(String::from_utf8_lossy(&again), format!("{line}\n"));
        let forged = line.replace("re:7", "re:9");
        assert!(
            forged == line || parse_line(forged.as_bytes()).is_err(),
            "{line}"
        );
    }
    for (covered, rest) in [
        (message, "- "),
        (message, "k1 "),
        (message, "k1 re"),
        (message, "k1 re:"),
        (message, "k1 :7"),
        (message, "k1 Re:7"),
        (message, "k1  re:7"),
        (message, "k1 re:7 "),
        (message, "k1 re:é"),
        (message, " re:7"),
        (leave, "re:7"),
        (leave, "k1 re:7"),
        (leave, "-"),
    ] {
        let line = with(covered, rest);
        assert_eq!(
            parse_line(line.as_bytes()),
            Err(Damage::UnknownForm),
            "{line}"
        );
        assert_eq!(check(line.as_bytes()), Err(Damage::UnknownForm), "{line}");
    }
}

#[test]
fn what_a_newer_version_wrote_about_the_room_stands_as_it_is() {
    for body in [
        "* (uthira) muted (bob\\)) for 0:10:00",
        "* Room exploded",
        "* Room opened (a)",
        "* Room opened (a, b, c)",
        "* Erased by a newer version",
        "* Notice",
    ] {
        let line = with(&format!("2026-11-23T22:34:57.180845Z {body}"), "");
        let text = body.to_string();
        let event = parse_line(line.as_bytes()).map(|event| event.body);
        assert_eq!(event, Ok(Body::Other { text }), "{line}");
        let parts = split(line.as_bytes()).expect("whole");
        assert_eq!(parts.plain(), Ok(body));
    }
}

#[test]
fn a_line_that_was_not_written_by_us_is_named_for_what_is_wrong() {
    let good = written(Body::join("bob"));
    assert_eq!(parse_line(b"hello"), Err(Damage::NoChecksum));
    assert_eq!(
        parse_line(good.to_uppercase().as_bytes()),
        Err(Damage::NoChecksum)
    );
    assert_eq!(
        parse_line(good.replace("bob", "eve").as_bytes()),
        Err(Damage::WrongChecksum)
    );
    let strange = |covered: &str| {
        format!(
            "{covered}\t{:08x}",
            crc32c::crc32c(format!("{covered}\t").as_bytes())
        )
    };
    for body in [
        "",
        "x",
        "* ",
        "*",
        "*x",
        "* (a) muted \\q",
        "* (a) muted \u{202e}",
        "* (a) muted \\u{41}",
        "[a]: said",
        "Client (a) is away",
        "[a: 0:00:00:x",
        "[a]: 0:00:61:x",
        "[a]: 0:00:00:\\q",
        "[a]: 0:00:00:\\u{41}",
        "[a]: 0:00:00:\\u{0d}",
        "Client (a)b) is offline",
    ] {
        let line = strange(&format!("2026-11-23T22:34:57.180845Z {body}"));
        assert_eq!(
            parse_line(line.as_bytes()),
            Err(Damage::UnknownForm),
            "{line}"
        );
    }
}
