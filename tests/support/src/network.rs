//! A test's own networks: machines that are network namespaces, each connected to one switch.
//!
//! Processes hold them and end with the test, however that ends; nothing is left, and the network of this machine
//! sees none of it.

pub mod namespaces;

use std::process::{Child, Command};
use std::sync::Arc;

use crate::program::{CHATROOM, Folder, Run};
use crate::server::Server;

/// A machine: a network namespace.
pub struct Machine {
    holder: Child,
}

impl Machine {
    /// A machine without a network, except its loopback.
    pub fn alone() -> Machine {
        let mut command = Command::new("nsenter");
        command.args(namespaces::house()).args(["unshare", "--net"]);
        let machine = Machine {
            holder: namespaces::holder(command),
        };
        machine.ip("link set lo up");
        machine
    }

    /// A command that runs on it.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(self.door()).arg(program);
        command
    }

    /// The arguments with which `nsenter` enters it.
    pub fn door(&self) -> Vec<String> {
        let mut door = namespaces::house();
        door.push(format!("--net=/proc/{}/ns/net", self.holder.id()));
        door
    }

    /// A command that runs chatroom on it in `folder`, allowed to announce and search.
    pub fn chatroom(&self, folder: &Folder, args: &[&str]) -> Command {
        let mut command = self.command(CHATROOM);
        command.args(args);
        folder.settle(&mut command);
        command.env_remove("CHATROOM_NO_ANNOUNCE");
        command.env_remove("CHATROOM_NO_SEARCH");
        command
    }

    /// Runs `ip` with these words on it.
    #[track_caller]
    pub fn ip(&self, words: &str) {
        let mut command = self.command("ip");
        Run::of(command.args(words.split(' '))).code(0);
    }

    /// Starts a room on it.
    pub fn serve(&self, folder: &Arc<Folder>, listen: &str, args: &[&str]) -> Server {
        let mut all = vec!["server", "--listen", listen, "--console", "quiet"];
        all.extend_from_slice(args);
        Server::spawn(Arc::clone(folder), self.chatroom(folder, &all))
    }

    /// Runs `curl` on it; returns the body of the answer.
    #[track_caller]
    pub fn curl(&self, args: &[&str]) -> String {
        let mut command = self.command("curl");
        Run::of(command.args(["-sS", "--max-time", "20"]).args(args))
            .code(0)
            .said()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// A switch, and the machines that are plugged into it.
pub struct Switch {
    hub: Machine,
    machines: usize,
}

impl Default for Switch {
    fn default() -> Switch {
        Switch::new()
    }
}

impl Switch {
    /// A switch without machines.
    pub fn new() -> Switch {
        let hub = Machine::alone();
        // Without snooping it forwards multicast at once.
        hub.ip("link add hub type bridge mcast_snooping 0");
        hub.ip("link set hub up");
        Switch { hub, machines: 0 }
    }

    /// Connects `machine`, whose interface is called `name` and has the address 10.77.0.N/24, with N counting from 1,
    /// and a link-local IPv6 address.
    pub fn plug(&mut self, machine: &Machine, name: &str) {
        self.machines += 1;
        let (number, hub) = (self.machines, self.hub.holder.id());
        machine.ip(&format!(
            "link add {name} type veth peer name port{number} netns {hub}"
        ));
        self.hub.ip(&format!("link set port{number} master hub up"));
        // Without duplicate address detection the address is valid at once.
        let dad = format!("/proc/sys/net/ipv6/conf/{name}/accept_dad");
        let script = format!("echo 0 > {dad}");
        Run::of(machine.command("sh").args(["-c", &script])).code(0);
        machine.ip(&format!("addr add 10.77.0.{number}/24 dev {name}"));
        machine.ip(&format!("link set {name} up"));
    }

    /// A new machine that is connected by `eth0`.
    pub fn machine(&mut self) -> Machine {
        let machine = Machine::alone();
        self.plug(&machine, "eth0");
        machine
    }
}
