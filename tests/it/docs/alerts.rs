//! The units of docs/operating.md that send a mail when the room does not answer: as systemd reads them, and with a check
//! that fails for a room that cannot store anything.

use std::process::Command;

use super::markdown::Document;
use super::shell::Shell;
use support::program::{Folder, Run};
use support::waiting::wait_for;

const FOLDER: &str = "/etc/systemd/system";
const UNITS: [&str; 3] = [
    "chatroom-check.service",
    "chatroom-check.timer",
    "chatroom-alert.service",
];

/// The value of a key in the unit's text.
fn value(unit: &str, key: &str) -> String {
    let found = unit
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    found
        .unwrap_or_else(|| panic!("no {key}: {unit}"))
        .to_string()
}

#[test]
fn the_units_are_what_systemd_reads() {
    let document = Document::read("docs/operating.md");
    let folder = Folder::new();
    let paths = UNITS.map(|name| folder.file(name, document.file(&format!("{FOLDER}/{name}"))));
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no"]).args(paths);
    if let Some(run) = Run::if_installed(&mut command) {
        run.code(0).stdout("").stderr("");
    }
    let check = document.file(&format!("{FOLDER}/{}", UNITS[0]));
    assert_eq!(value(&check, "OnFailure"), UNITS[2]);
}

#[test]
fn the_check_fails_for_a_room_that_is_full_or_gone() {
    let document = Document::read("docs/operating.md");
    let check = document.file(&format!("{FOLDER}/{}", UNITS[0]));
    let check = value(&check, "ExecStart");
    let mut shell = Shell::start(None);
    let text = "a".repeat(16_000);
    std::fs::write(shell.here().join("text"), text).expect("written");
    // No file can be longer than 8 KiB.
    let server = shell.begin("ulimit -f 8; chatroom server --console quiet");
    wait_for("the server", || {
        shell.so_far(&server).contains("Listening").then_some(())
    });
    assert_eq!(shell.run(&check), (0, String::new()));
    let post = "curl -s -u ci: --data-binary @text http://127.0.0.1:1337/messages";
    let (code, said) = shell.run(post);
    assert!(code == 22 && said.contains("log_full"), "{code} {said}");
    let (code, said) = shell.run(&check);
    assert!(code == 22 && said.contains("503"), "{code} {said}");
    shell.stop(&server, "INT");
    let (code, said) = shell.run(&check);
    assert!(code == 7 && said.contains("curl: (7)"), "{code} {said}");
}
