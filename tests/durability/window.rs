//! Text typed into a window is said once and in order, whatever is killed meanwhile, and every message that was
//! shown as waiting outlives a power cut.

use std::path::PathBuf;
use std::sync::Arc;

use crate::image::Disk;
use support::display::Display;
use support::program::Folder;
use support::server::Server;
use support::waiting::wait_for;
use support::window::Window;
use support::window::eyes::{self, Eyes};
use support::window::typing::{ARGS, kill_while_typing, said, type_through_kills};

/// The number of power cuts.
const CUTS: usize = 8;
/// The number of messages that wait then.
const EACH: usize = 3;

#[test]
fn five_hundred_messages_typed_through_twenty_kills_of_the_server() {
    type_through_kills(500, 20, 50);
}

#[test]
fn a_window_killed_twenty_times_while_it_is_typed_into() {
    kill_while_typing(20);
}

/// A window of eve that keeps its files on that disk.
fn open(display: &Arc<Display>, disk: &Disk, server: &Server) -> Window {
    let folder = Arc::new(Folder::new());
    let path = |name: &str| disk.path().join(name).display().to_string();
    let (state, config) = (path("state"), path("config"));
    let environment = [("XDG_STATE_HOME", &*state), ("XDG_CONFIG_HOME", &*config)];
    display.open_with(folder, &["--name", "eve", &server.address], &environment)
}

/// The number of messages that are marked as waiting.
fn waiting(eyes: &Eyes) -> usize {
    let (left, top, width, height) = eyes::TRANSCRIPT;
    let (mut found, mut from) = (0, top);
    while let Some((_, y)) = eyes.find(
        "waiting",
        (left + width - 120, from, 120, top + height - from),
        eyes::BESIDE,
    ) {
        (found, from) = (found + 1, y + 15);
    }
    found
}

/// The copies that are certainly on the disk.
fn sure(disk: &Disk) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(disk.path().join("state/chatroom/gui"));
    let paths = entries.into_iter().flatten().flatten().map(|e| e.path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "sure"))
        .collect()
}

#[test]
fn waiting_messages_and_the_draft_outlive_power_cuts() {
    power_cuts(Disk::ext4(64));
}

#[test]
fn waiting_messages_and_the_draft_outlive_power_cuts_on_xfs() {
    power_cuts(Disk::xfs());
}

fn power_cuts(mut disk: Disk) {
    let display = Arc::new(Display::start(900, 700));
    let mut server = Server::start(ARGS);
    let mut all: Vec<String> = Vec::new();
    for cut in 0..CUTS {
        let window = open(&display, &disk, &server);
        window.wait_to_be_in();
        window.to_message();
        let eyes = Eyes::on(&window);
        eyes.learn("waiting");
        server.kill();
        for n in 0..EACH {
            all.push(format!("c{cut}n{n}"));
            window.type_text(&all[all.len() - 1]);
            window.keys(&["Return"]);
            wait_for("it is called waiting", || {
                (waiting(&eyes) == n + 1).then_some(())
            });
        }
        let draft = format!("half of {cut}");
        if cut % 2 == 1 {
            window.type_text(&draft);
            wait_for("the draft on the disk", || {
                let texts = sure(&disk).into_iter().map(std::fs::read_to_string);
                let has = |text: String| text.contains(&draft);
                texts.flatten().any(has).then_some(())
            });
        }
        let pid = window.pid();
        disk.cut(pid.as_raw_nonzero().get());
        window.kill();
        disk.unmount();
        disk.mount();

        // All of it is shown again while the room is away, and sent once it is back.
        let window = open(&display, &disk, &server);
        window.to_message();
        if cut % 2 == 1 {
            window.wait_for_field(&draft);
        }
        wait_for("what waits in the next window", || {
            let picture = window.picture();
            let seen = eyes.was_there(&picture, "waiting", picture.all(), eyes::BESIDE);
            seen.then_some(())
        });
        window.keys(&["ctrl+a", "BackSpace"]);
        server.start_again(ARGS);
        wait_for("what waited, said", || {
            (said(&server, "eve").len() >= all.len()).then_some(())
        });
        assert_eq!(said(&server, "eve"), all, "after cut {cut}");
        window.wait_to_be_in();
        window.keys(&["ctrl+q"]);
        assert_eq!(window.ended(), Some(0));
    }
}
