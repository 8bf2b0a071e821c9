//! `chatroom replay --convert`, and logs of other programs, as their user sees them.
//!
//! Readers that share no code with the program search the result for the messages of a real log: they cut lines at
//! fixed marks and decode escapes by hand.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use support::program::{CHATROOM, Folder, Run};
use support::server::Server;
use support::waiting::wait_for;

const SAMPLE: &[u8] = include_bytes!("../../log.txt");
const DAY: &[u8] = include_bytes!("data/day.txt");

/// The real days, if this machine has them, and the project's own.
fn days() -> Vec<(PathBuf, Vec<u8>)> {
    let mut days = crate::into_days::real_days();
    days.push((PathBuf::from("books-2026-11-23.txt"), DAY.to_vec()));
    days.retain(|(path, _)| !path.ends_with("README.md"));
    days
}

/// As the program documents it: bytes that are not UTF-8 are Windows-1252. Of its characters those
/// that differ from Latin-1.
fn text_of(line: &[u8]) -> String {
    const FROM_80: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    match std::str::from_utf8(line) {
        Ok(text) => text.to_string(),
        Err(_) => line
            .iter()
            .map(|byte| match byte {
                0x80..=0x9f => FROM_80.chars().nth(usize::from(byte - 0x80)).expect("it"),
                byte => char::from(*byte),
            })
            .collect(),
    }
}

/// The senders and texts of a source, in its order.
fn said_in_source(bytes: &[u8]) -> Vec<(String, String)> {
    let mut said = Vec::new();
    for line in bytes.split(|b| *b == b'\n') {
        let line = text_of(line);
        if line.starts_with("===") || line.trim().is_empty() {
            continue;
        }
        let (_, rest) = line
            .split_once("] ")
            .or_else(|| line.split_once(']'))
            .expect("a time");
        let (nick, text) = if let Some(action) = rest.trim_start().strip_prefix("* ") {
            let (nick, text) = action.split_once(' ').expect("an action");
            (nick, format!("/me {text}"))
        } else if let Some(rest) = rest.strip_prefix('<') {
            let (nick, text) = rest.split_once('>').expect("the end of a nick");
            let text = text.strip_prefix([' ', '\t']).unwrap_or(text);
            (nick, text.to_string())
        } else {
            continue;
        };
        said.push((nick.to_string(), text));
    }
    said
}

/// The original of an escaped name or text.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out += before;
        let c = after.chars().next().expect("a character after it");
        rest = &after[c.len_utf8()..];
        match c {
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let (hex, after) = rest[1..].split_once('}').expect("an end");
                let number = u32::from_str_radix(hex, 16).expect("a number");
                out.push(char::from_u32(number).expect("a character"));
                rest = after;
            }
            c => out.push(c),
        }
    }
    out + rest
}

/// The senders and texts of a room's log, in its order.
fn said_in_log(log: &str) -> Vec<(String, String)> {
    let mut said = Vec::new();
    for line in log.lines() {
        let (body, _checksum) = line.split_once('\t').expect("a checksum");
        let Some(inside) = body[27..].strip_prefix(" [") else {
            continue;
        };
        // The first `]` that is not escaped; no backslash stands unescaped in a name.
        let mut escaped = false;
        let end = inside.find(|c| {
            let found = c == ']' && !escaped;
            escaped = c == '\\' && !escaped;
            found
        });
        let (name, rest) = inside.split_at(end.expect("the end of a name"));
        let mut fields = rest.strip_prefix("]: ").expect("a colon").splitn(4, ':');
        let text = fields.nth(3).expect("hours, minutes, seconds and a text");
        said.push((unescaped(name), unescaped(text)));
    }
    said
}

fn convert(folder: &Folder, from: &Path, more: &[&str]) -> Run {
    let from = from.to_string_lossy();
    let args = [&["replay", &from, "--convert", "out.txt"][..], more].concat();
    folder.run(&args)
}

fn made(folder: &Folder) -> String {
    std::fs::read_to_string(folder.path().join("out.txt")).expect("the result")
}

fn verified(folder: &Folder) {
    let run = folder.run(&["replay", "--verify", "out.txt"]);
    run.code(0).stdout_has(" 0 faults, ");
}

#[test]
fn every_text_of_every_real_day_is_in_the_result() {
    for (path, bytes) in days() {
        let folder = Folder::new();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let source = folder.file(&name, &bytes);
        let run = convert(&folder, &source, &[]).code(0).stdout("");
        verified(&folder);
        let (wanted, found) = (said_in_source(&bytes), said_in_log(&made(&folder)));
        assert!(wanted.len() > 10, "{name}");
        assert_eq!(found.len(), wanted.len(), "{name}");
        for (found, wanted) in found.iter().zip(&wanted) {
            assert_eq!(found, wanted, "{name}");
        }
        let story = run.story();
        assert!(
            story.contains(&format!(": {} messages, ", wanted.len())),
            "{story}"
        );
        assert!(
            story.contains("Next: chatroom server --log out.txt "),
            "{story}"
        );
        // Everything else is a join, a leave or a notice, and nothing is missing.
        let unknown = bytes
            .split(|b| *b == b'\n')
            .any(|line| line.starts_with(b"what"));
        assert_eq!(story.contains("not understood"), unknown, "{story}");
        // Nobody joins twice as often as in the source.
        let count = |text: &str, what: &str| text.matches(what).count();
        let source = text_of(&bytes);
        let joins = source
            .lines()
            .filter(|l| l.starts_with("===") && l.contains("] ") && l.contains(" has joined #"));
        let renames = count(&source, " is now known as ");
        assert!(
            count(&made(&folder), ") entered room\t") >= joins.count(),
            "{story}"
        );
        assert!(
            count(&made(&folder), "is now known as") <= renames,
            "{story}"
        );
    }
}

