//! Namespaces for any user who runs the tests: the superuser makes them directly, everybody else inside a
//! user namespace, in which they are the superuser of what they have made and of nothing else.

use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use crate::waiting::wait_for;

/// Tells whether we are the superuser, and so need no user namespace.
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

/// An idle process that keeps its namespaces alive; it ends with its owner.
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

/// The arguments with which `nsenter` enters the one user namespace of all networks that this process's tests
/// make: a cable between two networks belongs to both. The superuser needs none.
pub fn house() -> Vec<String> {
    static HOUSE: OnceLock<Child> = OnceLock::new();
    if is_superuser() {
        return Vec::new();
    }
    let house = HOUSE.get_or_init(|| holder(unshare(&[])));
    let user = format!("--user=/proc/{}/ns/user", house.id());
    vec![user, "--preserve-credentials".to_string()]
}
