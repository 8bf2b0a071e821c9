//! The units of docs/operating.md that send a mail when the room does not answer: as systemd reads them, and with a check
//! that fails for a room that cannot store anything.

use std::process::{Command, Stdio};

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
    match command
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .output()
    {
        Ok(output) => {
            Run::ended(format!("{command:?}"), output)
                .code(0)
                .stdout("")
                .stderr("");
        }
        Err(error) => println!("systemd-analyze: {error}"),
    }
    let check = document.file(&format!("{FOLDER}/{}", UNITS[0]));
    assert_eq!(value(&check, "OnFailure"), UNITS[2]);
}

#[test]
fn the_check_succeeds_while_the_room_answers() {
    let document = Document::read("docs/operating.md");
    let check = value(
        &document.file(&format!("{FOLDER}/{}", UNITS[0])),
        "ExecStart",
    );
    let mut shell = Shell::start(None);
    let server = shell.begin("chatroom server --console quiet");
    wait_for("the server", || {
        shell.so_far(&server).contains("Listening").then_some(())
    });
    assert_eq!(shell.run(&check), (0, String::new()));
    shell.stop(&server, "INT");
    let (code, said) = shell.run(&check);
    assert!(code != 0 && said.contains("curl: ("), "{code} {said}");
}
