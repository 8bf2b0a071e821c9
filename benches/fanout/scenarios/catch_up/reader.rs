//! The listener that catches up: reads everything since the start as fast as it can, on its own thread, in a loop.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use memchr::memmem;

use crate::{Res, stop};

/// The text of the last planted message, which no other message has.
pub const LAST: &str = "this was the last of the planted ones";

/// The longest silence of a stream.
const PATIENCE: Duration = Duration::from_secs(20);

/// The result of reading.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    /// Bytes of all streams.
    pub bytes: u64,
    /// Bytes of the newest complete stream, or 0 if none was complete.
    pub whole: u64,
    /// The time that reading took.
    pub time: Duration,
}

impl Taken {
    /// The number of times that everything was read.
    pub fn passes(&self) -> Res<f64> {
        match self.whole {
            0 => Err("the listener never caught up".into()),
            whole => Ok(self.bytes as f64 / whole as f64),
        }
    }
}

/// A listener that reads until it is stopped.
pub struct Reader {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Taken, String>>,
}

impl Reader {
    /// Starts it.
    pub fn start(address: SocketAddr, accept: &'static str) -> Reader {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let (start, mut taken) = (Instant::now(), Taken::default());
            while !asked.load(Ordering::Relaxed) {
                pass(address, accept, &asked, &mut taken).map_err(|error| error.to_string())?;
            }
            taken.time = start.elapsed();
            Ok(taken)
        });
        Reader { stop, thread }
    }

    /// Stops it; returns what it has read.
    pub fn stop(self) -> Res<Taken> {
        self.stop.store(true, Ordering::Relaxed);
        match self.thread.join() {
            Ok(taken) => Ok(taken?),
            Err(_) => Err("the listener that catches up panicked".into()),
        }
    }
}

/// Reads everything once.
pub fn once(address: SocketAddr, accept: &str) -> Res<Taken> {
    let (start, mut taken) = (Instant::now(), Taken::default());
    pass(address, accept, &AtomicBool::new(false), &mut taken)?;
    taken.time = start.elapsed();
    Ok(taken)
}

/// Reads one stream, to its last planted message or until `asked` is true.
fn pass(address: SocketAddr, accept: &str, asked: &AtomicBool, taken: &mut Taken) -> Res<()> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let request =
        format!("GET /events?since=all HTTP/1.1\r\nHost: {address}\r\nAccept: {accept}\r\n\r\n");
    socket.write_all(request.as_bytes())?;
    let last = memmem::Finder::new(LAST);
    let mut buffer = vec![0; 256 * 1024];
    // The end of each read is kept before the next, since the last message may be cut in two.
    let (mut kept, mut stream) = (0, 0);
    while !asked.load(Ordering::Relaxed) {
        stop::check()?;
        let got = match socket.read(&mut buffer[kept..]) {
            Ok(0) => return Err("the stream ended".into()),
            Ok(got) => got,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        stream += got as u64;
        let end = kept + got;
        if last.find(&buffer[..end]).is_some() {
            taken.bytes += stream;
            taken.whole = stream;
            return Ok(());
        }
        kept = end.min(LAST.len() - 1);
        buffer.copy_within(end - kept..end, 0);
    }
    taken.bytes += stream;
    Ok(())
}