#[test]
fn times_of_an_archive_are_utc_and_those_of_a_program_this_machines() {
    let folder = Folder::new();
    let zone = "CET-1CEST,M3.5.0,M10.5.0/3";
    let day = folder.file("b-2026-07-01.txt", "[12:00] <bob> hi\n");
    let irssi = "--- Log opened Sun Oct 25 01:59:00 2026\n01:59:00 <bob> one\n02:30:00 <bob> two\n\
                 02:10:00 <bob> three\n03:10:00 <bob> four\n--- Day changed Sun Mar 28 2027\n\
                 01:59:59 <bob> five\n02:30:00 <bob> never\n03:30:01 <bob> six\n";
    let irssi = folder.file("irc.log", irssi);
    for (source, wanted) in [
        (&day, &["2026-07-01T12:00:00"; 2][..]),
        (
            &irssi,
            &[
                "2026-10-24T23:59:00", // the room is opened
                "2026-10-24T23:59:00",
                "2026-10-25T00:30:00", // in summer time,
                "2026-10-25T01:10:00", // and no more
                "2026-10-25T02:10:00",
                "2027-03-28T00:59:59",
                "2027-03-28T01:30:00", // a time that the clock never had
                "2027-03-28T01:30:01",
            ],
        ),
    ] {
        let source = source.to_string_lossy();
        let mut command = folder.command(&["replay", &source, "--convert", "-"]);
        let run = Run::of(command.env("TZ", zone)).code(0);
        let said = run.said();
        let times: Vec<&str> = said.lines().map(|line| &line[..19]).collect();
        assert_eq!(times, wanted, "{}", run.story());
    }
}

#[test]
fn a_server_goes_on_with_what_was_converted() {
    let folder = Folder::new();
    let source = folder.file(
        "irc.log",
        "2026-11-23 22:34:57\tbob\thi\n2026-11-23 22:34:58\teve\toh\n",
    );
    convert(&folder, &source, &[]).code(0);
    let before = made(&folder);
    let log = folder.path().join("out.txt");
    let mut server = Server::start(&["--log", &log.to_string_lossy()]);
    let health = server.ask("GET", "/messages?limit=10", &[], "");
    assert_eq!(health.status, 200, "{}", health.text());
    assert!(
        health.text().contains("\"from\":\"eve\""),
        "{}",
        health.text()
    );
    assert!(server.stop().success());
    let after = made(&folder);
    assert!(
        after.starts_with(&before) && after.len() > before.len(),
        "{after}"
    );
    verified(&folder);
}

#[test]
fn a_choice_of_a_rooms_log_is_copied_line_by_line() {
    let folder = Folder::new();
    let mut damaged = SAMPLE.to_vec();
    let lines: Vec<&[u8]> = SAMPLE.split_inclusive(|b| *b == b'\n').collect();
    damaged[lines[0].len() + 40] ^= 4;
    let source = folder.file("log.txt", &damaged);
    let run = convert(&folder, &source, &["--only", "messages"]).code(0);
    let story = run.story();
    assert!(
        story.contains("1 damaged line was left out; chatroom replay --verify"),
        "{story}"
    );
    verified(&folder);
    let text = made(&folder);
    let (first, rest) = text.split_once('\n').expect("lines");
    assert!(first.contains("Z * Room opened (chatroom "), "{first}");
    let messages = lines[2..]
        .iter()
        .filter(|line| line[27..].starts_with(b" ["));
    assert_eq!(
        rest.as_bytes(),
        messages.copied().collect::<Vec<_>>().concat()
    );
    // The whole result is the same file.
    std::fs::remove_file(folder.path().join("out.txt")).expect("removed");
    let whole = folder.file("whole.txt", SAMPLE);
    convert(&folder, &whole, &[]).code(0).stdout("");
    assert_eq!(made(&folder).as_bytes(), SAMPLE);
}

