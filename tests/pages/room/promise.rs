//! What was typed is said: once, in order, here and nowhere else.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use support::client::bearer;
use support::program::Folder;
use support::server::Server;
use support::waiting::wait_for;

use super::{ALL_SENT, DESKTOP, TOKEN, Visitor, said_by};

/// What the page keeps of messages.
const OUTBOX: &str = "Object.keys(localStorage).filter(name => name.includes('/out/')).length";

#[test]
fn messages_typed_while_the_server_dies_are_said_once_and_in_order() {
    let mut server = Server::start(&["--max-rate", "0"]);
    let mut visitor = Visitor::in_room(&server, "mira");
    let mut typed = Vec::new();
    for n in 0..60 {
        match n % 20 {
            7 => {
                // Some lives end while messages are sent, and one after some were.
                if n == 27 {
                    wait_for("messages of two lives in the log", || {
                        (said_by(&server, "mira").len() >= 10).then_some(())
                    });
                }
                server.kill();
            }
            15 => {
                server.start_again(&["--max-rate", "0"]);
                visitor
                    .browser
                    .until("document.getElementById('strip').checkVisibility()");
                visitor.click("#try");
            }
            _ => {}
        }
        typed.push(format!("message {n}"));
        visitor.say(&typed[n]);
    }
    visitor.browser.until(ALL_SENT);
    assert_eq!(said_by(&server, "mira"), typed);
    assert_eq!(visitor.texts(), typed);
    assert_eq!(visitor.browser.find(OUTBOX), 0);
    visitor.is_well();
}

#[test]
fn a_tab_that_dies_with_unsent_messages_loses_none() {
    let mut server = Server::start(&[]);
    let mut visitor = Visitor::in_room(&server, "mira");
    visitor.say("before");
    visitor.wait_for_text("before");
    server.kill();
    let mut typed = vec!["before".to_string()];
    for n in 0..10 {
        typed.push(format!("unsent {n}"));
        visitor.say(&typed[n + 1]);
    }
    visitor.browser.write("half a sen");
    let waiting = "document.getElementById('strip').textContent.includes('10 waiting.')";
    visitor.browser.until(waiting);
    assert_eq!(visitor.browser.find(OUTBOX), 10);
    visitor.browser.crash_tab();
    server.start_again(&[]);
    visitor.browser.open_tab();
    visitor.prepare();
    visitor.open("");
    visitor.wait_for_text("unsent 9");
    visitor.browser.until(ALL_SENT);
    assert_eq!(said_by(&server, "mira"), typed);
    assert_eq!(visitor.texts(), typed);
    let draft = "document.getElementById('draft').value";
    assert_eq!(visitor.browser.find(draft), "half a sen");
    visitor.browser.reload();
    visitor.wait_for_room();
    assert_eq!(visitor.browser.find(draft), "half a sen");
    visitor.is_well();
}

#[test]
fn what_one_name_typed_is_not_said_under_another_until_its_owner_says_so() {
    let mut server = Server::start(&[]);
    let mut visitor = Visitor::in_room(&server, "mira");
    server.kill();
    for text in ["wanted", "unwanted"] {
        visitor.say(text);
    }
    visitor
        .browser
        .until("document.getElementById('strip').textContent.includes('2 waiting.')");
    let token = visitor.browser.find(TOKEN);
    visitor.browser.go("about:blank");
    // The session ends, and somebody else takes the name.
    server.start_again(&["--grace", "1s"]);
    let token = bearer(token.as_str().expect("a token"));
    let ended = server.ask("DELETE", "/session", &[("Authorization", &token)], "");
    assert_eq!(ended.status, 204, "{}", ended.text());
    let taken = wait_for("the name", || {
        let taken = server.ask("POST", "/session", &[], "mira");
        (taken.status == 201).then_some(taken.json())
    });
    let taken = bearer(taken["token"].as_str().expect("a token"));
    let _other = server.listen("/events", &[("Authorization", &taken)]);
    visitor.open("");
    visitor
        .browser
        .until("document.getElementById('refusal')?.textContent !== '' && !document.getElementById('login').hidden");
    visitor.log_in("nora");
    let why = "[...document.querySelectorAll('.refused .why')].filter(why => why.textContent.startsWith('Not sent: You logged in as someone else')).length === 2";
    visitor.browser.until(why);
    assert_eq!(said_by(&server, "nora"), Vec::<String>::new());
    visitor.choose("Retry");
    visitor.wait_for_text("wanted");
    visitor.choose("Delete");
    visitor.browser.until(ALL_SENT);
    assert_eq!(said_by(&server, "nora"), ["wanted"]);
    assert_eq!(visitor.browser.find(OUTBOX), 0);
    visitor.is_well();
}

