//! The quick path compared with the path by way of the objects, for anything a log can contain.

use super::super::{encode_any_line, encode_line};
use super::*;
use crate::event::testing::every_kind;
use crate::event::{Body, Elapsed, Event};
use proptest::collection::vec;
use proptest::prelude::*;

const FORMS: [Form; 3] = [Form::Sse, Form::Ndjson, Form::Plain];

/// Asserts that both paths append the same bytes for `text`; `true` if the quick path handled it
/// in every form.
fn same(log: u32, offset: u64, text: &[u8]) -> Result<bool, TestCaseError> {
    let mut quick = true;
    for form in FORMS {
        let (mut wanted, mut got) = (b"before".to_vec(), b"before".to_vec());
        encode_any_line(form, LogId(log), offset, text, &mut wanted);
        encode_line(form, LogId(log), offset, text, &mut got);
        let words = String::from_utf8_lossy(&wanted);
        prop_assert_eq!(String::from_utf8_lossy(&got), words.clone(), "{:?}", form);
        prop_assert_eq!(got, wanted.as_slice(), "{:?}: {}", form, words);
        // The only character that breaks or reorders lines for any reader is the encoder's own line feed.
        let breaks = words.chars().any(|c| c != '\n' && line::is_unsafe(c));
        prop_assert!(!breaks, "{:?}: {:?}", form, words);
        quick &= encode(form, LogId(log), offset, text, &mut Vec::new()).is_some();
    }
    Ok(quick)
}

/// Texts that are hard to encode: characters that JSON escapes, characters that the log escapes, and
/// long runs of neither.
fn hostile_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        (0u32..0x100).prop_map(|c| String::from_iter(char::from_u32(c))),
        r#"["\\/\]\)\[(:{}u\n\r\t\x08\x0c\x00\x1b\x7f]"#,
        "[\u{80}\u{85}\u{9f}\u{a0}\u{61c}\u{200d}\u{200e}\u{2028}\u{2029}\u{202e}\u{2066}\u{feff}\u{fffd}]",
        "[a-z ]{0,70}",
        "[åäö—“日本語சரி🙂]{0,20}",
    ];
    vec(piece, 0..8).prop_map(String::from_iter)
}

