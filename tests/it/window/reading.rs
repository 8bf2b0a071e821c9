//! Reading: the window's first position, following the end, loading history, and searching.

use std::sync::Arc;
use std::time::Instant;

use super::past::{Past, noon};
use super::{say, wait_for_members};
use support::display::Display;
use support::program::Folder;
use support::server::Server;
use support::waiting::{PATIENCE, wait_for};
use support::window::Window;
use support::window::eyes::{self, Eyes, in_sight, in_sight_below, wait_for_sight, wait_for_title};

/// A window whose home outlives it.
fn open(display: &Arc<Display>, home: &Arc<Folder>, server: &Server) -> Window {
    let window = display.open(Arc::clone(home), &["--name", "uthira", &server.address]);
    wait_for_title(&window, "");
    window
}

fn close(window: &Window) {
    window.click(-48, -62);
    assert_eq!(window.ended(), Some(0));
}

/// The messages of a text, without joins and leaves.
fn messages(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with('[')).collect()
}

/// The messages in the server's log, as they are copied.
fn logged(server: &Server) -> Vec<String> {
    let said = server.said().into_iter();
    said.filter(|line| line.starts_with('[')).collect()
}

/// The search bar.
const BAR: support::picture::Area = (10, 48, 800, 32);
/// The background of the current match.
const FOUND_NOW: [u8; 3] = [0xFF, 0xDD, 0x7A];

/// The number of pixel rows of the transcript with the line above new messages.
fn unread_lines(window: &Window) -> usize {
    let picture = window.picture();
    let lines = picture.lines_in(eyes::TRANSCRIPT, eyes::UNREAD, 100);
    let mut rows: Vec<usize> = lines.iter().map(|(_, y, _)| *y).collect();
    rows.dedup();
    rows.len()
}

#[test]
fn it_opens_at_the_oldest_unread_and_follows_only_who_is_at_the_end() {
    let display = Arc::new(Display::start(900, 700));
    let server = Server::start(&["--max-rate", "0", "--sync", "never", "--grace", "1s"]);
    let bob = server.log_in("bob");
    for n in 0..60 {
        server.say(&bob, &format!("old {n}."));
    }
    // A first visit begins at the end, and nothing is new.
    let home = Arc::new(Folder::new());
    let window = open(&display, &home, &server);
    wait_for_sight(&window, ":old 59.");
    assert_eq!(unread_lines(&window), 0);
    assert!(
        window.title().starts_with("chatroom - "),
        "{}",
        window.title()
    );
    close(&window);

    // The others continue; the next window begins where the last one was closed.
    for n in 0..80 {
        server.say(&bob, &format!("new {n}."));
    }
    let window = open(&display, &home, &server);
    let seen = wait_for_sight(&window, ":new 0.");
    assert!(!seen.contains(":new 79."), "{seen}");
    // Visible messages are read; the title counts the rest.
    let rest = 80 - seen.matches(":new ").count();
    assert!((50..75).contains(&rest), "{seen}");
    // One or two more may have been in sight for a moment while it opened.
    wait_for("the title to count the rest", || {
        let counts = |rest: usize| window.title().starts_with(&format!("({rest}) chatroom - "));
        (rest - 2..=rest).any(counts).then_some(())
    });
    assert_eq!(unread_lines(&window), 1);
    display.picture("unread.png");
    window.keys(&["ctrl+End"]);
    wait_for_title(&window, "chatroom - ");
    wait_for_sight(&window, ":new 79.");
    close(&window);
    let window = open(&display, &home, &server);
    wait_for_sight(&window, ":new 79.");
    assert_eq!(unread_lines(&window), 0);
    assert!(
        window.title().starts_with("chatroom - "),
        "{}",
        window.title()
    );

    // At the end the window follows; elsewhere it stays and reports new messages.
    server.say(&bob, "followed.");
    wait_for_sight(&window, ":followed.");
    window.click(120, -62);
    window.keys(&["Prior", "Prior"]);
    let before = wait_for("another page", || {
        Some(in_sight(&window)).filter(|seen| !seen.contains(":followed."))
    });
    for n in 0..3 {
        server.say(&bob, &format!("later {n}."));
    }
    wait_for_title(&window, "(3) chatroom - ");
    assert_eq!(in_sight(&window), before, "nobody is disturbed");
    let eyes = Eyes::on(&window);
    display.picture("three-new.png");
    let mark = eyes.wait_for("3 new messages  ↓", eyes::TRANSCRIPT, eyes::MARK);
    display.picture("three-new.png");
    window.click(mark.0 as i32 + 5, mark.1 as i32 + 5);
    wait_for_title(&window, "chatroom - ");
    wait_for_sight(&window, ":later 2.");
    assert_eq!(unread_lines(&window), 1, "what came meanwhile is marked");
}

/// The text that a copy has in place of messages that are not loaded.
const MISSING: &str = "(messages in between are not loaded)";

/// Everything that the transcript can show between two messages, with the holes filled by going there.
pub fn everything(window: &Window, first: &str, last: &str) -> String {
    let (mut pages, mut up, mut turns) = (10, true, 0);
    let (mut before, mut until) = (String::new(), Instant::now());
    loop {
        let text = window.transcript();
        if text.contains(first) && !text.contains(MISSING) {
            return text;
        }
        // A hole is filled once it is visible; after a jump across it, the test returns in smaller steps.
        window.keys(&vec![if up { "Prior" } else { "Next" }; pages]);
        let seen = in_sight(window);
        if seen != before {
            until = Instant::now() + PATIENCE;
        }
        assert!(turns < 10 && Instant::now() < until, "it stays so: {text}");
        if seen.contains(if up { first } else { last }) {
            (up, turns, pages) = (!up, turns + 1, pages.div_ceil(2));
        }
        before = seen;
    }
}

