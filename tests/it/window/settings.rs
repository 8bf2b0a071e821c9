//! Settings: changed by the keyboard alone, applied at once, kept, edited by hand, broken.

use chatroom::modes::gui::theme::Palette;

use super::*;

fn rgb(colour: u32) -> [u8; 3] {
    let [_, rgb @ ..] = colour.to_be_bytes();
    rgb
}

#[track_caller]
fn wait_for_settings(folder: &Folder, line: &str) -> String {
    let path = folder.path().join("home/.config/chatroom/gui.toml");
    wait_for(&format!("{line} in the settings"), || {
        // There is no file until the first change is written.
        let text = std::fs::read_to_string(&path).ok()?;
        text.lines().any(|l| l == line).then_some(text)
    })
}

#[test]
fn settings_take_effect_at_once_and_last() {
    let display = Arc::new(Display::start(1400, 900));
    let server = Server::start(&[]);
    let folder = home("# mine\nsize = 16\n");
    let start = || display.open(Arc::clone(&folder), &["--name", "uthira", &server.address]);
    let window = start();
    wait_for_members(&server, &["uthira"]);
    window.wait_for_colour(rgb(Palette::LIGHT.surface));
    window.place(560, 300, 810, 530);

    // By the keyboard alone: opens the dialog, changes the theme, closes it.
    window.keys(&["ctrl+comma"]);
    let find = ["search", "--onlyvisible", "--name", "chatroom settings"];
    let is_open = || !display.xdotool(&find).is_empty();
    wait_for("the settings", || is_open().then_some(()));
    // Over its window, with its icon.
    let dialog = display.xdotool(&find);
    let centre = |id: &str| {
        let text = display.xdotool(&["getwindowgeometry", "--shell", id]);
        let value = |name: &str| -> i32 {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|value| value.parse().ok()).expect("a number")
        };
        let (x, y) = (value("X="), value("Y="));
        (x + value("WIDTH=") / 2, y + value("HEIGHT=") / 2)
    };
    wait_for("the settings over the window", || {
        let ((x, y), (left, top)) = (centre(window.id()), centre(&dialog));
        ((x - left).abs() < 40 && (y - top).abs() < 40).then_some(())
    });
    assert_eq!(window.icon(), window.icon_of(&dialog));
    // A visible dialog need not have the keyboard yet.
    display.xdotool(&["windowactivate", "--sync", &dialog]);
    for (word, palette) in [("light", Palette::LIGHT), ("dark", Palette::DARK)] {
        display.xdotool(&["key", "--clearmodifiers", "Down"]);
        let text = wait_for_settings(&folder, &format!("theme = \"{word}\""));
        assert!(
            text.starts_with("# mine\n"),
            "what was written by hand stays: {text}"
        );
        window.wait_for_colour(rgb(palette.surface));
    }
    display.xdotool(&["key", "--clearmodifiers", "Escape"]);
    wait_for("the settings to close", || (!is_open()).then_some(()));

    for (keys, size) in [("ctrl+plus", 17), ("ctrl+minus", 16), ("ctrl+0", 14)] {
        window.keys(&[keys]);
        wait_for_settings(&folder, &format!("size = {size}"));
    }

    // The next window has the same place and look.
    window.place(40, 60, 700, 500);
    wait_for("the size", || (window.size() == (700, 500)).then_some(()));
    window.keys(&["ctrl+q"]);
    assert_eq!(window.ended(), Some(0));
    let window = start();
    wait_for_members(&server, &["uthira"]);
    window.wait_for_colour(rgb(Palette::DARK.surface));
    assert_eq!(window.size(), (700, 500));
}

#[test]
fn a_broken_file_is_set_aside_and_the_window_opens_all_the_same() {
    let display = Arc::new(Display::start(1000, 700));
    let server = Server::start(&[]);
    let broken = "theme = \"dark\nthis is no TOML";
    let folder = home(broken);
    let args = ["--name", "uthira", &server.address];
    let window = display.open(Arc::clone(&folder), &args);
    wait_for_members(&server, &["uthira"]);
    window.wait_for_colour(rgb(Palette::LIGHT.surface));
    let aside = folder.path().join("home/.config/chatroom/gui.toml.broken");
    assert_eq!(std::fs::read_to_string(aside).expect("set aside"), broken);
    // The room is remembered in a new one.
    wait_for_settings(&folder, &format!("recent = [\"{}\"]", server.address));

    // An invalid value is ignored, the others apply.
    window.keys(&["ctrl+q"]);
    assert_eq!(window.ended(), Some(0));
    let path = folder.path().join("home/.config/chatroom/gui.toml");
    std::fs::write(path, "theme = \"high-contrast\"\nsize = 900\n").expect("written");
    let window = display.open(Arc::clone(&folder), &args);
    window.wait_for_colour(rgb(Palette::HIGH_CONTRAST.text));
}
