//! Many posters and listeners at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use chatroom::event::Id;
use chatroom::sse::Form;

use super::book::{Book, Entry, Heard};
use super::chance::Chance;
use super::listener::Listener;
use super::poster::{Habits, Poster};

/// The participants of a load.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Posters.
    pub posters: usize,
    /// Listeners by Server-Sent Events, which resume with Last-Event-ID.
    pub sse: usize,
    /// Listeners by lines of JSON, which resume with since=.
    pub ndjson: usize,
    /// Listeners by plain lines.
    pub plain: usize,
    /// The number of events in a thousand after which a listener leaves and returns.
    pub leave: u32,
    /// True if the disk may fail, so that a log that cannot be read says nothing about an id.
    pub disk_fails: bool,
    /// The habits of the posters.
    pub habits: Habits,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            posters: 8,
            sse: 3,
            ndjson: 1,
            plain: 1,
            leave: 2,
            disk_fails: false,
            habits: Habits::default(),
        }
    }
}

/// The state that all of them share.
#[derive(Debug)]
pub struct Run {
    /// The address of the server.
    pub address: String,
    /// True if the disk may fail.
    pub disk_fails: bool,
    stop: AtomicBool,
    listeners_stop: AtomicBool,
    give_up: AtomicBool,
    acknowledged: AtomicUsize,
    /// The number of refusals for lack of space (507).
    no_space: AtomicUsize,
    /// One more than the offset of the newest acknowledged message.
    newest: AtomicU64,
}

impl Run {
    /// Tells whether no new message is to be said.
    pub fn stops(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Tells whether everything is to end as it is.
    pub fn gives_up(&self) -> bool {
        self.give_up.load(Ordering::Acquire)
    }

    /// Tells whether listeners were stopped before they had everything.
    pub fn broke_off(&self) -> bool {
        self.gives_up() && self.target().is_none()
    }

    /// Counts a message.
    pub fn acknowledged(&self, id: Id) {
        self.newest.fetch_max(id.offset + 1, Ordering::AcqRel);
        self.acknowledged.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts a refusal, if it is one for lack of space.
    pub fn refused(&self, status: u16) {
        let counts = usize::from(status == 507);
        self.no_space.fetch_add(counts, Ordering::AcqRel);
    }

    /// The offset of the newest acknowledged message.
    pub fn newest(&self) -> Option<u64> {
        self.newest.load(Ordering::Acquire).checked_sub(1)
    }

    /// The offset up to which listeners continue, once it is known.
    pub fn target(&self) -> Option<u64> {
        let known = self.listeners_stop.load(Ordering::Acquire);
        known.then(|| self.newest().unwrap_or(0))
    }

    /// Waits, unless all is over.
    pub fn wait(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.gives_up() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(Duration::from_millis(20)));
        }
    }
}

/// A load under way.
#[derive(Debug)]
pub struct Load {
    run: Arc<Run>,
    posters: Vec<JoinHandle<Vec<Entry>>>,
    listeners: Vec<JoinHandle<Heard>>,
}

impl Load {
    /// Starts a load on the server that is, or will be, at this address. Its names and keys are unique, so that
    /// several loads can follow each other on one log.
    pub fn start(address: &str, plan: &Plan) -> Load {
        let seed = Chance::seed();
        println!("the load's seed is {seed:016x}");
        let mut chance = Chance::new(seed);
        let run = Arc::new(Run {
            address: address.to_string(),
            disk_fails: plan.disk_fails,
            stop: AtomicBool::new(false),
            listeners_stop: AtomicBool::new(false),
            give_up: AtomicBool::new(false),
            acknowledged: AtomicUsize::new(0),
            no_space: AtomicUsize::new(0),
            newest: AtomicU64::new(0),
        });
        let forms = [
            (Form::Sse, plan.sse),
            (Form::Ndjson, plan.ndjson),
            (Form::Plain, plan.plain),
        ];
        let forms = forms.iter().flat_map(|(form, n)| vec![*form; *n]);
        let mut listeners = Vec::new();
        for (n, form) in forms.enumerate() {
            let (run, chance) = (Arc::clone(&run), Chance::new(chance.next()));
            let leave = plan.leave;
            listeners.push(thread::spawn(move || {
                Listener::new(&run, format!("{form:?} {n}"), form, leave, chance).run()
            }));
        }
        let mut posters = Vec::new();
        let prefix = seed & 0xffff;
        for n in 0..plan.posters {
            let (run, chance) = (Arc::clone(&run), Chance::new(chance.next()));
            let (habits, name) = (plan.habits.clone(), format!("{prefix:04x}p{n:02}"));
            posters.push(thread::spawn(move || {
                Poster::new(&run, name, habits, chance).run()
            }));
        }
        Load {
            run,
            posters,
            listeners,
        }
    }

    /// The number of messages acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.run.acknowledged.load(Ordering::Acquire)
    }

    /// The number of refusals for lack of space so far.
    pub fn no_space(&self) -> usize {
        self.run.no_space.load(Ordering::Acquire)
    }

    /// Waits until so many were.
    #[track_caller]
    pub fn wait_for(&self, count: usize) {
        const STANDSTILL: Duration = Duration::from_secs(60);
        let (mut seen, mut until) = (0, Instant::now() + STANDSTILL);
        while self.acknowledged() < count && !self.posters.iter().all(JoinHandle::is_finished) {
            // It may take long on a busy machine; only a standstill is a failure.
            let now = self.acknowledged();
            if now > seen {
                (seen, until) = (now, Instant::now() + STANDSTILL);
            }
            assert!(
                Instant::now() < until,
                "only {now} of {count} messages were acknowledged, and no more for a minute"
            );
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Lets the posters finish their messages and the listeners catch up, for which the server must run; messages
    /// that take longer than `patience` stay unanswered or unheard.
    pub fn finish(self, patience: Duration) -> Book {
        let until = Instant::now() + patience;
        self.run.stop.store(true, Ordering::Release);
        self.wait(until, || self.posters.iter().all(JoinHandle::is_finished));
        self.run.listeners_stop.store(true, Ordering::Release);
        self.wait(until, || self.listeners.iter().all(JoinHandle::is_finished));
        self.end()
    }

    /// Ends everything at once, even with messages unanswered or unheard.
    pub fn end(self) -> Book {
        self.run.stop.store(true, Ordering::Release);
        self.run.give_up.store(true, Ordering::Release);
        let posters = self.posters.into_iter();
        let listeners = self.listeners.into_iter();
        Book {
            entries: posters.flat_map(|p| p.join().expect("a poster")).collect(),
            heard: listeners.map(|l| l.join().expect("a listener")).collect(),
        }
    }

    fn wait(&self, until: Instant, done: impl Fn() -> bool) {
        while !done() && Instant::now() < until {
            thread::sleep(Duration::from_millis(2));
        }
    }
}