/// An address whose server can change, and all bytes that clients sent there.
struct Address {
    address: String,
    server: Arc<Mutex<String>>,
    sent: Arc<Mutex<Vec<u8>>>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    /// From the next message on, no answer arrives.
    armed: Arc<AtomicBool>,
    /// No answer arrives.
    loses: Arc<AtomicBool>,
}

impl Address {
    fn of(server: &Server) -> Address {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = Address {
            address: listener.local_addr().expect("an address").to_string(),
            server: Arc::new(Mutex::new(server.address.clone())),
            sent: Arc::default(),
            open: Arc::default(),
            armed: Arc::default(),
            loses: Arc::default(),
        };
        let (server, sent) = (Arc::clone(&address.server), Arc::clone(&address.sent));
        let (open, loses) = (Arc::clone(&address.open), Arc::clone(&address.loses));
        let armed = Arc::clone(&address.armed);
        thread::spawn(move || {
            for mut client in listener.incoming().map_while(Result::ok) {
                let at = server.lock().expect("no panic").clone();
                // Nobody is there for a while.
                let Ok(mut there) = TcpStream::connect(at) else {
                    continue;
                };
                let [mut back, mut answers] =
                    [&client, &there].map(|end| end.try_clone().expect("a second handle"));
                let end = client.try_clone().expect("a second handle");
                open.lock().expect("no panic").push(end);
                let (armed, will_lose) = (Arc::clone(&armed), Arc::clone(&loses));
                let loses = Arc::clone(&loses);
                thread::spawn(move || {
                    let mut bytes = [0; 65_536];
                    while let Ok(count @ 1..) = answers.read(&mut bytes) {
                        let is_lost = loses.load(Ordering::SeqCst);
                        if !is_lost && back.write_all(&bytes[..count]).is_err() {
                            break;
                        }
                    }
                    let _ = back.shutdown(Shutdown::Both);
                });
                let sent = Arc::clone(&sent);
                thread::spawn(move || {
                    let mut bytes = [0; 65_536];
                    while let Ok(count @ 1..) = client.read(&mut bytes) {
                        if bytes[..count].starts_with(b"POST /messages")
                            && armed.load(Ordering::SeqCst)
                        {
                            will_lose.store(true, Ordering::SeqCst);
                        }
                        sent.lock().expect("no panic").extend(&bytes[..count]);
                        if there.write_all(&bytes[..count]).is_err() {
                            break;
                        }
                    }
                    let _ = there.shutdown(Shutdown::Both);
                });
            }
        });
        address
    }

