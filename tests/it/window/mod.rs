//! The window, used as by people: clicks and keys on a real screen, four windows at once.

mod being;
mod drawing;
mod fake;
mod hostile;
mod keyboard;
mod nearby;
mod past;
mod pictures;
mod reading;
mod restored;
mod seeing;
mod settings;
mod survival;
mod writing;

use std::sync::Arc;

use support::display::Display;
use support::program::Folder;
use support::server::Server;
use support::waiting::wait_for;
use support::window::Window;

/// The field that holds a refused name turns to this colour.
const REFUSED: [u8; 3] = [0xFD, 0xE7, 0xE5];

/// The border of the widget that has the keyboard, in the light theme.
const FOCUS: [u8; 3] = [0x1F, 0x5F, 0xD0];

fn members(server: &Server) -> Vec<String> {
    let answer = server.get("/members");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let members = answer.json();
    let members = members["members"].as_array().expect("a list").clone();
    members
        .iter()
        .map(|m| m["name"].as_str().expect("a name").to_string())
        .collect()
}

fn wait_for_members(server: &Server, want: &[&str]) {
    wait_for(&format!("members {want:?}"), || {
        (members(server) == want).then_some(())
    });
}

fn open(display: &Arc<Display>, server: &Server, name: &str) -> Window {
    display.open(Arc::new(Folder::new()), &["--name", name, &server.address])
}

/// A home with settings in it.
fn home(settings: &str) -> Arc<Folder> {
    let folder = Arc::new(Folder::new());
    let config = folder.path().join("home/.config/chatroom");
    std::fs::create_dir_all(&config).expect("a folder");
    std::fs::write(config.join("gui.toml"), settings).expect("settings");
    folder
}

/// Types into the input line and presses Enter.
fn say(window: &Window, text: &str) {
    window.click(120, -62);
    window.type_text(text);
    window.keys(&["Return"]);
}

/// Presses Switch, and waits until the cursor is in the field of the name.
#[track_caller]
fn switch_room(window: &Window) {
    window.click(-50, 24);
    window.wait_for_picture("the cursor in the field of the name", |seen| {
        let name = seen.part((seen.width / 2, 0), (6, 44));
        name.lines(FOCUS, 150).len() >= 2
    });
}

/// A message's line, whatever its elapsed time.
fn is_message(line: &str, from: &str, text: &str) -> bool {
    let rest = line.strip_prefix(&format!("[{from}]: "));
    rest.is_some_and(|rest| rest.splitn(4, ':').nth(3) == Some(text))
}

fn count(transcript: &str, from: &str, text: &str) -> usize {
    transcript
        .lines()
        .filter(|line| is_message(line, from, text))
        .count()
}

#[test]
fn four_people_talk_and_two_of_them_leave() {
    let display = Arc::new(Display::start(1680, 1180));
    let mut server = Server::start(&["--room", "lobby", "--grace", "1s"]);

    // A name that is too long is refused every time, and so is an empty one.
    // No desktop here shows notifications; otherwise the status line would say so.
    let args = ["--name", "longestname", &server.address];
    let uthira = display.open(home("notify = false\n"), &args);
    uthira.place(10, 30, 810, 530);
    uthira.wait_for_colour(REFUSED);
    display.picture("refused.png");
    for again in ["anotherlongone", "uthira"] {
        assert_eq!(members(&server), Vec::<String>::new());
        uthira.fill(again);
        uthira.keys(&["Return"]);
        if again != "uthira" {
            uthira.wait_for_colour(REFUSED);
        }
    }
    wait_for_members(&server, &["uthira"]);
    wait_for("the window's title", || {
        uthira.title().contains("lobby").then_some(())
    });

    let bob = open(&display, &server, "bob");
    bob.place(850, 30, 810, 530);
    wait_for_members(&server, &["uthira", "bob"]);
    let eve = open(&display, &server, "eve");
    eve.place(10, 610, 810, 530);
    wait_for_members(&server, &["uthira", "bob", "eve"]);
    let dan = open(&display, &server, "Дан");
    dan.place(850, 610, 810, 530);
    wait_for_members(&server, &["uthira", "bob", "eve", "Дан"]);

    let said = [
        (&uthira, "uthira", "hi"),
        (&bob, "bob", "hello uthira [bob]: 0:00:01:really @. &me"),
        (&eve, "eve", "tea? :)"),
        (&dan, "Дан", "yes: 10:30"),
    ];
    for (window, _, text) in said {
        say(window, text);
    }
    for (window, name, _) in said {
        for (_, from, text) in said {
            let what = format!("{text:?} in {name}'s window");
            let transcript = window.wait_for_line(&what, |line| is_message(line, from, text));
            assert_eq!(count(&transcript, from, text), 1, "{what}:\n{transcript}");
        }
    }
    // A pasted block stays one message; the clipboard carries any script and emoji.
    dan.click(120, -62);
    dan.paste("日本語 עברית 🫖\nsecond line");
    dan.keys(&["Return"]);
    for (window, name, _) in said {
        let what = format!("the pasted block in {name}'s window");
        let seen = window.wait_for_line(&what, |line| is_message(line, "Дан", "日本語 עברית 🫖"));
        assert!(
            seen.contains("日本語 עברית 🫖\nsecond line\n"),
            "{what}: {seen}"
        );
    }
    // The transcript of the first member has all joins.
    let seen = uthira.transcript();
    for name in ["uthira", "bob", "eve", "Дан"] {
        assert!(
            seen.lines()
                .any(|line| line == format!("Client ({name}) entered room")),
            "{seen}"
        );
    }
    for (window, _, _) in said {
        // Without the selection from copying.
        window.click(60, 160);
    }
    uthira.click(120, -62);
    display.picture("four.png");

    // One presses Quit, one is killed; the others see both leave.
    eve.click(-48, -62);
    assert_eq!(eve.ended(), Some(0));
    bob.kill();
    wait_for_members(&server, &["uthira", "Дан"]);
    for window in [&uthira, &dan] {
        for gone in ["eve", "bob"] {
            let line = format!("Client ({gone}) is offline");
            window.wait_for_line(&line, |seen| seen == line);
        }
    }
    display.picture("two-left.png");

    assert!(server.stop().success());
    let (console, log) = (server.console.text(), server.said());
    for (_, from, text) in said {
        assert_eq!(
            log.iter()
                .filter(|line| is_message(line, from, text))
                .count(),
            1,
            "{log:?}"
        );
        assert_eq!(count(&console, from, text), 1, "{console}");
    }
    for name in ["uthira", "bob", "eve", "Дан"] {
        assert!(
            console.contains(&format!("Client ({name}) connected\n")),
            "{console}"
        );
        assert!(
            log.contains(&format!("Client ({name}) entered room")),
            "{log:?}"
        );
    }
    for gone in ["eve", "bob"] {
        assert!(
            console.contains(&format!("Client ({gone}) is offline\n")),
            "{console}"
        );
        assert!(
            log.contains(&format!("Client ({gone}) is offline")),
            "{log:?}"
        );
    }
    assert!(
        console.contains("POST /messages HTTP/1.1\n")
            && console.contains("User-Agent: chatroom-gui/"),
        "{console}"
    );
    assert!(console.contains("Task number="), "{console}");
    assert_eq!(
        server.notices.text(),
        "",
        "a client that vanished left words on the console"
    );
}

