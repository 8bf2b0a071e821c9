//! Presence: the window's reports about the connection, missed messages, and mentions.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use chatroom::event::Stamp;

use super::past::{Past, noon};
use super::reading::everything;
use super::{REFUSED, members, open, say, switch_room, wait_for_members};
use support::display::Display;
use support::program::Folder;
use support::server::Server;
use support::session_bus::SessionBus;
use support::waiting::{PATIENCE, wait_for};
use support::window::eyes::{self, Eyes, in_sight_below, wait_for_sight, wait_for_title};

#[test]
fn a_mention_notifies_unless_the_window_is_in_front() {
    let display = Arc::new(Display::start(1700, 700));
    let bus = SessionBus::start();
    let notifications = bus.serve_notifications(&["body"]);
    let server = Server::start(&["--room", "lobby"]);
    let window = display.open_with(
        Arc::new(Folder::new()),
        &["--name", "uthira", &server.address],
        &[("DBUS_SESSION_BUS_ADDRESS", &bus.address)],
    );
    window.place(10, 30, 820, 560);
    wait_for_members(&server, &["uthira"]);
    let eve = server.log_in("eve");
    let icon = window.icon();

    // In front, messages are read as they arrive.
    server.say(&eve, "uthira: one");
    wait_for_sight(&window, ":uthira: one");
    assert!(
        window.title().starts_with("chatroom - lobby"),
        "{}",
        window.title()
    );
    assert!(window.icon() == icon);

    // While another window is in front, the title and the icon count, and the desktop notifies of mentions.
    let bob = open(&display, &server, "bob");
    bob.place(860, 30, 820, 560);
    bob.activate();
    wait_for_members(&server, &["uthira", "eve", "bob"]);
    server.say(&eve, "hello");
    wait_for_title(&window, "(1) chatroom - lobby");
    let counting = wait_for("an icon that counts", || {
        Some(window.icon()).filter(|now| *now != icon)
    });
    server.say(&eve, "uthira: two");
    wait_for_title(&window, "(2, 1 for you) chatroom - lobby");
    wait_for("an icon that shows that we are named", || {
        (![&icon, &counting].contains(&&window.icon())).then_some(())
    });
    let shown = notifications
        .recv_timeout(PATIENCE)
        .expect("a notification");
    let all = format!("{} {}", shown.summary, shown.body);
    assert!(
        all.contains("lobby") && all.contains("eve") && all.contains("uthira: two"),
        "{all}"
    );
    display.picture("named.png");

    // In front again everything is read, and visible messages cause no notification.
    window.activate();
    wait_for_title(&window, "chatroom - lobby");
    wait_for("the icon that counts nothing", || {
        (window.icon() == icon).then_some(())
    });
    server.say(&eve, "uthira: three");
    wait_for_sight(&window, ":uthira: three");
    bob.activate();
    server.say(&eve, "uthira: four");
    wait_for_title(&window, "(1, 1 for you) chatroom - lobby");
    let shown = notifications
        .recv_timeout(PATIENCE)
        .expect("a notification");
    assert!(shown.body.contains("uthira: four"), "{}", shown.body);
    assert!(notifications.try_recv().is_err());

    // The members, beside the transcript.
    window.activate();
    let eyes = Eyes::on(&window);
    for words in ["Here (3)", "(you)"] {
        eyes.wait_for(words, HERE, eyes::BESIDE);
    }
    drop(bob);
    server.ask(
        "DELETE",
        "/session",
        &[("Authorization", &support::client::bearer(&eve))],
        "",
    );
    eyes.wait_for("Here (2)", HERE, eyes::BESIDE);
}

/// The list of members.
const HERE: support::picture::Area = (648, 50, 160, 422);

