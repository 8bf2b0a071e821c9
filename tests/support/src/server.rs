//! A real server for a test, on a free port and with its own log, and simple ways to talk to it.
//!
//! Everything waits for conditions, with a limit that only a failure reaches.

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::client::{Answer, Client, Listener, bearer};
use crate::program::Folder;
use crate::waiting::{PATIENCE, wait_for};
use crate::written::Written;

/// A running server.
pub struct Server {
    child: Child,
    /// `127.0.0.1:port`.
    pub address: String,
    /// Its folder; the log is `log.txt` in it.
    pub folder: Arc<Folder>,
    /// Standard output: the console.
    pub console: Written,
    /// Standard error: notices.
    pub notices: Written,
}

impl Server {
    /// Starts a server in a new folder, with the full console.
    pub fn start(args: &[&str]) -> Server {
        Server::start_in(Arc::new(Folder::new()), "127.0.0.1:0", args)
    }

    /// Starts a server in a folder that may have a log already. The grace is long enough that no member leaves by
    /// being slow, unless the test sets another.
    pub fn start_in(folder: Arc<Folder>, listen: &str, args: &[&str]) -> Server {
        let mut all = vec!["server", "--listen", listen, "--console", "http"];
        if !args.contains(&"--grace") {
            all.extend(["--grace", "1h"]);
        }
        all.extend_from_slice(args);
        let command = folder.command(&all);
        Server::spawn(folder, command)
    }

    /// Runs a command that starts a server.
    pub fn spawn(folder: Arc<Folder>, mut command: Command) -> Server {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let console = Written::follow(child.stdout.take().expect("a pipe"));
        let notices = Written::follow(child.stderr.take().expect("a pipe"));
        let until = Instant::now() + PATIENCE;
        let port = loop {
            let text = console.text();
            if let Some(rest) = text.split("Listening on port ").nth(1)
                && let Some((port, _)) = rest.split_once('.')
            {
                break port.to_string();
            }
            let ended = child.try_wait().expect("the server's state");
            assert!(
                ended.is_none() && Instant::now() < until,
                "the server does not listen ({ended:?}):\n{text}{}",
                notices.text()
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        Server {
            child,
            address: format!("127.0.0.1:{port}"),
            folder,
            console,
            notices,
        }
    }

    /// The path of its log.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log.txt")
    }

    /// The log's lines without time and checksum.
    pub fn said(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.log()).expect("the log");
        text.lines()
            .map(|line| {
                line[28..]
                    .split('\t')
                    .next()
                    .unwrap_or_default()
                    .to_string()
            })
            .collect()
    }

    /// The events of the log, as a listener for JSON receives them.
    #[track_caller]
    pub fn events(&self, query: &str) -> Vec<Value> {
        let accept = [("Accept", "application/x-ndjson")];
        let answer = self.ask("GET", &format!("/events?poll=1&{query}"), &accept, "");
        assert_eq!(answer.status, 200, "{}", answer.text());
        let objects = answer.text();
        let objects = objects.lines().map(serde_json::from_str);
        objects.map(|object| object.expect("JSON")).collect()
    }

    /// The id of its process.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the server is there");
    }

    /// Asks it to stop, and waits for its end.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended()
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        let child = &mut self.child;
        wait_for("the server's end", || {
            child.try_wait().expect("the server's state")
        })
    }

    /// Starts a new process in the same folder and on the same port.
    pub fn start_again(&mut self, args: &[&str]) {
        let address = self.address.clone();
        *self = Server::start_in(Arc::clone(&self.folder), &address, args);
    }

    /// Kills it, appends the beginning of a line to its log as a power cut would leave it, and starts it again;
    /// returns when that line is cut off.
    pub fn lose_power_in_a_line(&mut self) {
        self.kill();
        let whole = std::fs::read(self.log()).expect("the log").len();
        // A rewritten log would be empty for a moment, which its readers may see.
        let log = std::fs::File::options().append(true).open(self.log());
        let mut log = log.expect("the log");
        log.write_all(b"2026-11-23T22:34:57.180845Z [mira]: 0:00:0")
            .expect("written");
        self.start_again(&[]);
        wait_for("the torn line cut", || {
            let now = std::fs::read(self.log()).expect("the log");
            (now[whole..].starts_with(b"20") && !now.ends_with(b":0")).then_some(())
        });
    }

    /// A fresh connection.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        stream.set_nodelay(true).expect("no delay");
        stream
    }

    /// Sends one request on a fresh connection; returns its answer.
    #[track_caller]
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let mut stream = self.connect();
        stream
            .write_all(&self.request(method, path, fields, body))
            .expect("sent");
        Answer::read(&mut BufReader::new(stream), method)
    }

    /// The bytes of a request.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Vec<u8> {
        let body = body.as_ref();
        let mut text = format!("{method} {path} HTTP/1.1\r\n");
        if !fields
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("host"))
        {
            text.push_str(&format!("Host: {}\r\n", self.address));
        }
        for (name, value) in fields {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        let mut bytes = (text + "\r\n").into_bytes();
        bytes.extend_from_slice(body);
        bytes
    }

    /// A connection for several requests.
    pub fn client(&self) -> Client {
        Client::new(self.connect())
    }

    /// `GET`s a path without a session.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }

    /// Logs in; returns the token.
    #[track_caller]
    pub fn log_in(&self, name: &str) -> String {
        let answer = self.ask("POST", "/session", &[], name);
        assert_eq!(answer.status, 201, "{name}: {}", answer.text());
        answer.json()["token"]
            .as_str()
            .expect("a token")
            .to_string()
    }

    /// Posts a text as the token's owner.
    #[track_caller]
    pub fn say(&self, token: &str, text: &str) -> Answer {
        self.ask(
            "POST",
            "/messages",
            &[("Authorization", &bearer(token))],
            text,
        )
    }

    /// Opens an event stream; see [`Listener`].
    #[track_caller]
    pub fn listen(&self, path: &str, fields: &[(&str, &str)]) -> Listener {
        let mut stream = self.connect();
        stream
            .write_all(&self.request("GET", path, fields, ""))
            .expect("sent");
        Listener::new(stream)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