    /// Ends every connection; new ones go to this server.
    fn turn_to(&self, server: &str) {
        *self.server.lock().expect("no panic") = server.to_string();
        for end in self.open.lock().expect("no panic").drain(..) {
            // It may be closed already.
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// Answers arrive again.
    fn answer_again(&self) {
        for lost in [&self.armed, &self.loses] {
            lost.store(false, Ordering::SeqCst);
        }
    }

    /// What was sent since the last time.
    fn sent(&self) -> String {
        let sent = std::mem::take(&mut *self.sent.lock().expect("no panic"));
        String::from_utf8_lossy(&sent).into_owned()
    }
}

#[test]
fn another_room_at_the_same_address_is_told_nothing() {
    const KEY: &str = "the key of the first room";
    let folder = Folder::new();
    folder.file("key", KEY);
    let mut first = Server::start_in(Arc::new(folder), "127.0.0.1:0", &["--key-file", "key"]);
    let address = Address::of(&first);
    let mut visitor = Visitor::at(&address.address, DESKTOP);
    visitor.open("#name=mira");
    visitor
        .browser
        .until("document.activeElement?.id === 'key'");
    visitor.browser.write(KEY);
    visitor.browser.press("Enter", 13, false);
    visitor.wait_for_room();
    visitor.say("the first room hears this");
    visitor.wait_for_text("the first room hears this");
    visitor.browser.until(ALL_SENT);
    let token = visitor.browser.find(TOKEN);
    let token = token.as_str().expect("a token").to_string();
    let heard = address.sent();
    for word in [&token, KEY, "hears this"] {
        assert!(heard.contains(word), "{word} was not sent: {heard}");
    }
    // The first room goes, with the tab open and messages waiting.
    first.kill();
    address.turn_to(&first.address);
    visitor
        .browser
        .until("document.getElementById('strip').checkVisibility()");
    for n in 0..3 {
        visitor.say(&format!("private {n}"));
    }
    visitor.browser.write("a private draft");
    visitor
        .browser
        .until("document.getElementById('strip').textContent.includes('3 waiting.')");
    let second = Server::start(&["--room", "Second"]);
    address.turn_to(&second.address);
    visitor.click("#try");
    visitor.browser.until("!document.getElementById('login').hidden && document.querySelector('h1').textContent === 'Second'");
    visitor.log_in("mira");
    visitor.say("hello, second room");
    visitor.wait_for_text("hello, second room");
    visitor.browser.until(ALL_SENT);
    let draft = visitor
        .browser
        .find("document.getElementById('draft').value");
    assert_eq!(draft, "");
    let heard = address.sent();
    assert!(heard.contains("hello, second room"), "{heard}");
    for word in [&token, KEY, "private"] {
        assert!(!heard.contains(word), "{word} was sent: {heard}");
    }
    assert_eq!(said_by(&second, "mira"), ["hello, second room"]);
    // They are offered.
    let aside = visitor.text_of("#aside");
    assert!(
        aside.starts_with("3 messages for another room at this address"),
        "{aside}"
    );
    // And sent when the first room is back.
    first.start_again(&["--key-file", "key"]);
    address.turn_to(&first.address);
    visitor.open("");
    visitor.wait_for_text("private 2");
    visitor.browser.until(ALL_SENT);
    let all = [
        "the first room hears this",
        "private 0",
        "private 1",
        "private 2",
    ];
    wait_for("all of them", || {
        (said_by(&first, "mira") == all).then_some(())
    });
    let draft = visitor
        .browser
        .find("document.getElementById('draft').value");
    assert_eq!(draft, "a private draft");
    visitor.is_well();
}

#[test]
fn a_message_whose_answer_is_lost_is_said_once() {
    let server = Server::start(&["--max-rate", "0"]);
    let address = Address::of(&server);
    let mut visitor = Visitor::at(&address.address, DESKTOP);
    visitor.open("");
    visitor.log_in("mira");
    let mut typed = Vec::new();
    for round in 0..4 {
        address.armed.store(true, Ordering::SeqCst);
        for n in 0..3 {
            typed.push(format!("message {n} of round {round}"));
            visitor.say(&typed[typed.len() - 1]);
        }
        // The first one is in the log, which the page cannot know.
        wait_for("the message that arrives", || {
            (said_by(&server, "mira").len() == typed.len() - 2).then_some(())
        });
        visitor
            .browser
            .until("document.querySelectorAll('.pending').length === 3");
        if round < 2 {
            address.answer_again();
            address.turn_to(&server.address);
        } else {
            // In the meantime the tab dies, too.
            visitor.browser.crash_tab();
            address.answer_again();
            visitor.browser.open_tab();
            visitor.prepare();
            visitor.open("");
        }
        visitor.wait_for_text(&typed[typed.len() - 1]);
        visitor.browser.until(ALL_SENT);
        assert_eq!(said_by(&server, "mira"), typed);
        assert_eq!(visitor.texts(), typed);
    }
    visitor.is_well();
}
