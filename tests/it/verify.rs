//! `chatroom replay --verify` as its user sees it: sentences, places, exit codes.

use std::fs;
use std::process::Command;

use chatroom::event::{Body, Stamp};

use crate::logs::line_at;
use support::program::{CHATROOM, Folder, Run};

const SAMPLE: &[u8] = include_bytes!("../../log.txt");

fn closed(micros: i64) -> Vec<u8> {
    line_at(Stamp::from_micros(micros), Body::Closed)
}

#[test]
fn a_whole_log_is_a_count_and_a_good_end() {
    let folder = Folder::new();
    folder.file("log.txt", SAMPLE);
    let lines = SAMPLE.iter().filter(|b| **b == b'\n').count();
    let count = format!(
        "log.txt: {lines} lines, 0 faults, {} bytes.\n",
        SAMPLE.len()
    );
    for args in [
        ["replay", "--verify", "log.txt"],
        ["replay", "log.txt", "--verify"],
    ] {
        folder.run(&args).code(0).stdout(&count).stderr("");
    }
    let mut shell = Command::new("bash");
    shell.args([
        "-c",
        "cat log.txt | \"$0\" replay --verify /dev/stdin",
        &CHATROOM,
    ]);
    folder.settle(&mut shell);
    let piped = count.replace("log.txt", "/dev/stdin");
    Run::of(&mut shell).code(0).stdout(&piped).stderr("");
}

#[test]
fn each_fault_is_a_line_with_its_place_and_the_end_is_bad() {
    let folder = Folder::new();
    let lines: Vec<&[u8]> = SAMPLE.split_inclusive(|b| *b == b'\n').collect();
    let mut log = lines[0].to_vec();
    let mut wanted = String::new();
    let mut expect = |log: &[u8], line: usize, begins: &str| {
        wanted += &format!("byte {} (line {line}): {begins}\n", log.len());
    };
    const KEPT: &str = "The room keeps it and shows it as damaged; look for it in a backup.";
    expect(
        &log,
        2,
        &format!(
            "the checksum does not match the line: something in it was changed after it was \
             written. {KEPT}"
        ),
    );
    let mut changed = lines[2].to_vec();
    changed[40] ^= 4;
    log.extend(changed);
    log.extend(lines[3]);
    expect(
        &log,
        4,
        &format!(
            "the line has no checksum: its end was changed or lost, or something else wrote here. {KEPT}"
        ),
    );
    log.extend(b"something else\n");
    expect(
        &log,
        5,
        &format!("lines run together here: the line feed between them was changed or lost. {KEPT}"),
    );
    log.extend(&lines[4][..lines[4].len() - 1]);
    log.push(b'\x1a');
    log.extend(lines[5]);
    log.extend(lines[6]);
    let before = String::from_utf8_lossy(&lines[6][..27]).into_owned();
    expect(
        &log,
        7,
        &format!(
            "its time is earlier than that of the line before, {before}: whole lines were moved, \
             repeated or inserted, or a clock was set back by hand. Compare with a backup."
        ),
    );
    log.extend(closed(0));
    expect(
        &log,
        8,
        "the last line is torn, 700000 bytes without a line feed: a room was stopped while it wrote, or the end was lost. At its next start the room saves it beside the log and cuts it off. If a room is writing to this file, verify it again.",
    );
    log.resize(log.len() + 700_000, 0);
    wanted += &format!("log.txt: 8 lines, 5 faults, {} bytes.\n", log.len());
    folder.file("log.txt", &log);
    let verify = ["replay", "--verify", "log.txt"];
    folder.run(&verify).code(1).stdout(&wanted).stderr("");
    assert_eq!(fs::read(folder.path().join("log.txt")).expect("it"), log);
    // The beginning is missing, and nothing else.
    folder.file("log.txt", lines[1..].concat());
    let run = folder.run(&verify).code(1).stderr("");
    let said = run.said();
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(
        said.starts_with("byte 0 (line 1): the log does not begin with \"* Room opened\""),
        "{said}"
    );
    assert!(said.contains(" lines, 1 fault, "), "{said}");
}

#[test]
fn a_head_that_was_lost_hides_nothing_of_the_rest() {
    let folder = Folder::new();
    let first = SAMPLE.iter().position(|b| *b == b'\n').expect("a line") + 1;
    let log = [&[0; 600_000], &b"\n"[..], &SAMPLE[first..]].concat();
    folder.file("log.txt", &log);
    let lines = SAMPLE.iter().filter(|b| **b == b'\n').count();
    folder
        .run(&["replay", "--verify", "log.txt"])
        .code(1)
        .stdout_has("byte 0 (line 1): the line has 600000 bytes, more than any that a room writes")
        .stdout_has(&format!(
            "log.txt: {lines} lines, 1 fault, {} bytes.\n",
            log.len()
        ))
        .stderr("");
}

#[test]
fn an_unverifiable_log_is_refused_with_one_sentence() {
    let folder = Folder::new();
    folder.file("old.txt", "\r[mira]: 0:00:05:tea?\r[jo]: 0:00:02:yes");
    folder.file("empty.txt", "");
    folder.file("letter.txt", "Dear all,\n\nsee you on Monday.\n");
    for (file, parts) in [
        (
            "old.txt",
            [
                "old.txt",
                "Only those have checksums, so it cannot be verified",
            ],
        ),
        ("empty.txt", ["empty.txt is empty", ""]),
        ("letter.txt", ["letter.txt is not a chat log", ""]),
        ("none.txt", ["There is no file none.txt here", ""]),
    ] {
        let run = folder.run(&["replay", "--verify", file]).code(1).stdout("");
        run.one_sentence(&parts);
    }
    for other in [&["--plain"][..], &["--speed", "2"], &["--max-gap", "1s"]] {
        let args = [&["replay", "--verify", "old.txt"], other].concat();
        folder.run(&args).code(2).stdout("");
    }
    let help = folder.run(&["replay", "--help"]).code(0).said();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        help.contains("does not find whole lines that were removed, repeated or moved"),
        "{help}"
    );
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let folder = Folder::new();
    folder.file("log.txt", [SAMPLE, &b"x\n".repeat(20_000)].concat());
    let mut shell = Command::new("bash");
    shell.args([
        "-c",
        "\"$0\" replay --verify log.txt | head -n 1; exit \"${PIPESTATUS[0]}\"",
        &CHATROOM,
    ]);
    folder.settle(&mut shell);
    Run::of(&mut shell)
        .code(0)
        .stdout_has("the line has no checksum")
        .stderr("");
}