/// A server that hangs up at once, and counts its connections. Unlike a [`support::fake::Fake`] it uses a given
/// address and reads no request.
struct Other {
    address: String,
    count: Arc<AtomicUsize>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Other {
    fn on(address: &str) -> Other {
        let listener = TcpListener::bind(address).expect("the port is free");
        let (count, ends) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (counted, ended) = (Arc::clone(&count), Arc::clone(&ends));
        let thread = std::thread::spawn(move || {
            while listener.accept().is_ok() && !ended.load(Ordering::SeqCst) {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        let (address, thread) = (address.to_string(), Some(thread));
        Other {
            address,
            count,
            ends,
            thread,
        }
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    #[track_caller]
    fn wait_for(&self, count: usize) {
        wait_for(&format!("{count} attempts"), || {
            (self.count() >= count).then_some(())
        });
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[test]
fn offline_it_counts_down_and_tries_when_it_is_told() {
    let display = Arc::new(Display::start(900, 700));
    let mut server = Server::start(&["--grace", "1s"]);
    let window = open(&display, &server, "uthira");
    wait_for_members(&server, &["uthira"]);
    let eyes = Eyes::on(&window);
    eyes.wait_for("connected", eyes::STATUS, eyes::STATE);
    let words =
        |seconds| format!("offline: the connection was closed; trying again in {seconds} s");
    for seconds in 1..8 {
        eyes.learn(&words(seconds));
    }
    server.kill();
    // Another server has the port now and hangs up, so that attempts can be counted.
    let other = Other::on(&server.address);
    // By now the attempts are eight seconds apart or more, and the window counts down.
    other.wait_for(6);
    let mut before = 0;
    wait_for("seconds that pass", || {
        let picture = window.picture();
        let is = |seconds: &i32| {
            let words = words(*seconds);
            eyes.was_there(&picture, &words, eyes::STATUS, eyes::STATE)
        };
        let now = (1..8).find(is)?;
        let last = std::mem::replace(&mut before, now);
        (now < last).then_some(())
    });
    display.picture("offline.png");
    // The user can retry at once: ten more attempts would otherwise take two minutes.
    let count = other.count();
    wait_for("ten more attempts", || {
        window.click(-50, -26);
        (other.count() >= count + 10).then_some(())
    });
    drop(other);
    server.start_again(&["--grace", "1s"]);
    wait_for("being in again", || {
        window.click(-50, -26);
        (members(&server) == ["uthira"]).then_some(())
    });
    eyes.wait_for("connected", eyes::STATUS, eyes::STATE);
}

#[test]
fn a_thousand_missed_messages_are_there_whole_and_once() {
    let display = Arc::new(Display::start(900, 700));
    let mut server = Server::start(&["--grace", "1s"]);
    let home = Arc::new(Folder::new());
    let window = display.open(Arc::clone(&home), &["--name", "uthira", &server.address]);
    wait_for_members(&server, &["uthira"]);
    say(&window, "before.");
    wait_for_sight(&window, ":before.");
    server.kill();
    let mut missed = Past::more(Stamp::now());
    for n in 0..1000 {
        missed.said("bob", &format!("missed {n}."));
    }
    missed.append(&server.folder);
    say(&window, "meanwhile.");
    server.start_again(&["--grace", "1s"]);
    window.keys(&["ctrl+t"]);
    wait_for_sight(&window, ":meanwhile.");
    let all = window.transcript();
    let messages = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|l| l.starts_with('['))
            .map(str::to_string)
            .collect()
    };
    assert!(
        messages(&all) == messages(&server.said().join("\n")),
        "{all}"
    );
    display.picture("caught-up.png");

    window.click(-48, -62);
    assert_eq!(window.ended(), Some(0));
    assert!(server.stop().success());
    let mut away = Past::more(Stamp::now());
    for n in 0..1200 {
        away.said("bob", &format!("away {n}."));
    }
    away.append(&server.folder);
    server.start_again(&["--grace", "1s"]);
    let window = display.open(home, &["--name", "uthira", &server.address]);
    wait_for_sight(&window, ":away 1199.");
    display.picture("away.png");
    let all = everything(&window, ":before.", ":away 1199.");
    assert!(
        messages(&all) == messages(&server.said().join("\n")),
        "{all}"
    );
}

#[test]
fn a_refusal_is_shown_and_changes_nothing() {
    let display = Arc::new(Display::start(900, 700));
    let server = Server::start(&["--grace", "1s"]);
    // Another name of this machine, which the server does not accept.
    let strange = server.address.replace("127.0.0.1", "127.1");
    let window = display.open(Arc::new(Folder::new()), &["--name", "uthira", &strange]);
    window.wait_for_colour(REFUSED);
    let refused = window.picture();
    display.picture("host.png");
    assert_eq!(members(&server), Vec::<String>::new());
    // The address is wrong, and the cursor is in its field.
    window.keys(&["ctrl+a"]);
    window.type_text(&server.address);
    window.keys(&["Return"]);
    wait_for_members(&server, &["uthira"]);
    let eyes = Eyes::on(&window);
    let words = "This server does not have the name \"127.1\".";
    assert!(
        eyes.was_there(&refused, words, HINT, eyes::WRONG),
        "nothing says {words}"
    );

    // Another refused name leaves the login unchanged.
    let words = "A name has at most 8 characters; this one has 10. Choose a shorter one.";
    eyes.learn(words);
    switch_room(&window);
    window.type_text("waytoolong");
    window.keys(&["Return"]);
    window.wait_for_colour(REFUSED);
    eyes.wait_for(words, HINT, eyes::WRONG);
    display.picture("switch.png");
    let bob = server.log_in("bob");
    server.say(&bob, "still there?");
    wait_for("what others say meanwhile", || {
        let seen = in_sight_below(&window, 100);
        seen.contains(":still there?").then_some(())
    });
    window.click(-40, 24);
    window.type_text("still here.");
    window.keys(&["Return"]);
    display.picture("back.png");
    wait_for_sight(&window, "[uthira]: ");
    assert!(
        server
            .said()
            .iter()
            .any(|line| line.ends_with(":still here."))
    );
    let came = server.said();
    let came = came
        .iter()
        .filter(|line| line.as_str() == "Client (uthira) entered room");
    assert_eq!(came.count(), 1);
    // Bob has no stream, and may have left by now.
    assert_eq!(members(&server)[0], "uthira");
}

/// The hint about a wrong field.
const HINT: support::picture::Area = (10, 40, 800, 60);

#[test]
fn a_name_that_the_room_took_is_not_called_too_long() {
    let display = Arc::new(Display::start(900, 700));
    let server = Server::start(&["--max-name", "12", "--grace", "1s"]);
    let window = open(&display, &server, "tencharact");
    window.wait_to_be_in();
    let eyes = Eyes::on(&window);
    let too_long = |count| format!("Name: {count} of 8 characters: too long (the usual limits)");
    for count in [10, 11] {
        eyes.learn(&too_long(count));
    }
    switch_room(&window);
    let picture = window.picture();
    assert!(!eyes.was_there(&picture, &too_long(10), HINT, eyes::WRONG));
    // Another name can be too long.
    window.keys(&["End"]);
    window.type_text("s");
    eyes.wait_for(&too_long(11), HINT, eyes::WRONG);
}

#[test]
fn another_log_is_said_and_shown() {
    let display = Arc::new(Display::start(900, 700));
    let mut server = Server::start(&["--grace", "1s"]);
    let window = open(&display, &server, "uthira");
    wait_for_members(&server, &["uthira"]);
    say(&window, "in the old log.");
    wait_for_sight(&window, ":in the old log.");
    assert!(server.stop().success());
    let mut other = Past::opened(noon(2), "another room");
    other.said("bob", "in the other log.");
    other.replace(&server.folder);
    server.start_again(&["--grace", "1s"]);
    let seen = wait_for_sight(&window, ":in the other log.");
    assert!(!seen.contains("old log"), "{seen}");
    window.click(400, 460);
    let words = "The room's log was replaced or restored: what you saw";
    Eyes::on(&window).wait_for(words, eyes::TRANSCRIPT, eyes::SAID);
    display.picture("reset.png");
    say(&window, "in the new one.");
    wait_for_sight(&window, ":in the new one.");
}
