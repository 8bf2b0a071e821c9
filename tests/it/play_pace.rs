//! The output of a replay to a terminal, and its timing.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::play::log;
use support::program::{CHATROOM, Folder, Run};

/// A replay on a pseudo terminal.
fn command(folder: &Folder, args: &str) -> Command {
    let mut script = Command::new("script");
    let replay = format!("stty cols 80 rows 24; echo $$ > pid; exec '{CHATROOM}' replay {args}");
    script.args(["-qefc", &replay, "/dev/null"]);
    folder.settle(&mut script);
    script
}

/// The lines of the conversation in a terminal's output, without the bar.
fn conversation(sent: &str) -> Vec<String> {
    sent.split("\r\n")
        .map(|line| line.rsplit("\x1b[J").next().unwrap_or_default())
        .filter(|line| !line.is_empty())
        .map(str::to_string)
        .collect()
}

#[test]
fn a_terminal_is_played_to_at_the_pace_it_happened() {
    let folder = Folder::new();
    folder.file(
        "log.txt",
        log([
            (0, "first"),
            (10, "second\nand more"),
            (20, "/me waves"),
            (20_000, "\x1b[2Jlast"),
        ]),
    );
    // 10 s, 10 s and a silence cut to 10 s, at ten times the speed.
    let start = Instant::now();
    let mut replay = command(&folder, "log.txt --speed 10 --max-gap 10s");
    let run = Run::at_keyboard(&mut replay).code(0);
    let took = start.elapsed();
    // Only the clock tells that it is not early; how late it is, is up to the machine.
    assert!(took >= Duration::from_secs(3), "{took:?}\n{}", run.story());
    let sent = run.said();
    let lines = conversation(&sent);
    let ends = [
        "]: 0:00:07:first",
        "]: 0:00:07:second",
        "    and more",
        " waves",
        "... 5 h 33 min of silence ...\x1b[0m",
        "]: 0:00:07:\\u{1b}[2Jlast",
    ];
    assert_eq!(lines.len(), ends.len(), "{lines:?}");
    for (line, end) in lines.iter().zip(ends) {
        assert!(line.ends_with(end), "{line:?} does not end with {end:?}");
    }
    assert!(
        lines[0].starts_with("[\x1b[38;5;"),
        "the name has a colour: {lines:?}"
    );
    assert!(
        lines[3].starts_with("* [\x1b[38;5;"),
        "an action: {lines:?}"
    );
    // The bar has the position, the time of day in the log, and the speed.
    for part in ["  0%  ", "2026-11-24 23:59:00", "x10"] {
        assert!(
            sent.contains(part),
            "{part:?} is not in the bar\n{}",
            run.story()
        );
    }
}

#[test]
fn no_color_is_respected_and_the_flag_wins() {
    let folder = Folder::new();
    folder.file("log.txt", log([(0, "first"), (5, "last")]));
    for (args, coloured) in [
        ("--color auto", false),
        ("--color never", false),
        ("--color always", true),
    ] {
        let mut replay = command(&folder, &format!("log.txt --speed max {args}"));
        replay.env("NO_COLOR", "1");
        let run = Run::at_keyboard(&mut replay)
            .code(0)
            .stdout_has("]: 0:00:07:last");
        assert_eq!(run.said().contains("\x1b[38;5;"), coloured, "{args}");
    }
}

#[test]
fn it_keeps_time_with_the_log() {
    let folder = Folder::new();
    let texts: Vec<String> = (0..=300).map(|n| format!("m{n}.")).collect();
    let texts = texts.iter().enumerate();
    folder.file("log.txt", log(texts.map(|(n, t)| (n as i64, t.as_str()))));
    // Five minutes in three seconds, measured from the first event to the last.
    let mut replay = command(&folder, "log.txt --speed 100 --color never");
    replay.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = replay.spawn().expect("it starts");
    let _keyboard = child.stdin.take();
    let mut out = child.stdout.take().expect("a pipe");
    let (mut sent, mut bytes, mut first) = (String::new(), [0; 4096], None);
    while !sent.contains(":m300.") {
        let count = out.read(&mut bytes).expect("more");
        assert!(count > 0, "{sent}");
        sent.push_str(&String::from_utf8_lossy(&bytes[..count]));
        if sent.contains(":m0.") {
            first.get_or_insert_with(Instant::now);
        }
    }
    let took = first.expect("a first one").elapsed().as_secs_f64();
    child.wait().expect("it ends");
    // Never early. How late it is, is up to the machine; the arithmetic is exact and tested as such.
    assert!(took > 2.97, "{took}");
}

/// Tells whether a thread with this `/proc/PID/task/TID/syscall` is in a call that has no time limit: a read, or a
/// poll or futex without one.
fn sleeps_until_woken(call: &str) -> bool {
    let (read, recv, poll, ppoll, futex) = match cfg!(target_arch = "aarch64") {
        true => (63, 207, u64::MAX, 73, 98),
        false => (0, 45, 7, 271, 202),
    };
    let mut words = call.split_whitespace();
    let number = words.next().and_then(|word| word.parse::<u64>().ok());
    let arguments: Vec<u64> = words
        .filter_map(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok())
        .collect();
    let argument = |index: usize| arguments.get(index).copied();
    match number {
        Some(number) if number == read || number == recv => true,
        Some(number) if number == poll => argument(2).is_some_and(|limit| limit as i32 == -1),
        Some(number) if number == ppoll => argument(2) == Some(0),
        Some(number) if number == futex => argument(3) == Some(0),
        _ => false,
    }
}

#[test]
fn a_paused_play_uses_no_processor_time() {
    let folder = Folder::new();
    folder.file("log.txt", log((0..100).map(|n| (n, "hello"))));
    let mut replay = command(&folder, "log.txt");
    let (mut master, stdin) = std::io::pipe().map(|(r, w)| (w, r)).expect("a pipe");
    replay.stdin(stdin).stdout(Stdio::piped());
    // `script` types its input into its terminal.
    let mut child = replay.spawn().expect("it starts");
    let mut out = child.stdout.take().expect("a pipe");
    let mut sent = String::new();
    let mut read_until = |what: &str| {
        let mut bytes = [0; 4096];
        while !sent.contains(what) {
            let count = out.read(&mut bytes).expect("more");
            assert!(count > 0, "{sent}");
            sent.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    };
    read_until(":hello");
    master.write_all(b" ").expect("typed");
    read_until("paused");
    let pid = std::fs::read_to_string(folder.path().join("pid")).expect("a pid");
    let tasks = format!("/proc/{}/task", pid.trim());
    // The columns of the bar are counted first; then nothing wakes it but a key or a signal.
    support::waiting::wait_for("a play that sleeps until it is woken", || {
        let mut tasks = std::fs::read_dir(&tasks).ok()?;
        tasks
            .all(|task| {
                let call = task.map(|task| task.path().join("syscall"));
                let call = call.and_then(std::fs::read_to_string);
                call.is_ok_and(|call| sleeps_until_woken(&call))
            })
            .then_some(())
    });
    master.write_all(b"q").expect("typed");
    assert!(child.wait().expect("it ends").success());
}