fn any_event() -> impl Strategy<Value = Event> {
    let key = proptest::option::of(r#"[!-~]{1,64}|["\\]{1,3}"#);
    let text = hostile_text;
    let body = prop_oneof![
        5 => (text(), any::<u32>(), text(), key).prop_map(|(from, elapsed, text, key)| {
            Body::message(from, text).elapsed(elapsed.into()).keyed(key.as_deref().and_then(Key::new))
        }),
        1 => text().prop_map(|name| Body::Join { name }),
        1 => text().prop_map(|name| Body::Leave { name }),
        1 => text().prop_map(|text| Body::Notice { text }),
        1 => (0usize..300).prop_map(|padding| Body::Erased { padding }),
        1 => proptest::sample::select(every_kind()),
        1 => r#"\* [A-F][ -Z"é]{0,20}(\\[ntr\\\]\)])?"#.prop_map(|text| Body::Other { text }),
        1 => any::<Option<u32>>().prop_map(|after| Body::Opened {
            version: "chatroom 0.1.0".into(),
            random: "6f1d0c5be2a94c07".into(),
            after: after.map(LogId),
        }),
    ];
    (any::<i64>(), body).prop_map(|(micros, body)| Event {
        at: Stamp::from_micros(micros),
        body,
    })
}

fn line_of(event: &Event) -> Vec<u8> {
    with_fields(event, "")
}

fn with_fields(event: &Event, fields: &str) -> Vec<u8> {
    let mut text = Vec::new();
    let fields = line::Fields::read(fields).unwrap_or_default();
    line::to_line_with(event, &fields, &mut text);
    assert_eq!(text.pop(), Some(b'\n'));
    text
}

/// Pieces of a body that no room wrote: escapes in another spelling than the room's, characters that
/// it always escapes, and bytes that are not text.
fn strange_piece() -> impl Strategy<Value = Vec<u8>> {
    let spelt =
        r"\\u\{(0|41|9|0a|a|d|1f|7f|80|9f|22|5c|202e|02028|feff|d800|1f600|110000|FEFF||0000001)\}";
    prop_oneof![
        r#"\\[\\nrtu"/\])bf]"#.prop_map(String::into_bytes),
        spelt.prop_map(String::into_bytes),
        r#"[\]\)"\\]"#.prop_map(String::into_bytes),
        "[ -~]{0,40}".prop_map(String::into_bytes),
        hostile_text().prop_map(String::into_bytes),
        vec(any::<u8>(), 0..3),
    ]
}

/// A line whose checksum matches, and in which anything else may be wrong.
fn strange_line() -> impl Strategy<Value = Vec<u8>> {
    let pieces = |most| vec(strange_piece(), 0..most).prop_map(|pieces| pieces.concat());
    let time = prop_oneof![
        4 => Just("2026-11-23T22:34:57.180845Z".to_string()),
        1 => "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9].[0-9]{6}Z",
    ];
    let form = prop_oneof![
        4 => (pieces(2), 0u64..200_000, pieces(4)).prop_map(|(from, elapsed, text)| {
            let elapsed = format!("]: {}:", Elapsed(elapsed)).into_bytes();
            [&b"["[..], &from, &elapsed, &text].concat()
        }),
        1 => (pieces(2), any::<bool>()).prop_map(|(name, came)| {
            let end: &[u8] = if came { b") entered room" } else { b") is offline" };
            [&b"Client ("[..], &name, end].concat()
        }),
        1 => pieces(3).prop_map(|text| [&b"* Notice: "[..], &text].concat()),
        1 => pieces(3).prop_map(|text| [&b"* "[..], &text].concat()),
        1 => pieces(3),
    ];
    let key = proptest::option::of(prop_oneof![
        "[!-~]{0,65}".prop_map(String::into_bytes),
        "[!-~]{1,3}( [a-z]{0,2}:?[!-~]{0,3}){0,2}".prop_map(String::into_bytes),
        pieces(2)
    ]);
    (time, form, key).prop_map(|(time, body, key)| {
        let covered = [time.as_bytes(), b" ", &body, b"\t"].concat();
        let checksum = crc32c::crc32c(&covered);
        match key {
            None => [covered, format!("{checksum:08x}").into_bytes()].concat(),
            Some(key) => {
                let checksum = crc32c::crc32c_append(checksum, &key);
                [covered, format!("{checksum:08x} ").into_bytes(), key].concat()
            }
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_event_is_encoded_as_its_object_is(
        log in any::<u32>(),
        offset in prop_oneof![0u64..1_000, any::<u64>()],
        event in any_event(),
        fields in "|[a-z]{1,5}:[!-~]{1,20}",
    ) {
        let quick = same(log, offset, &with_fields(&event, &fields))?;
        let rare = matches!(event.body, Body::Opened { .. });
        prop_assert!(quick || rare, "not done the quick way: {:?}", event);
    }

    #[test]
    fn a_damaged_line_is_encoded_as_damaged(
        event in any_event(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>(), 0..4), 1..3),
    ) {
        let mut text = line_of(&event);
        for (place, byte, what) in damage {
            let at = place.index(text.len().max(1));
            match what {
                0 => text.insert(at, byte),
                _ if text.is_empty() => (),
                1 => drop(text.remove(at)),
                2 => text[at] = byte,
                _ => text[at] ^= 1 << (byte % 8),
            }
        }
        same(7, 99, &text)?;
    }

    #[test]
    fn what_the_room_would_not_have_written_is_no_quicker_genuine(text in strange_line()) {
        same(7, 99, &text)?;
    }

    #[test]
    fn any_bytes_are_encoded_as_damaged(text in vec(any::<u8>(), 0..100)) {
        same(7, 99, &text)?;
    }
}

#[test]
fn every_kind_but_the_rare_one_is_encoded_the_quick_way() {
    for body in every_kind() {
        let rare = matches!(body, Body::Opened { .. });
        let at = Stamp::from_micros(0);
        let event = Event { at, body };
        let quick = same(7, 99, &line_of(&event)).expect("the same bytes");
        assert_eq!(quick, !rare, "{event:?}");
    }
}
