//! Nothing leaves the machine but the room's own connections, and mDNS on the link: each mode runs on its own
//! machine, whose default route leads nowhere, and every address that it gives to the kernel is checked.

use std::net::IpAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process};

use support::display::Display;
use support::network::Machine;
use support::program::{CHATROOM, Folder, Run};
use support::server::Server;
use support::waiting::wait_for;

/// The address of the rooms of these tests.
const HERE: &str = "10.77.0.1";

/// The system calls with an address, except those that only return its own.
const NAMING: [&str; 5] = ["connect(", "sendto(", "sendmsg(", "sendmmsg(", "bind("];
/// The allowed families of sockets.
const FAMILIES: [&str; 4] = ["AF_UNIX", "AF_NETLINK", "AF_INET", "AF_INET6"];

/// The trace of a run.
struct Told(String);

impl Told {
    fn read(path: &Path) -> Told {
        Told(std::fs::read_to_string(path).expect("what strace told"))
    }

    /// Each network address in the trace: the call, the address and the port.
    fn addresses(&self) -> Vec<(&str, IpAddr, u16)> {
        let mut found = Vec::new();
        for line in self.0.lines() {
            let Some(call) = NAMING.into_iter().find(|call| line.contains(call)) else {
                continue;
            };
            // One sendmmsg may have several.
            for part in line.split("sa_family=AF_INET").skip(1) {
                let port = between(part, "port=htons(", ")");
                let v4 = between(part, "inet_addr(\"", "\"");
                let ip = v4.or_else(|| between(part, "inet_pton(AF_INET6, \"", "\""));
                let both = ip.zip(port);
                let both = both.and_then(|(ip, port)| Some((ip.parse().ok()?, port.parse().ok()?)));
                let (ip, port) = both.unwrap_or_else(|| panic!("no address in: {line}"));
                found.push((call, ip, port));
            }
        }
        found
    }

    /// The forbidden calls: a line for each.
    fn violations(&self, rooms: &[(&str, u16)], mdns: bool) -> Vec<String> {
        let mut wrong: Vec<String> = Vec::new();
        for (call, ip, port) in self.addresses() {
            let group = ["224.0.0.251", "ff02::fb"].contains(&ip.to_string().as_str());
            let to_all = mdns && group && port == 5353;
            let room = rooms.contains(&(ip.to_string().as_str(), port));
            if !to_all && !room {
                wrong.push(format!("{call} {ip} port {port}"));
            }
        }
        for line in self.0.lines() {
            if let Some(family) = between(line, " socket(", ",")
                && !FAMILIES.contains(&family)
            {
                wrong.push(format!("socket {family}"));
            }
        }
        wrong
    }

