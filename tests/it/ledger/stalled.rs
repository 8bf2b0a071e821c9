//! Listeners that never read: they slow nobody, cost little, and miss nothing.

use std::net::{SocketAddr, SocketAddrV4, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, connect, socket, sockopt};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use support::client::bearer;
use support::program::Folder;
use support::server::Server;
use support::waiting::wait_for;

use super::line_up::LineUp;
use super::probe::Probe;
use super::scene;
use super::speak::{Speaker, request};

/// The number of posters.
const POSTERS: u32 = 10;
/// The number of messages of 8 KB that fill all buffers between the server and a client that does not read.
const FILL: usize = 40;
const NDJSON: [(&str, &str); 1] = [("Accept", "application/x-ndjson")];

/// The plan of a measurement.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Listeners that never read.
    pub stalled: usize,
    /// Listeners that do.
    pub readers: usize,
    /// Messages a second.
    pub rate: u32,
    /// Bytes in each.
    pub length: usize,
    /// Pairs of rounds, with the stalled ones and without.
    pub rounds: usize,
    /// The most pairs of rounds, where other load on this machine disturbs them.
    pub at_most: usize,
    /// The length of one round.
    pub round: Duration,
}

/// The results of a measurement.
#[derive(Debug, Default)]
pub struct Measured {
    /// The readers' 99th percentile in each round without stalled ones, in order of length.
    pub without: Vec<Duration>,
    /// The same with them.
    pub with: Vec<Duration>,
    /// The most process memory for each stalled one, in bytes.
    pub memory: u64,
    /// Memory of sockets for each stalled one, both ends together, in bytes: the median of the
    /// rounds, since the whole machine's is measured.
    pub kernel: u64,
}

impl Measured {
    /// The medians: without, and with.
    pub fn medians(&self) -> (Duration, Duration) {
        let middle = |all: &[Duration]| all[all.len() / 2];
        (middle(&self.without), middle(&self.with))
    }
}

/// Raises the limit on open files of this process to what is needed.
fn raise_file_limit(needed: u64) {
    let now = getrlimit(Resource::Nofile);
    let most = now.maximum.unwrap_or(u64::MAX);
    assert!(
        most >= needed,
        "this needs {needed} open files, and the hard limit is {most}: raise it (ulimit -Hn)"
    );
    if now.current.is_some_and(|current| current < needed) {
        let raised = Rlimit {
            current: now.maximum,
            maximum: now.maximum,
        };
        setrlimit(Resource::Nofile, raised).expect("the limit is raised");
    }
}

/// A field of a file of /proc, as a number.
fn field(path: &str, line: &str, after: &str) -> u64 {
    let text = std::fs::read_to_string(path).expect("/proc");
    let line = text.lines().find(|l| l.starts_with(line)).expect("a line");
    let mut words = line.split_whitespace().skip_while(|word| *word != after);
    words.nth(1).and_then(|n| n.parse().ok()).expect("a number")
}

fn memory(server: &Server) -> u64 {
    let path = format!("/proc/{}/status", server.pid().as_raw_nonzero());
    field(&path, "VmRSS:", "VmRSS:") * 1024
}

/// The memory of all sockets of this machine, in bytes.
fn kernel_memory() -> u64 {
    field("/proc/net/sockstat", "TCP:", "mem") * 4096
}

/// The processor time that a process took so far, in ticks.
fn ticks(process: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("/proc");
    let (_, fields) = text.rsplit_once(") ").expect("a name");
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks = fields[11..13].iter().map(|n| n.parse::<u64>());
    ticks.sum::<Result<u64, _>>().expect("ticks")
}

/// The processor time of other processes so far, and all time, idle or not, in ticks.
fn others(server: &Server) -> (u64, u64) {
    let text = std::fs::read_to_string("/proc/stat").expect("/proc");
    let words = text.lines().next().expect("a line").split_whitespace();
    let all: Vec<u64> = words.skip(1).filter_map(|n| n.parse().ok()).collect();
    let busy: u64 = all[..3].iter().sum();
    let ours = ticks("self") + ticks(&server.pid().as_raw_nonzero().to_string());
    (busy.saturating_sub(ours), all[..8].iter().sum())
}

