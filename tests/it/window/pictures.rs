//! The window's appearance: every theme, twice the scale, many scripts, new messages, offline.
//!
//! With `CHATROOM_PICTURES` naming a folder (`make pictures`) each is kept there as it was seen.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use chatroom::event::{Body, Event, Stamp};
use chatroom::line;
use chatroom::modes::gui::theme::{Palette, Theme};

use super::{home, is_message, wait_for_members};
use support::display::Display;
use support::program::Folder;
use support::server::Server;
use support::waiting::{PATIENCE, wait_for};
use support::window::Window;

/// The other members.
const OTHERS: &[&str] = &["bob", "eve", "山田", "மலர்"];
/// The other members when all scripts are written.
const MORE: &[&str] = &["bob", "eve", "山田", "மலர்", "נועה", "سامي", "Дан"];
const SECOND: i64 = 1_000_000;

/// Earlier messages: sender and text, with `+` as the sender for a name that joins and `-` for one that leaves.
type Script = &'static [(&'static str, &'static str)];

const LAST_WEEK: Script = &[
    ("+", "uthira"),
    ("+", "bob"),
    ("+", "eve"),
    ("+", "山田"),
    ("+", "மலர்"),
    ("uthira", "and the toaster?"),
    ("bob", "does both sides now. one of them is the table's"),
    ("eve", "sold"),
    ("-", "山田"),
    ("-", "மலர்"),
    (
        "uthira",
        "same time next week. bring spanners, any size but 10",
    ),
    ("bob", "/me looks under the table"),
    ("-", "eve"),
    ("-", "bob"),
    ("-", "uthira"),
    ("*", ""),
];
const TODAY: Script = &[
    ("+", "bob"),
    ("bob", "I found a 10 mm spanner. it was in the toaster"),
    (
        "bob",
        "the instructions say it does not belong there:\nhttps://toaster.example/manual?page=7",
    ),
    ("+", "eve"),
    ("eve", "so that is what it was warming up for"),
    ("+", "山田"),
    ("山田", "こんばんは。ランプはまだ光っています 💡"),
    ("+", "மலர்"),
    ("மலர்", "வணக்கம்! tea in five minutes"),
];
const SCRIPTS: Script = &[
    ("+", "bob"),
    ("eve", "emoji: 🫖 👩‍🔧 👍🏽 🏳️‍🌈 🇮🇳 and ❤️ in one line"),
    (
        "山田",
        "日本語も、漢字も、ひらがなも、切れずに表示されます。",
    ),
    ("மலர்", "தமிழ் எழுத்துகள் முழுமையாகத் தெரிகின்றன"),
    ("נועה", "שלום! הטוסטר שוב עובד, 10 דקות לכל צד."),
    ("سامي", "مرحبا، هل الشاي جاهز؟ نعم (bob) قال ذلك"),
    (
        "bob",
        "x\u{302}\u{323} e\u{301} n\u{303} a\u{308}\u{332}: marks stand where they belong",
    ),
    (
        "bob",
        "@b @C1 &File &amp; [eve]: 0:00:07:is text, and\ta\ttab",
    ),
    ("Дан", "ссылка: https://example.org/путь?q=чай, uthira"),
];
const WHILE_AWAY: [(&str, &str); 5] = [
    ("bob", "is anybody keeping the tea warm?"),
    ("eve", "the toaster is"),
    ("bob", "uthira: do you still have the long screwdriver?"),
    ("山田", "ここにあります"),
    ("மலர்", "then it is all here but uthira"),
];

/// Writes a log of those days, the last of which ends just now. Everybody who is still there leaves at its end, since
/// the names of those who were there when a room ended are reserved for them.
fn write_log(path: &Path, days: &[Script]) {
    let now = Stamp::now().micros();
    let mut bytes = Vec::new();
    let mut spoke = std::collections::HashMap::new();
    let mut here: Vec<&str> = Vec::new();
    let mut put = |at: i64, body: Body| {
        let at = Stamp::from_micros(at);
        line::to_line(&Event { at, body }, &mut bytes);
    };
    for (back, day) in (0..days.len() as i64).rev().zip(days) {
        let mut at = now - back * 7 * 86_400 * SECOND - (19 * day.len() as i64 + 90) * SECOND;
        let random = format!("c2a1f07d93be584{back}");
        let version = "chatroom 0.1.0".to_string();
        put(at, Body::opened(version, random));
        for (n, (who, what)) in day.iter().enumerate() {
            at += (11 + 7 * (n as i64 % 3)) * SECOND;
            let name = || what.to_string();
            let body = match *who {
                "+" => {
                    spoke.insert(*what, at);
                    here.push(what);
                    Body::join(name())
                }
                "-" => {
                    here.retain(|name| name != what);
                    Body::leave(name())
                }
                "*" => Body::Closed,
                who => {
                    let before = spoke.insert(who, at).unwrap_or(at - 17 * SECOND);
                    Body::message(who, *what).elapsed(((at - before) / SECOND) as u64)
                }
            };
            put(at, body);
        }
    }
    for name in here {
        let name = name.to_string();
        put(now, Body::Leave { name });
    }
    std::fs::write(path, bytes).expect("a log");
}