#[test]
fn nothing_is_written_over_and_nothing_half_is_left() {
    let folder = Folder::new();
    let source = folder.file("a-2026-11-23.txt", "[22:34] <bob> hi\n");
    folder.file("out.txt", "mine");
    let taken = ["out.txt already exists and is not overwritten."];
    convert(&folder, &source, &[]).code(1).one_sentence(&taken);
    assert_eq!(made(&folder), "mine");
    std::fs::remove_file(folder.path().join("out.txt")).expect("removed");
    // A dangling link counts as an existing file.
    std::os::unix::fs::symlink("nowhere", folder.path().join("out.txt")).expect("a link");
    convert(&folder, &source, &[]).code(1).one_sentence(&taken);
    std::fs::remove_file(folder.path().join("out.txt")).expect("removed");
    let before = folder.contents();
    for (more, sentence) in [
        (&["--user", "nobody"][..], "so out.txt was not written"),
        (
            &["--format", "weechat"],
            "a-2026-11-23.txt has no line of WeeChat's log (--format weechat)",
        ),
    ] {
        convert(&folder, &source, more)
            .code(1)
            .one_sentence(&[sentence]);
        assert_eq!(folder.contents(), before);
    }
    let source = source.to_string_lossy();
    let missing = folder
        .run(&["replay", &source, "--convert", "none/out.txt"])
        .code(1);
    missing.one_sentence(&["none/out.txt cannot be made: its folder does not exist."]);
    // The disk is full after a part was written.
    let long = "[22:34] <bob> hello\n".repeat(50_000);
    folder.file("long-2026-11-23.txt", long);
    let mut shell = Command::new("bash");
    let limited = "ulimit -f 100; exec \"$0\" replay long-2026-11-23.txt --convert out.txt";
    shell.args(["-c", limited, &CHATROOM]);
    folder.settle(&mut shell);
    let run = Run::of(&mut shell).code(1);
    run.one_sentence(&["out.txt could not be written: file too large. No file was left there;"]);
    let names: Vec<String> = folder.contents().into_keys().collect();
    assert_eq!(names, ["a-2026-11-23.txt", "long-2026-11-23.txt"]);
}

#[test]
fn a_conversion_that_is_stopped_leaves_nothing() {
    let folder = Folder::new();
    let mut command = folder.command(&["replay", "-", "--format", "day", "--convert", "out.txt"]);
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(b"[22:34] <bob> hi\n").expect("written");
    let part = folder.path().join("out.txt.part");
    wait_for("the result on its way", || part.exists().then_some(()));
    kill_process(Pid::from_child(&child), Signal::INT).expect("it is there");
    let output = child.wait_with_output().expect("it ends");
    // Only now does its input end.
    drop(pipe);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said, "chatroom: Stopped; out.txt was not written.\n");
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(folder.contents(), BTreeMap::new());
}

#[test]
fn the_log_of_the_original_is_read() {
    let folder = Folder::new();
    let path = folder.file(
        "old.txt",
        "\r[mira]: 0:00:05:tea?\r[jo]: 0:00:02:[mira]: 0:00:01:not me\
         \r[mira]: 2 days, 2:03:04:at 4:15\r[jo]: 0:00:00:bell \u{7} café 😀",
    );
    let said = "[mira]: 0:00:05:tea?\n[jo]: 0:00:02:[mira]: 0:00:01:not me\n\
                [mira]: 50:03:04:at 4:15\n[jo]: 0:00:00:bell \\u{7} café 😀\n";
    // Nothing is added, such as an opening of the room.
    for args in [&[][..], &["--times"]] {
        let run = folder.run(&[&["replay", "old.txt"], args].concat());
        let shown = run.code(0).stderr("").said();
        assert!(!shown.contains("Room opened"), "{shown}");
    }
    folder.run(&["replay", "old.txt"]).code(0).stdout(said);
    // It ends once the file is written.
    let written = std::fs::metadata(&path)
        .and_then(|data| data.modified())
        .expect("a time");
    convert(&folder, &path, &[]).code(0);
    let text = made(&folder);
    let last = text.lines().last().expect("a line");
    let at = chrono::DateTime::parse_from_rfc3339(&last[..27]).expect("a time");
    let written = chrono::DateTime::<chrono::Utc>::from(written);
    assert_eq!(at.timestamp_micros(), written.timestamp_micros());
    verified(&folder);
    let mut shell = Command::new("bash");
    shell.args(["-c", "cat old.txt | \"$0\" replay -", &CHATROOM]);
    folder.settle(&mut shell);
    let run = Run::of(&mut shell).code(0).stdout_has(said);
    run.one_sentence(&["standard input has no times, only how long everybody was quiet"]);
}

#[test]
fn lines_that_are_not_understood_are_counted_and_named() {
    let folder = Folder::new();
    let log = "[22:34] <bob> hi\nwhat is this\x1b[31m\n[22:35] <bob> oh\n[22:36] <bob> and\n";
    folder.file("b-2026-11-23.txt", log);
    let run = folder.run(&["replay", "b-2026-11-23.txt"]).code(0);
    run.stderr(
        "chatroom: 1 line of b-2026-11-23.txt was not understood and is not in the result; -v \
         lists them.\n",
    );
    let run = folder.run(&["replay", "b-2026-11-23.txt", "-v"]).code(0);
    run.stderr(
        "chatroom: b-2026-11-23.txt, line 2 was not understood: what is this\\u{1b}[31m\n\
         chatroom: 1 line of b-2026-11-23.txt was not understood and is not in the result.\n",
    );
}
