//! Failing and full disks under load. A message whose sync failed is never acknowledged; one that a full disk refuses
//! is never stored.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, prlimit};

use crate::calls::Calls;
use crate::image::{Disk, text};
use crate::ledger::book::{Book, Fate, Heard, Segment};
use crate::ledger::check::{self, Kind, Violation};
use crate::ledger::load::{Load, Plan};
use crate::ledger::poster::Habits;
use crate::order::{SENDING, whole};
use support::program::Folder;
use support::server::Server;
use support::strace;
use support::waiting::wait_for;

/// The limit for the server to end, or for a room to accept messages again.
const SOON: Duration = Duration::from_secs(1);

/// strace, attached to a running server: the committer's calls count from now on.
struct Strace(Child);

impl Strace {
    #[track_caller]
    fn attach(server: &Server, told: &Path, calls: &str, inject: &str) -> Strace {
        let mut command = Command::new("strace");
        command.args(["-f", "--seccomp-bpf", "-ttt", "-y", "-s", "4000000", "-o"]);
        command.arg(told).arg(format!("-etrace={calls}"));
        command.arg(format!("-einject={inject}"));
        command.arg(format!("-p{}", server.pid().as_raw_nonzero()));
        let strace = Strace(command.stderr(Stdio::null()).spawn().expect("strace"));
        // It attaches to one thread after the other, and reports only the first.
        let threads = format!("/proc/{}/task", server.pid().as_raw_nonzero());
        wait_for("strace to have every thread", || {
            let mut threads = std::fs::read_dir(&threads).ok()?;
            let traced = |status: String| !status.contains("TracerPid:\t0\n");
            threads
                .all(|thread| {
                    let status = thread.map(|thread| thread.path().join("status"));
                    let status = status.and_then(std::fs::read_to_string);
                    status.is_ok_and(traced)
                })
                .then_some(())
        });
        strace
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        // An interrupt makes it detach from the server and write its last line.
        let pid = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        let _ = self.0.wait();
    }
}

fn plan() -> Plan {
    Plan {
        disk_fails: true,
        ..Plan::default()
    }
}

