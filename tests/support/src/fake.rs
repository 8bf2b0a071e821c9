//! An HTTP server made for one test: every request goes to a closure, which writes what it likes.

use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::waiting::wait_for;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its first line.
    pub line: String,
}

impl Asked {
    /// Whether it begins like this.
    pub fn is(&self, start: &str) -> bool {
        self.line.starts_with(start)
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
        let seen = self.seen.lock().expect("no panic");
        seen.iter().filter(|seen| seen.is(start)).cloned().collect()
    }

    /// Waits until so many requests that begin like this have come.
    #[track_caller]
    pub fn wait_for(&self, start: &str, count: usize) {
        wait_for(&format!("{count} of {start}"), || {
            (self.seen(start).len() >= count).then_some(())
        });
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
            let mut log = log.lock().expect("no panic");
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
    let (mut line, mut length) = (String::new(), 0);
    loop {
        let mut field = String::new();
        if reader.read_line(&mut field).ok()? == 0 {
            return None;
        }
        let field = field.trim_end();
        if field.is_empty() {
            break;
        }
        if line.is_empty() {
            line = field.to_string();
        } else if let Some((name, value)) = field.split_once(": ")
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { line })
}

/// Writes a whole answer. Always `true`: the connection stays.
pub fn reply(stream: &mut TcpStream, status: &str, body: &str) -> bool {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    // The other end may be gone, which its test will notice.
    let _ = stream.write_all((head + body).as_bytes());
    true
}
