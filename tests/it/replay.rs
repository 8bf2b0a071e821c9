//! `chatroom replay` as its user sees it.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use chatroom::event::{LogId, Stamp};
use chatroom::line;
use chatroom::sse::{self, Form};

use crate::logs::from_mira;
use support::program::{CHATROOM, Folder, Run};

const SAMPLE: &[u8] = include_bytes!("../../log.txt");

/// Messages from mira at so many seconds.
fn log(messages: &[(i64, &str)]) -> Vec<u8> {
    let start = Stamp::from_micros(1_795_473_297_000_000);
    from_mira(start, messages.iter().copied())
}

/// The lines that a plain listener is sent for the log.
fn as_sent(log: &[u8]) -> String {
    let mut out = Vec::new();
    for (offset, line) in line::lines(0, log) {
        sse::encode_line(Form::Plain, LogId(1), offset, line, &mut out);
    }
    String::from_utf8(out).expect("lines are UTF-8")
}

#[test]
fn plain_is_the_log_without_time_and_checksum() {
    let folder = Folder::new();
    folder.file("log.txt", SAMPLE);
    let wanted = as_sent(SAMPLE);
    assert!(wanted.contains("[uthira]: 0:00:17:hello? is this thing on?\n"));
    for args in [
        &["replay", "log.txt"][..],
        &["replay", "--plain", "log.txt"],
        &["replay", "log.txt", "--speed", "0.01"],
    ] {
        folder.run(args).code(0).stdout(&wanted).stderr("");
    }
}

#[test]
fn a_damaged_line_is_named_and_stops_nothing() {
    let folder = Folder::new();
    let mut bytes = log(&[(0, "one"), (1, "two"), (2, "three")]);
    let at = bytes.windows(3).position(|w| w == b"two").expect("it");
    bytes[at] = b'T';
    let start = log(&[(0, "one")]).len();
    folder.file("log.txt", &bytes);
    let named = format!("first at byte {start}");
    folder
        .run(&["replay", "log.txt"])
        .code(0)
        .stdout(&as_sent(&bytes))
        .stdout_has(&format!(
            "* The log is damaged at byte {start}: the checksum does not match the line."
        ))
        .one_sentence(&["log.txt has 1 damaged line,", &named]);
}

#[test]
fn a_torn_end_is_named() {
    let folder = Folder::new();
    let whole = log(&[(0, "one"), (1, "two")]);
    let first = log(&[(0, "one")]);
    let torn = format!("* The log is torn at byte {}", first.len());
    folder.file("cut.txt", &whole[..whole.len() - 5]);
    folder.file("nul.txt", [&first[..], &[0; 700_000]].concat());
    for name in ["cut.txt", "nul.txt"] {
        folder
            .run(&["replay", name])
            .code(0)
            .stdout_has("[mira]: 0:00:07:one\n")
            .stdout_has(&torn)
            .one_sentence(&[name, "a torn last line"]);
    }
    // Only the line feed is missing: the line is good.
    folder.file("good.txt", &whole[..whole.len() - 1]);
    folder
        .run(&["replay", "good.txt"])
        .code(0)
        .stdout(&as_sent(&whole))
        .stderr("");
}

#[test]
fn a_line_without_end_is_skipped() {
    let folder = Folder::new();
    let mut bytes = log(&[(0, "one")]);
    bytes.resize(bytes.len() + 3_000_000, b'x');
    bytes.push(b'\n');
    bytes.extend_from_slice(&log(&[(1, "two")]));
    folder.file("log.txt", bytes);
    folder
        .run(&["replay", "log.txt"])
        .code(0)
        .stdout_has("the line is longer than any that a room writes")
        .stdout_has("[mira]: 0:00:07:two\n")
        .one_sentence(&["1 damaged line"]);
}

#[test]
fn an_unplayable_file_is_refused_with_one_sentence() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("folder")).expect("a folder");
    folder.file("empty.txt", "");
    folder.file("program", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\n\xff\xfe");
    folder.file("letter.txt", "Dear all,\n\nsee you on Monday.\n");
    for (file, parts) in [
        (
            "none.txt",
            &["There is no file none.txt here", "log.txt"][..],
        ),
        ("folder", &["folder is a folder", "folder/log.txt"]),
        ("empty.txt", &["empty.txt is empty"]),
        ("program", &["program is not a chat log"]),
        ("letter.txt", &["letter.txt is not a chat log"]),
        ("a\x1b[31m.txt", &["There is no file a\\u{1b}[31m.txt here"]),
    ] {
        folder
            .run(&["replay", file])
            .code(1)
            .stdout("")
            .one_sentence(&[&["chatroom: "][..], parts].concat());
    }
}

#[test]
fn a_file_that_may_not_be_read_is_said_so() {
    let folder = Folder::new();
    let path = folder.file("secret.txt", SAMPLE);
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).expect("it is ours");
    if std::fs::File::open(&path).is_ok() {
        return; // The superuser may read everything.
    }
    folder
        .run(&["replay", "secret.txt"])
        .code(1)
        .one_sentence(&["secret.txt", "permission denied"]);
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let folder = Folder::new();
    let long: Vec<(i64, &str)> = (0..20_000).map(|n| (n, "the same again")).collect();
    folder.file("log.txt", log(&long));
    let mut shell = Command::new("bash");
    shell.args([
        "-c",
        "\"$0\" replay log.txt | head -n 1; exit \"${PIPESTATUS[0]}\"",
        &CHATROOM,
    ]);
    folder.settle(&mut shell);
    Run::of(&mut shell)
        .code(0)
        .stdout("[mira]: 0:00:07:the same again\n")
        .stderr("");
}

#[test]
fn a_pipe_is_played_too() {
    let folder = Folder::new();
    folder.file("log.txt", SAMPLE);
    let mut shell = Command::new("bash");
    shell.args(["-c", "cat log.txt | \"$0\" replay /dev/stdin", &CHATROOM]);
    folder.settle(&mut shell);
    Run::of(&mut shell)
        .code(0)
        .stdout(&as_sent(SAMPLE))
        .stderr("");
}
