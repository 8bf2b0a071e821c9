//! Whole logs of each kind through the converter. A test runs in the machine's zone, so it compares distances
//! of times; tests/it/convert.rs sets a zone.

mod days;

use std::io::Cursor;

use clap::ValueEnum;
use proptest::prelude::*;

use super::report::LineCounts;
use super::*;
use crate::event::Stamp;
use crate::line::{self, Shape};
use crate::modes::replay::testing::Portions;
use crate::modes::replay::verify::Checker;

/// The kinds that are converted.
fn kinds() -> impl Iterator<Item = FileFormat> {
    let all = FileFormat::value_variants().iter().copied();
    all.filter(|kind| *kind != FileFormat::Room)
}

fn convert_in(
    bytes: &[u8],
    kind: FileFormat,
    path: &str,
    portion: usize,
) -> io::Result<(Vec<u8>, Arc<ConversionReport>)> {
    let origin = Origin {
        path: Some(path.into()),
        modified: Some(Stamp::from_micros(1_795_473_297_000_000)),
        ..Origin::default()
    };
    let input = io::BufReader::new(Portions(bytes.to_vec(), portion));
    let mut converter = Converter::new(Box::new(input), kind, &origin)?;
    let report = converter.report();
    let mut made = Vec::new();
    converter.read_to_end(&mut made)?;
    Ok((made, report))
}

fn counts(report: &ConversionReport) -> LineCounts {
    report.change(|entries| entries.counts.clone())
}

fn faults(log: &[u8]) -> Vec<String> {
    let (mut checker, mut found) = (Checker::default(), Vec::new());
    let used = checker.take(log, &mut |fault| found.push(fault.to_string()));
    checker.end(&log[used..], &mut |fault| found.push(fault.to_string()));
    found
}

/// The log as `seconds since the first line, body`, without its first line.
fn plain(text: &str, kind: FileFormat, path: &str) -> (Vec<String>, LineCounts) {
    let (made, report) = convert_in(text.as_bytes(), kind, path, 1 << 20).expect("it is converted");
    assert_eq!(faults(&made), [""; 0]);
    let mut first = None;
    let mut lines = Vec::new();
    for line in made.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let parts = line::split(line).expect("a good line");
        let at = parts.at().expect("a time");
        let seconds = at.since(*first.get_or_insert(at)).as_secs();
        lines.push(format!(
            "{seconds} {}",
            parts.plain().expect("a known form")
        ));
    }
    assert!(lines.remove(0).starts_with("0 * Room opened (chatroom "));
    (lines, counts(&report))
}

#[test]
fn irssi() {
    let (lines, counts) = plain(
        "--- Log opened Mon Nov 23 22:30:00 2026\n\
         22:30 -!- bob [b@x] has joined #books\n\
         22:30 <@eve> is <bob> here?\n\
         22:31  * bob waves\n\
         22:32 -!- bob is now known as a]b\n\
         22:33 <+a]b> and now?\n\
         22:34 -!- eve was kicked from #books by a]b [rude]\n\
         what is this\n\
         --- Day changed Tue Nov 24 2026\n\
         00:01 -!- mode/#books [+o a]b] by jam\n\
         00:02 -!- a]b [b@x] has quit []\n\
         --- Log closed Tue Nov 24 00:10:00 2026",
        FileFormat::Irssi,
        "irc.log",
    );
    assert_eq!(
        lines,
        [
            "0 Client (bob) entered room",
            "30 [eve]: 0:00:00:is <bob> here?",
            "60 [bob]: 0:01:00:/me waves",
            "120 * Notice: bob is now known as a]b",
            "140 Client (bob) is offline",
            "160 Client (a\\]b) entered room",
            "180 [a\\]b]: 0:00:20:and now?",
            "240 * Notice: eve was kicked from #books by a]b [rude]",
            "270 Client (eve) is offline",
            "5460 * Notice: mode/#books [+o a]b] by jam",
            "5520 Client (a\\]b) is offline",
            "6000 * Room closed",
        ]
    );
    assert_eq!((counts.lines, counts.not_understood), (12, 1));
    let kept = (counts.messages, counts.joins, counts.leaves, counts.notices);
    assert_eq!(kept, (3, 2, 3, 3));
}

