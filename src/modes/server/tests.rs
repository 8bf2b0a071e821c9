//! Servers in this process, each on a port and in a folder of its own, and clients that reach them by
//! sockets alone.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::thread;

use super::*;

/// Time limit of a read, far below that of a test runner.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// A server that runs in a thread of this process.
struct Running {
    address: SocketAddr,
    log: PathBuf,
    stop: Sender<()>,
    thread: thread::JoinHandle<Result<(), Failure>>,
    _folder: tempfile::TempDir,
}

impl Running {
    fn start(room: &str) -> Running {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.txt");
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = socket.local_addr().expect("an address");
        let opening = log::open(&path).expect("a log");
        let server = Server {
            socket,
            log: log::begin(opening).expect("a first line"),
            sync: cli::Sync::Always,
            rules: Rules {
                room: room.into(),
                max_name: 32,
                grace: Duration::from_secs(60),
                max_rate: 5,
                address_limits: AddressLimits::Kept,
            },
            secret: [7; 32],
            key: None,
            hosts: Hosts::new(&[], &[]),
            proxies: Proxies::default(),
            addresses: Arc::new(JoinAddresses::of(address)),
            files: 1_024,
            console: Console::start(cli::ConsoleLevel::Quiet),
        };
        let (stop, stopped) = channel::bounded(1);
        let stopping = async move {
            let _ = stopped.recv().await;
        };
        let (open, opened) = channel::bounded(1);
        let thread = thread::spawn(move || {
            task::block_on(server.run(async move {
                let _ = open.try_send(());
                stopping.await;
            }))
        });
        opened.recv_blocking().expect("the room is open");
        Running {
            address,
            log: path,
            stop,
            thread,
            _folder: folder,
        }
    }

    /// A connection on which a request was sent.
    fn send(&self, line: &str, fields: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).expect("connected");
        stream.set_read_timeout(Some(READ_TIMEOUT)).expect("set");
        let length = body.len();
        write!(
            stream,
            "{line} HTTP/1.1\r\nHost: {}\r\n{fields}Content-Length: {length}\r\n\r\n{body}",
            self.address
        )
        .expect("sent");
        stream
    }

    /// The whole answer to a request that is the only one of its connection.
    fn ask(&self, line: &str, fields: &str, body: &str) -> String {
        let fields = format!("Connection: close\r\n{fields}");
        let mut answer = String::new();
        let mut stream = self.send(line, &fields, body);
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// Stops the server; what its log holds.
    fn stop(self) -> (SocketAddr, String) {
        self.stop.try_send(()).expect("it runs");
        let ended = self.thread.join().expect("no panic");
        assert!(ended.is_ok(), "{ended:?}");
        let log = std::fs::read_to_string(&self.log).expect("read");
        (self.address, log)
    }
}

/// The lines that a listener is sent, up to the first that has `part`.
#[track_caller]
fn until(lines: &mut impl BufRead, part: &str) -> String {
    let mut all = String::new();
    while lines.read_line(&mut all).expect("a line") > 0 {
        if all.lines().last().is_some_and(|line| line.contains(part)) {
            return all;
        }
    }
    panic!("no {part:?} before the end of {all}");
}

#[test]
fn two_servers_run_side_by_side_in_one_process_and_each_stops_by_itself() {
    let servers = ["one", "two"].map(Running::start);
    let mut listeners = servers.each_ref().map(|server| {
        let stream = server.send(
            "GET /events?since=latest",
            "Accept: text/event-stream\r\n",
            "",
        );
        let mut lines = BufReader::new(stream);
        until(&mut lines, "hello");
        lines
    });
    for (server, text) in servers.iter().zip(["to the first", "to the second"]) {
        let session = server.ask("POST /session", "", "ann");
        assert!(session.starts_with("HTTP/1.1 201 "), "{session}");
        let token = session.split("\"token\":\"").nth(1).expect("a token");
        let token = token.split('"').next().unwrap_or_default();
        let bearer = format!("Authorization: Bearer {token}\r\n");
        let said = server.ask("POST /messages", &bearer, text);
        assert!(said.starts_with("HTTP/1.1 201 "), "{said}");
    }
    let heard = listeners
        .each_mut()
        .map(|lines| until(lines, "\"type\":\"message\""));
    assert!(heard[0].contains("to the first") && !heard[0].contains("to the second"));
    assert!(heard[1].contains("to the second") && !heard[1].contains("to the first"));
    for (server, room) in servers.iter().zip(["\"room\":\"one\"", "\"room\":\"two\""]) {
        let health = server.ask("GET /health", "", "");
        assert!(health.contains(room), "{health}");
        assert!(health.contains("\"listeners\":1"), "{health}");
    }
    let [one, two] = servers;
    let mut idle = BufReader::new(one.send("GET /health", "", ""));
    until(&mut idle, "\"status\"");
    let (address, log) = one.stop();
    assert!(log.contains("to the first"), "{log}");
    let last = log.lines().last();
    assert!(last.is_some_and(|last| last.contains("* Room closed\t")));
    until(&mut listeners[0], "\"type\":\"bye\"");
    // Its connections have ended, and its port is free.
    for lines in [&mut listeners[0], &mut idle] {
        lines.read_to_end(&mut Vec::new()).expect("the end");
    }
    let refused = TcpStream::connect(address).map_err(|error| error.kind());
    assert_eq!(refused.err(), Some(ErrorKind::ConnectionRefused));
    // The other one goes on as if nothing had been.
    let said = two.ask("POST /messages", "Authorization: Basic Ym9iOg==\r\n", "hi");
    assert!(said.starts_with("HTTP/1.1 201 "), "{said}");
    until(&mut listeners[1], "\"text\":\"hi\"");
    let (_, log) = two.stop();
    assert!(log.contains("[bob]: 0:00:00:hi\t"), "{log}");
}