    fn asks_all(&self) -> bool {
        self.addresses()
            .iter()
            .any(|(call, _, port)| call.starts_with("send") && *port == 5353)
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

/// A machine in an otherwise empty network, to which its default route leads.
fn machine() -> Machine {
    let machine = Machine::alone();
    machine.ip("link add eth0 type veth peer name end0");
    machine.ip(&format!("addr add {HERE}/24 dev eth0"));
    machine.ip("link set eth0 up");
    machine.ip("link set end0 up");
    machine.ip("route add default via 10.77.0.254 dev eth0");
    machine
}

/// chatroom under strace on `machine`, which `enter` enters.
fn traced(
    machine: &Machine,
    mut enter: Command,
    folder: &Folder,
    told: &Path,
    args: &[&str],
) -> Command {
    enter.args(machine.door()).arg("strace");
    enter.args([
        "-D",
        "-f",
        "--seccomp-bpf",
        "-s",
        "0",
        "-e",
        "trace=%network",
        "-o",
    ]);
    enter.arg(told).arg(CHATROOM).args(args);
    folder.settle(&mut enter);
    enter.env_remove("CHATROOM_NO_ANNOUNCE");
    enter.env_remove("CHATROOM_NO_SEARCH");
    enter
}

fn enter() -> Command {
    Command::new("nsenter")
}

/// An untraced room on `machine`, and its port.
fn room(machine: &Machine, listen: &str) -> (Server, u16) {
    let folder = Arc::new(Folder::new());
    let server = machine.serve(&folder, listen, &[]);
    let port = server.address.rsplit(':').next().expect("a port");
    let port = port.parse().expect("a number");
    (server, port)
}

/// A traced window, which ends with this value.
struct Window(Child);

impl Window {
    fn open(
        machine: &Machine,
        display: &Display,
        folder: &Folder,
        told: &Path,
        args: &[&str],
    ) -> Window {
        let mut all = vec!["gui", "--name", "eve"];
        all.extend_from_slice(args);
        let mut command = traced(machine, display.command("nsenter"), folder, told, &all);
        let home = folder.path().join("home");
        std::fs::create_dir_all(&home).expect("a home");
        command.env("HOME", &home).env_remove("WAYLAND_DISPLAY");
        for name in ["CONFIG", "STATE", "DATA", "CACHE"] {
            command.env_remove(format!("XDG_{name}_HOME"));
        }
        // There is no such bus; the attempt shows its path.
        let bus = format!("unix:path={}", home.join("bus").display());
        command.env("DBUS_SESSION_BUS_ADDRESS", bus);
        Window(command.stdout(Stdio::null()).spawn().expect("it starts"))
    }

    /// Closes it, and waits for the end of the trace.
    fn close(mut self, told: &Path) -> Told {
        kill_process(Pid::from_child(&self.0), Signal::TERM).expect("it is there");
        self.0.wait().expect("it ends");
        finished(told)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The complete trace, which ends with the last thread.
fn finished(told: &Path) -> Told {
    wait_for("the end of what strace told", || {
        let told = Told::read(told);
        let last = told.0.lines().last()?;
        let over = last.contains("+++ exited") || last.contains("+++ killed");
        let first = told.0.split(' ').next()?.to_string();
        let main = |line: &str| line.starts_with(&format!("{first} ")) && line.contains("+++");
        (over && told.0.lines().any(main)).then_some(told)
    })
}

/// Waits until eve is in the room.
fn joined(machine: &Machine, at: &str) {
    wait_for("eve in the room", || {
        machine
            .curl(&[&format!("http://{at}/members")])
            .contains("\"eve\"")
            .then_some(())
    });
}

#[test]
fn a_server_talks_to_its_members_and_to_the_link_alone() {
    let machine = machine();
    let folder = Arc::new(Folder::new());
    let told = folder.path().join("told");
    let args = ["server", "--listen", "0.0.0.0:0", "--console", "lines"];
    let command = traced(&machine, enter(), &folder, &told, &args);
    let mut server = Server::spawn(Arc::clone(&folder), command);
    let port: u16 = server
        .address
        .rsplit(':')
        .next()
        .expect("it")
        .parse()
        .expect("it");
    let url = |path: &str| format!("http://{HERE}:{port}{path}");
    machine.curl(&["--data-raw", "eve", &url("/session")]);
    machine.curl(&["-u", "bob:", "--data-raw", "hello", &url("/messages")]);
    let all = machine.curl(&[&url("/events?since=all&poll=1")]);
    assert!(all.contains("[bob]: 0:00:00:hello"), "{all}");
    // An announcement, and another one.
    wait_for("the network to be told", || {
        Told::read(&told).asks_all().then_some(())
    });
    assert!(server.stop().success());
    let told = finished(&told);
    assert_eq!(told.violations(&[("0.0.0.0", 0)], true), [""; 0]);
    assert!(
        told.0.contains("accept4("),
        "its members are in what was told"
    );
    // With this TTL a receiver sees that no router forwarded it (RFC 6762, section 11).
    assert!(
        told.0.contains("IP_MULTICAST_TTL, [255]"),
        "what all are told"
    );
    assert!(
        told.0.contains("SO_BINDTODEVICE"),
        "it keeps to the network"
    );
}

#[test]
fn a_server_for_this_machine_alone_tells_nobody() {
    let machine = machine();
    let folder = Arc::new(Folder::new());
    for (args, line) in [
        (
            &["--listen", "127.0.0.1:0"][..],
            "Only this machine can join.\n",
        ),
        (&["--listen", "0.0.0.0:0", "--no-announce"], "/events\n"),
    ] {
        let told = folder.path().join("told");
        let mut all = vec!["server"];
        all.extend_from_slice(args);
        let command = traced(&machine, enter(), &folder, &told, &all);
        let mut server = Server::spawn(Arc::clone(&folder), command);
        server.console.wait_for(line);
        assert!(server.stop().success());
        let own = args[1].split(':').next().expect("an address");
        assert_eq!(finished(&told).violations(&[(own, 0)], false), [""; 0]);
    }
}

#[test]
fn a_window_talks_to_its_room_alone() {
    let machine = machine();
    let (_server, port) = room(&machine, "0.0.0.0:0");
    let (display, folder) = (Display::start(900, 700), Folder::new());
    let told = folder.path().join("told");
    let at = format!("{HERE}:{port}");
    let link = format!("chatroom://{at}");
    let window = Window::open(&machine, &display, &folder, &told, &[&link]);
    joined(&machine, &at);
    let told = window.close(&told);
    assert_eq!(told.violations(&[(HERE, port)], false), [""; 0]);
}

#[test]
fn a_window_that_searches_asks_the_link_and_joins_what_it_finds() {
    let machine = machine();
    let (_server, port) = room(&machine, "0.0.0.0:0");
    let (display, folder) = (Display::start(900, 700), Folder::new());
    let told = folder.path().join("told");
    let window = Window::open(&machine, &display, &folder, &told, &[]);
    joined(&machine, &format!("{HERE}:{port}"));
    let told = window.close(&told);
    // It may first check for a room on its own machine.
    let rooms = [(HERE, port), ("127.0.0.1", 1337)];
    assert_eq!(told.violations(&rooms, true), [""; 0]);
    assert!(told.asks_all());
}

#[test]
fn replay_talks_to_nobody_but_the_room_that_it_posts_to() {
    let machine = machine();
    let folder = Folder::new();
    let log = folder.file("said.txt", include_bytes!("../../log.txt"));
    let (log, told) = (log.display().to_string(), folder.path().join("told"));
    for args in [
        &["replay", &log, "--speed", "max"][..],
        &["replay", &log, "--stats"],
        &["replay", &log, "--verify"],
    ] {
        Run::of(&mut traced(&machine, enter(), &folder, &told, args)).code(0);
        assert_eq!(finished(&told).violations(&[], false), [""; 0], "{args:?}");
        assert!(!Told::read(&told).0.contains("AF_INET"), "{args:?}");
    }
    let (server, port) = room(&machine, "[::]:0");
    let at = format!("chatroom://{HERE}:{port}");
    let args = ["replay", &log, "--speed", "max", "--into", &at];
    Run::of(&mut traced(&machine, enter(), &folder, &told, &args)).code(0);
    assert_eq!(finished(&told).violations(&[(HERE, port)], false), [""; 0]);
    assert!(
        server
            .said()
            .iter()
            .any(|line| line.contains("hello? is this thing on?"))
    );
}

#[test]
fn a_forbidden_call_is_noticed() {
    let room = [("10.77.0.1", 1337)];
    let wrong = |line: &str| Told(format!("{line}\n")).violations(&room, true);
    for fine in [
        r#"7 connect(3, {sa_family=AF_INET, sin_port=htons(1337), sin_addr=inet_addr("10.77.0.1")}, 16) = 0"#,
        r#"7 connect(3, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = 0"#,
        r#"7 sendto(9, ""..., 200, MSG_NOSIGNAL, {sa_family=AF_INET, sin_port=htons(5353), sin_addr=inet_addr("224.0.0.251")}, 16) = 200"#,
        r#"7 socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE) = 3"#,
        r#"7 recvfrom(9, ""..., 9000, 0, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("10.77.0.9")}, [16]) = 2"#,
    ] {
        assert_eq!(wrong(fine), [""; 0], "{fine}");
    }
    for foreign in [
        r#"7 connect(3, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("93.184.216.34")}, 16) = -1 EINPROGRESS"#,
        r#"7 connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.77.0.254")}, 16) = 0"#,
        r#"7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.77.0.1")}, 16 <unfinished ...>"#,
        r#"7 connect(3, {sa_family=AF_INET6, sin6_port=htons(1337), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = 0"#,
        r#"7 sendto(9, ""..., 200, 0, {sa_family=AF_INET, sin_port=htons(5353), sin_addr=inet_addr("10.77.0.9")}, 16) = 200"#,
        r#"7 sendto(9, ""..., 200, 0, {sa_family=AF_INET, sin_port=htons(1900), sin_addr=inet_addr("239.255.255.250")}, 16) = 200"#,
        r#"7 sendmmsg(9, [{msg_hdr={msg_name={sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("8.8.8.8")}, msg_namelen=16}}], 1, 0) = 1"#,
        r#"7 bind(9, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("0.0.0.0")}, 16) = 0"#,
        r#"7 socket(AF_PACKET, SOCK_RAW, 768) = 3"#,
    ] {
        assert_eq!(wrong(foreign).len(), 1, "{foreign}");
    }
    let mdns = r#"7 sendto(9, ""..., 2, 0, {sa_family=AF_INET, sin_port=htons(5353), sin_addr=inet_addr("224.0.0.251")}, 16) = 2"#;
    assert_eq!(Told(format!("{mdns}\n")).violations(&room, false).len(), 1);
}
