//! An HTTP server made for one test: every request goes to a closure, which writes any answer.
//!
//! Servers that speak no HTTP are in the tests that need them.

use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::waiting::wait_for;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its first line.
    pub line: String,
    /// Its head as it came, with the empty line at its end.
    pub head: String,
    fields: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

impl Asked {
    /// Tells whether its first line begins like this.
    pub fn is(&self, start: &str) -> bool {
        self.line.starts_with(start)
    }

    /// A field by its lower-case name.
    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The server.
pub struct Fake {
    /// `127.0.0.1:port`.
    pub address: String,
    seen: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
}

impl Fake {
    /// A server that answers every request with these bytes and closes the connection.
    pub fn saying(answer: impl Into<String>) -> Fake {
        let answer = answer.into();
        Fake::start(move |_, _, stream| stream.write_all(answer.as_bytes()).is_err())
    }

    /// Starts it. The closure gets each request with its number among those of its kind (method
    /// and path), and the connection; `false` closes that.
    pub fn start(
        answer: impl Fn(&Asked, usize, &mut TcpStream) -> bool + Send + Sync + 'static,
    ) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (log, answer) = (Arc::clone(&seen), Arc::new(answer));
        let count = Arc::clone(&connections);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Fake {
            address,
            seen,
            connections,
        }
    }

    /// The number of connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The requests so far that begin like this.
    pub fn seen(&self, start: &str) -> Vec<Asked> {
        let seen = self.seen.lock().expect("no test has failed");
        seen.iter().filter(|seen| seen.is(start)).cloned().collect()
    }

    /// Waits until so many requests that begin like this have arrived; returns all of them.
    #[track_caller]
    pub fn wait_for(&self, start: &str, count: usize) -> Vec<Asked> {
        wait_for(&format!("{count} of {start}"), || {
            Some(self.seen(start)).filter(|seen| seen.len() >= count)
        })
    }
}

fn serve(
    stream: TcpStream,
    log: &Mutex<Vec<Asked>>,
    answer: &dyn Fn(&Asked, usize, &mut TcpStream) -> bool,
) {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut stream = stream;
    while let Some(request) = read(&mut reader) {
        let kind: Vec<&str> = request.line.split([' ', '?']).take(2).collect();
        let count = {
            let mut log = log.lock().expect("no test has failed");
            let before = log.iter().filter(|seen| seen.is(&kind.join(" "))).count();
            log.push(request.clone());
            before
        };
        if !answer(&request, count, &mut stream) {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Asked> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut lines = head.lines();
    let line = lines.next()?.to_string();
    let fields: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_string()))
        .collect();
    let length = fields.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().expect("a number"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        line,
        head,
        fields,
        body: String::from_utf8(body).expect("UTF-8"),
    })
}

/// A whole answer with a JSON body; `fields` are more lines of its head. A 204 has no length.
pub fn answer(status: &str, fields: &str, body: &str) -> String {
    let length = match status.starts_with("204") {
        true => String::new(),
        false => format!("Content-Length: {}\r\n", body.len()),
    };
    format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{fields}{length}\r\n{body}")
}

/// Writes such an [`answer`]. Always `true`: the connection stays.
pub fn reply(stream: &mut TcpStream, status: &str, fields: &str, body: &str) -> bool {
    // The other end may be gone, which its test will notice.
    let _ = stream.write_all(answer(status, fields, body).as_bytes());
    true
}

/// An address of this machine at which nothing listens. The kernel does not assign its port again soon.
pub fn nobody() -> String {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    free.local_addr().expect("an address").to_string()
}

/// Keeps a stream alive until the other end closes it.
pub fn hold(stream: &mut TcpStream) -> bool {
    while stream.write_all(b":\n\n").is_ok() {
        thread::sleep(Duration::from_millis(20));
    }
    false
}
