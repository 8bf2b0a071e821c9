//! A room whose log was restored from an older copy: read messages stay read, messages since then are new.

use std::sync::Arc;

use chatroom::event::Stamp;

use super::past::Past;
use support::display::Display;
use support::program::Folder;
use support::server::Server;
use support::waiting::wait_for;
use support::window::Window;
use support::window::eyes::{self, in_sight_below, wait_for_sight};
use support::window::typing::{ARGS, kept};

/// The visible text below the line above new messages.
fn new(window: &Window) -> String {
    let row = wait_for("the line of what is new", || {
        let lines = window
            .picture()
            .lines_in(eyes::TRANSCRIPT, eyes::UNREAD, 100);
        lines.first().map(|(_, y, _)| *y)
    });
    in_sight_below(window, row as i32 + 4)
}

#[test]
fn read_messages_are_not_new_in_a_restored_older_copy() {
    let display = Arc::new(Display::start(900, 700));
    let mut server = Server::start(ARGS);
    let bob = server.log_in("bob");
    for n in 0..4 {
        server.say(&bob, &format!("kept {n}."));
    }
    let copy = std::fs::read(server.log()).expect("the log");
    let home = Arc::new(Folder::new());
    let open = |server: &Server| {
        let args = ["--name", "uthira", &server.address];
        display.open(Arc::clone(&home), &args)
    };
    let mut window = open(&server);
    wait_for_sight(&window, ":kept 3.");
    server.say(&bob, "lost.");
    wait_for_sight(&window, ":lost.");
    // The window stays, or another one opens afterwards.
    for (name, stays) in [("ann", true), ("cat", false)] {
        wait_for("what was read, kept", || {
            let newest = server.events("last=1");
            (kept(&home)?["read"] == newest.last()?["id"]).then_some(())
        });
        if !stays {
            window.keys(&["ctrl+q"]);
            assert_eq!(window.ended(), Some(0));
        }
        server.kill();
        server.folder.file("log.txt", &copy);
        // Posted while the window was away, but messages that it shows are not new.
        let mut since = Past::more(Stamp::now());
        since.said(name, &format!("{name} is new."));
        since.append(&server.folder);
        server.start_again(ARGS);
        if !stays {
            window = open(&server);
        }
        let text = format!(":{name} is new.");
        let seen = wait_for_sight(&window, &text);
        assert!(seen.contains(":kept 3."), "{seen}");
        let new = new(&window);
        assert!(new.contains(&text) && !new.contains(":kept"), "{new}");
        display.picture(&format!("restored-{name}.png"));
    }
}
