//! Messages typed into a real window while servers and windows are killed: what was taken is said
//! once, in order.
//!
//! The gate has these with small numbers, `tests/durability` with the real ones.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::display::Display;
use crate::program::Folder;
use crate::server::Server;
use crate::waiting::wait_for;
use crate::window::Window;

/// The colour of a waiting message in the light theme.
pub const WAITING: [u8; 3] = [0x66, 0x5E, 0x50];
/// No limit of rate: what is typed here comes faster than from people.
pub const ARGS: &[&str] = &["--max-rate", "0"];

/// The texts of `name`'s messages in the log.
pub fn said(server: &Server, name: &str) -> Vec<String> {
    let text_of = |line: String| {
        let rest = line.strip_prefix(&format!("[{name}]: "))?.to_string();
        Some(rest.splitn(4, ':').nth(3)?.to_string())
    };
    server.said().into_iter().filter_map(text_of).collect()
}

/// The texts of `name`'s messages in what was copied from a transcript.
pub fn shown(transcript: &str, name: &str) -> Vec<String> {
    let start = format!("[{name}]: ");
    let rests = transcript
        .lines()
        .filter_map(|line| line.strip_prefix(&start));
    let texts = rests.filter_map(|rest| Some(rest.splitn(4, ':').nth(3)?.to_string()));
    texts.collect()
}

/// The files in which windows of this home keep their state.
pub fn kept_files(folder: &Folder) -> Vec<PathBuf> {
    let state = folder.path().join("home/.local/state/chatroom/gui");
    let entries = std::fs::read_dir(state).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let mut files: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    files
}

/// The saved state of the one window of this home, if there is any yet. A file that cannot be read
/// fails the test.
pub fn kept(folder: &Folder) -> Option<Value> {
    let files = kept_files(folder);
    assert!(files.len() < 2, "{files:?}");
    let bytes = std::fs::read(files.first()?).expect("the file");
    let read = serde_json::from_slice(&bytes);
    Some(read.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&bytes))))
}

/// The texts that wait for an answer, by what is kept.
pub fn unanswered(kept: &Value) -> Vec<String> {
    let letters = kept["letters"].as_array().expect("a list").iter();
    let text = |letter: &Value| letter["text"].as_str().expect("a text").to_string();
    letters.map(text).collect()
}

/// Opens a window of `eve` with a home that may have been used before, and waits until she is in.
pub fn open_eve(display: &Arc<Display>, folder: &Arc<Folder>, server: &Server) -> Window {
    let eve = display.open(Arc::clone(folder), &["--name", "eve", &server.address]);
    eve.wait_to_be_in();
    eve
}

/// Some milliseconds below `limit`, different each time.
fn chance(limit: u64) -> Duration {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("chance");
    Duration::from_millis(u64::from_le_bytes(bytes) % limit)
}

