//! Messages and what surrounds them: links, names, selections, days, joins and leaves.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use super::past::{Past, noon};
use support::display::Display;
use support::program::Folder;
use support::waiting::wait_for;
use support::window::Window;
use support::window::eyes::{self, Eyes, in_sight};

const ADDRESS: &str = "https://a.example/x?y=1&z=@2";

/// A browser that records the pages that it is asked to open.
struct Browser {
    folder: Arc<Folder>,
}

impl Browser {
    fn new() -> Browser {
        let folder = Arc::new(Folder::new());
        let note = folder.path().join("opened");
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$@${{CHATROOM_KEY+ $CHATROOM_KEY}}\" >> '{}'\n",
            note.display()
        );
        let program = folder.file("xdg-open", script);
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(program, mode).expect("it may be run");
        Browser { folder }
    }

    /// A path with it in front of every other.
    fn path(&self) -> String {
        let before = std::env::var("PATH").unwrap_or_default();
        format!("{}:{before}", self.folder.path().display())
    }

    fn opened(&self) -> Vec<String> {
        let note = std::fs::read_to_string(self.folder.path().join("opened"));
        note.unwrap_or_default()
            .lines()
            .map(str::to_string)
            .collect()
    }

    #[track_caller]
    fn wait_for(&self, times: usize) {
        wait_for(&format!("a browser opened {times} times"), || {
            (self.opened().len() >= times).then_some(())
        });
        assert_eq!(self.opened(), vec![ADDRESS; times]);
    }
}

/// The lines below links, as left, top and length.
fn underlined(window: &Window, least: usize) -> Vec<(usize, usize, usize)> {
    window
        .picture()
        .lines_in(eyes::TRANSCRIPT, eyes::LINK, least)
}

/// The clipboard after copying a selection.
fn copied(window: &Window) -> String {
    window.display().set_selection("clipboard", "");
    window.keys(&["ctrl+c"]);
    wait_for("a copy", || {
        Some(window.display().clipboard()).filter(|text| !text.is_empty())
    })
}

/// Performs an action, and waits until it has selected the wanted text. The selection of two clicks is handed over
/// before a third click.
#[track_caller]
fn marks(window: &Window, doing: impl Fn(), what: &str, wanted: impl Fn(&str) -> bool) {
    window.display().set_selection("primary", "");
    doing();
    wait_for(&format!("{what}, marked"), || {
        wanted(&window.display().selection("primary")).then_some(())
    });
}

