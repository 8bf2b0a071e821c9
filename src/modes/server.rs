//! `chatroom server`: holds one room.
//!
//! The parts, in the order in which a message meets them: [`api::door`] accepts connections, [`api::connection`] reads a request,
//! [`api`] decides what it does, [`api::access`] who may, [`room`] queues it, [`commit::committer`] and
//! [`commit::scribe`] write it, [`room::tail`] keeps it, [`fanout`] sends it to each listener that is up to date, [`fanout::follower`] to one
//! that is not, for whom [`fanout::cold`] reads in the turns of a [`fanout::queue`]. [`api::ranges`] and
//! [`api::log_file`] read what was said before, [`console`] shows the operator what goes on, [`startup::asking`] what there was,
//! [`commit::space`] warns of a disk that is almost full, [`commit::fullness`] knows when that it is full is told.

mod api;
mod commit;
mod console;
mod fanout;
mod machine;
mod room;
mod startup;

pub use room::tail;

use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_io::{Async, Timer};
use async_std::channel::{self, Receiver, Sender};
use async_std::task;

use crate::cli::{self, ServerArgs};
use crate::failure::{Failure, reason};
use crate::room_key;
use crate::supervisor;

use api::{Api, Callers};
use api::browser::Hosts;
use api::door::Door;
use api::idle::Idle;
use api::proxies::Proxies;
use commit::committer::Committer;
use commit::fullness::{Found, Fullness};
use commit::scribe::Scribe;
use console::{Console, Entry};
use fanout::Fanout;
use room::order::{Command, Job, Order};
use room::orders::Orders;
use room::quotas::Connections;
use room::{Room, Rules};
use startup::asking::Asking;

/// How long the server waits for its last line, and then for its peers to take their answer or
/// their good-bye.
const FAREWELL: Duration = Duration::from_millis(750);
/// How long it waits for the committer to say how the last commit went.
const LAST_WORD: Duration = Duration::from_millis(100);
/// How often it is looked whether the log of a room in which nobody speaks is still there.
const LOOK: Duration = Duration::from_secs(1);

/// Why the server stops.
#[derive(Debug)]
enum Stop {
    /// Ctrl-C or SIGTERM.
    Asked,
    /// Nothing more may be acknowledged.
    Failed(String),
}

/// Runs a room until it is told to stop.
///
/// # Errors
/// The sentence with which it could not start, or had to stop.
pub fn run(args: ServerArgs) -> Result<ExitCode, Failure> {
    machine::size_runtime();
    let key = room_key::for_server(args.key_file.as_deref())?;
    let files = startup::listen::raise_file_limit();
    let listener = startup::listen::bind(&args.listen)?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::new(reason(&error)))?;
    if key.is_some() {
        startup::secret::write_privately();
    }
    let finished = startup::log::finish_rotation(&args.log)?;
    let opening = startup::log::open(&args.log)?;
    let secret = startup::secret::load_or_make(&args.log)
        .map_err(|error| Failure::new(startup::secret::unusable(&args.log, &error)))?;
    let (stop, stopped) = channel::bounded(4);
    let level = args.console.unwrap_or_else(startup::words::default_console);
    let console = Console::start(level);
    startup::signals::watch(stop.clone(), console.clone())?;
    let open_to_others = startup::secret::take_back(&args.log, key.is_some());
    let notices = finished.into_iter().chain(startup::log::notices(&opening));
    let open_key = args.key_file.as_deref().and_then(startup::secret::open_key);
    for notice in notices.chain(open_to_others).chain(open_key) {
        console.show(Entry::Notice(notice));
    }
    let found = Found::default();
    let history_end = opening.recent().next;
    let mut begun = startup::log::begin(opening)?;
    let (orders, taken) = Orders::new(!args.no_address_limits);
    let rules = Rules {
        room: args.room.clone(),
        max_name: args.max_name.into(),
        grace: args.grace,
        max_rate: args.max_rate,
        address_limits: !args.no_address_limits,
    };
    let room = Arc::new(Room::new(
        rules,
        begun.journal.reader(),
        Instant::now(),
        orders.clone(),
        begun.journal.end(),
        begun.opened,
    ));
    let fanout = Arc::new(Fanout::new(Arc::clone(&room), machine::writers()));
    task::spawn(commit::space::watch(
        args.log.clone(),
        console.clone(),
        found.clone(),
        Arc::clone(&room),
    ));
    let mut scribe = Scribe::new(begun.journal.log(), begun.last).reading_back();
    let recent = std::mem::take(&mut begun.recent);
    commit::recall::begin(&mut scribe, &room, &recent, orders.clone(), console.clone())?;
    drop(recent);
    let committer = Committer::new(
        begun.journal,
        scribe,
        taken,
        Arc::clone(&fanout),
        console.clone(),
        args.sync,
        Fullness::new(found),
    );
    start_committer(committer, stop.clone())?;
    start_writers(&fanout, stop)?;

    let callers = Callers::new(secret, key).telling(console.clone());
    let api = Arc::new(Api {
        room: Arc::clone(&room),
        fanout: Arc::clone(&fanout),
        callers,
        hosts: Hosts::new(&args.host_name, &startup::listen::own_names(&args)),
        proxies: Proxies::new(args.trust_proxy.clone()),
        idle: Idle::default(),
        connections: Arc::new(Connections::new(
            !args.no_address_limits,
            api::door::places(files),
        )),
    });
    task::block_on(async {
        let has_key = api.callers.has_key();
        let log = room.reader.log();
        let (announced, nearby) = startup::announce::announce(&args, log, has_key, address);
        let told = args.clone();
        let asking = Asking::begin(&args, history_end, &console, move || {
            startup::words::say_where(address, &told, has_key, nearby.as_deref(), history_end);
        });
        let why = serve(
            listener,
            api,
            console.clone(),
            files,
            args.sync,
            orders.clone(),
            &stopped,
        )
        .await;
        // Nobody is to come any more.
        drop(announced);
        asking.end(&console);
        let why = match why {
            Stop::Asked => shut_down(&fanout, &orders, &stopped).await,
            failed => failed,
        };
        console.flush(Duration::from_millis(300));
        match why {
            Stop::Asked => {
                startup::words::say_good_bye(&args);
                Ok(ExitCode::SUCCESS)
            }
            Stop::Failed(sentence) => {
                // Those who wait for an answer are being told that it is not known.
                Timer::after(Duration::from_millis(200)).await;
                Err(Failure::new(sentence))
            }
        }
    })
}

