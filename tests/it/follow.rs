//! `chatroom replay --follow` into a pipe: the log, and then what the room writes.

use std::fs::File;
use std::io::Write;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::forms::says;
use support::program::{Folder, Run};
use support::server::Server;
use support::waiting::{PATIENCE, wait_for};
use support::written::Written;

/// A run that continues until it is ended.
struct Following {
    child: Child,
    out: Written,
    err: Written,
}

impl Following {
    fn start(folder: &Folder, args: &[&str]) -> Following {
        let mut command = folder.command(args);
        let command: &mut Command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let out = Written::follow(child.stdout.take().expect("its output"));
        let err = Written::follow(child.stderr.take().expect("its errors"));
        Following { child, out, err }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn new_lines_are_printed_once_across_a_crash_and_another_file() {
    let mut server = Server::start(&[]);
    let token = server.log_in("mira");
    server.say(&token, "before");
    let log = server.log().display().to_string();
    let folder = Folder::new();
    let args = ["replay", &log, "--follow", "--only", "messages"];
    let plain = Following::start(&folder, &[&args[..], &["--plain"]].concat());
    let json = Following::start(&folder, &["replay", &log, "--follow", "--output", "json"]);
    plain.out.wait_for(":before\n");
    server.say(&token, "now");
    plain.out.wait_for(":now\n");
    // A line that the next start cuts off is never shown.
    server.lose_power_in_a_line();
    let token = server.log_in("eve");
    server.say(&token, "after");
    plain.out.wait_for(":after\n");
    json.out.wait_for("\"after\"");
    server.stop();
    let old = server.folder.path().join("old.txt");
    std::fs::rename(server.log(), &old).expect("renamed");
    plain.err.wait_for(" is gone. ");
    std::fs::copy(&old, server.folder.path().join("new.txt")).expect("copied");
    std::fs::rename(server.folder.path().join("new.txt"), server.log()).expect("renamed");
    plain.err.wait_for(" is a new file now. ");
    wait_for("the other file", || {
        (plain.out.text().matches(":after\n").count() == 2).then_some(())
    });
    let texts: Vec<String> = plain.out.text().lines().map(str::to_string).collect();
    let said: Vec<&str> = texts
        .iter()
        .filter_map(|line| line.rsplit(':').next())
        .collect();
    assert_eq!(said, ["before", "now", "after", "before", "now", "after"]);
    let whole = Run::of(&mut folder.command(&["replay", &log, "--output", "json"]));
    let whole = whole.code(0).said();
    wait_for("all of it twice", || {
        (json.out.text().lines().count() == 2 * whole.lines().count()).then_some(())
    });
    assert_eq!(
        json.out.text(),
        whole.repeat(2),
        "the same objects, ids and all"
    );
    for line in whole.lines() {
        serde_json::from_str::<Value>(line).expect("an object");
    }
}

#[test]
fn it_ends_when_nobody_reads_it_any_more() {
    let server = Server::start(&[]);
    let folder = Folder::new();
    let log = server.log().display().to_string();
    let mut command = folder.command(&["replay", &log, "--follow", "--plain"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let until = std::time::Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait().expect("its state") {
            break status;
        }
        if std::time::Instant::now() > until {
            child.kill().expect("killed");
            panic!("it goes on for nobody");
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    };
    assert!(status.success(), "{status}");
}

#[test]
fn new_lines_are_selected_by_their_time_too() {
    let folder = Folder::new();
    let log = folder.file("log.txt", says(0, "mira", "old"));
    let args = ["replay", "log.txt", "--follow", "--plain", "--from"];
    let run = Following::start(&folder, &[&args[..], &["2026-11-23T22:35:20Z"]].concat());
    let mut room = File::options().append(true).open(log).expect("the log");
    room.write_all(&says(1, "mira", "too early"))
        .expect("written");
    room.write_all(&says(50, "mira", "late enough"))
        .expect("written");
    run.out.wait_for("late enough");
    assert_eq!(run.out.text(), "[mira]: 0:00:07:late enough\n");
}

#[test]
fn only_a_rooms_own_log_is_followed() {
    let folder = Folder::new();
    folder.file(
        "irc-2026-11-23.txt",
        "[10:00] <mira> hello\n[10:01] <jo> hi\n",
    );
    folder
        .run(&["replay", "irc-2026-11-23.txt", "--follow", "--plain"])
        .code(1)
        .stdout("");
}
