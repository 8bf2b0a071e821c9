//! An HTTP server made for one test: every request goes to a closure, which writes what it likes.

use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::waiting::wait_for;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its first line.
    pub line: String,
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
}

impl Fake {
    /// Starts it. The closure gets each request with its number among those of its kind (method
    /// and path), and the connection; `false` closes that.
    pub fn start(
        answer: impl Fn(&Asked, usize, &mut TcpStream) -> bool + Send + Sync + 'static,
    ) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&seen), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Fake { address, seen }
    }

    /// The requests so far that begin like this.
    pub fn seen(&self, start: &str) -> Vec<Asked> {
        let seen = self.seen.lock().expect("no test has failed");
        seen.iter().filter(|seen| seen.is(start)).cloned().collect()
    }

    /// Waits until so many requests that begin like this have come; all of them.
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
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_string()),
        }
    }
    let fields: Vec<(String, String)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_string()))
        .collect();
    let length = fields.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().expect("a number"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        line: lines[0].clone(),
        fields,
        body: String::from_utf8(body).expect("UTF-8"),
    })
}

/// Writes a whole answer with a JSON body; `fields` are more lines of its head. Always `true`: the
/// connection stays.
pub fn reply(stream: &mut TcpStream, status: &str, fields: &str, body: &str) -> bool {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{fields}Content-Length: {length}\r\n\r\n"
    );
    // The other end may be gone, which its test will notice.
    let _ = stream.write_all((head + body).as_bytes());
    true
}

/// Keeps a stream alive until the other end goes.
pub fn hold(stream: &mut TcpStream) -> bool {
    while stream.write_all(b":\n\n").is_ok() {
        thread::sleep(Duration::from_millis(20));
    }
    false
}
