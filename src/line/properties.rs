//! Properties of every event and of any bytes, tried with random ones.

use super::*;
use crate::event::testing::every_kind;
use crate::event::{Key, LogId};
use proptest::prelude::*;

/// Fields that are valid in any line.
fn any_fields() -> impl Strategy<Value = Fields> {
    let fields = proptest::collection::vec("[a-z]{1,6}:[!-~]{1,20}", 0..3);
    fields.prop_map(|fields| Fields::read(&fields.join(" ")).unwrap_or_default())
}

fn any_body() -> impl Strategy<Value = Body> {
    let text = proptest::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter);
    let key = proptest::option::of("[!-~]{1,64}".prop_map(|k| Key::new(&k).expect("a key")));
    prop_oneof![
        (text.clone(), any::<u32>(), text.clone(), key).prop_map(|(from, e, text, key)| {
            Body::message(from, text).elapsed(e.into()).keyed(key)
        }),
        text.clone().prop_map(|name| Body::Join { name }),
        text.clone().prop_map(|name| Body::Leave { name }),
        text.prop_map(|text| Body::Notice { text }),
        (0usize..300).prop_map(|padding| Body::Erased { padding }),
        (
            "[a-z .0-9]{1,20}",
            "[0-9a-f]{16}",
            proptest::option::of(any::<u32>())
        )
            .prop_map(|(version, random, after)| Body::Opened {
                version,
                random,
                after: after.map(LogId)
            }),
        proptest::sample::select(every_kind()),
        r#"\* (\([a-z]{1,5}(\\\))?\) )?[!-M][ -M]{0,20}(\\[ntr\\\]\)])?"#
            .prop_map(|text| Body::Other { text }),
    ]
}

proptest! {
    #[test]
    fn any_event_round_trips(micros in any::<i64>(), body in any_body(), fields in any_fields()) {
        // A lone hyphen is a key only in lines without fields.
        let lone = matches!(&body, Body::Message { key: Some(key), .. } if key.as_str() == NO_KEY);
        prop_assume!(!lone || fields.as_str().is_empty());
        let event = Event { at: Stamp::from_micros(micros), body };
        let mut line = Vec::new();
        to_line_with(&event, &fields, &mut line);
        prop_assert_eq!(line.pop(), Some(b'\n'));
        let text = String::from_utf8_lossy(&line);
        prop_assert!(!text.chars().any(|c| c != '\t' && escape::is_unsafe(c)), "{}", text);
        prop_assert_eq!(check(&line).map(|time| time.to_vec()), Ok(line[..STAMP].to_vec()));
        prop_assert_eq!(parse_line(&line), Ok(event));
        prop_assert_eq!(split(&line).and_then(|parts| parts.fields()), Ok(fields));
    }

    /// Judging a raw line and parsing it agree, and a parsed line is written the same again.
    #[test]
    fn a_body_is_checked_as_it_is_read(
        body in r#"(\[|Client \(|\* |\* Notice: |\* Erased|\* Room opened \()?([ -~]|[\\\]\): ]|\\u\{[0-9a-f]{1,5}\}|\PC|\p{Cc}|\p{Cf}){0,12}(\]: 0:00:01:|\) entered room|, [a-z]\))?([ -~]|\\[\\nrtx]|\PC|\p{Cc}){0,40}"#,
        key in proptest::option::of("[ -~é]{0,3}|-? [a-z:]{0,3}:?[ -~é]{0,3}|[a-z-]{1,2} [a-z]:[!-~]{1,3}"),
    ) {
        prop_assume!(!body.contains(['\t', '\n']));
        let time = "2026-11-23T22:34:57.180845Z";
        let covered = format!("{time} {body}\t");
        let mut checksum = crc32c::crc32c(covered.as_bytes());
        let mut line = covered.clone();
        if let Some(key) = &key {
            checksum = crc32c::crc32c_append(checksum, key.as_bytes());
            line.push_str(&format!("{checksum:08x} {key}"));
        } else {
            line.push_str(&format!("{checksum:08x}"));
        }
        let read = parse_line(line.as_bytes());
        prop_assert_eq!(check(line.as_bytes()).map(drop), read.clone().map(drop));
        if let Ok(event) = read {
            let mut again = Vec::new();
            let fields = split(line.as_bytes()).and_then(|parts| parts.fields());
            to_line_with(&event, &fields.unwrap_or_default(), &mut again);
            prop_assert_eq!(String::from_utf8_lossy(&again), line + "\n");
        }
    }

    #[test]
    fn hex_digits_are_those_of_the_standard_library(value in any::<u32>()) {
        prop_assert_eq!(crate::event::hex(value).to_vec(), format!("{value:08x}").into_bytes());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_line(&bytes);
        let _ = check_of(&bytes);
        let _ = check(&bytes);
    }
}

#[test]
fn every_changed_bit_of_a_line_is_noticed() {
    let mut line = Vec::new();
    let body = Body::message("bob", "hej").elapsed(5).keyed(Key::new("k"));
    let at = Stamp::from_micros(1_795_473_297_180_845);
    to_line(&Event { at, body }, &mut line);
    assert_eq!(line.pop(), Some(b'\n'));
    for bit in 0..line.len() * 8 {
        let mut changed = line.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(parse_line(&changed).is_err(), "bit {bit}");
    }
}
