//! The checker, fed with whole, broken and random logs in portions of any size.

use std::io::{Seek, Write};

use super::*;
use crate::event::{Body, Key};
use crate::modes::replay::testing::line_of;
use proptest::prelude::*;

const START: i64 = 1_795_473_297_180_845;

fn line_at(micros: i64, body: Body) -> Vec<u8> {
    line_of(Stamp::from_micros(micros), body)
}

fn opened() -> Vec<u8> {
    line_at(START, Body::opened("chatroom test", "6f1d0c5be2a94c07"))
}

fn said(second: i64, text: &str) -> Vec<u8> {
    let body = Body::message("zoë]", text)
        .elapsed(17)
        .keyed(Key::new("k1"));
    line_at(START + second * 1_000_000, body)
}

/// A log of so many messages, over some hours.
fn log(messages: i64) -> Vec<u8> {
    let mut bytes = opened();
    for n in 0..messages {
        bytes.extend(said(
            n * 37,
            &format!("number {n} é \n\u{202e} {}", "x".repeat(n as usize)),
        ));
    }
    bytes
}

/// The faults in the bytes, taken in portions of `portion`.
fn found_in(bytes: &[u8], portion: usize) -> (Vec<Fault>, u64) {
    let (mut checker, mut faults) = (Checker::default(), Vec::new());
    let mut rest: Vec<u8> = Vec::new();
    for part in bytes.chunks(portion) {
        rest.extend_from_slice(part);
        let used = checker.take(&rest, &mut |fault| faults.push(fault));
        rest.drain(..used);
        assert!(rest.len() <= MAX_LINE, "what is kept is bounded");
    }
    checker.end(&rest, &mut |fault| faults.push(fault));
    assert_eq!(checker.position(), bytes.len() as u64);
    (faults, checker.lines())
}

fn found(bytes: &[u8]) -> Vec<Fault> {
    found_in(bytes, bytes.len().max(1)).0
}

/// The only fault in `bytes`.
#[track_caller]
fn only(bytes: &[u8]) -> (u64, u64, FaultKind) {
    let mut faults = found(bytes);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    let fault = faults.remove(0);
    (fault.offset, fault.line, fault.kind)
}

#[test]
fn a_whole_log_has_no_faults_in_any_portion() {
    let bytes = log(200);
    for portion in [1, 7, 1000, bytes.len()] {
        assert_eq!(found_in(&bytes, portion), (vec![], 201));
    }
    assert_eq!(found(b""), []);
}

#[test]
fn each_fault_is_named_for_what_it_is() {
    let (before, after) = (log(3), said(400, "after"));
    let place = before.len() as u64;
    let with = |line: &[u8]| only(&[&before, line, &after[..]].concat());
    let good = said(300, "I owe you 10");
    let changed = |from: &str, to: &str| {
        let text = String::from_utf8_lossy(&good).replacen(from, to, 1);
        assert_ne!(text.as_bytes(), good);
        with(text.as_bytes())
    };
    let damaged = |damage| (place, 5, FaultKind::Damaged(damage));
    assert_eq!(changed("10", "90"), damaged(Damage::WrongChecksum));
    assert_eq!(changed(" k1\n", " k2\n"), damaged(Damage::WrongChecksum));
    assert_eq!(changed("\t", "_"), damaged(Damage::NoChecksum));
    assert_eq!(with(b"hello\n"), damaged(Damage::NoChecksum));
    assert_eq!(with(b"\n"), damaged(Damage::NoChecksum));
    assert_eq!(changed("owe", "\0\0\0"), (place, 5, FaultKind::Nul(3)));
    assert_eq!(changed("\n", "\x0b"), (place, 5, FaultKind::Joined));
    let long = [&vec![b'x'; MAX_LINE + 9][..], b"\n"].concat();
    assert_eq!(
        with(&long),
        (place, 5, FaultKind::TooLong(MAX_LINE as u64 + 9))
    );
    // Time runs backwards once; the next line is compared with the one before it.
    assert_eq!(
        with(&said(-1, "moved")),
        (
            place,
            5,
            FaultKind::Earlier("2026-11-23T22:36:11.180845Z".into())
        )
    );
    let strange = |time: &str, body: &str| {
        let covered = format!("{time} {body}\t");
        format!("{covered}{:08x}\n", crc32c::crc32c(covered.as_bytes()))
    };
    let unknown = damaged(Damage::UnknownForm);
    let minute = "2026-11-23T22:36:";
    for line in [
        strange(&format!("{minute}30.000000Z"), "* (eve) muted \\q"),
        strange(&format!("{minute}30.000000Z"), "[eve]: waves"),
        strange(&format!("{minute}30.000000Z"), "* Notice: \u{202e}"),
        strange(&format!("{minute}30.000000Z"), "* Notice: \\u{41}"),
        strange(&format!("{minute}60.000000Z"), "* Room closed"),
        strange(&format!("{minute}3x.000000Z"), "* Room closed"),
        strange(&format!("{minute}30.00000xZ"), "* Room closed"),
        strange(&format!("{minute}30.000000z"), "* Room closed"),
        strange("2026-11-23T22:60:30.000000Z", "* Room closed"),
        strange("2026-11-23T22.36:30.000000Z", "* Room closed"),
        strange("2026-11-23T22:36:30,000000Z", "* Room closed"),
        strange("2026-02-30T22:36:30.000000Z", "* Room closed"),
    ] {
        assert_eq!(with(line.as_bytes()), unknown, "{line}");
    }
}