/// A room with people in it, and uthira's window on it.
struct Stage {
    display: Arc<Display>,
    server: Server,
    folder: Arc<Folder>,
    window: Window,
    /// The other members and their tokens.
    others: &'static [&'static str],
    tokens: Vec<String>,
    scale: i32,
}

impl Stage {
    /// Opens it with these settings, on a room with these days in its log.
    fn open(display: &Arc<Display>, settings: &str, days: &[Script], scale: i32) -> Stage {
        let others = if days == [SCRIPTS] { MORE } else { OTHERS };
        let room = Arc::new(Folder::new());
        write_log(&room.path().join("log.txt"), days);
        let server = Server::start_in(room, "127.0.0.1:0", &["--room", "workshop"]);
        let tokens = others.iter().map(|name| server.log_in(name)).collect();
        let folder = home(settings);
        let window = enter(display, &folder, &server, others);
        Stage {
            others,
            display: Arc::clone(display),
            server,
            folder,
            window,
            tokens,
            scale,
        }
    }

    fn say(&self, from: &str, text: &str) {
        let at = self.others.iter().position(|name| *name == from);
        let token = &self.tokens[at.expect("they are here")];
        assert_eq!(self.server.say(token, text).status, 201);
    }

    /// Clicks at a place as it is at scale 1.
    fn click(&self, x: i32, y: i32) {
        self.window.click(x * self.scale, y * self.scale);
    }

    fn type_in(&self, text: &str) {
        self.click(120, -62);
        self.window.paste(text);
    }

    /// Waits until a message stands in the transcript, and leaves it without marks.
    fn wait_for_message(&self, from: &str, text: &str) {
        self.window
            .wait_for_line(&format!("{text:?}"), |line| is_message(line, from, text));
        // Free space beside the letters.
        self.click(600, 160);
        self.click(120, -62);
    }

    fn pixels(&self, window: &str) -> Vec<u8> {
        let mut command = self.display.command("import");
        command.args(["-window", window, "-depth", "8", "rgb:-"]);
        command.output().expect("import runs").stdout
    }

    fn id(&self, title: &str) -> String {
        wait_for(title, || {
            let found = self
                .display
                .xdotool(&["search", "--onlyvisible", "--name", title]);
            found.lines().next().map(str::to_string)
        })
    }

    /// Waits until the window whose title begins so rests with a colour in it, and keeps a picture.
    #[track_caller]
    fn take(&self, title: &str, name: &str, colours: &[(u32, usize)]) {
        let id = self.id(title);
        // Away from any message, whose time would show.
        self.display.xdotool(&["mousemove", "2", "2"]);
        let mut before = Vec::new();
        let until = std::time::Instant::now() + PATIENCE;
        loop {
            let pixels = self.pixels(&id);
            let mut wrong = String::new();
            for (colour, least) in colours {
                let [_, wanted @ ..] = colour.to_be_bytes();
                let seen = pixels.chunks_exact(3).filter(|pixel| **pixel == wanted);
                let seen = seen.count();
                if seen < *least {
                    let _ = write!(wrong, " {seen} of {least} pixels have {colour:06x};");
                }
            }
            if wrong.is_empty() && pixels == before {
                break;
            }
            assert!(std::time::Instant::now() < until, "{name}:{wrong}");
            before = pixels;
        }
        if let Some(folder) = std::env::var_os("CHATROOM_PICTURES") {
            let path = Path::new(&folder).join(name);
            let mut command = self.display.command("import");
            let taken = command.args(["-window", &id]).arg(&path).status();
            assert!(taken.is_ok_and(|status| status.success()), "{path:?}");
        }
    }
}

fn enter(display: &Arc<Display>, folder: &Arc<Folder>, server: &Server, others: &[&str]) -> Window {
    let args = ["--name", "uthira", &server.address];
    let window = display.open(Arc::clone(folder), &args);
    let all: Vec<&str> = others.iter().copied().chain(["uthira"]).collect();
    wait_for_members(server, &all);
    wait_for("the room in the title", || {
        window.title().contains("workshop").then_some(())
    });
    window
}

