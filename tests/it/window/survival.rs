//! Messages, drafts and places that survive the end of a window or a server.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Signal, kill_process};

use super::{REFUSED, members, say, switch_room, wait_for_members};
use support::display::Display;
use support::program::Folder;
use support::server::Server;
use support::waiting::{found_within, wait_for};
use support::window::Window;
use support::window::typing::{
    ARGS, kept, kept_files, kill_while_typing, open_eve, said, shown, type_through_kills,
    unanswered,
};

#[test]
fn messages_typed_through_kills_are_said_once_and_in_order() {
    type_through_kills(60, 4, 10);
}

#[test]
fn a_window_killed_while_it_is_typed_into_loses_nothing() {
    kill_while_typing(5);
}

#[test]
fn the_draft_and_what_waits_outlive_the_window() {
    let display = Arc::new(Display::start(900, 700));
    let folder = Arc::new(Folder::new());
    let mut server = Server::start(ARGS);
    let eve = open_eve(&display, &folder, &server);
    say(&eve, "one");
    wait_for("the first", || {
        (said(&server, "eve") == ["one"]).then_some(())
    });
    wait_for_answers(&folder);

    // One message is on its way to a silent server; the others wait after it.
    server.signal(Signal::STOP);
    say(&eve, "two");
    say(&eve, "three");
    eve.paste("a draft\nof two lines");
    wait_for("everything, kept", || {
        let kept = kept(&folder)?;
        let draft = kept["draft"] == "a draft\nof two lines";
        (draft && unanswered(&kept) == ["two", "three"]).then_some(())
    });
    display.picture("before-kill.png");
    eve.kill();
    server.kill();
    server.start_again(ARGS);
    let eve = open_eve(&display, &folder, &server);
    wait_for("what waited", || {
        (said(&server, "eve").len() >= 3).then_some(())
    });
    eve.wait_for_line("the last of it", |line| line.ends_with(":three"));
    display.picture("after-kill.png");
    assert_eq!(said(&server, "eve"), ["one", "two", "three"]);
    assert_eq!(shown(&eve.transcript(), "eve"), ["one", "two", "three"]);
    eve.to_message();
    eve.keys(&["Return"]);
    wait_for("the draft", || {
        (said(&server, "eve").len() >= 4).then_some(())
    });
    assert_eq!(said(&server, "eve")[3], r"a draft\nof two lines");
    wait_for_answers(&folder);

    // The same with a server that has read the message when the window dies.
    server.signal(Signal::STOP);
    say(&eve, "four");
    wait_for("the message, kept", || {
        (unanswered(&kept(&folder)?) == ["four"]).then_some(())
    });
    wait_for("the message, with the server's system", || {
        unread_bytes(&server).then_some(())
    });
    eve.kill();
    server.signal(Signal::CONT);
    wait_for("the message", || {
        (said(&server, "eve").len() >= 5).then_some(())
    });
    let eve = open_eve(&display, &folder, &server);
    wait_for_answers(&folder);
    say(&eve, "five");
    wait_for("the next", || {
        (said(&server, "eve").len() >= 6).then_some(())
    });
    assert_eq!(said(&server, "eve")[4..], ["four", "five"]);
    let seen = eve.wait_for_line("the next", |line| line.ends_with(":five"));
    assert_eq!(
        shown(&seen, "eve")
            .iter()
            .filter(|text| *text == "four")
            .count(),
        1
    );
}

/// Waits until the window knows that all its messages have arrived, which is later than others see them.
#[track_caller]
fn wait_for_answers(folder: &Folder) {
    wait_for("answers to all messages", || {
        unanswered(&kept(folder)?).is_empty().then_some(())
    });
}

/// Tells whether the server has received something that it has not read (proc(5), `/proc/net/tcp`).
fn unread_bytes(server: &Server) -> bool {
    let port = server.address.rsplit(':').next().expect("a port");
    let local = format!(":{:04X}", port.parse::<u16>().expect("a number"));
    let sockets = std::fs::read_to_string("/proc/net/tcp").expect("the system's sockets");
    sockets.lines().skip(1).any(|socket| {
        let fields: Vec<&str> = socket.split_ascii_whitespace().collect();
        fields[1].ends_with(&local) && fields[3] == "01" && !fields[4].ends_with(":00000000")
    })
}