#[test]
fn what_a_newer_version_wrote_is_counted_and_no_fault() {
    let covered = "2026-11-23T22:36:30.000000Z * (eve) muted (bob) for 0:10:00\t";
    let fields = "- by:eve";
    let checksum = crc32c::crc32c(format!("{covered}{fields}").as_bytes());
    let line = format!("{covered}{checksum:08x} {fields}\n");
    let bytes = [&log(3), line.as_bytes(), &said(400, "after")].concat();
    let mut checker = Checker::default();
    let used = checker.take(&bytes, &mut |fault| panic!("{fault}"));
    assert_eq!((used, checker.lines()), (bytes.len(), 6));
    assert_eq!(checker.unknown(), 1, "and no other");
    // Where its line feed was lost, another line follows after its fields.
    let joined = String::from_utf8_lossy(&bytes).replace("by:eve\n", "by:eve\x0b");
    assert_eq!(only(joined.as_bytes()).2, FaultKind::Joined);
}

#[test]
fn the_beginning_and_the_end_are_looked_at() {
    let bytes = log(3);
    let first = opened().len();
    assert_eq!(only(&bytes[first..]), (0, 1, FaultKind::NotOpened));
    let end = bytes.len();
    let last = bytes[..end - 1]
        .iter()
        .rposition(|b| *b == b'\n')
        .expect("it")
        + 1;
    let at = |kind| (last as u64, 4, kind);
    assert_eq!(only(&bytes[..end - 1]), at(FaultKind::NoLineFeed));
    for cut in last + 1..end - 1 {
        let torn = FaultKind::Torn((cut - last) as u64);
        assert_eq!(only(&bytes[..cut]), at(torn), "cut at {cut}");
    }
    for bit in 0..8 {
        let mut changed = bytes.clone();
        changed[end - 1] ^= 1 << bit;
        assert_eq!(only(&changed), at(FaultKind::EndChanged), "bit {bit}");
    }
    let zeros = [&bytes[..], &[0; 3 * MAX_LINE]].concat();
    for portion in [5000, MAX_LINE + 1, zeros.len()] {
        let (faults, lines) = found_in(&zeros, portion);
        let torn = FaultKind::Torn(3 * MAX_LINE as u64);
        assert_eq!((faults[0].offset, &faults[0].kind), (end as u64, &torn));
        assert_eq!((faults.len(), lines), (1, 5));
    }
}

#[test]
fn every_sentence_is_one_line_with_its_place_and_what_to_do() {
    for kind in [
        FaultKind::Damaged(Damage::WrongChecksum),
        FaultKind::Damaged(Damage::NoChecksum),
        FaultKind::Damaged(Damage::UnknownForm),
        FaultKind::Joined,
        FaultKind::Nul(1),
        FaultKind::Nul(2),
        FaultKind::TooLong(300_000),
        FaultKind::Earlier("2026-11-23T22:36:11.180845Z".into()),
        FaultKind::NotOpened,
        FaultKind::Torn(1),
        FaultKind::Torn(2),
        FaultKind::NoLineFeed,
        FaultKind::EndChanged,
    ] {
        let fault = Fault {
            offset: 1234,
            line: 57,
            kind,
        };
        let text = fault.to_string();
        assert!(text.starts_with("byte 1234 (line 57): "), "{text}");
        assert!(text.ends_with('.') && text.contains(". "), "{text}");
        assert!(!text.contains('\n') && !text.contains("  "), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    /// A changed bit is found at its line; that of a line feed at the first of the two lines; one that makes
    /// a line feed at both halves. No other line is blamed.
    #[test]
    fn a_changed_bit_is_found_where_it_is(place in any::<prop::sample::Index>(), bit in 0u32..8) {
        let mut bytes = log(20);
        let place = place.index(bytes.len() - 1);
        let start = bytes[..place].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        bytes[place] ^= 1u8 << bit;
        let mut wanted = vec![start as u64];
        if bytes[place] == b'\n' {
            wanted.push(place as u64 + 1);
        }
        let offsets: Vec<u64> = found(&bytes).iter().map(|fault| fault.offset).collect();
        prop_assert_eq!(offsets, wanted);
    }

    #[test]
    fn any_bytes_in_any_portion_give_the_same_faults(
        bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\t'), any::<u8>()], 0..400),
        portion in 1usize..50,
    ) {
        prop_assert_eq!(found_in(&bytes, portion), found_in(&bytes, 400));
    }
}

#[test]
fn a_line_that_a_room_is_just_writing_is_no_fault() {
    let (whole, end) = (log(3), log(4));
    let half = whole.len() + 30;
    let verified = |and_then: &[u8]| {
        let mut log = tempfile::tempfile().expect("a file");
        log.write_all(&end[..half]).expect("written");
        let (read, write) = (&log, &log);
        let (mut checker, mut all) = (Checker::default(), Vec::new());
        let beginning = read.take(half as u64);
        (&log).rewind().expect("the start");
        check(
            "log.txt",
            beginning,
            Some(&log),
            &mut checker,
            || write.write_all_at(and_then, half as u64).expect("written"),
            |_, found| {
                all.append(found);
                Ok(())
            },
        )
        .expect("read");
        (checker.position(), all)
    };
    // The room finishes its line and begins the next one, which is not waited for again.
    let next = said(1_000, "next");
    let (position, faults) = verified(&[&end[half..], &next[..40]].concat());
    assert_eq!((position, &faults[..]), (end.len() as u64, &[][..]));
    // It writes nothing more.
    let (_, faults) = verified(b"");
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].offset, whole.len() as u64);
}