/// Makes the disk fail at the committer's sync number `at`. Returns how long the server lived after it, and the
/// record of the load.
fn sync_fails(disk: &Disk, folder: &Arc<Folder>, error: &str, at: usize) -> (Duration, Book) {
    let what = format!("{error} at sync {at}");
    let other = Folder::new();
    let mut server = disk.serve(folder, "127.0.0.1:0");
    let length = std::fs::metadata(disk.log()).expect("the log").len();
    let told = other.path().join("told");
    let inject = format!("fdatasync:error={error}:when={at}");
    let strace = Strace::attach(&server, &told, SENDING, &inject);
    let load = Load::start(&server.address, &plan());
    assert_eq!(server.ended().code(), Some(1), "{what}");
    let book = load.end();
    let told = whole(&told);
    drop(strace);
    server.notices.wait_for("could not be forced to disk");
    let notices = server.notices.text();
    assert_eq!(notices.lines().count(), 1, "{what}: {notices}");
    let calls = Calls::read(&without_times(&told), length);
    let early = &calls.violations;
    assert!(early.is_empty(), "{what}: {early:#?}");
    assert_eq!((calls.syncs, calls.failed), (at - 1, 1), "{what}");
    let unknown = |line: &str| line.contains("HTTP/1.1 503") && line.contains(r#"\"unknown\""#);
    assert!(told.lines().any(unknown), "{what}: nobody was told");
    let failed = told.lines().find(|line| line.contains("(INJECTED)"));
    let lived_on = time(told.lines().last()) - time(failed);
    (Duration::from_secs_f64(lived_on), book)
}

/// Cuts the power of a freshly started server; returns violations such as events that it showed and the disk does not
/// hold.
fn shown_too_early(disk: &mut Disk, mut server: Server, mut book: Book) -> Vec<Violation> {
    let shown = server.events("since=all").into_iter().skip(1);
    disk.cut_power(&mut server);
    disk.mount();
    let events = shown.map(|event| serde_json::from_value(event).expect("an event"));
    book.heard.push(Heard {
        who: "the first after the restart".into(),
        segments: vec![Segment {
            events: events.collect(),
            ..Segment::default()
        }],
        caught_up: true,
    });
    check::check(&std::fs::read(disk.log()).expect("the log"), &book)
}

/// The time in a line of strace, which follows the thread, in seconds.
fn time(line: Option<&str>) -> f64 {
    let field = line.and_then(|line| line.split_whitespace().nth(1));
    field.and_then(|t| t.parse().ok()).expect("a time")
}

fn without_times(told: &str) -> String {
    let line = |line: &str| {
        let (thread, rest) = line.split_once(' ')?;
        let (_, rest) = rest.trim_start().split_once(' ')?;
        Some(format!("{thread} {rest}\n"))
    };
    told.lines().filter_map(line).collect()
}

#[test]
fn a_failed_sync_is_the_last_whichever_it_is() {
    for error in ["EIO", "ENOSPC"] {
        let mut longest = Duration::ZERO;
        for at in 1..=20 {
            let (mut disk, folder) = (Disk::ext4(64), Arc::new(Folder::new()));
            let (lived_on, book) = sync_fails(&disk, &folder, error, at);
            longest = longest.max(lived_on);
            let server = disk.serve(&folder, "127.0.0.1:0");
            let wrong = shown_too_early(&mut disk, server, book);
            assert!(wrong.is_empty(), "{error} at sync {at}: {wrong:#?}");
        }
        println!("{error} at syncs 1 to 20: the server ended within {longest:.1?}");
        assert!(longest < SOON, "{longest:?}");
    }
}

#[test]
fn the_check_finds_a_start_that_shows_what_it_has_not_synced() {
    for attempt in 1..=5 {
        let (mut disk, folder) = (Disk::ext4(64), Arc::new(Folder::new()));
        let (_, book) = sync_fails(&disk, &folder, "EIO", 3);
        let (told, log) = (folder.path().join("told"), disk.log());
        let lies = ["-einject=fdatasync:retval=0"];
        let args = ["--log", text(&log)];
        let server = strace::start(&folder, &told, "fdatasync", &lies, &args);
        let wrong = shown_too_early(&mut disk, server, book);
        let forged = wrong.iter().filter(|wrong| wrong.kind == Kind::Forged);
        let forged = forged.count();
        println!("attempt {attempt}: {forged} lines were shown and are gone");
        if forged > 0 {
            return;
        }
    }
    panic!("a start that does not sync showed nothing too early: this does not test that");
}

/// Checks a book and adds it to the others; its listeners end before the newest message of all.
#[track_caller]
fn add(all: &mut Book, mut book: Book, log: &Path) {
    check::none(&std::fs::read(log).expect("the log"), &book);
    for heard in &mut book.heard {
        heard.caught_up = false;
    }
    all.entries.extend(book.entries);
    all.heard.extend(book.heard);
}

/// Every fifth write fails: its messages are refused and not stored, and the room goes on.
#[test]
fn a_failed_write_is_refused_and_the_room_goes_on() {
    for result in ["error=ENOSPC", "error=EDQUOT", "error=EFBIG", "retval=0"] {
        let (folder, other) = (Arc::new(Folder::new()), Folder::new());
        let mut server = Server::start_in(folder, "127.0.0.1:0", &["--max-rate", "0"]);
        let load = Load::start(&server.address, &plan());
        load.wait_for(50);
        let inject = format!("pwrite64:{result}:when=3+5");
        let told = other.path().join("told");
        let strace = Strace::attach(&server, &told, "pwrite64", &inject);
        // A poster that is refused waits for five seconds, so there are many.
        let loads: Vec<Load> = (0..5)
            .map(|_| Load::start(&server.address, &plan()))
            .collect();
        let refused = || loads.iter().map(Load::no_space).sum::<usize>();
        wait_for("refusals", || (refused() >= 10).then_some(()));
        drop(strace);
        server.notices.wait_for("no space left for the log");
        let (mut book, log) = (Book::default(), server.log());
        // All at once: a load that goes on would delay the others' listeners.
        let ends: Vec<_> = loads
            .into_iter()
            .chain([load])
            .map(|load| thread::spawn(move || load.finish(Duration::from_secs(20))))
            .collect();
        for end in ends {
            let mut more = end.join().expect("a load that ended");
            // Another load may have posted last.
            for heard in &mut more.heard {
                heard.caught_up = false;
            }
            add(&mut book, more, &log);
        }
        assert!(server.stop().success());
        check::none(&std::fs::read(server.log()).expect("the log"), &book);
        let refused = book.count(|fate| matches!(fate, Fate::Refused(507, _)));
        println!("{result} at every fifth write: {}", book.summary());
        assert!(refused > 0, "{}", book.summary());
    }
}

#[test]
fn an_unknown_failure_of_a_write_is_final() {
    let (folder, other) = (Arc::new(Folder::new()), Folder::new());
    let mut server = Server::start_in(folder, "127.0.0.1:0", &["--max-rate", "0"]);
    let told = other.path().join("told");
    let strace = Strace::attach(&server, &told, "pwrite64", "pwrite64:error=EIO:when=30");
    let load = Load::start(&server.address, &plan());
    assert_eq!(server.ended().code(), Some(1));
    drop(strace);
    let book = load.end();
    server.notices.wait_for("could not be written");
    check::none(&std::fs::read(server.log()).expect("the log"), &book);
}

/// Ten times, takes the log's space away and gives it back.
fn full_and_free(
    server: &mut Server,
    log: &Path,
    fill: impl Fn(&Server),
    free: impl Fn(&Server),
) -> Duration {
    let plan = Plan {
        // The load fills the rest of the space, too.
        habits: Habits {
            pause: Duration::from_millis(2),
            long: 0,
            ..Habits::default()
        },
        ..plan()
    };
    let token = server.log_in("probe");
    let (mut book, mut slowest) = (Book::default(), Duration::ZERO);
    for round in 0..10 {
        let load = Load::start(&server.address, &plan);
        load.wait_for(50);
        fill(server);
        let mut number = 0;
        let full = wait_for("a full disk", || {
            number += 1;
            let answer = server.say(&token, &format!("round {round}, number {number}"));
            (answer.status != 201).then_some(answer)
        });
        full.refused(507, "log_full");
        assert_eq!(server.get("/messages").status, 200);
        let newest = server.get("/messages?limit=1").json();
        let id = newest["events"][0]["id"].as_str().expect("an id");
        assert_eq!(server.get(&format!("/messages/{id}")).status, 200);
        free(server);
        let from = Instant::now();
        wait_for("space", || {
            let answer = server.say(&token, &format!("round {round}, space again"));
            (answer.status == 201).then_some(())
        });
        slowest = slowest.max(from.elapsed());
        // Refused posters wait for five seconds, so only the last ones are waited for.
        let more = match round {
            9 => load.finish(Duration::from_secs(20)),
            _ => load.end(),
        };
        add(&mut book, more, log);
    }
    assert!(server.stop().success());
    println!(
        "full and free ten times: {}; taken again within {slowest:.1?}",
        book.summary()
    );
    let bytes = std::fs::read(log).expect("the log");
    check::none(&bytes, &book);
    // Of the probe's messages, refused ones are absent, and accepted ones are there once.
    let text = String::from_utf8(bytes).expect("text");
    assert_eq!(text.matches(", space again\t").count(), 10);
    let refused = book.count(|fate| matches!(fate, Fate::Refused(507, _)));
    assert!(refused > 0, "{}", book.summary());
    slowest
}

#[test]
fn a_small_disk_may_be_full_and_free_again() {
    let folder = Arc::new(Folder::new());
    let disk = Disk::tmpfs(2 << 20);
    let mut server = disk.serve(&folder, "127.0.0.1:0");
    let filler = disk.path().join("filler");
    let fill = |_: &Server| fill_up(&filler, 0);
    let free = |_: &Server| std::fs::remove_file(&filler).expect("removed");
    let slowest = full_and_free(&mut server, &disk.log(), fill, free);
    assert!(slowest < SOON, "{slowest:?}");
}

/// Fills the disk with a file of zeros, except for so many bytes.
fn fill_up(path: &Path, but: usize) {
    let zeros = vec![0; 4096];
    let mut file = File::create(path).expect("a file");
    while file.write_all(&zeros).is_ok() {}
    let length = file.metadata().expect("it").len();
    file.set_len(length - but as u64).expect("cut");
}

#[test]
fn a_limit_on_the_files_size_may_come_and_go() {
    let (folder, other) = (Arc::new(Folder::new()), Folder::new());
    let told = other.path().join("told");
    let mut server = strace::start(&folder, &told, "pwrite64", &[], &[]);
    let log = server.log();
    let limit = |server: &Server, current| {
        let limit = Rlimit {
            current,
            maximum: None,
        };
        prlimit(Some(server.pid()), Resource::Fsize, limit).expect("a limit");
    };
    let fill = |server: &Server| {
        let size = std::fs::metadata(server.log()).expect("the log").len();
        limit(server, Some(size + 1_000));
    };
    let free = |server: &Server| limit(server, None);
    let slowest = full_and_free(&mut server, &log, fill, free);
    assert!(slowest < SOON, "{slowest:?}");
    // The kernel writes a part of a line up to the limit, which must not stay.
    let told = std::fs::read_to_string(&told).expect("what strace told");
    let short = told.lines().filter(|line| is_short_write(line)).count();
    println!("{short} short writes");
    assert!(short > 0, "no write was short");
}

/// Tells whether a line of strace shows a `pwrite64` that wrote some of its bytes, but not all.
fn is_short_write(line: &str) -> bool {
    let Some((call, result)) = line.rsplit_once(" = ") else {
        return false;
    };
    let mut numbers = call.trim_end_matches(')').rsplit(", ");
    let count = numbers.nth(1).and_then(|count| count.parse::<u64>().ok());
    let written = result.parse::<u64>().ok();
    matches!((count, written), (Some(count), Some(written)) if 0 < written && written < count)
}

#[test]
fn the_operator_is_warned_before_the_disk_is_full_and_again_later() {
    let (folder, other) = (Arc::new(Folder::new()), Folder::new());
    let disk = Disk::tmpfs(2 << 20);
    let filler = disk.path().join("filler");
    fill_up(&filler, 102_400);
    let (told, log) = (other.path().join("told"), disk.log());
    let args = ["--log", text(&log)];
    let server = strace::start(&folder, &told, "statfs", &[], &args);
    // The server checks the space every five seconds.
    let looks = |count| {
        wait_for("another look at the disk", || {
            let told = std::fs::read_to_string(&told).unwrap_or_default();
            (told.lines().filter(|line| line.ends_with("= 0")).count() >= count).then_some(())
        });
    };
    let warnings = || server.notices.text().matches("is almost full").count();
    server.notices.wait_for("log.txt is almost full: 9");
    server.notices.wait_for(" KiB left. Free some space");
    looks(3);
    assert_eq!(warnings(), 1, "once is enough");
    std::fs::remove_file(&filler).expect("removed");
    looks(4);
    fill_up(&filler, 102_400);
    looks(6);
    assert_eq!(warnings(), 2, "{}", server.notices.text());
    let token = server.log_in("uthira");
    assert_eq!(server.say(&token, "still taken").status, 201);
}
