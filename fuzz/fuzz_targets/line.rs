//! Any bytes as a line of a room's log: all parsers agree, and a parsed line is written as the same bytes.
#![no_main]

use chatroom::line::{check, parse_line, raw, split, to_line_with};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // The checksum is made to fit, or almost every input would fail there.
    let mut fitting = bytes.to_vec();
    if let Some(tab) = bytes.iter().position(|b| *b == b'\t')
        && bytes.len() >= tab + 9
    {
        let key = bytes.get(tab + 10..).unwrap_or_default();
        let covered = [&bytes[..=tab], key].concat();
        let checksum = format!("{:08x}", crc32c::crc32c(&covered));
        fitting[tab + 1..tab + 9].copy_from_slice(checksum.as_bytes());
    }
    for line in [bytes, &fitting] {
        if line.contains(&b'\n') {
            continue;
        }
        let event = parse_line(line);
        let plain = split(line).and_then(|parts| Ok(parts.plain()?.to_string()));
        assert_eq!(event.is_ok(), plain.is_ok(), "parse_line and plain differ");
        let looked = raw(line)
            .ok()
            .and_then(|look| look.plain().map(<[u8]>::to_vec));
        assert_eq!(
            plain.ok().map(String::into_bytes),
            looked,
            "plain and look differ"
        );
        if let Ok(event) = event {
            assert!(check(line).is_ok(), "parse_line and check differ");
            let mut again = Vec::new();
            let fields = split(line).and_then(|parts| parts.fields());
            to_line_with(&event, &fields.unwrap_or_default(), &mut again);
            assert_eq!(
                again.strip_suffix(b"\n"),
                Some(line),
                "it is written otherwise"
            );
        }
    }
});