/// Waits until the server has nothing to do.
pub fn at_rest(server: &Server) {
    let process = server.pid().as_raw_nonzero().to_string();
    wait_for("the server to be at rest", || {
        let before = ticks(&process);
        thread::sleep(Duration::from_millis(100));
        (ticks(&process) <= before + 1).then_some(())
    });
}

/// The latencies that readers measured, and the number of their events.
#[derive(Default)]
struct Samples {
    micros: Mutex<Vec<u32>>,
    count: AtomicUsize,
}

/// Reads until the server stops; each text begins with the moment it was due.
fn read(address: &str, base: Instant, samples: &Samples) {
    let mut speaker = Speaker::connect(address).expect("a connection");
    speaker
        .send(&request("GET", "/events?since=latest", &NDJSON, b""))
        .expect("sent");
    assert_eq!(speaker.head().expect("a head").status, 200);
    let mut line = Vec::new();
    while let Ok(whole) = speaker.stream_line(&mut line) {
        if !whole {
            continue;
        }
        let text = std::str::from_utf8(&line).expect("UTF-8");
        if let Some((_, text)) = text.split_once("\"text\":\"") {
            let due: u64 = text
                .split(' ')
                .next()
                .and_then(|n| n.parse().ok())
                .expect("a moment");
            let now = base.elapsed().as_micros() as u64;
            let mut micros = samples.micros.lock().expect("no panic");
            micros.push(now.saturating_sub(due) as u32);
            samples.count.fetch_add(1, Ordering::AcqRel);
        }
        line.clear();
    }
}

/// A listener with a small buffer that requests everything after `id` and reads nothing.
fn stall(address: &str, id: &str) -> Speaker {
    let address: SocketAddrV4 = address.parse().expect("an address");
    let fd = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    sockopt::set_socket_recv_buffer_size(&fd, 4096).expect("a small buffer");
    connect(&fd, &SocketAddr::V4(address)).expect("a connection");
    let mut speaker = Speaker::over(TcpStream::from(fd)).expect("a connection");
    let path = format!("/events?since={id}");
    let bytes = request("GET", &path, &NDJSON, b"");
    speaker.send(&bytes).expect("sent");
    speaker
}

/// Reads the stream of a stalled listener, which must have these lines after its hello.
fn catch_up(mut speaker: Speaker, expected: &[u8]) {
    // The TCP window may grow as far as the connection's first segment allowed.
    sockopt::set_socket_recv_buffer_size(speaker.stream(), 64 * 1024).expect("a buffer");
    assert_eq!(speaker.head().expect("a head").status, 200);
    let (mut hello, mut got) = (Vec::new(), Vec::new());
    assert!(speaker.stream_line(&mut hello).expect("a hello"));
    assert!(hello.starts_with(b"{\"type\":\"hello\""));
    while got.len() < expected.len() {
        let start = got.len();
        let whole = speaker.stream_line(&mut got).expect("the stream goes on");
        assert!(whole, "a stalled listener waited in vain");
        if got[start..] == *b"\n" {
            got.truncate(start); // a sign of life
        }
        let fits = expected.get(start..got.len()) == Some(&got[start..]);
        assert!(
            fits,
            "a stalled listener was sent {:?} at byte {start}",
            String::from_utf8_lossy(&got[start..])
        );
    }
}

/// The share of the processors' time, in percent, above which other processes disturb the measurement.
const DISTURBED: u64 = 10;
/// The longest small sync of a disk that counts as undisturbed.
const SLOW_DISK: Duration = Duration::from_millis(20);

struct Stage {
    probe: Probe,
    server: Server,
    plan: Plan,
    base: Instant,
    samples: Arc<Samples>,
    tokens: Vec<String>,
}