/// Starts the one thread that writes the journal. When it ends, for whatever reason, the server
/// stops.
fn start_committer(committer: Committer, stop: Sender<Stop>) -> Result<(), Failure> {
    start_thread("committer", move || {
        let ended = catch_unwind(AssertUnwindSafe(|| committer.run()));
        let why = match ended {
            Ok(Ok(())) => Stop::Asked,
            Ok(Err(sentence)) => Stop::Failed(sentence),
            Err(_) => Stop::Failed(
                "The server has a fault and cannot write its log. Start it again, and report this."
                    .into(),
            ),
        };
        // If nobody listens, the server is stopping already.
        let _ = stop.try_send(why);
    })
}

/// Starts the threads that write to the listeners. The server does not go on without one of them.
fn start_writers(fanout: &Fanout, stop: Sender<Stop>) -> Result<(), Failure> {
    for writer in fanout.writers() {
        let stop = stop.clone();
        start_thread("writer", move || {
            if catch_unwind(AssertUnwindSafe(|| writer.run())).is_err() {
                let _ = stop.try_send(Stop::Failed("The server has a fault and cannot write to its listeners. Start it again, and report this.".into()));
            }
        })?;
    }
    Ok(())
}

fn start_thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(work)
        .map(drop)
        .map_err(|error| {
            Failure::new(format!(
                "The server cannot start a thread: {}.",
                reason(&error)
            ))
        })
}

/// Accepts and serves until told to stop.
async fn serve(
    listener: TcpListener,
    api: Arc<Api>,
    console: Console,
    files: u64,
    sync: cli::Sync,
    orders: Arc<Orders>,
    stopped: &Receiver<Stop>,
) -> Stop {
    let listener = match Async::new(listener) {
        Ok(listener) => listener,
        Err(error) => {
            return Stop::Failed(format!(
                "The server cannot wait for connections: {}. Start it again.",
                reason(&error)
            ));
        }
    };
    let address = listener.get_ref().local_addr();
    let room = Arc::clone(&api.room);
    let sweeping = task::spawn(sweep(room));
    let watching = {
        let api = Arc::clone(&api);
        task::spawn(async move { api.idle.watch().await })
    };
    let looking = task::spawn(look_at_the_log(orders.clone()));
    let syncing = task::spawn(sync_now_and_then(sync, orders));
    let accepting = task::spawn(Door::new(listener, api, console, files).run());
    supervisor::ready(&match address {
        Ok(address) => format!("Listening on {address}."),
        Err(_) => "Listening.".to_string(),
    });
    let why = stopped.recv().await.unwrap_or(Stop::Asked);
    supervisor::stopping(match &why {
        Stop::Asked => "Closing the room.",
        Stop::Failed(sentence) => sentence,
    });
    // Dropping the listener's task closes the port before anything else happens.
    accepting.cancel().await;
    syncing.cancel().await;
    looking.cancel().await;
    sweeping.cancel().await;
    watching.cancel().await;
    why
}

/// Sends everybody home whose grace ran out.
async fn sweep(room: Arc<Room>) {
    let often = (room.rules.grace / 5).clamp(Duration::from_millis(20), Duration::from_millis(500));
    loop {
        Timer::after(often).await;
        room.sweep();
    }
}

/// Has the committer look each second whether the log is where it was named. Where it is busy it looks
/// with each commit anyway.
async fn look_at_the_log(orders: Arc<Orders>) {
    loop {
        Timer::after(LOOK).await;
        let order = Order {
            job: Job::Look,
            request: None,
            reply: None,
        };
        if !orders.push_own(order) {
            return;
        }
    }
}

async fn sync_now_and_then(sync: cli::Sync, orders: Arc<Orders>) {
    let cli::Sync::Every(often) = sync else {
        return;
    };
    loop {
        Timer::after(often).await;
        let order = Order {
            job: Job::Sync,
            request: None,
            reply: None,
        };
        if !orders.push_own(order) {
            return;
        }
    }
}

/// Finishes what was taken, writes the last line, and says good-bye to every listener. Whoever was
/// promised an answer gets it.
async fn shut_down(fanout: &Fanout, orders: &Orders, stopped: &Receiver<Stop>) -> Stop {
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
    // The committer says at its end whether the last commit failed.
    match async_std::future::timeout(LAST_WORD, stopped.recv()).await {
        Ok(Ok(Stop::Failed(sentence))) => Stop::Failed(sentence),
        _ => Stop::Asked,
    }
}
