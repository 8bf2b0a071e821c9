//! Rooms on the network: a single one is joined, several are offered in a list; on the tests' own networks.

use std::path::Path;

use chatroom::modes::gui::theme::Palette;

use super::*;
use support::network::{Machine, Switch};
use support::picture::{Area, Picture};
use support::window::eyes::{self, Eyes, wait_for_sight, wait_for_title};

const LIGHT: &str = "theme = \"light\"\n";
/// The list, in a window of the usual size.
const LIST: Area = (10, 40, 800, 250);

fn serve(machine: &Machine, args: &[&str]) -> Server {
    machine.serve(&Arc::new(Folder::new()), "0.0.0.0:1337", args)
}

/// A window on a machine, with a home that has these settings.
fn open_on(machine: &Machine, display: &Arc<Display>, settings: &str, args: &[&str]) -> Window {
    let folder = home(&format!("notify = false\n{settings}"));
    let mut all = vec!["gui"];
    all.extend_from_slice(args);
    let command = machine.chatroom(&folder, &all);
    display.open_by(folder, command)
}

/// The background of the chosen line and of selected text.
fn marked(palette: &Palette) -> [u8; 3] {
    let [_, colour @ ..] = palette.selection.to_be_bytes();
    colour
}

/// The chosen line of the list: top and height.
fn chosen(picture: &Picture, palette: &Palette) -> Option<(usize, usize)> {
    let colour = marked(palette);
    let lines = picture.lines_in(LIST, colour, 300);
    let (top, end) = (lines.first()?.1, lines.last()?.1);
    Some((top, end + 1 - top))
}

#[track_caller]
fn wait_for_chosen(window: &Window) -> (usize, usize) {
    wait_for("a chosen room", || {
        chosen(&window.picture(), &Palette::LIGHT)
    })
}

/// Waits until the window rests in another picture than `before`.
#[track_caller]
fn wait_for_other(window: &Window, before: &Picture) -> Picture {
    let mut last = window.picture();
    wait_for("something else to see", || {
        let now = window.picture();
        let rests = now == last && now != *before;
        last = now;
        rests.then(|| last.clone())
    })
}

/// Returns whether a process on the machine listens for announcements of rooms, as a search does.
fn searches(machine: &Machine) -> bool {
    let mut command = machine.command("cat");
    command.args(["/proc/net/udp", "/proc/net/udp6"]);
    let sockets = command.output().expect("cat runs").stdout;
    String::from_utf8_lossy(&sockets).contains(":14E9 ")
}

/// Keeps a picture for docs/window if they are wanted.
fn keep(window: &Window, name: &str) {
    if let Some(folder) = std::env::var_os("CHATROOM_PICTURES") {
        let path = Path::new(&folder).join(name);
        let mut command = window.display().command("import");
        let taken = command.args(["-window", window.id()]).arg(&path).status();
        assert!(taken.is_ok_and(|status| status.success()), "{path:?}");
    }
}

#[test]
fn the_only_room_on_the_network_is_joined() {
    let display = Arc::new(Display::start(900, 700));
    let mut switch = Switch::new();
    let (there, here) = (switch.machine(), switch.machine());
    let _lobby = serve(&there, &["--room", "Lobby"]);
    let window = open_on(&here, &display, LIGHT, &["--name", "uthira"]);
    wait_for_title(&window, "chatroom - Lobby @ 10.77.0.1");
    let words = "Joined Lobby at 10.77.0.1, found on this network.";
    Eyes::on(&window).wait_for(words, eyes::TRANSCRIPT, eyes::BESIDE);
    wait_for("the search's end", || (!searches(&here)).then_some(()));
    // Its message is in the room.
    say(&window, "found you");
    wait_for_sight(&window, ":found you");
}