impl Stage {
    /// Posts the round's messages, each when it is due, and waits until every reader has them. Returns the readers'
    /// 99th percentile, and whether other processes disturbed it.
    fn talk(&self) -> (Duration, bool) {
        self.probe.longest();
        let before = others(&self.server);
        let each = (self.plan.rate * self.plan.round.as_millis() as u32 / 1_000 / POSTERS).max(1);
        let step = Duration::from_secs(1) * POSTERS / self.plan.rate;
        self.samples.count.store(0, Ordering::Release);
        self.samples.micros.lock().expect("no panic").clear();
        let start = Instant::now() + Duration::from_millis(20);
        thread::scope(|scope| {
            for (n, token) in self.tokens.iter().enumerate() {
                let bearer = bearer(token);
                scope.spawn(move || {
                    let mut speaker = Speaker::connect(&self.server.address).expect("it");
                    let own = start + step * n as u32 / POSTERS;
                    for k in 0..each {
                        let due = own + step * k;
                        thread::sleep(due.saturating_duration_since(Instant::now()));
                        let micros = (due - self.base).as_micros();
                        let text = format!("{micros} {}", "x".repeat(self.plan.length));
                        let fields = [("Authorization", &*bearer)];
                        let bytes = request("POST", "/messages", &fields, text.as_bytes());
                        speaker.send(&bytes).expect("sent");
                        assert_eq!(speaker.reply().expect("an answer").status, 201);
                    }
                });
            }
        });
        let took = start.elapsed();
        let all = (each * POSTERS) as usize * self.plan.readers;
        wait_for("the readers", || {
            (self.samples.count.load(Ordering::Acquire) == all).then_some(())
        });
        let mut micros = std::mem::take(&mut *self.samples.micros.lock().expect("no panic"));
        micros.sort_unstable();
        let p99 = Duration::from_micros(u64::from(micros[micros.len() * 99 / 100]));
        let after = others(&self.server);
        let share = (after.0.saturating_sub(before.0)) * 100 / (after.1 - before.1).max(1);
        let disk = self.probe.longest();
        println!(
            "  {} messages in {took:.1?} to {} readers: median {} us, p99 {p99:.1?}; others took {share} % of \
             the processors, a small sync {disk:.1?} at most",
            each * POSTERS,
            self.plan.readers,
            micros[micros.len() / 2]
        );
        let wanted = self.plan.round + Duration::from_millis(500);
        assert!(took < wanted * 3, "the messages took {took:?}");
        (p99, share > DISTURBED || disk > SLOW_DISK)
    }

    /// Posts so much that a listener that does not read it stalls; returns the id before it.
    fn fill(&self) -> String {
        let before = self.newest();
        self.samples.count.store(0, Ordering::Release);
        for n in 0..FILL {
            let text = format!("{n} {}", "f".repeat(8_000));
            assert_eq!(self.server.say(&self.tokens[0], &text).status, 201);
        }
        wait_for("the readers", || {
            let seen = self.samples.count.load(Ordering::Acquire);
            (seen == FILL * self.plan.readers).then_some(())
        });
        before
    }

    /// The id of the newest event.
    fn newest(&self) -> String {
        let log = std::fs::read(self.server.log()).expect("the log");
        LineUp::read(&log)
            .lines
            .last()
            .expect("a line")
            .id
            .to_string()
    }

    /// Compares the events after `id`, as the server gives them to everybody, with the log.
    fn rest(&self, id: &str) -> Vec<u8> {
        let path = format!("/events?poll=1&since={id}");
        let reply = scene::ask(&self.server.address, "GET", &path, &NDJSON).expect("it");
        let hello = reply
            .body
            .iter()
            .position(|b| *b == b'\n')
            .expect("a hello")
            + 1;
        let rest = reply.body[hello..].to_vec();
        let log = std::fs::read(self.server.log()).expect("the log");
        let all = LineUp::read(&log);
        let lines = rest.split_inclusive(|b| *b == b'\n');
        let mut index = all.index(id.parse().expect("an id")).expect("a place") + 1;
        for line in lines {
            let wire = serde_json::from_slice(line).expect("JSON");
            assert!(all.is_sent_as(index, &wire), "{wire:?} is not line {index}");
            index += 1;
        }
        assert_eq!(index, all.lines.len(), "not everything came");
        rest
    }
}

