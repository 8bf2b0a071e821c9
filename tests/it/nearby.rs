//! Announcing and finding rooms, on the test's own networks.

use std::io::{Read, Write};
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chatroom::nearby::{RoomChange, RoomSearch};
use rustix::process::Signal;

use support::network::{Machine, Switch};
use support::program::Folder;
use support::server::Server;
use support::written::Written;

/// A command that runs this program on `machine`, for one of the two functions that are no tests.
fn helper(machine: &Machine, name: &str) -> Command {
    let own = std::env::current_exe().expect("this program");
    let mut command = machine.command(own);
    command.args(["--exact", &format!("nearby::{name}"), "--ignored"]);
    command.args(["--nocapture", "--test-threads", "1"]);
    command.env("CHATROOM_TEST_HELPER", name);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// Tells whether this run is one that [`helper`] started.
fn is_helper(name: &str) -> bool {
    std::env::var("CHATROOM_TEST_HELPER").is_ok_and(|wanted| wanted == name)
}

/// A process that searches for rooms.
struct Looker {
    child: Child,
    told: Written,
}

impl Looker {
    fn on(machine: &Machine) -> Looker {
        let mut child = helper(machine, "look").spawn().expect("it starts");
        let told = Written::follow(child.stdout.take().expect("a pipe"));
        told.wait_for("looking\n");
        Looker { child, told }
    }

    /// The last line about the room `id`.
    fn last(&self, id: &str) -> Option<String> {
        let text = self.told.text();
        let about = |line: &&str| line.split('|').nth(1) == Some(id);
        text.lines().rfind(about).map(str::to_string)
    }

    /// Waits until the last line about `id` fits; returns it.
    #[track_caller]
    fn wait(&self, id: &str, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + support::waiting::PATIENCE;
        loop {
            if let Some(line) = self.last(id).filter(|line| fits(line)) {
                return line;
            }
            assert!(
                Instant::now() < until,
                "no {what} of {id} in:\n{}",
                self.told.text()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Looker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Prints the changes that a search finds, until its input ends.
#[test]
#[ignore = "the tests here start it, on a machine of its own"]
fn look() {
    if !is_helper("look") {
        return;
    }
    let search = RoomSearch::start(|| ()).expect("a search");
    println!("\nlooking");
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    loop {
        match search.next() {
            Some(RoomChange::There(room)) => {
                let addresses: Vec<String> =
                    room.addresses.iter().map(ToString::to_string).collect();
                let key = if room.key { "key" } else { "open" };
                println!(
                    "there|{}|{}|{key}|{}",
                    room.id,
                    room.name,
                    addresses.join(" ")
                );
            }
            Some(RoomChange::Gone(id)) => println!("gone|{id}"),
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// The id of the log of a room, as the log has it.
fn log_id(server: &Server) -> String {
    let log = std::fs::read_to_string(server.log()).expect("the log");
    let first = log.lines().next().expect("a first line");
    first.rsplit('\t').next().expect("a checksum")[..8].to_string()
}

/// The port on which it listens.
fn port(server: &Server) -> &str {
    server.address.rsplit(':').next().expect("a port")
}

#[test]
fn two_rooms_are_found_from_a_third_machine() {
    let mut switch = Switch::new();
    let (one, two, three) = (switch.machine(), switch.machine(), switch.machine());
    let (open, closed) = (Arc::new(Folder::new()), Arc::new(Folder::new()));
    let name = "غرفة المطبخ 🏠";
    let mut first = one.serve(&open, "0.0.0.0:0", &["--room", name]);
    let key = closed.file("key", "open sesame\n");
    let key = key.display().to_string();
    let long = "a room with a name that is much longer than the 63 bytes that a label of DNS has";
    let args = ["--room", long, "--key-file", &key];
    let second = two.serve(&closed, "[::]:0", &args);
    first
        .console
        .wait_for("Windows nearby find it by themselves (eth0).\n");
    first
        .console
        .wait_for(&format!("\n  chatroom://10.77.0.1:{}\n", port(&first)));

    let looker = Looker::on(&three);
    let (id_1, id_2) = (log_id(&first), log_id(&second));
    let found = looker.wait(&id_1, "room", |_| true);
    let address = format!("10.77.0.1:{}", port(&first));
    assert_eq!(found, format!("there|{id_1}|{name}|open|{address}"));
    let found = looker.wait(&id_2, "room", |line| line.contains("fe80"));
    let v4 = format!("there|{id_2}|{long}|key|10.77.0.2:{}", port(&second));
    assert!(found.starts_with(&v4), "IPv4 first: {found}");
    assert!(found.contains("%eth0]:"), "IPv6 with its network: {found}");

    // By this id the window recognises a room that it knows.
    let health: serde_json::Value =
        serde_json::from_str(&three.curl(&[&format!("http://{address}/health")])).expect("JSON");
    assert_eq!(health["id"], id_1.as_str());
    // A client without the key learns nothing about the room but which it is.
    let guest = format!("http://10.77.0.2:{}/health", port(&second));
    let health: serde_json::Value = serde_json::from_str(&three.curl(&[&guest])).expect("JSON");
    assert_eq!(health["id"], id_2.as_str());
    for name in ["room", "addresses", "version"] {
        assert!(health.get(name).is_none(), "{health}");
    }
    // All its addresses can be reached.
    let v6 = found.split(' ').next_back().expect("an address");
    let v6 = v6.replace("%", "%25");
    let health = three.curl(&["-u", "eve:open sesame", &format!("http://{v6}/health")]);
    assert!(health.contains(&id_2), "{health}");

    // At a normal stop it sends a good-bye; after a restart it is the same room.
    first.stop();
    looker.wait(&id_1, "good-bye", |line| line.starts_with("gone"));
    let mut first = one.serve(&open, "0.0.0.0:0", &["--room", name]);
    let again = format!("10.77.0.1:{}", port(&first));
    looker.wait(&id_1, "second start", |line| line.ends_with(&again));
    // When killed it sends nothing; the next start is found at once.
    first.kill();
    let first = one.serve(&open, "0.0.0.0:0", &["--room", "kitchen"]);
    let again = format!("10.77.0.1:{}", port(&first));
    looker.wait(&id_1, "third start", |line| line.contains(&again));
}

/// Sends each line of its input, bytes in hex, to the machine's whole network from the port of mDNS.
#[test]
#[ignore = "the tests here start it, on a machine of its own"]
fn shout() {
    if !is_helper("shout") {
        return;
    }
    let socket = UdpSocket::bind("0.0.0.0:5353").expect("the port");
    println!("\nshouting");
    for line in std::io::stdin().lines() {
        let line = line.expect("a line");
        let bytes: Vec<u8> = (0..line.len() / 2)
            .map(|at| u8::from_str_radix(&line[2 * at..2 * at + 2], 16).expect("hex"))
            .collect();
        // In a flood the queue can be full.
        let _ = socket.send_to(&bytes, "224.0.0.251:5353");
    }
}

/// A responder for rooms that do not exist.
struct Shouter {
    child: Child,
    told: Written,
}

impl Shouter {
    fn on(machine: &Machine) -> Shouter {
        machine.ip("route add 224.0.0.0/4 dev eth0");
        let mut child = helper(machine, "shout").spawn().expect("it starts");
        let told = Written::follow(child.stdout.take().expect("a pipe"));
        told.wait_for("shouting\n");
        Shouter { child, told }
    }

    fn say(&mut self, bytes: &[u8]) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let input = self.child.stdin.as_mut().expect("a pipe");
        let said = input.write_all((hex + "\n").as_bytes());
        said.unwrap_or_else(|error| panic!("{error}:\n{}", self.told.text()));
    }
}

impl Drop for Shouter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn label(text: &str) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(text.len()).expect("a short label")];
    bytes.extend(text.as_bytes());
    bytes
}

fn name(labels: &[&str]) -> Vec<u8> {
    let labels = labels.iter().flat_map(|text| label(text));
    labels.chain([0]).collect()
}

fn record(owner: &[u8], kind: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("short");
    let parts = [
        owner,
        &kind.to_be_bytes(),
        &[0, 1],
        &ttl.to_be_bytes(),
        &length.to_be_bytes(),
        data,
    ];
    parts.concat()
}

/// A response for a room at `ip`, encoded by hand after RFC 1035, so that it does not share the project's mistakes.
fn response(instance: &str, txt: &[&str], ip: [u8; 4], ttl: u32) -> Vec<u8> {
    let service = name(&["_chatroom", "_tcp", "local"]);
    let owner = name(&[instance, "_chatroom", "_tcp", "local"]);
    let host = name(&[&format!("host-{instance}"), "local"]);
    let at = [&[0, 0, 0, 0, 5, 57][..], &host].concat();
    let txt: Vec<u8> = txt.iter().flat_map(|text| label(text)).collect();
    [
        vec![0, 0, 0x84, 0, 0, 0, 0, 4, 0, 0, 0, 0],
        record(&service, 12, ttl, &owner),
        record(&owner, 33, ttl, &at),
        record(&owner, 16, ttl, &txt),
        record(&host, 1, ttl, &ip),
    ]
    .concat()
}

#[test]
fn hostile_announcements_do_a_search_no_harm() {
    let mut switch = Switch::new();
    let (one, two) = (switch.machine(), switch.machine());
    let looker = Looker::on(&one);
    let mut shouter = Shouter::on(&two);
    // A room whose name would reverse the text beside it, and one on another continent.
    let evil = "room=\u{202e}\u{1b}[31mevil\u{2066}\n there";
    shouter.say(&response("evil", &[evil, "id=aaaa"], [10, 77, 0, 2], 120));
    shouter.say(&response(
        "far",
        &["room=far", "id=bbbb"],
        [93, 184, 216, 34],
        120,
    ));
    shouter.say(&response(
        "loop",
        &["room=loop", "id=cccc"],
        [127, 0, 0, 1],
        120,
    ));
    shouter.say(&response(
        "none",
        &["room=none", "id=../../etc"],
        [10, 77, 0, 2],
        120,
    ));
    shouter.say(&[0xff; 12]);
    shouter.say(b"");
    let line = looker.wait("aaaa", "room", |_| true);
    assert_eq!(line, "there|aaaa|[31mevil there|open|10.77.0.2:1337");
    // It is gone when its TTL is over, not before. Only the clock can tell, and a busy machine only makes it later.
    let from = Instant::now();
    shouter.say(&response(
        "short",
        &["room=short", "id=dddd"],
        [10, 77, 0, 2],
        2,
    ));
    looker.wait("dddd", "room", |line| line.starts_with("there"));
    looker.wait("dddd", "end", |line| line.starts_with("gone"));
    assert!(
        from.elapsed() >= Duration::from_secs(2),
        "{:?}",
        from.elapsed()
    );
    // Of ten thousand rooms a limited number is kept, and the search continues.
    for n in 0..10_000 {
        let id = format!("id=f{n}");
        shouter.say(&response(
            &format!("f{n}"),
            &["room=flood", &id],
            [10, 77, 0, 2],
            2,
        ));
    }
    let all = || looker.told.text().matches("there|f").count();
    let memory = || {
        let status = format!("/proc/{}/status", looker.child.id());
        let status = std::fs::read_to_string(status).expect("its state");
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .expect("it");
        line.split_whitespace()
            .nth(1)
            .and_then(|kib| kib.parse::<u64>().ok())
            .expect("a number")
    };
    support::waiting::wait_for("the flood to be over", || {
        shouter.say(&response(
            "last",
            &["room=last", "id=eeee"],
            [10, 77, 0, 2],
            120,
        ));
        looker.last("eeee")
    });
    assert!(all() > 100, "{} of the flood were heard", all());
    assert!(memory() < 60_000, "{} KiB", memory());
    for far in ["bbbb", "cccc", "../../etc"] {
        assert_eq!(looker.last(far), None);
    }
}

#[test]
fn a_network_that_comes_later_is_told_and_one_that_is_not_ours_is_not() {
    let mut switch = Switch::new();
    let (late, other) = (Machine::alone(), switch.machine());
    let folder = Arc::new(Folder::new());
    let server = late.serve(&folder, "0.0.0.0:0", &["--room", "late"]);
    server.console.wait_for("This machine is on no network yet");
    let looker = Looker::on(&other);
    switch.plug(&late, "wlan0");
    looker.wait(&log_id(&server), "room", |line| {
        line.ends_with(&format!("10.77.0.2:{}", port(&server)))
    });
    // A room that listens on one address is announced on the network of that address only.
    let mut elsewhere = Switch::new();
    elsewhere.plug(&late, "eth1");
    late.ip("addr add 10.88.0.1/24 dev eth1");
    let there = elsewhere.machine();
    there.ip("addr add 10.88.0.2/24 dev eth0");
    let (on_first, on_second) = (looker, Looker::on(&there));
    let folder = Arc::new(Folder::new());
    let server = late.serve(&folder, "10.88.0.1:0", &[]);
    let line = on_second.wait(&log_id(&server), "room", |_| true);
    assert!(
        line.ends_with(&format!("|10.88.0.1:{}", port(&server))),
        "{line}"
    );
    assert_eq!(on_first.last(&log_id(&server)), None);
    server.signal(Signal::TERM);
    on_second.wait(&log_id(&server), "good-bye", |line| {
        line.starts_with("gone")
    });
    assert_eq!(on_first.last(&log_id(&server)), None);
}

#[test]
fn a_port_that_is_taken_is_said_and_stops_nothing() {
    let mut switch = Switch::new();
    let machine = switch.machine();
    let _selfish = Shouter::on(&machine);
    let folder = Arc::new(Folder::new());
    let server = machine.serve(&folder, "0.0.0.0:0", &[]);
    server.console.wait_for(
        "Other computers on this network will not find it by themselves: address already in use. Join with the address.\n",
    );
    let url = format!("http://10.77.0.1:{}/health", port(&server));
    assert!(machine.curl(&[&url]).contains("\"ok\""));
}