/// A room with many messages of uthira's friends, every fortieth with "mellon".
fn long_room(count: usize) -> Server {
    let mut past = Past::opened(noon(3), "a long past");
    for n in 0..count {
        let word = if n % 40 == 7 { "mellon" } else { "friend" };
        past.said(["ann", "bob", "cat"][n / 3 % 3], &format!("{word} {n}."));
        past.pass(std::time::Duration::from_secs(9));
    }
    past.room(&["--max-rate", "0", "--sync", "never"])
}

#[test]
fn older_history_comes_as_one_scrolls_up_whole_and_once() {
    let display = Arc::new(Display::start(900, 700));
    let server = long_room(3000);
    let window = open(&display, &Arc::new(Folder::new()), &server);
    let mut before = wait_for_sight(&window, ":friend 2999.");
    // Page by page, new rows continue the previous ones.
    for _ in 0..14 {
        window.keys(&["Prior"]);
        let old = before.clone();
        before = wait_for("another page", || {
            let seen = Some(in_sight(&window));
            seen.filter(|seen| *seen != old && !seen.contains(MISSING))
        });
        let (first, last) = (messages(&old)[0], *messages(&before).last().expect("lines"));
        let all = logged(&server);
        let place = |line: &str| {
            all.iter()
                .position(|l| l == line)
                .expect("a line of the log")
        };
        assert!(place(last) + 1 >= place(first), "{before}\n--\n{old}");
        let lines = messages(&before);
        let from = place(lines[0]);
        assert_eq!(lines, all[from..from + lines.len()], "nothing is missing");
    }
    // The beginning is one key away, and from there paging down works, too.
    window.keys(&["Home"]);
    wait_for_sight(&window, ":friend 0.");
    display.picture("beginning.png");
    let all = logged(&server);
    let down = messages(&in_sight(&window)).len();
    let seen = wait_for("pages below the beginning", || {
        // Missing messages load meanwhile, and keys do not skip them.
        window.keys(&["Next"; 3]);
        let seen = in_sight(&window);
        let first = messages(&seen).first().map(|line| line.to_string());
        let at = all.iter().position(|line| Some(line) == first.as_ref());
        let whole = !seen.contains(MISSING);
        (whole && at.is_some_and(|at| at > 10 * down)).then_some(seen)
    });
    let lines = messages(&seen);
    let from = all.iter().position(|line| *line == lines[0]);
    let from = from.expect("a line of the log");
    assert_eq!(lines, all[from..from + lines.len()], "nothing is missing");
    // Further requests fill the gap; then everything is there, once.
    window.keys(&["End"]);
    wait_for_sight(&window, ":friend 2999.");
    let text = everything(&window, ":friend 0.", ":friend 2999.");
    assert!(messages(&text) == all, "{text}");
    // Back to the end, which the window follows.
    window.keys(&["End"]);
    wait_for_sight(&window, ":friend 2999.");
    say(&window, "here.");
    wait_for_sight(&window, ":here.");
}

#[test]
fn a_search_finds_messages_that_are_not_loaded_yet() {
    let display = Arc::new(Display::start(900, 700));
    let server = long_room(9000);
    let window = open(&display, &Arc::new(Folder::new()), &server);
    wait_for_members(&server, &["uthira"]);
    wait_for_sight(&window, ":friend 8999.");
    let eyes = Eyes::on(&window);
    window.click(120, -62);
    window.keys(&["ctrl+f"]);
    window.type_text("mellon");
    display.picture("find.png");
    let found = |words: &str, text: &str| {
        eyes.wait_for(words, BAR, eyes::ASIDE);
        // Where it stands may have to be loaded.
        wait_for(&format!("{words}: what is found, marked"), || {
            let marked = window.picture().count_in(eyes::TRANSCRIPT, FOUND_NOW);
            (marked > 100).then_some(())
        });
        wait_for(&format!("{words}: {text}"), || {
            in_sight_below(&window, 94).contains(text).then_some(())
        });
        window.click(200, 62);
    };
    found("1 of at least 100", ":mellon 8967.");
    window.keys(&["Return", "Return"]);
    found("3 of at least 100", ":mellon 8887.");
    // The next match is further away than all loaded messages.
    window.keys(&["Return"; 17]);
    found("20 of at least 100", ":mellon 8207.");
    display.picture("find.png");
    window.keys(&["shift+Return"]);
    found("19 of at least 100", ":mellon 8247.");
    // It is also further away than the server searches in one request.
    window.keys(&["Return"; 82]);
    found("101 of at least 200", ":mellon 4967.");
    // The buttons do the same, and the surrounding messages load.
    window.click(-70 - 70 - 70, 62);
    found("102 of at least 200", ":mellon 4927.");
    wait_for("what was said around it", || {
        let seen = in_sight_below(&window, 94);
        let near = [4925, 4926, 4928, 4929].map(|n| format!(":friend {n}."));
        near.iter().all(|text| seen.contains(text)).then_some(())
    });
    window.click(200, 62);
    window.keys(&["ctrl+a"]);
    window.type_text("no such word");
    eyes.wait_for("nothing found", BAR, eyes::ASIDE);
    // Escape ends the search, and typing works again.
    window.click(200, 62);
    window.keys(&["Escape"]);
    window.type_text("written.");
    window.keys(&["Return"]);
    wait_for("what was written", || {
        logged(&server)
            .last()
            .filter(|line| line.ends_with(":written."))
            .map(|_| ())
    });
}