#[test]
fn lines_can_be_followed_marked_and_unfolded() {
    let display = Arc::new(Display::start(900, 700));
    let mut past = Past::opened(noon(2), "two days");
    past.said("bob", "good evening");
    let mut next = Past::more(noon(1));
    for name in ["ann", "bob", "cat", "dan", "eve", "fay"] {
        next.came(name);
    }
    next.said("dan", "first");
    next.pass(Duration::from_secs(17));
    next.said("dan", &format!("see {ADDRESS}, he said"));
    next.said(
        "bob",
        "file:///etc/passwd javascript:alert(1) mailto:a@b.example",
    );
    next.said("eve", "who has uthirah's tea?");
    next.said("eve", "uthira: tea?");
    next.said("cat", "not me");
    past.then(next);
    let server = past.room(&[]);
    let browser = Browser::new();
    let window = display.open_with(
        Arc::new(Folder::new()),
        &["--name", "uthira", &server.address],
        // The browser also records the room key, if it gets one.
        &[("PATH", &browser.path()), ("CHATROOM_KEY", "sesame")],
    );
    let eyes = Eyes::on(&window);
    let day = |days| noon(days).utc().format("%A, %-d %B %Y").to_string();

    // Each day begins with a line, and its messages are below it.
    eyes.wait_for(&day(1), eyes::TRANSCRIPT, eyes::BESIDE);
    let (_, first) = eyes.wait_for(&day(2), eyes::TRANSCRIPT, eyes::BESIDE);
    let (_, second) = eyes.wait_for(&day(1), eyes::TRANSCRIPT, eyes::BESIDE);
    assert!(first + 60 < second, "{first} {second}");

    // A line that mentions its name stands out; one with a longer name does not.
    let rows = wait_for("a line that stands out", || {
        let rows = window
            .picture()
            .lines_in(eyes::TRANSCRIPT, eyes::MENTION, 100);
        Some(rows).filter(|rows| !rows.is_empty())
    });
    let (top, bottom) = (rows[0].1, rows[rows.len() - 1].1);
    assert!((20..30).contains(&(bottom - top)), "{top} to {bottom}");
    let middle = (top + bottom) / 2;
    let thrice = || window.point((30, middle as i32), &["click", "--repeat", "3", "1"]);
    marks(&window, thrice, "the line that names us", |line| {
        line.ends_with("uthira: tea?\n")
    });
    display.picture("seeing.png");

    // A click opens links and nothing else.
    let links = underlined(&window, 80);
    let [(left, below, long)] = links[..] else {
        panic!("{links:?}");
    };
    let (x, y) = ((left + long / 2) as i32, below as i32 - 6);
    for row in [y, y + 31] {
        // Beside it, and in the row with other schemes.
        for x in [left as i32 + long as i32 + 30, 300, 400, 500] {
            if row == y && (x as usize) < left + long {
                continue;
            }
            window.click(x, row);
        }
    }
    window.click(x, y);
    browser.wait_for(1);

    // A selection across lines copies them as in the log, however it is made.
    let said = server.said();
    let at = said
        .iter()
        .position(|line| line.contains(ADDRESS))
        .expect("it");
    assert!(said[at].starts_with("[dan]: 0:00:17:see "), "{}", said[at]);
    let all: String = said[at..at + 3]
        .iter()
        .map(|line| format!("{line}\n"))
        .collect();
    for (from, to) in [(y, y + 62), (y + 62, y)] {
        let drag = || window.drag((200, from), (240, to));
        marks(&window, drag, "three lines", |lines| lines == all);
        assert_eq!(copied(&window), all);
    }
    // One word, by two clicks.
    let twice = || window.point((left as i32 - 15, y), &["click", "--repeat", "2", "1"]);
    marks(&window, twice, "a word", |word| word == "see");
    // By keyboard, from the lowest line on.
    window.click(400, 460);
    window.keys(&["shift+Up", "shift+Up", "shift+Up", "shift+Down"]);
    let last = concat!(
        "* Room opened (chatroom ",
        env!("CARGO_PKG_VERSION"),
        ")\nClient (uthira) entered room\n"
    );
    assert_eq!(copied(&window), last);

    // The exact time of the message under the pointer.
    let time = noon(1).plus(Duration::from_secs(17));
    let exact = time.utc().format("%A, %-d %B %Y, %H:%M:%S").to_string();
    assert_eq!(eyes.find(&exact, eyes::TRANSCRIPT, eyes::STATE), None);
    window.point((200, y), &[]);
    eyes.wait_for_at(&exact, eyes::TRANSCRIPT, eyes::STATE, (200, y));
    display.picture("hover.png");
    // In its own line, and gone with the next key.
    let place = eyes.find(&exact, eyes::TRANSCRIPT, eyes::STATE);
    let top = place.expect("the time").1 as i32;
    assert!((0..24).contains(&(y - top)), "{top} beside {y}");
    window.keys(&["Escape"]);
    wait_for("no time", || {
        let place = eyes.find(&exact, eyes::TRANSCRIPT, eyes::STATE);
        place.is_none().then_some(())
    });

    // Many joins are one line until it is opened; the keyboard reaches both.
    let many = "6 came (ann, bob, cat and others)";
    eyes.wait_for(many, eyes::TRANSCRIPT, eyes::BESIDE);
    let one = "Client (cat) entered room";
    assert_eq!(eyes.find(one, eyes::TRANSCRIPT, eyes::BESIDE), None);
    window.click(400, 460);
    window.keys(&["Right", "Right", "Return"]);
    browser.wait_for(2);
    window.keys(&["Left", "Return"]);
    eyes.wait_for(one, eyes::TRANSCRIPT, eyes::BESIDE);
    assert_eq!(eyes.find(many, eyes::TRANSCRIPT, eyes::BESIDE), None);
    display.picture("unfolded.png");
    let seen = in_sight(&window);
    assert!(seen.contains("Client (fay) entered room\n"), "{seen}");
}