#[test]
fn weechat() {
    let (lines, counts) = plain(
        "2026-11-23 22:34:00\t-->\tbob (b@x) has joined #books\r\n\
         2026-11-23 22:34:07\t@bob\thi\tthere \r\n\
         2026-11-23 22:34:08\t *\tbob waves\r\n\
         2026-11-23 22:34:06\teve\t\r\n\
         2026-11-23 22:34:09\t<--\tbob (b@x) has quit (tea)\r\n",
        FileFormat::Weechat,
        "irc.weechatlog",
    );
    assert_eq!(
        lines,
        [
            "0 Client (bob) entered room",
            "7 [bob]: 0:00:07:hi\\tthere ",
            "8 [bob]: 0:00:01:/me waves",
            "8 [eve]: 0:00:00:",
            "9 * Notice: bob (b@x) has quit (tea)",
            "9 Client (bob) is offline",
        ]
    );
    assert_eq!((counts.empty, counts.back), (1, 1));
}

#[test]
fn hexchat() {
    let (lines, counts) = plain(
        "\u{feff}**** BEGIN LOGGING AT Thu Dec 31 23:59:50 2026\n\n\
         Dec 31 23:59:50 *\tNow talking on #books\n\
         Dec 31 23:59:58 <bob>\thappy \u{2}new\u{2} year\n\
         Jan  1 00:00:01 <eve>\tnot yet\0\n\
         Jan  1 00:00:02 *\tbob (b@x) has left\n\
         **** ENDING LOGGING AT Fri Jan  1 00:00:10 2027\n\n",
        FileFormat::Hexchat,
        "books.log",
    );
    assert_eq!(
        lines,
        [
            "0 * Notice: Now talking on #books",
            "8 [bob]: 0:00:00:happy \\u{2}new\\u{2} year",
            "11 [eve]: 0:00:00:not yet\\u{0}",
            "12 Client (bob) is offline",
            "20 * Room closed",
        ]
    );
    assert_eq!((counts.lines, counts.not_understood), (6, 0));
}

#[test]
fn a_day_and_a_channel() {
    let day = "=== Topic: jam\n[23:58] <bob> one\n[23:58] <bob> two\n=== eve [e@x]  has joined #books\n\
               [00:01] <eve> <bob> three\n[00:02] what is this\n";
    let (made, report) =
        convert_in(day.as_bytes(), FileFormat::Day, "books-2004-12-31.txt", 7).expect("made");
    let text = String::from_utf8(made).expect("UTF-8");
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.split('\t').next().expect("it"))
        .collect();
    assert_eq!(
        lines[1..],
        [
            "2004-12-31T23:58:00.000000Z * Notice: Topic: jam",
            "2004-12-31T23:58:15.000000Z [bob]: 0:00:00:one",
            "2004-12-31T23:58:30.000000Z [bob]: 0:00:15:two",
            "2004-12-31T23:58:45.000000Z Client (eve) entered room",
            "2005-01-01T00:01:00.000000Z [eve]: 0:02:15:<bob> three",
            "2005-01-01T00:02:00.000000Z * Notice: what is this",
        ]
    );
    assert!(report.change(|entries| entries.notes.is_empty()));
    let channel = "a 2013-01-26 [15:04:04] <bob> one \nb 2013-01-26 [15:04:05] * bob waves\n";
    let (lines, _) = plain(channel, FileFormat::Channel, "all.txt");
    assert_eq!(
        lines,
        [
            "0 * Notice: Channel: a",
            "0 [bob]: 0:00:00:one ",
            "1 * Notice: Channel: b",
            "1 [bob]: 0:00:01:/me waves",
        ]
    );
}

#[test]
fn what_has_no_date_says_whose_it_is_given() {
    let day = b"[23:58] <bob> one\n";
    let (made, report) = convert_in(day, FileFormat::Day, "books.txt", 100).expect("made");
    assert!(made.starts_with(b"2026-11-23T23:58:00.000000Z "));
    let note = report.change(|entries| entries.notes.concat());
    assert!(
        note.contains("2026-11-23, when the file was last written"),
        "{note}"
    );
}

#[test]
fn the_original_ends_when_its_file_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("old.txt");
    let bytes = b"\r[mira]: 0:00:05:tea?\r[jo]: 0:00:02:caf\xe9\rwhat is this\r[mira]: 2 days, 2:03:04:at 4:15";
    std::fs::write(&path, bytes).expect("written");
    let origin = Origin {
        path: Some(path),
        modified: Some(Stamp::from_micros(1_795_473_297_500_000)),
        ..Origin::default()
    };
    let input = Box::new(Cursor::new(bytes));
    let mut converter = Converter::new(input, FileFormat::Original, &origin).expect("a converter");
    let mut text = String::new();
    converter.read_to_string(&mut text).expect("made");
    assert_eq!(faults(text.as_bytes()), [""; 0]);
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.split('\t').next().expect("it"))
        .collect();
    assert_eq!(
        lines[1..],
        [
            "2026-11-21T20:31:53.500000Z [mira]: 0:00:05:tea?",
            "2026-11-21T20:31:53.500000Z [jo]: 0:00:02:café",
            "2026-11-23T22:34:57.500000Z [mira]: 50:03:04:at 4:15",
        ]
    );
    let counts = counts(&converter.report());
    assert_eq!(
        (counts.lines, counts.not_understood, counts.not_utf8),
        (4, 1, 1)
    );
}