/// Measures readers with and without stalled listeners, which then read everything.
pub fn stalled(plan: Plan) -> Measured {
    raise_file_limit((plan.stalled + plan.readers) as u64 * 2 + 500);
    let server = scene::server(&Arc::new(Folder::new()), "127.0.0.1:0", &[]);
    let tokens = (0..POSTERS).map(|n| server.log_in(&format!("post{n}")));
    let stage = Stage {
        tokens: tokens.collect(),
        plan: plan.clone(),
        base: Instant::now(),
        samples: Arc::default(),
        probe: Probe::start(&server.folder),
        server,
    };
    for _ in 0..plan.readers {
        let (address, base) = (stage.server.address.clone(), stage.base);
        let samples = Arc::clone(&stage.samples);
        thread::spawn(move || read(&address, base, &samples));
    }
    let listeners = |count: usize| {
        wait_for("the listeners", || {
            let health = stage.server.get("/health").json();
            (health["listeners"] == count).then_some(())
        });
    };
    listeners(plan.readers);
    stage.talk(); // nothing is cold any more
    let mut measured = Measured::default();
    // A pair counts as disturbed by what other processes did, never by its figures.
    let (mut pairs, mut kernels) = (Vec::new(), Vec::new());
    for round in 0..plan.at_most {
        if pairs.iter().filter(|(_, _, disturbed)| !disturbed).count() == plan.rounds {
            break;
        }
        let mut figures = [(Duration::ZERO, false); 2];
        let mut order = [false, true];
        order.rotate_left(round % 2);
        for with in order {
            if !with {
                figures[0] = stage.talk();
                continue;
            }
            let (id, address) = (stage.fill(), &stage.server.address);
            let (before, kernel) = (memory(&stage.server), kernel_memory());
            let stalled: Vec<Speaker> = (0..plan.stalled).map(|_| stall(address, &id)).collect();
            listeners(plan.readers + plan.stalled);
            at_rest(&stage.server);
            figures[1] = stage.talk();
            let count = plan.stalled as u64;
            let each = memory(&stage.server).saturating_sub(before) / count;
            measured.memory = measured.memory.max(each);
            let kernel = kernel_memory().saturating_sub(kernel);
            kernels.push(kernel / count);
            let rest = stage.rest(&id);
            let from = Instant::now();
            spread(stalled, &rest);
            println!(
                "  with {count} stalled: {} KiB of process memory in all, {each} bytes for each; {} KiB of \
                 sockets' kernel memory, {} for each; then each read {} bytes, all in {:.1?}",
                memory(&stage.server) / 1024,
                kernel / 1024,
                kernel / count,
                rest.len(),
                from.elapsed()
            );
            listeners(plan.readers);
        }
        let [(without, one), (with, other)] = figures;
        pairs.push((without, with, one || other));
    }
    let quiet = pairs.iter().filter(|(_, _, disturbed)| !disturbed).count();
    println!(
        "{quiet} of {} pairs of rounds were not disturbed",
        pairs.len()
    );
    // If there are too few undisturbed pairs, all count.
    for (without, with, _) in pairs.iter().filter(|p| !p.2 || quiet < plan.rounds) {
        measured.without.push(*without);
        measured.with.push(*with);
    }
    kernels.sort_unstable();
    measured.kernel = kernels[kernels.len() / 2];
    measured.without.sort_unstable();
    measured.with.sort_unstable();
    let (without, with) = measured.medians();
    println!(
        "p99, median of {} rounds: {without:.1?} without and {with:.1?} with {} stalled listeners; {} bytes of \
         process memory for each, {} of the kernel's",
        measured.with.len(),
        plan.stalled,
        measured.memory,
        measured.kernel
    );
    measured
}

/// Lets all stalled listeners read, a few at a time.
fn spread(stalled: Vec<Speaker>, expected: &[u8]) {
    let left = Mutex::new(stalled);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let next = left.lock().expect("no panic").pop();
                    match next {
                        Some(speaker) => catch_up(speaker, expected),
                        None => return,
                    }
                }
            });
        }
    });
}
