//! Namespaces for any user who runs the tests: root makes them directly, other users inside a user namespace, in
//! which they are root for those namespaces only.

use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use crate::waiting::wait_for;

/// Returns whether this runs as root, which needs no user namespace.
pub fn is_superuser() -> bool {
    rustix::process::geteuid().is_root()
}

/// A command that runs `unshare` with these words for any user.
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
    // It ends when the other end of its input is closed.
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

/// The arguments with which `nsenter` enters the user namespace that all networks of this process share, since a link
/// between two networks belongs to both. Root needs none.
pub fn house() -> Vec<String> {
    static HOUSE: OnceLock<Child> = OnceLock::new();
    if is_superuser() {
        return Vec::new();
    }
    let house = HOUSE.get_or_init(|| holder(unshare(&[])));
    let user = format!("--user=/proc/{}/ns/user", house.id());
    vec![user, "--preserve-credentials".to_string()]
}
