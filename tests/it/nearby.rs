//! Rooms that find and are found, on networks of the test's own.

use std::io::{Read, Write};
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chatroom::nearby::{Change, Search};
use rustix::process::Signal;

use crate::nets::{Machine, Switch};
use crate::server::{Server, Written, wait_for};
use crate::util::Folder;

/// This program again, on `machine`, for one of the two that are no tests by themselves.
fn helper(machine: &Machine, name: &str) -> Command {
    let own = std::env::current_exe().expect("this program");
    let mut command = machine.command(own);
    command.args(["--exact", &format!("nearby::{name}"), "--ignored"]);
    command.args(["--nocapture", "--test-threads", "1"]);
    command.env("CHATROOM_TEST_HELPER", name);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// Whether this run is one that [`helper`] started.
fn is_helper(name: &str) -> bool {
    std::env::var("CHATROOM_TEST_HELPER").is_ok_and(|wanted| wanted == name)
}

/// Somebody who looks for rooms.
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

    /// The last that was said of the room `id`: what follows `there` or `gone`.
    fn last(&self, id: &str) -> Option<String> {
        let text = self.told.text();
        let about = |line: &&str| line.split('|').nth(1) == Some(id);
        text.lines().rfind(about).map(str::to_string)
    }

    /// Waits until the last line about `id` is as wished.
    #[track_caller]
    fn wait(&self, id: &str, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + crate::server::PATIENCE;
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

/// Prints what a search tells, until its input ends.
#[test]
#[ignore = "a part of the tests here"]
fn look() {
    if !is_helper("look") {
        return;
    }
    let search = Search::start(|| ()).expect("a search");
    println!("\nlooking");
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    loop {
        match search.next() {
            Some(Change::There(room)) => {
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
            Some(Change::Gone(id)) => println!("gone|{id}"),
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

/// Where it listens.
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

    // The window can tell that it is the same room as one that it knows.
    let health: serde_json::Value =
        serde_json::from_str(&three.curl(&[&format!("http://{address}/health")])).expect("JSON");
    assert_eq!(health["id"], id_1.as_str());
    // With a key, whoever has none is told nothing of it.
    let guest = format!("http://10.77.0.2:{}/health", port(&second));
    assert_eq!(three.curl(&[&guest]), "{\"status\":\"ok\"}");
    // All its addresses can be joined.
    let v6 = found.split(' ').next_back().expect("an address");
    let v6 = v6.replace("%", "%25");
    let health = three.curl(&["-u", "eve:open sesame", &format!("http://{v6}/health")]);
    assert!(health.contains(&id_2), "{health}");

    // Stopped in good order it says good-bye; started again it is the same room.
    let stopping = Instant::now();
    first.stop();
    let took = stopping.elapsed();
    looker.wait(&id_1, "good-bye", |line| line.starts_with("gone"));
    assert!(took < Duration::from_secs(2), "it took {took:?} to stop");
    let mut first = one.serve(&open, "0.0.0.0:0", &["--room", name]);
    let again = format!("10.77.0.1:{}", port(&first));
    looker.wait(&id_1, "second start", |line| line.ends_with(&again));
    // Killed it says nothing; the next start is at once where it is.
    first.kill();
    let first = one.serve(&open, "0.0.0.0:0", &["--room", "kitchen"]);
    let again = format!("10.77.0.1:{}", port(&first));
    looker.wait(&id_1, "third start", |line| line.contains(&again));
}
