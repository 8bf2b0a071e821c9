//! Days and clocks: an hour that comes twice, late lines, and logs without days.

use std::path::Path;

use crate::choose::{BERLIN, log, texts};
use support::program::{Folder, Run};

#[test]
fn a_time_that_the_clock_shows_twice_is_the_first() {
    // Summer time ends at 03:00 on the 25th, when Berlin goes from two hours before UTC to one.
    let night = [
        "2026-10-25T00:10:00",
        "2026-10-25T00:30:00",
        "2026-10-25T00:50:00",
        "2026-10-25T01:10:00",
        "2026-10-25T01:30:00",
        "2026-10-25T02:30:00",
    ];
    let folder = Folder::new();
    folder.file("log.txt", log(&night));
    // Both as a rule and as a table of the machine, if it has one, since different code reads them.
    for zone in [BERLIN, "Europe/Berlin"] {
        for (args, wanted) in [
            (&["--from", "2026-10-25 02:30"][..], &night[1..]),
            (&["--from", "2026-10-25T02:30:00"], &night[1..]),
            (&["--from", "02:30"], &night[1..]),
            (&["--to", "2026-10-25 02:30"], &night[..1]),
            (&["--to", "02:30"], &night[..1]),
            (&["--from", "2026-10-25 03:00"], &night[5..]),
            (&["--from", "03:00"], &night[5..]),
            // The offset from UTC selects the second.
            (&["--from", "2026-10-25T02:30:00+01:00"], &night[4..]),
        ] {
            if zone != BERLIN
                && !std::path::Path::new("/usr/share/zoneinfo")
                    .join(zone)
                    .exists()
            {
                continue;
            }
            let mut command = folder.command(&[&["replay", "log.txt"][..], args].concat());
            let run = Run::of(command.env("TZ", zone)).code(0);
            assert_eq!(run.said(), texts(wanted), "{zone} {args:?}");
        }
    }
}

/// The lines of a log as read in `choose`'s Berlin, without checksums and the first line.
fn converted(folder: &Folder, name: &str) -> Vec<String> {
    let mut command = folder.command(&["replay", name, "--convert", "-"]);
    let run = Run::of(command.env("TZ", BERLIN)).code(0);
    let said = run.said();
    let lines = said.lines().skip(1);
    lines
        .map(|line| line.split('\t').next().expect("it").to_string())
        .collect()
}

#[test]
fn days_of_znc_are_of_this_clock_whatever_is_in_them() {
    let folder = Folder::new();
    let said = "[09:00:05] <ada> good morning\n[09:00:30] <ben> hello\n";
    folder.file("znc-2026-07-01.log", said);
    let with = format!(
        "[09:00:01] *** Joins: ada (~a@x)\n{said}[09:01:00] -ada- a notice\n[09:03:30] *** Quits: ada (~a@x) (sleep)\n"
    );
    folder.file("more-2026-07-01.log", with);
    let alone = converted(&folder, "znc-2026-07-01.log");
    assert_eq!(
        alone[0],
        "2026-07-01T07:00:05.000000Z [ada]: 0:00:00:good morning"
    );
    assert_eq!(
        converted(&folder, "more-2026-07-01.log"),
        [
            "2026-07-01T07:00:01.000000Z Client (ada) entered room",
            "2026-07-01T07:00:05.000000Z [ada]: 0:00:04:good morning",
            "2026-07-01T07:00:30.000000Z [ben]: 0:00:00:hello",
            "2026-07-01T07:01:00.000000Z * Notice: -ada- a notice",
            "2026-07-01T07:03:30.000000Z * Notice: Quits: ada (~a@x) (sleep)",
            "2026-07-01T07:03:30.000000Z Client (ada) is offline",
        ]
    );
}

#[test]
fn nobody_in_mircs_log_is_called_now_or_topic() {
    let folder = Folder::new();
    for (name, first) in [
        (
            "whole.log",
            "Session Start: Mon Mar 02 09:00:00 2026\r\nSession Ident: #b\r\n",
        ),
        ("part-2026-03-02.log", ""),
    ] {
        let log = format!(
            "{first}[09:00] * Now talking in #b\r\n[09:00] * Topic is 'tea'\r\n[09:00] <@ada> hi\r\n\
             [09:02] * ben pours coffee\r\n[09:04] * cy (~c@x) Quit (Ping timeout)\r\n"
        );
        folder.file(name, log);
        let lines = converted(&folder, name);
        let people = lines.iter().filter(|line| !line.contains(" * Notice: "));
        let people: Vec<&str> = people.map(|line| &line[28..]).collect();
        assert_eq!(
            people,
            [
                "[ada]: 0:00:00:hi",
                "[ben]: 0:00:00:/me pours coffee",
                "Client (cy) is offline"
            ],
            "{name}"
        );
        assert!(
            lines[0].starts_with("2026-03-02T08:00:00"),
            "{name}: {lines:?}"
        );
    }
}

#[test]
fn a_late_line_in_the_hour_that_happens_twice_moves_nothing() {
    let folder = Folder::new();
    let log = "--- Log opened Sun Oct 25 01:59:00 2026\n02:30:10 <bob> one\n02:30:08 <eve> late\n\
               02:30:11 <bob> two\n02:59:59 <bob> three\n02:00:01 <bob> four\n02:59:58 <eve> late\n\
               02:00:05 <bob> five\n03:00:00 <bob> six\n";
    folder.file("irc.log", log);
    let lines = converted(&folder, "irc.log");
    let times: Vec<&str> = lines.iter().map(|line| &line[11..19]).collect();
    assert_eq!(
        times,
        [
            "00:30:10", "00:30:10", "00:30:11", "00:59:59", "01:00:01", "01:00:01", "01:00:05",
            "02:00:00"
        ]
    );
}

#[test]
fn exports_of_znc_and_mirc_are_read() {
    let exports = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/exports");
    for (name, people) in [
        (
            "znc-2026-03-02.log",
            "ada ada: ben ben: ben: ben benny benny ada",
        ),
        ("mirc.log", "ada: ben: ben: cy cy ben benny"),
    ] {
        let Ok(bytes) = std::fs::read(exports.join(name)) else {
            eprintln!(
                "note: there are no exports on this machine; logs written here are read alone"
            );
            return;
        };
        let folder = Folder::new();
        folder.file(name, bytes);
        let lines = converted(&folder, name);
        let who = |line: &String| {
            let body = &line[28..];
            match body.strip_prefix("Client (") {
                Some(rest) => Some(rest.split(')').next()?.to_string()),
                None => Some(format!("{}:", body.strip_prefix('[')?.split(']').next()?)),
            }
        };
        let found: Vec<String> = lines.iter().filter_map(who).collect();
        assert_eq!(found.join(" "), people, "{lines:#?}");
        assert!(lines[0].starts_with("2026-03-02T08:00:0"), "{lines:#?}");
    }
}