#[test]
fn several_rooms_are_asked_about_and_chosen_by_keys_and_by_mouse() {
    let display = Arc::new(Display::start(900, 700));
    let mut switch = Switch::new();
    let (one, two, three) = (switch.machine(), switch.machine(), switch.machine());
    let here = switch.machine();
    let _lobby = serve(&one, &["--room", "Lobby"]);
    let _kitchen = serve(&two, &["--room", "Kitchen @home & garden"]);
    let recent = "recent = [\"10.77.0.2:1337\"]\n";
    let light = format!("{LIGHT}{recent}");
    let window = open_on(&here, &display, &light, &["--name", "uthira"]);
    // The previously used room is selected, below its heading.
    let first = wait_for_chosen(&window);
    assert_eq!(window.title(), "chatroom");
    // When another appears, the selection stays, and stays in place.
    let two_rooms = window.picture();
    let key = Folder::new();
    let key = key.file("key", "sesame\n").display().to_string();
    let _attic = serve(&three, &["--room", "Attic", "--key-file", &key]);
    wait_for_other(&window, &two_rooms);
    assert_eq!(wait_for_chosen(&window), first);
    keep(&window, "rooms.png");
    let dark = format!("theme = \"dark\"\n{recent}");
    let dark = open_on(&here, &display, &dark, &["--name", "eve"]);
    wait_for("a chosen room in dark colours", || {
        chosen(&dark.picture(), &Palette::DARK)
    });
    keep(&dark, "rooms-dark.png");
    drop(dark);
    window.keys(&["Down", "Return"]);
    wait_for_title(&window, "chatroom - Lobby @ 10.77.0.1");

    // To another one, by mouse: the list is below the fields, two keys from the name.
    switch_room(&window);
    window.keys(&["shift+Tab", "shift+Tab", "Down"]);
    let (top, height) = wait_for_chosen(&window);
    window.click(100, (top + height + height / 2) as i32);
    wait_for_title(&window, "chatroom - Kitchen @home & garden @ 10.77.0.2");

    // Then to a room with a key, for which the window asks.
    switch_room(&window);
    window.keys(&["shift+Tab", "shift+Tab", "Down"]);
    let known = wait_for_chosen(&window);
    wait_for("the room with a key", || {
        window.keys(&["End"]);
        (wait_for_chosen(&window).0 > known.0 + 2 * known.1).then_some(())
    });
    window.keys(&["Return"]);
    window.wait_for_colour(REFUSED);
    window.type_text("sesame");
    window.keys(&["Return"]);
    wait_for_title(&window, "chatroom - Attic @ 10.77.0.3");
}

#[test]
fn without_a_room_it_says_so_and_offers_the_first_that_appears() {
    let display = Arc::new(Display::start(900, 700));
    let mut switch = Switch::new();
    let (there, here) = (switch.machine(), switch.machine());
    let window = open_on(&here, &display, LIGHT, &["--name", "uthira"]);
    // The cursor is in the field for the address, whose text is selected.
    let marked = marked(&Palette::LIGHT);
    wait_for("the field for the address", || {
        let seen = window.picture().count_in((60, 10, 300, 30), marked);
        (seen > 500).then_some(())
    });
    let none = window.picture();
    assert!(searches(&here));

    let _lobby = serve(&there, &["--room", "Lobby"]);
    wait_for_other(&window, &none);
    assert_eq!(window.title(), "chatroom", "nobody is taken there");
    window.keys(&["Down", "Return"]);
    wait_for_title(&window, "chatroom - Lobby @ 10.77.0.1");
    let eyes = Eyes::on(&window);
    let words = "No room was found on this network; the window keeps looking.";
    let hint = (10, 40, 800, 60);
    assert!(eyes.was_there(&none, words, hint, eyes::ASIDE), "{words}");
}

#[test]
fn with_no_search_nothing_is_sent() {
    let display = Arc::new(Display::start(900, 700));
    let mut switch = Switch::new();
    let (there, here) = (switch.machine(), switch.machine());
    let _lobby = serve(&there, &["--room", "Lobby"]);
    let told = |args: &[&str]| {
        let folder = home(&format!("notify = false\n{LIGHT}"));
        let mut command = here.command("strace");
        command.args(["-D", "-f", "-e", "trace=network", "-o", "told"]);
        command.args([&support::program::CHATROOM, "gui", "--name"]);
        folder.settle(command.args(args));
        command.env_remove("CHATROOM_NO_SEARCH");
        let window = display.open_by(Arc::clone(&folder), command);
        let calls = move || std::fs::read_to_string(folder.path().join("told")).unwrap_or_default();
        (window, calls)
    };
    let (window, calls) = told(&["uthira", "--no-search"]);
    // Nothing was used before: there may be a room on this machine, but there is none.
    window.wait_for_colour(REFUSED);
    assert!(calls().contains("127.0.0.1"), "{}", calls());
    // Not even when it looks around for another room, which offers those that were used.
    window.click(150, 24);
    window.fill("10.77.0.1");
    window.keys(&["Return"]);
    wait_for_title(&window, "chatroom - Lobby @ 10.77.0.1");
    switch_room(&window);
    window.keys(&["shift+Tab", "shift+Tab", "Down"]);
    wait_for_chosen(&window);
    // A search would have begun before this exchange with the room.
    window.keys(&["Escape"]);
    window.at_rest();
    window.keys(&["Escape"]);
    window.at_rest();
    say(&window, "still here.");
    wait_for_sight(&window, ":still here.");
    window.keys(&["ctrl+q"]);
    assert_eq!(window.ended(), Some(0));
    assert!(!calls().contains("5353"), "{}", calls());
    let (window, calls) = told(&["bob", "10.77.0.1"]);
    wait_for_title(&window, "chatroom - Lobby @ 10.77.0.1");
    assert!(!calls().contains("5353"), "{}", calls());
    // Only looking for another room searches the network.
    window.click(-50, 24);
    wait_for("the search", || calls().contains("5353").then_some(()));
}
