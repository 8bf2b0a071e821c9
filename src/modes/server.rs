//! `chatroom server`: holds one room.
//!
//! [`Server`] is the server itself, which a test can run in its own process; [`run`] is the program around
//! it: arguments, key, signals, supervisor, and what the operator reads.
//!
//! The modules of the server, in the order in which a message meets them: [`api`] accepts connections and
//! decides what a request does, [`room`] knows who is present and queues what is to be recorded, [`commit`]
//! writes it, [`room::tail`] keeps the newest of it in memory, [`fanout`] sends it to the listeners.
//! [`startup`] has what is done once, [`console`] shows the operator what goes on.

mod addresses;
mod api;
mod commit;
mod console;
mod fanout;
mod machine;
mod page;
mod room;
mod startup;

pub use room::tail;

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_io::{Async, Timer};
use async_std::channel::{self, Receiver, Sender};
use async_std::task::{self, JoinHandle};
use futures_lite::future;

use crate::cli::{self, ServerArgs};
use crate::event::LogId;
use crate::failure::{Failure, reason};
use crate::room_key;
use crate::supervisor;
use crate::system::limits;

use addresses::JoinAddresses;
use api::browser::Hosts;
use api::door::{self, Door};
use api::idle::Idle;
use api::proxies::Proxies;
use api::{Api, Callers};
use commit::committer::{self, Committer};
use commit::fullness::{FreeSpace, Fullness};
use commit::scribe::Scribe;
use commit::store::Store;
use commit::store::file::FileStore;
use commit::{recall, space};
use console::{Console, Entry};
use fanout::Fanout;
use room::order::{Command, Job, Order};
use room::orders::Orders;
use room::quotas::{AddressLimits, Connections};
use room::{Room, Rules};
use startup::asking::Asking;
use startup::log::BegunLog;
use startup::{announce, listen, log, secret, signals, words};

/// The time that the server waits for its last line, and then for its peers to take their answer or their
/// good-bye.
const FAREWELL: Duration = Duration::from_millis(750);
/// The time that it waits for the committer to report how the last commit went.
const LAST_WORD: Duration = Duration::from_millis(100);
/// The time that waiting clients have to hear that the outcome is unknown, when the log failed.
const BAD_NEWS: Duration = Duration::from_millis(200);
/// The interval at which the log of a quiet room is checked to be still there.
const CHECK_LOG: Duration = Duration::from_secs(1);
/// The time that the terminal may take to show what is left for it.
const FLUSH: Duration = Duration::from_millis(300);

/// The end of a thread on which the server depends; an error is the sentence with which the server fails.
type Ended = Result<(), String>;

/// A server, by its parts. Nothing of it belongs to the process, so that several can run side by side.
struct Server {
    /// The port.
    socket: TcpListener,
    /// The log, to which this run's first line was written.
    log: BegunLog,
    /// When the log is forced to disk.
    sync: cli::Sync,
    /// The rules of the room.
    rules: Rules,
    /// The secret that signs tokens.
    secret: [u8; 32],
    /// The room key, if the room has one.
    key: Option<String>,
    /// The names by which browsers may address it.
    hosts: Hosts,
    /// The proxies that it trusts.
    proxies: Proxies,
    /// The addresses that it is reached at.
    addresses: Arc<JoinAddresses>,
    /// The number of files that the process may have open, most of which are connections.
    files: u64,
    /// The operator's view.
    console: Console,
}

