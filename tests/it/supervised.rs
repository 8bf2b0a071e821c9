//! The server under a supervisor: the states reported to systemd, and the lines for its journal.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::linux::fs::MetadataExt;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process};

use support::program::{Folder, Run};
use support::server::Server;
use support::waiting::{PATIENCE, wait_for};

/// The socket of a supervisor such as systemd.
struct Supervisor(UnixDatagram);

impl Supervisor {
    fn at(address: &SocketAddr) -> Supervisor {
        let socket = UnixDatagram::bind_addr(address).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a limit");
        Supervisor(socket)
    }

    /// The lines of the next reported state.
    #[track_caller]
    fn told(&self) -> Vec<String> {
        let mut bytes = [0; 4096];
        let count = self.0.recv(&mut bytes).expect("it is told something");
        let text = std::str::from_utf8(&bytes[..count]).expect("UTF-8");
        text.lines().map(str::to_string).collect()
    }

    /// Expects no further state.
    #[track_caller]
    fn was_told_nothing(&self) {
        self.0.set_nonblocking(true).expect("no waiting");
        let mut bytes = [0; 4096];
        let error = self.0.recv(&mut bytes).expect_err("silence");
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
}

/// A server's command with a supervisor for it.
fn supervised(folder: &Folder) -> (Command, Supervisor) {
    let path = folder.path().join("notify");
    let address = SocketAddr::from_pathname(&path).expect("an address");
    let supervisor = Supervisor::at(&address);
    let mut command = folder.command(&["server", "--listen", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", path);
    (command, supervisor)
}

#[test]
fn systemd_is_told_when_the_room_answers_and_when_it_closes() {
    let folder = Arc::new(Folder::new());
    let (mut command, supervisor) = supervised(&folder);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the server starts");
    let told = supervisor.told();
    let [ready, status] = &told[..] else {
        panic!("not two lines: {told:?}");
    };
    assert_eq!(ready, "READY=1");
    let port = status.strip_prefix("STATUS=Listening on 127.0.0.1:");
    let port = port.and_then(|rest| rest.strip_suffix('.')).expect(status);
    // When it is ready, clients are answered, and the opening is in the log.
    let log = fs::read_to_string(folder.path().join("log.txt")).expect("the log");
    assert!(log.contains("* Room opened"), "{log}");
    let asked = Run::of(Command::new("curl").args([
        "-sS",
        "--data-raw",
        "hi",
        "-u",
        "ci:",
        &format!("http://127.0.0.1:{port}/messages"),
    ]));
    asked.code(0).stdout_has(r#""elapsed""#);
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it is there");
    assert_eq!(
        supervisor.told(),
        ["STOPPING=1", "STATUS=Closing the room."]
    );
    assert!(child.wait().expect("its end").success());
    supervisor.was_told_nothing();
}

#[test]
fn an_abstract_address_is_one_too() {
    let name = format!("chatroom-test-{}", std::process::id());
    let supervisor = Supervisor::at(&SocketAddr::from_abstract_name(&name).expect("an address"));
    let folder = Arc::new(Folder::new());
    let mut command = folder.command(&["server", "--listen", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", format!("@{name}"));
    let _server = Server::spawn(folder, command);
    assert_eq!(supervisor.told()[0], "READY=1");
}

#[test]
fn a_start_that_fails_is_never_called_ready() {
    let folder = Folder::new();
    folder.file("log.txt", "Dear diary, this is no room's log.\n");
    let (mut command, supervisor) = supervised(&folder);
    Run::of(&mut command).code(1);
    supervisor.was_told_nothing();
}

#[test]
fn a_server_that_must_stop_tells_why() {
    let folder = Arc::new(Folder::new());
    let (command, supervisor) = supervised(&folder);
    let mut server = Server::spawn(Arc::clone(&folder), command);
    assert_eq!(supervisor.told()[0], "READY=1");
    let token = server.log_in("uthira");
    fs::rename(server.log(), folder.path().join("taken")).expect("it is moved");
    server.say(&token, "where does this go");
    let told = supervisor.told();
    assert_eq!(told[0], "STOPPING=1");
    assert!(told[1].contains("log.txt"), "{told:?}");
    assert_eq!(server.ended().code(), Some(1));
}

#[test]
fn a_supervisor_that_is_not_there_disturbs_nobody() {
    let folder = Folder::new();
    let left = folder.path().join("left");
    drop(UnixDatagram::bind(&left).expect("a socket"));
    let long = format!("/{}", "long/".repeat(100));
    let left = left.to_str().expect("UTF-8").to_string();
    for address in ["", "@", "/nonexistent/notify", "nowhere", &long, &left] {
        let folder = Arc::new(Folder::new());
        let mut command = folder.command(&["server", "--listen", "127.0.0.1:0"]);
        command.env("NOTIFY_SOCKET", address);
        let mut server = Server::spawn(folder, command);
        assert_eq!(server.get("/health").status, 200, "{address:?}");
        assert!(server.stop().success(), "{address:?}");
        assert_eq!(server.notices.text(), "", "{address:?}");
    }
}

/// Runs a server whose output goes to files, as under a supervisor; returns its output once it contains `until` or
/// the server has ended. With `journal`, JOURNAL_STREAM names its standard error.
fn written(folder: &Folder, journal: bool, until: &str) -> (String, String) {
    let (out, err) = (folder.path().join("out"), folder.path().join("err"));
    let file = |path| File::create(path).expect("a file");
    let (stdout, stderr) = (file(&out), file(&err));
    let named = if journal { &stderr } else { &stdout };
    let stat = named.metadata().expect("its state");
    let stream = format!("{}:{}", stat.st_dev(), stat.st_ino());
    let mut command = folder.command(&["server", "--listen", "127.0.0.1:0"]);
    command.env("JOURNAL_STREAM", stream);
    let child = command.stdout(stdout).stderr(stderr).spawn();
    let mut child = Ended(child.expect("the server starts"));
    let read = |path| fs::read_to_string(path).expect("what it wrote");
    wait_for(until, || {
        let ended = child.0.try_wait().expect("its state").is_some();
        (ended || read(&out).contains(until)).then_some(())
    });
    let _ = kill_process(Pid::from_child(&child.0), Signal::TERM);
    child.0.wait().expect("its end");
    (read(&out), read(&err))
}

/// Ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn in_the_journal_lines_say_how_grave_they_are_and_nothing_more() {
    for (journal, error, warning) in [(true, "<3>", "<4>"), (false, "", "")] {
        let folder = Folder::new();
        let log = folder.file("log.txt", "Dear diary, this is no room's log.\n");
        let (_, err) = written(&folder, journal, "Listening");
        let wanted = format!("{error}chatroom: ");
        assert!(
            err.starts_with(&wanted) && err.lines().count() == 1,
            "{err}"
        );

        // A room with a history, whose last run did not end in good order.
        fs::remove_file(&log).expect("it goes");
        written(&folder, journal, "/events");
        let mut text = fs::read_to_string(&log).expect("the log");
        text.push_str("2026-11-23T22:3");
        fs::write(&log, text).expect("it is torn");
        let (out, err) = written(&folder, journal, "/events");
        let wanted = format!("{warning}The log ended in an incomplete line");
        assert!(
            err.starts_with(&wanted) && err.lines().count() == 1,
            "{err}"
        );
        assert!(out.starts_with("Listening on port "), "no question: {out}");
        assert!(!out.contains('<') && !out.contains("Room opened"), "{out}");
        assert!(!out.contains('\x1b') && !err.contains('\x1b'), "{out}{err}");
    }
}
