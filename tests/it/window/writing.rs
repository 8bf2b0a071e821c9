//! Typing: messages and their states, commands, completion, and limits.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;

use super::{REFUSED, is_message, open, wait_for_members};
use support::display::Display;
use support::picture::Picture;
use support::program::Folder;
use support::server::Server;
use support::window::Window;
use support::window::typing::{WAITING, said};

/// The light theme's colours of errors, of links, and of the default button.
const WRONG: [u8; 3] = [0xA8, 0x20, 0x1A];
const LINK: [u8; 3] = [0x0B, 0x57, 0xB7];
const ACCENT: [u8; 3] = [0x2A, 0x62, 0xC9];
/// The face of a button that cannot be pressed.
const OFF: [u8; 3] = [0xE9, 0xEB, 0xEF];

/// The longest text of a message, in bytes.
const MAX_TEXT: usize = 16 * 1024;

#[track_caller]
fn wait_for_said(server: &Server, name: &str, texts: &[&str]) {
    let mut last = Vec::new();
    let until = std::time::Instant::now() + support::waiting::PATIENCE;
    while last != texts {
        last = said(server, name);
        assert!(
            std::time::Instant::now() < until,
            "{texts:?} expected, {last:?}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn start(width: u32) -> (Arc<Display>, Server, Window) {
    let display = Arc::new(Display::start(width, 1000));
    let server = Server::start(&["--room", "lobby"]);
    let window = open(&display, &server, "eve");
    window.place(10, 30, 860, 880);
    window.wait_to_be_in();
    (display, server, window)
}

/// The field of the message and what stands below it.
fn foot(seen: &Picture) -> Picture {
    seen.part((0, 0), (-90, 0))
}

/// The status line.
fn status(seen: &Picture) -> Picture {
    seen.part((0, 0), (-34, 0))
}

/// The transcript, without the list of members.
fn transcript(seen: &Picture) -> Picture {
    seen.part((10, seen.width * 3 / 4), (56, -95))
}

#[test]
fn enter_sends_and_what_was_sent_comes_back() {
    let (display, server, eve) = start(900);
    eve.paste("a block\n\twith & @signs\n\nand an empty line");
    assert_eq!(
        said(&server, "eve"),
        [""; 0],
        "a pasted block waits for Enter"
    );
    eve.keys(&["Return"]);
    let block = r"a block\n\twith & @signs\n\nand an empty line";
    wait_for_said(&server, "eve", &[block]);
    eve.type_text("two");
    eve.keys(&["shift+Return"]);
    eve.type_text("lines");
    display.picture("two-lines.png");
    eve.keys(&["Return"]);
    wait_for_said(&server, "eve", &[block, r"two\nlines"]);
    eve.type_text("three");
    eve.keys(&["Return"]);
    eve.type_text("four");
    eve.keys(&["KP_Enter", "Return"]);
    let all = [block, r"two\nlines", "three", "four"];
    wait_for_said(&server, "eve", &all);

    // Up recalls sent messages, and Down returns to the draft, also across messages of several lines, in which the
    // keys move from row to row.
    let up_and_down = |up: usize, down: usize, text: &str| {
        let keys = [vec!["Up"; up], vec!["Down"; down]].concat();
        eve.keys(&keys);
        eve.wait_for_field(text);
        // Whatever is selected now, the cursor is at the end of the last row afterwards.
        eve.keys(&[
            "Right", "Down", "Down", "Down", "Down", "Down", "Down", "Down", "End",
        ]);
        eve.wait_for_field("dra");
        eve.keys(&["End"]);
    };
    eve.type_text("dra");
    up_and_down(1, 0, "four");
    up_and_down(2, 0, "three");
    up_and_down(2, 1, "four");
    up_and_down(3, 0, "two\nlines");
    up_and_down(5, 0, "a block\n\twith & @signs\n\nand an empty line");
    up_and_down(3, 3, "dra");
    eve.type_text("ft");
    eve.keys(&["Return"]);
    wait_for_said(&server, "eve", &[&all[..], &["draft"]].concat());
}

#[test]
fn tab_completes_a_name_or_moves_on() {
    let (display, server, eve) = start(900);
    let (bob, bea) = (server.log_in("bob"), server.log_in("bea"));
    server.say(&bea, "first");
    server.say(&bob, "second");
    eve.wait_for_line("the last of them", |line| is_message(line, "bob", "second"));
    eve.to_message();
    for (typed, keys, text) in [
        ("b", &["Tab"][..], "bob: "),
        ("b", &["Tab", "Tab"], "bea: "),
        ("b", &["Tab", "Tab", "shift+Tab"], "bob: "),
        ("thanks be", &["Tab"], "thanks bea "),
        ("thanks @", &["Tab"], "thanks @bob "),
    ] {
        eve.keys(&["ctrl+a", "BackSpace"]);
        eve.type_text(typed);
        eve.keys(keys);
        eve.wait_for_field(text);
    }
    display.picture("completed.png");
    // With nothing to complete it moves on to Send, which the space bar presses.
    eve.keys(&["ctrl+a", "BackSpace"]);
    eve.type_text("zzz");
    eve.keys(&["Tab", "space"]);
    wait_for_said(&server, "eve", &["zzz"]);
    // And so it does from an empty field; Shift brings it back.
    eve.to_message();
    eve.keys(&["Tab", "shift+Tab"]);
    eve.type_text("back");
    eve.keys(&["Return"]);
    wait_for_said(&server, "eve", &["zzz", "back"]);
}

#[test]
fn commands_are_carried_out_and_an_unknown_one_stays() {
    let (display, server, eve) = start(900);
    let bob = server.log_in("bob");
    server.say(&bob, "hello");
    let command = |text: &str| {
        eve.to_message();
        eve.type_text(text);
        eve.keys(&["Return"]);
    };
    command("/me waves");
    wait_for_said(&server, "eve", &["/me waves"]);
    eve.wait_for_line("the action", |line| is_message(line, "eve", "/me waves"));

    command("/who");
    eve.wait_for_rows("who is here", |rows| {
        rows.iter().any(|row| row == "2 here: bob, eve (you)")
    });
    display.picture("who.png");
    command("/help");
    let words = [
        "/me waves ",
        "/who ",
        "/clear ",
        "/quit ",
        "Shift+Enter ",
        "Escape ",
    ];
    eve.wait_for_rows("the help", |rows| {
        let there = |word: &&str| rows.iter().any(|row| row.starts_with(*word));
        words.iter().all(there)
    });
    display.picture("help.png");

    // An unknown command is reported and stays for correction; after a space it is posted as text.
    let before = status(&eve.picture());
    command("/foo bar");
    let after = eve.wait_for_picture("a sentence", |seen| status(seen) != before);
    eve.wait_for_field("/foo bar");
    display.picture("unknown.png");
    eve.keys(&["Home"]);
    eve.type_text(" ");
    eve.keys(&["Return"]);
    wait_for_said(&server, "eve", &["/me waves", "/foo bar"]);
    eve.wait_for_picture("no sentence any more", |seen| {
        status(seen) != status(&after)
    });

    // This clears only the screen; the room keeps everything, and it can be loaded again.
    assert!(eve.transcript().contains("hello"));
    eve.to_message();
    let before = transcript(&eve.at_rest());
    command("/clear");
    eve.wait_for_picture("a clear transcript", |seen| transcript(seen) != before);
    display.picture("clear.png");
    // Nothing can be copied from an empty transcript.
    server.say(&bob, "after");
    let seen = eve.wait_for_line("what is said next", |line| is_message(line, "bob", "after"));
    assert!(!seen.contains("hello"), "{seen}");
    assert_eq!(said(&server, "bob"), ["hello", "after"]);
    command("/quit");
    assert_eq!(eve.ended(), Some(0));
    wait_for_members(&server, &["bob"]);
    assert_eq!(said(&server, "eve"), ["/me waves", "/foo bar"]);
}

#[test]
fn a_message_shows_what_becomes_of_it() {
    let (display, mut server, eve) = start(900);
    // While the server is silent a message waits, and is marked so.
    server.signal(Signal::STOP);
    eve.type_text("patience");
    eve.keys(&["Return"]);
    eve.wait_for_picture("a message that waits", |seen| {
        transcript(seen).count(WAITING) > 20
    });
    eve.wait_for_empty_field();
    display.picture("waiting.png");
    eve.wait_for_rows("the message that waits", |rows| {
        rows.iter().any(|row| row == "[eve]: patience")
    });
    assert!(
        !eve.transcript().contains("patience"),
        "it is not in the room"
    );
    server.signal(Signal::CONT);
    eve.wait_for_picture("a message that waits no more", |seen| {
        transcript(seen).count(WAITING) == 0
    });
    eve.wait_for_line("the message", |line| is_message(line, "eve", "patience"));
    assert_eq!(said(&server, "eve"), ["patience"]);
    display.picture("sent.png");

    // The room requires a key when it is back, and the user joins under another name. Messages written under the
    // first name are not posted under the second: the user decides about them.
    server.kill();
    eve.to_message();
    eve.type_text("lost?");
    eve.keys(&["Return"]);
    eve.type_text("unwanted");
    eve.keys(&["Return"]);
    eve.wait_for_picture("messages that wait", |seen| {
        transcript(seen).count(WAITING) > 20
    });
    std::fs::remove_file(server.folder.path().join("log.txt.secret")).expect("it was there");
    server.folder.file("key", "sesame\n");
    server.start_again(&["--room", "lobby", "--key-file", "key"]);
    eve.wait_for_colour(REFUSED);
    display.picture("key-wanted.png");
    // The cursor is in the field of the key; before it is that of the name.
    eve.type_text("sesame");
    eve.keys(&["shift+Tab"]);
    eve.fill("eva");
    eve.keys(&["Return"]);
    server.console.wait_for("Client (eva) connected");
    eve.wait_for_picture("two refused messages, each with Retry and Remove", |seen| {
        transcript(seen).lines(LINK, 20).len() == 4 && transcript(seen).count(WRONG) > 50
    });
    display.picture("refused-message.png");
    let words = [
        "lost?",
        "unwanted",
        "refused: You logged in as someone else before the room received it.",
    ];
    eve.wait_for_rows("the refused messages", |rows| {
        let shown = rows.concat();
        words.iter().all(|words| shown.contains(words))
    });
    assert_eq!(said(&server, "eve"), ["patience"]);
    assert_eq!(said(&server, "eva"), [""; 0]);

    // By mouse: the first is sent after all.
    let (left, top, length) = transcript(&eve.at_rest()).lines(LINK, 20)[0];
    eve.click(10 + (left + length / 2) as i32, 56 + top as i32 - 5);
    wait_for_said(&server, "eva", &["lost?"]);
    eve.wait_for_picture("one refused message", |seen| {
        transcript(seen).lines(LINK, 20).len() == 2
    });
    // By keyboard: the second is removed; Right goes to Retry, then to Remove.
    eve.keys(&["Right", "Right"]);
    display.picture("picked.png");
    eve.keys(&["Return"]);
    eve.wait_for_picture("no refused message", |seen| {
        transcript(seen).lines(LINK, 20).is_empty() && transcript(seen).count(WRONG) == 0
    });
    eve.wait_for_line("the message", |line| is_message(line, "eva", "lost?"));
    assert_eq!(said(&server, "eva"), ["lost?"]);
    display.picture("settled.png");
}

#[test]
fn limits_are_shown_before_they_are_hit() {
    let display = Arc::new(Display::start(900, 700));
    let server = Server::start(&["--max-name", "8"]);
    let window = display.open(Arc::new(Folder::new()), &[&server.address]);
    window.place(10, 30, 860, 600);
    // Nothing can be sent before the login: Send looks disabled.
    let out = window.at_rest();
    assert!(foot(&out).count(ACCENT) == 0 && foot(&out).count(OFF) > 500);
    display.picture("logged-out.png");

    // The name: nothing at six, a word at seven and eight, a red one beyond.
    let hint = |seen: &Picture| seen.part((10, -10), (48, 80));
    window.type_text("uthir");
    let before = hint(&window.at_rest());
    assert_eq!(before.count(WRONG), 0);
    window.type_text("a77");
    let near = window.wait_for_picture("a limit", |seen| hint(seen) != before);
    assert_eq!(hint(&near).count(WRONG), 0);
    display.picture("name-near.png");
    window.type_text("9");
    window.wait_for_picture("a limit that is passed", |seen| {
        hint(seen).count(WRONG) > 20
    });
    display.picture("name-over.png");
    // A refusal does not lose it.
    window.keys(&["Return"]);
    window.wait_for_colour(REFUSED);
    window.wait_for_field("uthira779");
    window.keys(&["End", "BackSpace", "Return"]);
    server.console.wait_for("Client (uthira77) connected");
    window.wait_for_picture("Send, ready", |seen| foot(seen).count(ACCENT) > 500);

    // The text: nothing at first, a word from nine tenths on, a red one beyond the end.
    let text = "0123456789abcde\n".repeat(MAX_TEXT / 16);
    window.paste(&text[..MAX_TEXT / 2]);
    let before = status(&window.at_rest());
    window.paste(&text[MAX_TEXT / 2..]);
    window.wait_for_picture("a limit", |seen| status(seen) != before);
    assert_eq!(status(&window.at_rest()).count(WRONG), 0);
    display.picture("text-near.png");
    window.type_text("!!");
    window.wait_for_picture("a limit that is passed", |seen| {
        status(seen).count(WRONG) > 20
    });
    let over = window.at_rest();
    display.picture("text-over.png");
    // The text is neither sent nor lost, and a sentence says why.
    window.keys(&["Return"]);
    window.wait_for_picture("a sentence", |seen| status(seen) != status(&over));
    display.picture("text-refused.png");
    assert_eq!(said(&server, "uthira77"), [""; 0]);
    window.keys(&["BackSpace", "BackSpace", "Return"]);
    // Without the line break at its end, below which there is nothing.
    let whole = text.trim_end().replace('\n', r"\n");
    wait_for_said(&server, "uthira77", &[&whole]);

    // Only the beginning of a huge paste is inserted, and a sentence says so.
    window.paste(&text.repeat(2));
    window.wait_for_picture("a limit that is passed", |seen| {
        status(seen).count(WRONG) > 20
    });
    let before = status(&window.at_rest());
    window.keys(&["ctrl+a"]);
    window.paste(&text.repeat(64));
    window.wait_for_picture("a sentence", |seen| status(seen) != before);
    display.picture("text-cut.png");
    window.wait_for_field(&text.repeat(2));
}
