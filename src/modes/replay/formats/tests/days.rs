//! Whole logs whose days are in lines of their own, or in file names.

use super::*;

#[test]
fn a_late_line_moves_nothing_but_itself() {
    let irssi = "--- Log opened Mon Nov 23 23:00:00 2026\n23:59:50 <bob> one\n\
                 --- Day changed Tue Nov 24 2026\n23:59:58 <eve> late\n00:00:05 <bob> two\n\
                 23:59:59 <eve> later\n00:01:00 <bob> three\n12:00:00 <bob> four\n\
                 --- Day changed Wed Nov 25 2026\n00:00:01 <bob> five\n";
    let (lines, counts) = plain(irssi, FileFormat::Irssi, "irc.log");
    assert_eq!(
        lines,
        [
            "3590 [bob]: 0:00:00:one",
            "3600 [eve]: 0:00:00:late",
            "3605 [bob]: 0:00:15:two",
            "3605 [eve]: 0:00:05:later",
            "3660 [bob]: 0:00:55:three",
            "46800 [bob]: 11:59:00:four",
            "90001 [bob]: 12:00:01:five",
        ]
    );
    assert_eq!(counts.back, 2);
    let hexchat = "**** BEGIN LOGGING AT Thu Dec 31 23:59:00 2026\nDec 31 23:59:00 <bob>\tone\n\
                   Jan 01 00:00:01 <bob>\ttwo\nDec 31 23:59:59 <eve>\tlate\n\
                   Jan 01 00:00:02 <bob>\tthree\nJan 02 00:00:00 <bob>\tfour\n";
    let (lines, counts) = plain(hexchat, FileFormat::Hexchat, "books.log");
    assert_eq!(
        lines,
        [
            "0 [bob]: 0:00:00:one",
            "61 [bob]: 0:01:01:two",
            "61 [eve]: 0:00:00:late",
            "62 [bob]: 0:00:01:three",
            "86460 [bob]: 23:59:58:four",
        ]
    );
    assert_eq!(counts.back, 1);
    // A day known from the file's name alone.
    let day = "[23:58] <bob> one\n[00:00] <bob> two\n[23:59] <eve> late\n=== eve is odd\n[00:01] <bob> three\n";
    let (lines, _) = plain(day, FileFormat::Day, "books-2004-12-31.txt");
    let last = lines.last().expect("a line");
    assert!(last.starts_with("180 [bob]: "), "{lines:?}");
}

#[test]
fn what_is_said_late_at_night_is_not_late() {
    for (log, wanted) in [
        // No other line was written that day.
        (
            "--- Log opened Mon Nov 23 12:00:00 2026\n--- Day changed Tue Nov 24 2026\n\
             23:59:00 <bob> one\nno form\n--- Day changed Wed Nov 25 2026\n23:59:30 <bob> two\n",
            ["129540 [bob]: 0:00:00:one", "215970 [bob]: 24:00:30:two"],
        ),
        (
            "--- Log opened Mon Nov 23 12:00:00 2026\n--- Day changed Tue Nov 24 2026\n\
             23:50:00 <bob> one\n23:49:59 <bob> two\n",
            ["129000 [bob]: 0:00:00:one", "129000 [bob]: 0:00:00:two"],
        ),
    ] {
        let (lines, counts) = plain(log, FileFormat::Irssi, "irc.log");
        assert_eq!(lines, wanted);
        assert_eq!(counts.messages, 2);
    }
}

#[test]
fn lines_that_wait_are_few() {
    let mut log = String::from("--- Log opened Mon Nov 23 00:00:00 2026\n");
    for n in 0..2_000 {
        log += &format!("23:59:{:02} <bob> {n}\n", n / 40);
    }
    let bytes = log.into_bytes();
    let half = bytes.len() / 2;
    let input = io::BufReader::with_capacity(half, Cursor::new(bytes));
    let origin = Origin::default();
    let mut converter =
        Converter::new(Box::new(input), FileFormat::Irssi, &origin).expect("a converter");
    let mut first = vec![0; 1 << 20];
    let count = converter.read(&mut first).expect("read");
    let given = first[..count].iter().filter(|b| **b == b'\n').count();
    assert!(given > 700, "{given} lines of 1,000");
    let mut rest = Vec::new();
    converter.read_to_end(&mut rest).expect("read");
    let all = given + rest.iter().filter(|b| **b == b'\n').count();
    assert_eq!(all, 2_001);
}

#[test]
fn znc_and_mirc() {
    let (lines, counts) = plain(
        "[22:34:01] *** Joins: bob (b@x)\n[22:34:05] <bob> hi\n[22:34:07] * bob waves\n\
         [22:34:08] -eve- tea\n[22:34:09] *** bob is now known as rob\n\
         [22:34:10] *** Parts: rob (b@x) (\"bye\")\n[22:34:11] *** Quits: eve (e@x) ()\n",
        FileFormat::Znc,
        "2026-03-02.log",
    );
    let told = [
        "0 Client (bob) entered room",
        "4 [bob]: 0:00:04:hi",
        "6 [bob]: 0:00:02:/me waves",
        "7 * Notice: -eve- tea",
        "8 * Notice: bob is now known as rob",
        "8 Client (bob) is offline",
        "8 Client (rob) entered room",
        "9 * Notice: Parts: rob (b@x) (\"bye\")",
        "9 Client (rob) is offline",
        "10 Client (eve) is offline",
    ];
    assert_eq!(lines, told);
    assert_eq!((counts.joins, counts.leaves), (2, 3));
    let (lines, counts) = plain(
        "\u{feff}\r\nSession Start: Mon Nov 23 23:58:00 2026\r\nSession Ident: #b\r\n\
         [23:58] * Now talking in #b\r\n[23:58] * Topic is 'tea'\r\n[23:58] <@bob> hi\r\n\
         [23:59] * bob waves\r\nSession Time: Tue Nov 24 00:00:00 2026\r\n\
         [00:01] * eve (e@x) has joined #b\r\n[00:02] * eve (e@x) Quit (Ping timeout)\r\n\
         Session Close: Tue Nov 24 00:03:00 2026\r\n",
        FileFormat::Mirc,
        "b.log",
    );
    assert_eq!(
        lines,
        [
            "0 * Notice: Session Ident: #b",
            "15 * Notice: Now talking in #b",
            "30 * Notice: Topic is 'tea'",
            "45 [bob]: 0:00:00:hi",
            "60 [bob]: 0:00:15:/me waves",
            "180 Client (eve) entered room",
            "240 * Notice: eve (e@x) Quit (Ping timeout)",
            "270 Client (eve) is offline",
            "300 * Room closed",
        ]
    );
    assert_eq!((counts.messages, counts.not_understood), (2, 0));
}