impl Server {
    /// Holds the room until `stop` is ready. `stop` is polled first when the room is open.
    ///
    /// Returns when the last line is written, and listeners and waiting requests were answered or given
    /// up.
    ///
    /// # Errors
    /// The server could not start, or its log failed: nothing more may be acknowledged.
    async fn run(self, stop: impl Future<Output = ()>) -> Result<(), Failure> {
        let socket = Async::new(self.socket).map_err(|error| {
            Failure::new(format!(
                "The server cannot wait for connections: {}. Start it again.",
                reason(&error)
            ))
        })?;
        let limits = self.rules.address_limits;
        let (orders, taker) = Orders::new(limits);
        let (journal, console) = (self.log.journal, self.console);
        let room = Arc::new(Room::new(
            self.rules,
            journal.reader(),
            Arc::clone(&orders),
            journal.end(),
            self.log.opened,
        ));
        let fanout = Arc::new(Fanout::new(Arc::clone(&room), machine::writers()));
        let mut scribe = Scribe::new(journal.log(), self.log.last).reading_back();
        recall::begin(
            &mut scribe,
            &room,
            self.log.recent,
            Arc::clone(&orders),
            console.clone(),
        )?;
        let (space, path) = (FreeSpace::default(), journal.path().to_path_buf());
        let committer = Committer::new(
            FileStore::new(journal),
            scribe,
            taker,
            Arc::clone(&fanout),
            console.clone(),
            self.sync,
            Fullness::new(space.clone()),
        );
        let (end, ended) = channel::bounded(4);
        start_threads(committer, &fanout, &end)?;
        let api = Arc::new(Api {
            room: Arc::clone(&room),
            fanout: Arc::clone(&fanout),
            callers: Callers::new(self.secret, self.key).telling(console.clone()),
            hosts: self.hosts,
            proxies: self.proxies,
            addresses: self.addresses,
            idle: Idle::default(),
            connections: Arc::new(Connections::new(limits, door::most_connections(self.files))),
        });
        let door = Door::new(socket, Arc::clone(&api), console.clone(), self.files);
        let mut tasks = vec![task::spawn(door.run())];
        tasks.extend(housekeeping(&api, &orders, self.sync));
        tasks.push(task::spawn(space::watch(path, console, space, room)));
        let outcome = until(stop, &ended).await;
        end_tasks(tasks).await;
        let outcome = match outcome {
            Ok(()) => shut_down(&fanout, &orders, &ended).await,
            failed => {
                Timer::after(BAD_NEWS).await;
                failed
            }
        };
        api.idle.close();
        outcome.map_err(Failure::new)
    }
}

/// Starts the tasks that do something at intervals while the room is open.
fn housekeeping(api: &Arc<Api>, orders: &Arc<Orders>, sync: cli::Sync) -> Vec<JoinHandle<()>> {
    let remind = |job, often| task::spawn(committer::remind(job, often, Arc::clone(orders)));
    let grace = api.room.rules.grace;
    let (room, of_idle) = (Arc::clone(&api.room), Arc::clone(api));
    let mut tasks = vec![
        task::spawn(room::sweep_often(room, grace)),
        remind(Job::CheckLog, CHECK_LOG),
        task::spawn(async move { of_idle.idle.watch().await }),
    ];
    if let cli::Sync::Every(often) = sync {
        tasks.push(remind(Job::Sync, often));
    }
    tasks
}

/// Waits for the stop, or for the end of a thread on which the server depends.
async fn until(stop: impl Future<Output = ()>, ended: &Receiver<Ended>) -> Ended {
    let stop = async {
        stop.await;
        Ok(())
    };
    let failed = async { ended.recv().await.unwrap_or(Ok(())) };
    future::or(stop, failed).await
}

/// Starts the one thread that writes the journal and those that write to the listeners. The server does
/// not go on without one of them: `end` hears when the committer ends, and when any other breaks.
fn start_threads(
    committer: Committer<impl Store>,
    fanout: &Fanout,
    end: &Sender<Ended>,
) -> Result<(), Failure> {
    let fault = "The server has a fault and cannot write its log. Start it again, and report this.";
    start_thread("committer", fault, end, || Some(committer.run()))?;
    let fault = "The server has a fault and cannot write to its listeners. Start it again, and report this.";
    for writer in fanout.writers() {
        start_thread("writer", fault, end, || {
            writer.run();
            None
        })?;
    }
    Ok(())
}

/// Starts a thread that tells `end` of its end, if it returns one, or of its `fault`, if it panics.
fn start_thread(
    name: &str,
    fault: &'static str,
    end: &Sender<Ended>,
    work: impl FnOnce() -> Option<Ended> + Send + 'static,
) -> Result<(), Failure> {
    let end = end.clone();
    let work = move || {
        let ended = catch_unwind(AssertUnwindSafe(work));
        if let Some(ended) = ended.unwrap_or_else(|_| Some(Err(fault.into()))) {
            // If nobody listens, the server is stopping already.
            let _ = end.try_send(ended);
        }
    };
    let started = std::thread::Builder::new().name(name.into()).spawn(work);
    started.map(drop).map_err(|error| {
        let why = reason(&error);
        Failure::new(format!("The server cannot start a thread: {why}."))
    })
}

/// Ends the tasks. The first is the door: the port is closed before anything else happens.
async fn end_tasks(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        task.cancel().await;
    }
}

