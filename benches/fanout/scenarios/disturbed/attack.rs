//! The attacks, on threads of their own until they are stopped.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::Res;

/// The requests in one write of a client that never pauses.
const PIPELINE: usize = 200;
/// The number of threads that connect and hang up.
const CONNECTORS: usize = 4;
/// The interval at which a waiting thread checks for the end.
const LOOK: Duration = Duration::from_millis(100);

/// The kinds of attack.
#[derive(Clone, Copy, Debug)]
pub enum Attack {
    /// One connection sends this request without a pause, and reads the answers.
    Requests(&'static str),
    /// Connections are opened and closed.
    Connections,
    /// A number of clients read a long answer to this request, in a loop.
    Readers(usize, &'static str),
}

/// The work of a thread: until the flag is set, counting what it got.
type Work = Box<dyn FnOnce(&AtomicBool, &AtomicU64) + Send>;

/// An attack in progress.
pub struct UnderWay {
    over: Arc<AtomicBool>,
    taken: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Attack {
    /// Begins it.
    pub fn start(self, address: SocketAddr) -> Res<UnderWay> {
        let (over, taken) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let mut threads = Vec::new();
        let mut begin = |work: Work| -> Res<()> {
            let (over, taken) = (Arc::clone(&over), Arc::clone(&taken));
            let thread = thread::Builder::new().stack_size(256 * 1024);
            threads.push(thread.spawn(move || work(&over, &taken))?);
            Ok(())
        };
        match self {
            Attack::Requests(request) => {
                let stream = connect(address)?;
                let mut sending = stream.try_clone()?;
                let requests = format!("{request} HTTP/1.1\r\nHost: x\r\n\r\n").repeat(PIPELINE);
                begin(Box::new(move |over, _| {
                    pour(&mut sending, requests.as_bytes(), over);
                    // This ends the reading thread, too.
                    let _ = sending.shutdown(Shutdown::Both);
                }))?;
                begin(Box::new(move |over, taken| drain(stream, over, taken)))?;
            }
            Attack::Connections => {
                for _ in 0..CONNECTORS {
                    begin(Box::new(move |over, taken| {
                        while !over.load(Ordering::Relaxed) {
                            // A full queue is the purpose of this attack.
                            if TcpStream::connect_timeout(&address, LOOK).is_ok() {
                                taken.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    }))?;
                }
            }
            Attack::Readers(many, request) => {
                let request = format!("{request}\r\nHost: x\r\n\r\n");
                for _ in 0..many {
                    let request = request.clone();
                    begin(Box::new(move |over, taken| {
                        while !over.load(Ordering::Relaxed) {
                            let Ok(mut stream) = connect(address) else {
                                continue;
                            };
                            if stream.write_all(request.as_bytes()).is_ok() {
                                drain(stream, over, taken);
                            }
                        }
                    }))?;
                }
            }
        }
        Ok(UnderWay {
            over,
            taken,
            threads,
        })
    }
}

impl UnderWay {
    /// Ends it; returns the number of connections or bytes that it got from the server.
    pub fn stop(self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads {
            // A thread that panicked has counted up to then.
            let _ = thread.join();
        }
        self.taken.load(Ordering::Relaxed)
    }
}

fn connect(address: SocketAddr) -> Res<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LOOK))?;
    stream.set_write_timeout(Some(LOOK))?;
    Ok(stream)
}

/// Writes the same bytes in a loop, until the end.
fn pour(stream: &mut TcpStream, bytes: &[u8], over: &AtomicBool) {
    let mut at = 0;
    while !over.load(Ordering::Relaxed) {
        match stream.write(&bytes[at..]) {
            Ok(count) => at = (at + count) % bytes.len(),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
    }
}

/// Reads to the end of the stream, or until the attack is over.
fn drain(mut stream: TcpStream, over: &AtomicBool, taken: &AtomicU64) {
    let mut bytes = [0; 64 * 1024];
    while !over.load(Ordering::Relaxed) {
        match stream.read(&mut bytes) {
            Ok(0) => return,
            Ok(count) => drop(taken.fetch_add(count as u64, Ordering::Relaxed)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
    }
}
