//! Namespaces for whoever runs the tests: the superuser makes them as they are, everybody else within a
//! user namespace, in which they are the superuser of what they have made and of nothing else.

use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use crate::waiting::wait_for;

/// Whether namespaces are made without further ado.
pub fn is_superuser() -> bool {
    rustix::process::geteuid().is_root()
}

/// `unshare` with these words, for anybody.
pub fn unshare(words: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    if !is_superuser() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(words);
    command
}

/// A process that keeps its namespaces as they are, and does nothing; it ends with whoever holds it.
pub fn holder(mut command: Command) -> Child {
    // It ends when nobody holds the other end of its input any more.
    command
        .arg("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let child = command.spawn().expect("util-linux is there");
    wait_for(
        "namespaces (`scripts/test.sh` says at its start if there can be none)",
        || {
            let comm = std::fs::read_to_string(format!("/proc/{}/comm", child.id()));
            (comm.ok()? == "cat\n").then_some(())
        },
    );
    child
}

/// What `nsenter` is told to be where all networks of this process's tests are made: one user namespace,
/// since a cable between two networks belongs to both. The superuser needs none.
pub fn house() -> Vec<String> {
    static HOUSE: OnceLock<Child> = OnceLock::new();
    if is_superuser() {
        return Vec::new();
    }
    let house = HOUSE.get_or_init(|| holder(unshare(&[])));
    let user = format!("--user=/proc/{}/ns/user", house.id());
    vec![user, "--preserve-credentials".to_string()]
}