/// Finishes what was taken, writes the last line, and says good-bye to every listener. A client that was
/// promised an answer gets it.
async fn shut_down(fanout: &Fanout, orders: &Orders, ended: &Receiver<Ended>) -> Ended {
    let room = &fanout.room;
    room.stop_orders();
    let (reply, written) = channel::bounded(1);
    let order = Order {
        job: Job::Record(Command::Close),
        request: None,
        reply: Some(reply),
    };
    let closing = async {
        if orders.push_end(order) {
            let _ = written.recv().await;
        }
    };
    let _ = async_std::future::timeout(FAREWELL, closing).await;
    room.close();
    fanout.close();
    let until = Instant::now() + FAREWELL;
    while fanout.listeners() + room.answers() > 0 && Instant::now() < until {
        Timer::after(Duration::from_millis(5)).await;
    }
    // The committer reports at its end whether the last commit failed.
    let last = async_std::future::timeout(LAST_WORD, ended.recv()).await;
    match last {
        Ok(Ok(ended)) => ended,
        _ => Ok(()),
    }
}

/// Runs a room until a signal stops it.
///
/// # Errors
/// The sentence with which it could not start, or had to stop.
pub fn run(args: ServerArgs) -> Result<ExitCode, Failure> {
    machine::size_runtime();
    let key = room_key::for_server(args.key_file.as_deref())?;
    let files = limits::raise_open_files();
    let socket = listen::bind(&args.listen)?;
    let address = socket
        .local_addr()
        .map_err(|error| Failure::new(reason(&error)))?;
    if key.is_some() {
        secret::write_privately();
    }
    let finished = log::finish_rotation(&args.log)?;
    let opening = log::open(&args.log)?;
    let secret = secret::load_or_make(&args.log)
        .map_err(|error| Failure::new(secret::unusable(&args.log, &error)))?;
    let console = Console::start(args.console.unwrap_or_else(words::default_console));
    let signals = signals::watch(console.clone())?;
    let forgotten = log::forgotten_copy(&args.log, &opening);
    let open_to_others = secret::take_back(&args.log, key.is_some());
    let open_key = args.key_file.as_deref().and_then(secret::open_key);
    let notices = finished.into_iter().chain(log::notices(&opening));
    let notices = notices.chain(forgotten).chain(open_to_others);
    for notice in notices.chain(open_key) {
        console.show(Entry::Notice(notice));
    }
    let history_end = opening.recent().next;
    let log = log::begin(opening)?;
    let addresses = Arc::new(JoinAddresses::of(address));
    let open = Open {
        address,
        addresses: Arc::clone(&addresses),
        log: log.journal.log(),
        has_key: key.is_some(),
        history_end,
        console: console.clone(),
        args: args.clone(),
    };
    let server = Server {
        socket,
        log,
        sync: args.sync,
        rules: Rules {
            room: args.room.clone(),
            max_name: args.max_name.into(),
            grace: args.grace,
            max_rate: args.max_rate,
            address_limits: if args.no_address_limits {
                AddressLimits::Lifted
            } else {
                AddressLimits::Kept
            },
        },
        secret,
        key,
        hosts: Hosts::new(&args.host_name, &listen::own_names(&args)),
        proxies: Proxies::new(args.trust_proxy.clone()),
        addresses,
        files,
        console: console.clone(),
    };
    let outcome = task::block_on(server.run(open.until_stopped(signals)));
    console.flush(FLUSH);
    match outcome {
        Ok(()) => {
            words::say_good_bye(&args);
            Ok(ExitCode::SUCCESS)
        }
        Err(failure) => {
            supervisor::stopping(&failure.to_string());
            Err(failure)
        }
    }
}

/// The facts that people and programs around an open room are told.
struct Open {
    address: SocketAddr,
    addresses: Arc<JoinAddresses>,
    log: LogId,
    has_key: bool,
    /// The end of the log before this run.
    history_end: u64,
    console: Console,
    args: ServerArgs,
}

impl Open {
    /// Tells the network, the operator and the supervisor that the room is open, and returns when a signal
    /// stops it.
    async fn until_stopped(self, signals: Receiver<()>) {
        let (address, has_key, end) = (self.address, self.has_key, self.history_end);
        let (_announced, nearby) = announce::announce(&self.args, self.log, has_key, address);
        let (addresses, args) = (self.addresses, self.args.clone());
        let _asking = Asking::begin(&self.args, end, self.console, move || {
            words::say_where(&addresses, &args, has_key, nearby.as_deref(), end)
        });
        supervisor::ready(&format!("Listening on {address}."));
        // The sender lives as long as the process.
        let _ = signals.recv().await;
        supervisor::stopping("Closing the room.");
    }
}

#[cfg(test)]
mod tests;