#[test]
fn windows_of_one_home_keep_what_is_theirs() {
    let display = Arc::new(Display::start(1700, 700));
    let folder = Arc::new(Folder::new());
    let mut server = Server::start(&["--grace", "1s"]);
    let eve = open_eve(&display, &folder, &server);
    eve.place(10, 30, 800, 600);
    let bob = display.open(Arc::clone(&folder), &["--name", "bob", &server.address]);
    bob.place(850, 30, 800, 600);
    bob.wait_to_be_in();
    eve.type_text("eve's draft");
    bob.type_text("bob's draft");
    let drafts = |folder: &Folder| {
        let read = |path| std::fs::read(path).expect("the file");
        let read = kept_files(folder).into_iter().map(read);
        let kept = read.map(|bytes| serde_json::from_slice(&bytes).expect("JSON"));
        let mut drafts: Vec<String> = kept
            .map(|kept: serde_json::Value| kept["draft"].as_str().expect("a draft").to_string())
            .collect();
        drafts.sort();
        drafts
    };
    wait_for("two drafts", || {
        (drafts(&folder) == ["bob's draft", "eve's draft"]).then_some(())
    });

    // Another window of eve is told about the first, and takes nothing away from it.
    let other = display.open(Arc::clone(&folder), &["--name", "eve", &server.address]);
    other.place(850, 30, 800, 600);
    other.wait_for_colour(REFUSED);
    display.picture("second-eve.png");
    assert_eq!(members(&server), ["eve", "bob"]);
    say(&eve, "!");
    wait_for("the draft, said", || {
        (said(&server, "eve") == ["eve's draft!"]).then_some(())
    });
    eve.type_text("more");
    wait_for("another draft", || {
        (drafts(&folder) == ["bob's draft", "more"]).then_some(())
    });
    // Once the first is gone the second can have everything.
    eve.kill();
    wait_for_members(&server, &["bob"]);
    other.keys(&["Return"]);
    wait_for_members(&server, &["bob", "eve"]);
    other.wait_to_be_in();
    other.to_message();
    other.wait_for_field("more");

    // One window, two names: text written under one is not posted under the other.
    bob.kill();
    server.kill();
    other.keys(&["ctrl+a"]);
    other.type_text("as eve");
    other.keys(&["Return"]);
    other.type_text("a draft of eve");
    wait_for("what waits, kept", || {
        let mut read = kept_files(&folder)
            .into_iter()
            .map(|path| std::fs::read_to_string(path).expect("the file"));
        let both = |text: String| text.contains("\"as eve\"") && text.contains("a draft of eve");
        read.any(both).then_some(())
    });
    server.start_again(&["--grace", "1s"]);
    wait_for("what waited", || {
        said(&server, "eve")
            .contains(&"as eve".to_string())
            .then_some(())
    });
    switch_room(&other);
    other.fill("eva");
    other.keys(&["Return"]);
    wait_for_members(&server, &["eva"]);
    display.picture("switched.png");
    other.keys(&["ctrl+q"]);
    assert_eq!(other.ended(), Some(0));
    let eve = open_eve(&display, &folder, &server);
    wait_for_members(&server, &["eve"]);
    eve.to_message();
    eve.wait_for_field("a draft of eve");
    assert_eq!(said(&server, "eve"), ["eve's draft!", "as eve"]);
}

/// A window that was busy finds several keys waiting and handles them in one go.
#[test]
fn text_typed_in_one_go_is_said_once_or_kept() {
    let display = Arc::new(Display::start(900, 700));
    let folder = Arc::new(Folder::new());
    let server = Server::start(ARGS);
    let in_one_go = |window: &Window, actions: &[&[&str]]| {
        let pid = window.pid();
        kill_process(pid, Signal::STOP).expect("stopped");
        for action in actions {
            display.xdotool(action);
        }
        kill_process(pid, Signal::CONT).expect("going on");
    };
    let draft_is = |draft: &str| (kept(&folder)?["draft"] == draft).then_some(());
    // The old draft returns when the window is in the room, possibly after the keys.
    let empty = |window: &Window| {
        for text in ["a", ""] {
            wait_for("a field that takes what is typed", || {
                window.to_message();
                window.keys(&["ctrl+a", "BackSpace"]);
                window.type_text(text);
                // It is kept a moment after the last key, so more keys would only put that off.
                found_within(Duration::from_secs(5), || draft_is(text))
            });
        }
    };

    let eve = open_eve(&display, &folder, &server);
    empty(&eve);
    let keys: &[&[&str]] = &[&["type", "one"], &["key", "Return", "Return"]];
    in_one_go(&eve, &[keys, &[&["type", "xy"]]].concat());
    wait_for("what was said", || {
        (said(&server, "eve") == ["one"]).then_some(())
    });
    wait_for("what was typed after it, kept", || draft_is("xy"));
    empty(&eve);
    // A refused text returns before the text typed since, and is kept.
    let keys: &[&[&str]] = &[&["type", "/nonsense"], &["key", "Return"], &["type", "!"]];
    in_one_go(&eve, &[keys, &[&["key", "ctrl+q"]]].concat());
    assert_eq!(eve.ended(), Some(0));
    draft_is("/nonsense!").expect("kept");

    let eve = open_eve(&display, &folder, &server);
    empty(&eve);
    let keys: &[&[&str]] = &[&["type", "last"], &["key", "Return"], &["type", "new"]];
    in_one_go(&eve, &[keys, &[&["key", "ctrl+q"]]].concat());
    assert_eq!(eve.ended(), Some(0));
    draft_is("new").expect("kept");
    assert_eq!(said(&server, "eve"), ["one", "last"]);

    // A command is not kept after it was carried out.
    let eve = open_eve(&display, &folder, &server);
    empty(&eve);
    say(&eve, "/quit");
    assert_eq!(eve.ended(), Some(0));
    draft_is("").expect("kept");
}