/// Types `count` messages while the server is killed and started again `restarts` times, then
/// `unsent` more while it is down; kills the window, and starts both again.
pub fn type_through_kills(count: usize, restarts: usize, unsent: usize) {
    let display = Arc::new(Display::start(900, 700));
    let folder = Arc::new(Folder::new());
    let mut server = Server::start(ARGS);
    let eve = open_eve(&display, &folder, &server);
    let text = |n: usize| format!("m{n}");
    let texts = |from: usize, to: usize| (from..to).map(text).collect::<Vec<_>>();
    let mut from = 0;
    for restart in 0..restarts {
        let to = count * (restart + 1) / restarts;
        let mut typing = eve.start_typing(&texts(from, to));
        sleep(chance(400));
        server.kill();
        sleep(chance(300));
        server.start_again(ARGS);
        assert!(typing.wait().expect("xdotool ends").success());
        if restart % 2 == 0 {
            // An impatient user presses this; every other time the window is left alone.
            eve.keys(&["ctrl+t"]);
        }
        // So that the next kill finds it at work.
        wait_for("another message in the log", || {
            (said(&server, "eve").len() > from).then_some(())
        });
        from = to;
    }
    wait_for("everything that was typed", || {
        (said(&server, "eve").len() >= count).then_some(())
    });
    assert_eq!(said(&server, "eve"), texts(0, count));
    eve.wait_for_line("the last of it", |line| {
        line.ends_with(&format!(":{}", text(count - 1)))
    });
    eve.to_message();

    server.kill();
    let typing = eve.start_typing(&texts(count, count + unsent)).wait();
    assert!(typing.expect("xdotool ends").success());
    wait_for("what was not sent, kept", || {
        let kept = kept(&folder).map(|kept| unanswered(&kept));
        (kept? == texts(count, count + unsent)).then_some(())
    });
    // Not in the room, and not shown so.
    assert_eq!(
        shown(&eve.transcript(), "eve").last(),
        Some(&text(count - 1))
    );
    eve.wait_for_picture("messages that wait", |seen| seen.count(WAITING) > 50);
    display.picture(&format!("unsent-{count}.png"));
    eve.kill();
    server.start_again(ARGS);
    let eve = open_eve(&display, &folder, &server);
    let all = texts(0, count + unsent);
    wait_for("everything", || {
        (said(&server, "eve").len() >= all.len()).then_some(())
    });
    eve.wait_for_line("the last message", |line| {
        line.ends_with(&format!(":{}", text(count + unsent - 1)))
    });
    wait_for("nothing left to send", || {
        let kept = kept(&folder).map(|kept| unanswered(&kept));
        kept?.is_empty().then_some(())
    });
    assert_eq!(said(&server, "eve"), all);
    // Upwards, until everything from before is there: each once, and in order.
    let seen = wait_for("everything in the window", || {
        eve.keys(&["Page_Up"; 15]);
        let seen = shown(&eve.transcript(), "eve");
        (seen.len() >= all.len()).then_some(seen)
    });
    assert_eq!(seen, all);
    eve.keys(&["End"]);
    eve.wait_for_picture("nothing that waits", |seen| seen.count(WAITING) == 0);
    display.picture(&format!("typed-{count}.png"));
    eve.keys(&["ctrl+q"]);
    assert_eq!(eve.ended(), Some(0));
}

/// Kills the window `times` times at random moments while somebody types into it.
pub fn kill_while_typing(times: usize) {
    let display = Arc::new(Display::start(900, 700));
    let folder = Arc::new(Folder::new());
    let server = Server::start(ARGS);
    // So that messages are on their way and unanswered when the window is killed.
    let mut known = 0;
    for round in 0..times {
        let eve = open_eve(&display, &folder, &server);
        eve.to_message();
        // What stood there unfinished is typed over.
        eve.keys(&["ctrl+a", "BackSpace"]);
        let texts: Vec<String> = (0..30).map(|n| format!("r{round}n{n}")).collect();
        let mut typing = eve.start_typing(&texts);
        sleep(Duration::from_millis(60) + chance(500));
        let stalled = round % 3 == 0;
        if stalled {
            server.signal(Signal::STOP);
            sleep(chance(100));
        }
        eve.kill();
        // A key that it presses at this moment must not stay down.
        typing.wait().expect("xdotool ends");
        let kept = kept(&folder).expect("something is kept");
        if stalled {
            server.signal(Signal::CONT);
        }
        let waits = unanswered(&kept);
        let draft = kept["draft"].as_str().expect("a draft");
        drop(eve);

        let eve = open_eve(&display, &folder, &server);
        wait_for("what was not answered", || {
            let said = said(&server, "eve");
            waits.iter().all(|text| said.contains(text)).then_some(())
        });
        let all = said(&server, "eve");
        // What was taken is there once and in order, without a hole.
        let new = &all[known..];
        assert_eq!(new, &texts[..new.len()], "round {round}");
        // And what was not finished is what comes next, or its beginning.
        let next = texts.get(new.len()).map(String::as_str).unwrap_or_default();
        assert!(
            next.starts_with(draft),
            "round {round}: {draft:?}, {next:?}"
        );
        known = all.len();
        eve.keys(&["ctrl+q"]);
        assert_eq!(eve.ended(), Some(0));
    }
    let all = said(&server, "eve");
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    assert!(all.len() > times, "hardly anything was typed: {all:?}");
}
