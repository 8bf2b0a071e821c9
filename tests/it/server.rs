//! A real server for a test, on a free port and a log of its own, and plain ways to talk to it.
//!
//! Everything waits for conditions, with a limit that only a failure reaches.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::util::Folder;

/// How long anything may take before it has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until `found` gives something.
#[track_caller]
pub fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(it) = found() {
            return it;
        }
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What a process has written so far.
#[derive(Clone, Default)]
pub struct Written(Arc<Mutex<String>>);

impl Written {
    fn follow(from: impl Read + Send + 'static) -> Written {
        let written = Written::default();
        let into = written.clone();
        std::thread::spawn(move || {
            let mut from = from;
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]);
                into.0.lock().expect("no panic").push_str(&text);
            }
        });
        written
    }

    /// All of it.
    pub fn text(&self) -> String {
        self.0.lock().expect("no panic").clone()
    }

    /// Waits until `part` is in it.
    #[track_caller]
    pub fn wait_for(&self, part: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.text().contains(part) {
            assert!(
                Instant::now() < until,
                "waited in vain for {part:?} in:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

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
    /// Starts one in a new folder. Its console is the full one.
    pub fn start(args: &[&str]) -> Server {
        Server::start_in(Arc::new(Folder::new()), "127.0.0.1:0", args)
    }

    /// Starts one in a folder that may have a log already.
    pub fn start_in(folder: Arc<Folder>, listen: &str, args: &[&str]) -> Server {
        let mut all = vec!["server", "--listen", listen, "--console", "http"];
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

    /// Where its log is.
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

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("the server is there");
    }

    /// Asks it to stop, and waits until it has.
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

    /// The same folder and port with a new process.
    pub fn start_again(&mut self, args: &[&str]) {
        let address = self.address.clone();
        *self = Server::start_in(Arc::clone(&self.folder), &address, args);
    }

    /// A fresh connection.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        stream.set_nodelay(true).expect("no delay");
        stream
    }

    /// One request on a fresh connection, and its answer.
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

    /// `GET`s a path as anybody.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }

    /// Logs in; the token.
    #[track_caller]
    pub fn log_in(&self, name: &str) -> String {
        let answer = self.ask("POST", "/session", &[], name);
        assert_eq!(answer.status, 201, "{name}: {}", answer.text());
        answer.json()["token"]
            .as_str()
            .expect("a token")
            .to_string()
    }

    /// Says something as the token's owner.
    #[track_caller]
    pub fn say(&self, token: &str, text: &str) -> Answer {
        self.ask(
            "POST",
            "/messages",
            &[("Authorization", &bearer(token))],
            text,
        )
    }

    /// Listens; see [`Listener`].
    #[track_caller]
    pub fn listen(&self, path: &str, fields: &[(&str, &str)]) -> Listener {
        let mut stream = self.connect();
        stream
            .write_all(&self.request("GET", path, fields, ""))
            .expect("sent");
        let mut reader = BufReader::new(stream);
        let head = Head::read(&mut reader);
        assert_eq!(head.status, 200, "{path} is no stream");
        Listener { reader, head }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The `Authorization` of a token.
pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// The head of an answer.
pub struct Head {
    /// The status.
    pub status: u16,
    fields: Vec<(String, String)>,
}

impl Head {
    /// Reads one; interim answers (1xx) are given like any other.
    #[track_caller]
    pub fn read(reader: &mut impl BufRead) -> Head {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let count = reader.read_line(&mut line).expect("an answer in time");
            assert!(
                count > 0,
                "the connection ended within an answer's head: {lines:?}"
            );
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_string()),
            }
        }
        let status = lines[0]
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .expect("a status");
        let fields = lines[1..].iter().filter_map(|line| line.split_once(':'));
        let fields =
            fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_string()));
        Head {
            status,
            fields: fields.collect(),
        }
    }

    /// A field by its lower-case name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A whole answer.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head.
    pub head: Head,
    /// The body, whatever its framing was.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads one to its end.
    #[track_caller]
    pub fn read(reader: &mut impl BufRead, method: &str) -> Answer {
        let head = Head::read(reader);
        let mut body = Vec::new();
        if method == "HEAD" || matches!(head.status, 100..=199 | 204 | 304) {
        } else if head.field("transfer-encoding") == Some("chunked") {
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).expect("a chunk");
                let size = usize::from_str_radix(line.trim(), 16).expect("a chunk's size");
                let mut chunk = vec![0; size + 2];
                reader.read_exact(&mut chunk).expect("a chunk");
                assert_eq!(&chunk[size..], b"\r\n", "a chunk's end");
                if size == 0 {
                    break;
                }
                body.extend_from_slice(&chunk[..size]);
            }
        } else if let Some(length) = head.field("content-length") {
            body = vec![0; length.parse().expect("a length")];
            reader.read_exact(&mut body).expect("the body");
        } else {
            reader.read_to_end(&mut body).expect("the body");
        }
        Answer {
            status: head.status,
            head,
            body,
        }
    }

    /// A field of the head by its lower-case name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.field(name)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Expects a refusal: its status, its word, and a sentence that ends.
    #[track_caller]
    pub fn refused(&self, status: u16, error: &str) -> Value {
        let json = self.json();
        assert_eq!(
            (self.status, json["error"].as_str()),
            (status, Some(error)),
            "{json}"
        );
        let message = json["message"].as_str().unwrap_or_default();
        assert!(
            message.len() > 10 && message.ends_with('.'),
            "{message:?} is no sentence"
        );
        json
    }
}

/// An open event stream.
pub struct Listener {
    reader: BufReader<TcpStream>,
    /// The answer's head.
    pub head: Head,
}

impl Listener {
    /// The next line, without its end; `None` when the stream has ended.
    #[track_caller]
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.reader.read_line(&mut line).expect("a line in time");
        (count > 0).then(|| line.trim_end_matches('\n').to_string())
    }

    /// The next event of an SSE stream: its fields by name. Comments are passed over.
    #[track_caller]
    pub fn event(&mut self) -> Option<SseEvent> {
        let mut event = SseEvent::default();
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                _ if line.is_empty() && event.kind.is_empty() => {}
                _ if line.is_empty() => return Some(event),
                _ if line.starts_with(':') => {}
                Some(("event", kind)) => event.kind = kind.to_string(),
                Some(("id", id)) => event.id = Some(id.to_string()),
                Some(("data", data)) => event.data = serde_json::from_str(data).expect("JSON"),
                _ => panic!("{line:?} is no field"),
            }
        }
    }

    /// Events up to and with the first of `kind`.
    #[track_caller]
    pub fn until(&mut self, kind: &str) -> Vec<SseEvent> {
        let mut events = Vec::new();
        while let Some(event) = self.event() {
            let found = event.kind == kind;
            events.push(event);
            if found {
                return events;
            }
        }
        panic!("the stream ended without {kind}: {events:?}");
    }

    /// Everything that is left, once the stream has ended.
    pub fn rest(mut self) -> String {
        let mut text = String::new();
        self.reader.read_to_string(&mut text).expect("the rest");
        text
    }
}

/// One event of an SSE stream.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct SseEvent {
    /// Its `event`.
    pub kind: String,
    /// Its `id`.
    pub id: Option<String>,
    /// Its `data`.
    pub data: Value,
}