#[test]
fn what_is_not_utf_8_is_taken_for_windows_1252() {
    let line = b"[23:58] <bj\xf6rn> 5 \x80 \xe2\x82\xac\n[23:59] <bob> \xe2\x82\xac\n";
    let (made, report) = convert_in(line, FileFormat::Day, "2004-12-31.txt", 100).expect("made");
    let text = String::from_utf8(made).expect("UTF-8");
    assert!(text.contains("[björn]: 0:00:00:5 € â‚¬\t"), "{text}");
    assert!(text.contains("[bob]: 0:00:00:€\t"), "{text}");
    assert_eq!(counts(&report).not_utf8, 1);
}

#[test]
fn a_kind_that_it_is_not_is_a_sentence() {
    let error = convert_in(b"[23:58] <bob> one\n", FileFormat::Weechat, "a.txt", 100);
    let error = error.expect_err("no line fits");
    let inside = error
        .get_ref()
        .and_then(|inside| inside.downcast_ref::<NotOfThisKind>());
    let sentence = inside.expect("this error").sentence("a.txt");
    assert!(
        sentence.starts_with("a.txt has no line of WeeChat's log (--format weechat)"),
        "{sentence}"
    );
}

/// Bytes that resemble lines of every kind.
fn scraps() -> impl Strategy<Value = Vec<u8>> {
    let scrap = prop::sample::select(vec![
        "--- Log opened ",
        "--- Day changed ",
        "--- Log closed ",
        "Mon Nov 23 22:34:57 2026",
        "Mon Nov 23 2026",
        "22:34 ",
        "23:59 ",
        "00:01 ",
        "22:34:57 ",
        "[22:34] ",
        "[00:00] ",
        "<bob> ",
        "<@eve>\t",
        "<>",
        " * bob waves",
        "-!- ",
        "bob [b@x] has joined #b",
        "bob (b@x) has quit (x)",
        "bob is now known as eve",
        "eve has kicked bob (x)",
        "2026-11-23 22:34:57\t",
        "0000-01-01 00:00:00\t",
        "9999-12-31 23:59:59.9+2359\t",
        "bob\t",
        "-->\t",
        "**** BEGIN LOGGING AT ",
        "Session Start: ",
        "Session Time: ",
        "[22:34:57] ",
        "[23:59:57] ",
        "[00:00:01] ",
        "*** Joins: bob (b@x)",
        "*** Quits: bob (b@x) (x)",
        "Nov 23 22:34:57 ",
        "Feb 29 00:00:00 ",
        "*\t",
        "=== ",
        "books ",
        "2013-01-26 [15:04:04] ",
        "\r[bob]: 0:00:01:",
        "\r[bob]: 9999999 days, 0:00:01:",
        "\n",
        "\r\n",
        "\0",
        "\u{feff}",
        "text",
        "\u{202e}",
        "\\",
    ]);
    let piece = prop_oneof![
        8 => scrap.prop_map(|scrap| scrap.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        2 => Just(b"\n".to_vec()),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_become_a_log_that_verifies(bytes in scraps(), portion in 1usize..200) {
        for kind in kinds() {
            // The file's name has no date, so that guesses are made.
            match convert_in(&bytes, kind, "a.log", portion) {
                Ok((made, report)) => {
                    prop_assert_eq!(faults(&made), [""; 0]);
                    let counts = counts(&report);
                    prop_assert!(counts.not_understood < counts.lines);
                    let (again, _) = convert_in(&bytes, kind, "a.log", 1000).expect("again");
                    let rest = |log: &[u8]| {
                        let lines = log.split(|b| *b == b'\n');
                        let kept = |line: &&[u8]| {
                            !line::raw(line).is_ok_and(|raw| matches!(raw.shape, Shape::Opened { .. }))
                        };
                        lines.filter(kept).map(<[u8]>::to_vec).collect::<Vec<_>>()
                    };
                    prop_assert_eq!(rest(&made), rest(&again));
                }
                Err(error) => prop_assert_eq!(error.kind(), io::ErrorKind::InvalidData),
            }
        }
    }
}