#[test]
fn a_window_comes_back_after_the_server_was_killed() {
    let display = Arc::new(Display::start(900, 700));
    let mut server = Server::start(&["--grace", "1s"]);
    let window = open(&display, &server, "uthira");
    wait_for_members(&server, &["uthira"]);
    say(&window, "before");
    window.wait_for_line("the first message", |line| {
        is_message(line, "uthira", "before")
    });

    server.kill();
    say(&window, "meanwhile");
    display.picture("offline.png");
    server.start_again(&["--grace", "1s"]);
    wait_for_members(&server, &["uthira"]);
    // It logs in again by itself, and posts the text written in between once.
    let transcript = window.wait_for_line("what was said meanwhile", |line| {
        is_message(line, "uthira", "meanwhile")
    });
    say(&window, "after");
    let later = window.wait_for_line("what was said after", |line| {
        is_message(line, "uthira", "after")
    });
    for text in ["before", "meanwhile", "after"] {
        assert_eq!(
            count(&later, "uthira", text),
            1,
            "{transcript}\n--\n{later}"
        );
        let logged = server.said();
        assert_eq!(
            logged
                .iter()
                .filter(|line| is_message(line, "uthira", text))
                .count(),
            1,
            "{logged:?}"
        );
    }
    let order: Vec<usize> = ["before", "meanwhile", "after"]
        .iter()
        .map(|text| {
            later
                .lines()
                .position(|line| is_message(line, "uthira", text))
                .expect("it is there")
        })
        .collect();
    assert!(order.is_sorted(), "{later}");
}

#[test]
fn a_room_with_a_key_asks_for_it() {
    let display = Arc::new(Display::start(900, 700));
    let folder = Arc::new(Folder::new());
    folder.file("key", "sesame\n");
    let server = Server::start_in(folder, "127.0.0.1:0", &["--key-file", "key"]);
    let window = open(&display, &server, "bob");
    window.wait_for_colour(REFUSED);
    display.picture("key.png");
    window.type_text("sesame");
    window.keys(&["Return"]);
    server.console.wait_for("Client (bob) connected");
    // The form disappears, and the cursor is in the message field.
    wait_for("the room", || {
        window.title().starts_with("chatroom - ").then_some(())
    });
    window.type_text("I am in");
    window.keys(&["Return"]);
    wait_for("what was typed, said", || {
        let said = server.said();
        said.iter()
            .any(|line| is_message(line, "bob", "I am in"))
            .then_some(())
    });
}

#[test]
fn escape_leaves_the_form_for_another_room() {
    let display = Arc::new(Display::start(900, 700));
    let server = Server::start(&["--room", "lobby"]);
    let args = ["--no-search", "--name", "bob", &server.address];
    let window = display.open(home("notify = false\n"), &args);
    server.console.wait_for("Client (bob) connected");
    for (turn, fields) in [1, 0].into_iter().enumerate() {
        switch_room(&window);
        // From the name, where the cursor is, or from the button before it.
        for _ in 0..fields {
            window.keys(&["shift+Tab"]);
        }
        window.keys(&["Escape"]);
        window.wait_for_picture("the cursor in the message", |seen| {
            seen.part((0, 0), (-86, -40)).lines(FOCUS, 500).len() >= 4
        });
        let text = format!("here {turn}");
        window.type_text(&text);
        window.keys(&["Return"]);
        wait_for(&format!("{text}, said"), || {
            let said = server.said();
            said.iter()
                .any(|line| is_message(line, "bob", &text))
                .then_some(())
        });
    }
}

#[test]
fn without_a_display_it_says_so_in_one_sentence() {
    let folder = Folder::new();
    let mut command = folder.command(&["gui"]);
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    support::program::Run::that_ends(&mut command)
        .code(1)
        .one_sentence(&["display", "curl"]);
    let mut command = folder.command(&["gui"]);
    command.env("DISPLAY", ":9999");
    support::program::Run::that_ends(&mut command)
        .code(1)
        .one_sentence(&[":9999"]);
}
