use super::*;
use crate::event::testing::every_kind;
use crate::event::{Key, LogId};

const ID: Id = Id {
    log: LogId(0x5d2f_0a11),
    offset: 18342,
    check: 0x9d02,
};

fn recorded(body: Body) -> Wire {
    let at = Stamp::from_micros(1_795_473_297_180_845);
    Wire::of(Recorded { id: ID, at, body })
}

/// Every kind of object that a room writes, with its JSON.
fn objects() -> Vec<(Wire, &'static str)> {
    let text = || "a\nb".to_string();
    let id = ID;
    vec![
        (
            Wire::Hello {
                id: Some(id),
                now: Stamp::from_micros(0),
                heartbeat: 15,
            },
            r#"{"type":"hello","id":"5d2f0a11-18342-9d02","now":"1970-01-01T00:00:00.000000Z","heartbeat":15}"#,
        ),
        (
            Wire::Hello {
                id: None,
                now: Stamp::from_micros(0),
                heartbeat: 15,
            },
            r#"{"type":"hello","now":"1970-01-01T00:00:00.000000Z","heartbeat":15}"#,
        ),
        (
            recorded(
                Body::message("uthira", "hi")
                    .elapsed(17)
                    .keyed(Key::new("4fd1c2e07a9b")),
            ),
            r#"{"type":"message","id":"5d2f0a11-18342-9d02","at":"2026-11-23T22:34:57.180845Z","from":"uthira","elapsed":17,"text":"hi","key":"4fd1c2e07a9b"}"#,
        ),
        (
            recorded(Body::message("uthira", text())),
            r#"{"type":"message","id":"5d2f0a11-18342-9d02","at":"2026-11-23T22:34:57.180845Z","from":"uthira","elapsed":0,"text":"a\nb"}"#,
        ),
        (
            recorded(Body::join("uthira")),
            r#"{"type":"join","id":"5d2f0a11-18342-9d02","at":"2026-11-23T22:34:57.180845Z","name":"uthira"}"#,
        ),
        (
            recorded(Body::leave("uthira")),
            r#"{"type":"leave","id":"5d2f0a11-18342-9d02","at":"2026-11-23T22:34:57.180845Z","name":"uthira"}"#,
        ),
        (
            recorded(Body::Opened {
                version: "chatroom 0.1.0".into(),
                random: "0123456789abcdef".into(),
                after: Some(LogId(1)),
            }),
            r#"{"type":"opened","id":"5d2f0a11-18342-9d02","at":"2026-11-23T22:34:57.180845Z","version":"chatroom 0.1.0"}"#,
        ),
        (
            recorded(Body::Closed),
            r#"{"type":"closed","id":"5d2f0a11-18342-9d02","at":"2026-11-23T22:34:57.180845Z"}"#,
        ),
        (
            recorded(Body::notice(text())),
            r#"{"type":"notice","id":"5d2f0a11-18342-9d02","at":"2026-11-23T22:34:57.180845Z","text":"a\nb"}"#,
        ),
        (
            recorded(Body::Erased { padding: 9 }),
            r#"{"type":"erased","id":"5d2f0a11-18342-9d02","at":"2026-11-23T22:34:57.180845Z"}"#,
        ),
        (
            recorded(Body::Other {
                text: "* (uthira) locked the room".into(),
            }),
            r#"{"type":"other","id":"5d2f0a11-18342-9d02","at":"2026-11-23T22:34:57.180845Z","text":"* (uthira) locked the room"}"#,
        ),
        (
            Wire::Damaged {
                id,
                message: text(),
            },
            r#"{"type":"damaged","id":"5d2f0a11-18342-9d02","message":"a\nb"}"#,
        ),
        (
            Wire::Gap { message: text() },
            r#"{"type":"gap","message":"a\nb"}"#,
        ),
        (
            Wire::Reset {
                message: text(),
                earlier: None,
            },
            r#"{"type":"reset","message":"a\nb"}"#,
        ),
        (
            Wire::Reset {
                message: text(),
                earlier: Some("log.txt.1".into()),
            },
            r#"{"type":"reset","message":"a\nb","earlier":"log.txt.1"}"#,
        ),
        (
            Wire::Bye { message: text() },
            r#"{"type":"bye","message":"a\nb"}"#,
        ),
    ]
}

#[test]
fn objects_have_the_documented_form_and_read_back() {
    for (object, json) in objects() {
        assert_eq!(serde_json::to_string(&object).expect("JSON"), json);
        let read = serde_json::from_str::<Wire>(json).expect("an object");
        assert_eq!(read, object, "what the log keeps to itself is left out");
        assert!(json.starts_with(&format!(r#"{{"type":"{}""#, object.kind())));
        assert_eq!(object.id().is_some(), json.contains(r#""id":"#), "{json}");
        assert_eq!(object.at().is_some(), json.contains(r#""at":"#), "{json}");
    }
}

#[test]
fn every_kind_has_its_object_in_this_list_and_in_the_documents() {
    let page = include_str!("../../docs/http.md");
    let types = |row: &str| {
        row.strip_prefix("| `")?
            .split_once('|')
            .map(|row| format!("`{}", row.0))
    };
    let documented: Vec<String> = page.lines().filter_map(types).collect();
    for body in every_kind() {
        let kind = body.kind();
        let listed = objects().iter().any(|(object, _)| object.kind() == kind);
        assert!(listed, "objects() has no {kind}");
        let quoted = format!("`{kind}`");
        let row = documented.iter().any(|types| types.contains(&quoted));
        assert!(row, "docs/http.md has no row {quoted}");
    }
}

#[test]
fn a_newer_servers_objects_are_known_as_unknown() {
    for json in [
        r#"{"type":"poll","question":"tea?"}"#,
        r#"{"type":"poll","id":3,"text":[]}"#,
    ] {
        let read = serde_json::from_str::<Wire>(json).expect("an object");
        assert_eq!(read, Wire::Unknown);
    }
}

#[test]
fn a_known_object_that_lacks_a_member_is_an_error() {
    for (object, json) in objects() {
        let mut members: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(json).expect("an object");
        let needed = match object {
            Wire::Recorded(_) => "at",
            Wire::Hello { .. } => "now",
            _ => "message",
        };
        members.remove(needed).expect("a member");
        let json = serde_json::Value::Object(members).to_string();
        assert!(serde_json::from_str::<Wire>(&json).is_err(), "{json}");
    }
}