/// The least number of pixels of each colour of a theme: much of its surfaces, some letters.
fn colours(palette: &Palette) -> Vec<(u32, usize)> {
    vec![
        (palette.surface, 100_000),
        (palette.window, 20_000),
        (palette.text, 300),
        (palette.mention, 1_000),
        (palette.accent, 500),
    ]
}

#[test]
fn every_theme_has_its_colours_and_twice_the_scale_is_twice_as_large() {
    let display = Arc::new(Display::start(1720, 1240));
    let themes = [
        ("light", Theme::Light, 1),
        ("dark", Theme::Dark, 1),
        ("high-contrast", Theme::HighContrast, 1),
        ("light", Theme::Light, 2),
    ];
    for (word, theme, scale) in themes {
        let settings = format!("theme = \"{word}\"\nscale = {scale}.0\n");
        let stage = Stage::open(&display, &settings, &[LAST_WEEK, TODAY], scale);
        let (window, server) = (&stage.window, &stage.server);
        wait_for("a window of this size", || {
            (window.size() == (820 * scale, 560 * scale)).then_some(())
        });
        stage.say("eve", "uthira: is the kettle yours?");
        stage.type_in("it is everybody's. /me is only a guest here");
        window.keys(&["Return"]);
        stage.wait_for_message("uthira", "it is everybody's. /me is only a guest here");
        // The room does not answer for a moment.
        server.signal(rustix::process::Signal::STOP);
        stage.type_in("milk?");
        window.keys(&["Return"]);
        let palette = theme.palette(false);
        let mut wanted = colours(&palette);
        wanted.push((palette.waiting, 5));
        let name = match scale {
            1 => format!("{word}.png"),
            _ => "twice.png".to_string(),
        };
        stage.take("chatroom - workshop", &name, &wanted);
    }
}

#[test]
fn the_search_the_settings_and_being_offline() {
    let display = Arc::new(Display::start(1000, 800));
    let days = [LAST_WEEK, TODAY];
    let mut stage = Stage::open(&display, "theme = \"light\"\nscale = 1.0\n", &days, 1);
    stage.wait_for_message("மலர்", "வணக்கம்! tea in five minutes");
    let p = Palette::LIGHT;
    stage.window.keys(&["ctrl+f"]);
    stage.window.type_text("toaster");
    stage.window.keys(&["Return"]);
    let found = [(p.surface, 100_000), (p.found, 400), (p.found_current, 400)];
    stage.take("chatroom - workshop", "search.png", &found);
    stage.window.keys(&["Escape"]);

    stage.window.keys(&["ctrl+comma"]);
    let dialog = "chatroom settings";
    let id = stage.id(dialog);
    display.xdotool(&["windowactivate", "--sync", &id]);
    let chosen = [(p.window, 50_000), (p.accent, 500), (p.focus, 100)];
    stage.take(dialog, "settings.png", &chosen);
    display.xdotool(&["key", "Escape"]);

    stage.server.kill();
    stage.type_in("the lights went out again");
    stage.window.keys(&["Return"]);
    stage.type_in("eve?");
    let offline = [(p.surface, 100_000), (p.warn, 20), (p.waiting, 20)];
    stage.take("chatroom - workshop", "offline.png", &offline);
}

#[test]
fn all_scripts_are_drawn_and_the_smallest_window_too() {
    let display = Arc::new(Display::start(1000, 800));
    let settings = "theme = \"light\"\nscale = 1.0\n";
    let stage = Stage::open(&display, settings, &[SCRIPTS], 1);
    let p = Palette::LIGHT;
    let drawn = [(p.surface, 100_000), (p.link, 200), (p.mention, 1_000)];
    stage.take("chatroom - workshop", "scripts.png", &drawn);

    stage.window.place(20, 40, 100, 100);
    wait_for("the smallest size that it has", || {
        (stage.window.size() == (420, 320)).then_some(())
    });
    let small = [(p.surface, 30_000), (p.text, 100)];
    stage.take("chatroom - workshop", "smallest.png", &small);
}

#[test]
fn a_line_stands_above_what_is_new() {
    let display = Arc::new(Display::start(1000, 800));
    let settings = "theme = \"light\"\nscale = 1.0\ntimes = \"clock\"\n";
    let mut stage = Stage::open(&display, settings, &[LAST_WEEK, TODAY], 1);
    stage.wait_for_message("மலர்", "வணக்கம்! tea in five minutes");
    stage.window.keys(&["ctrl+q"]);
    assert_eq!(stage.window.ended(), Some(0));
    for (from, text) in WHILE_AWAY {
        stage.say(from, text);
    }
    stage.window = enter(&display, &stage.folder, &stage.server, stage.others);
    let p = Palette::LIGHT;
    let new = [(p.surface, 100_000), (p.unread, 300), (p.mention, 1_000)];
    stage.take("chatroom - workshop", "unread.png", &new);
}
