//! The keyboard: typed text becomes a message wherever the cursor is; shortcuts work on keyboards of any script; one
//! press of Backspace removes one letter.

use std::process::Command;

use super::*;
use support::display::clipboard::hand_over;
use support::window::typing::said;

/// A window of eve that is in a room alone.
fn eve(server: &Server, environment: &[(&str, &str)]) -> (Arc<Display>, Window) {
    let display = Arc::new(Display::start(900, 700));
    let args = ["--name", "eve", &server.address];
    let window = display.open_with(home("notify = false\n"), &args, environment);
    window.wait_to_be_in();
    window.to_message();
    (display, window)
}

#[track_caller]
fn wait_for_said(server: &Server, texts: &[&str]) {
    wait_for(&format!("{texts:?} in the log"), || {
        (said(server, "eve") == texts).then_some(())
    });
}

/// Returns by its border whether the field for messages has the keyboard.
fn is_in_the_field(window: &Window) -> bool {
    window
        .picture()
        .part((10, 658), (-86, -40))
        .lines(FOCUS, 500)
        .len()
        >= 4
}

#[test]
fn text_typed_after_a_button_is_the_next_message() {
    let server = Server::start(&["--max-rate", "0"]);
    let (display, window) = eve(&server, &[]);
    window.type_text("the first");
    window.click(-105, -62);
    wait_for_said(&server, &["the first"]);
    // Without a click into the field. A space would press a focused button again.
    window.type_text(" and the second");
    window.keys(&["Return"]);
    wait_for_said(&server, &["the first", " and the second"]);

    let find = ["search", "--onlyvisible", "--name", "chatroom settings"];
    let is_open = || !display.xdotool(&find).is_empty();
    window.click(-120, 24);
    wait_for("the settings", || is_open().then_some(()));
    let dialog = display.xdotool(&find);
    let text = display.xdotool(&["getwindowgeometry", "--shell", &dialog]);
    let size = |name: &str| -> i32 {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.parse().ok()).expect("a number")
    };
    let (x, y) = (size("WIDTH=") - 50, size("HEIGHT=") - 30);
    let (x, y) = (x.to_string(), y.to_string());
    display.xdotool(&["mousemove", "--window", &dialog, &x, &y, "click", "1"]);
    wait_for("the settings to close", || (!is_open()).then_some(()));
    window.type_text("third, by and by");
    window.keys(&["Return"]);
    let all = ["the first", " and the second", "third, by and by"];
    wait_for_said(&server, &all);
    assert!(window.lives());
}

#[test]
fn tab_goes_round_and_typing_goes_on_in_the_message_from_everywhere() {
    let server = Server::start(&["--max-rate", "0"]);
    let (_display, window) = eve(&server, &[]);
    for key in ["Tab", "shift+Tab"] {
        wait_for("the cursor in the field", || {
            is_in_the_field(&window).then_some(())
        });
        let mut steps = 0;
        loop {
            let before = window.picture();
            window.keys(&[key]);
            steps += 1;
            window.wait_for_picture("the keyboard elsewhere", |seen| *seen != before);
            if is_in_the_field(&window) {
                break;
            }
            assert!(steps < 12, "{key} does not come round");
        }
        // Send, Quit, Find, Settings, Switch, the transcript, who is here, and the field again.
        assert_eq!(steps, 8, "{key}");
    }
    for steps in 1..8 {
        window.keys(&vec!["Tab"; steps]);
        window.type_text("hello wide world");
        window.wait_for_field("hello wide world");
        window.keys(&["BackSpace"]);
    }
    // Quit is two steps on; a user who does not know that loses nothing.
    window.keys(&["Tab", "Tab"]);
    window.type_text("  still here");
    window.wait_for_field("  still here");
    assert!(window.lives());
    window.keys(&["BackSpace", "Tab", "Tab", "Return"]);
    assert_eq!(window.ended(), Some(0), "Enter leaves");
}

/// Changes the screen's keyboard layout.
fn keyboard(display: &Display, args: &[&str]) {
    let status = display.command("setxkbmap").args(args).status();
    let status = status.expect("setxkbmap runs (scripts/setup.sh test installs it)");
    assert!(status.success(), "{args:?}");
}

#[test]
fn commands_are_commands_on_keyboards_of_any_script() {
    // Keys by their numbers, as a hand presses them: the layout decides what they mean.
    let (ctrl, shift, end, back) = ("37", "50", "115", "22");
    let (a, c, f, q, v, x, z) = ("38", "54", "41", "24", "55", "53", "52");
    let server = Server::start(&["--max-rate", "0"]);
    let (display, window) = eve(&server, &[]);
    let press = |keys: &[&str]| {
        display.xdotool(&["key", "--delay", "15", &keys.join("+")]);
    };
    let copied = |what: &str| {
        display.set_clipboard("");
        window.activate();
        press(&[ctrl, a]);
        press(&[ctrl, c]);
        wait_for(what, || (display.clipboard() == what).then_some(()));
    };
    let mut sent: Vec<String> = Vec::new();
    for (layout, options, toggles) in [
        ("ru", "", false),
        ("gr", "", false),
        ("ara", "", false),
        ("il", "", false),
        ("ru,us", "", false),
        ("ru,us", "grp:caps_toggle", true),
        ("us,ru", "grp:caps_toggle", true),
    ] {
        let name = format!("{layout} {toggles}");
        keyboard(
            &display,
            &["-layout", layout, "-option", "", "-option", options],
        );
        if toggles {
            press(&["66"]);
        }
        window.activate();
        hand_over(display.name(), &name, || press(&[ctrl, v]));
        copied(&name);
        press(&[ctrl, x]);
        press(&[ctrl, v]);
        press(&[ctrl, v]);
        press(&[ctrl, z]);
        copied(&name);
        // What was undone comes back, and goes again.
        press(&[ctrl, shift, z]);
        copied(&format!("{name}{name}"));
        press(&[ctrl, z]);
        copied(&name);
        press(&[ctrl, z]);
        press(&[ctrl, shift, z]);
        press(&[ctrl, shift, z]);
        copied(&format!("{name}{name}"));
        press(&[ctrl, z]);
        copied(&name);
        // After other typing there is nothing to redo.
        for keys in [&[end][..], &[x], &[ctrl, shift, z], &[back]] {
            press(keys);
        }
        copied(&name);
        // The bar to search in, and back.
        press(&[ctrl, f]);
        window.wait_for_picture("the search", |seen| {
            seen.part((10, 658), (48, 82)).lines(FOCUS, 300).len() >= 4
        });
        press(&["Escape"]);
        wait_for("the cursor in the field", || {
            is_in_the_field(&window).then_some(())
        });
        press(&["36"]);
        sent.push(name);
        let all: Vec<&str> = sent.iter().map(String::as_str).collect();
        wait_for_said(&server, &all);
        if toggles {
            press(&["66"]);
        }
    }
    // An unknown shortcut types no letter either.
    keyboard(&display, &["-layout", "ru", "-option", ""]);
    press(&[ctrl, shift, "58"]);
    hand_over(display.name(), "nothing else", || press(&[ctrl, v]));
    copied("nothing else");
    press(&[ctrl, q]);
    assert_eq!(window.ended(), Some(0));
}

#[test]
fn dead_keys_work_although_the_input_method_is_not_there() {
    let server = Server::start(&["--max-rate", "0"]);
    for (modifiers, text) in [("", "dead é"), ("@im=ibus", "named é")] {
        let environment = [("XMODIFIERS", modifiers), ("LC_ALL", "C.UTF-8")];
        let (display, window) = eve(&server, &environment);
        keyboard(&display, &["-layout", "us", "-variant", "intl"]);
        window.type_text(text.split('é').next().expect("a beginning"));
        // The dead acute, and e.
        display.xdotool(&["key", "--delay", "15", "48", "26"]);
        display.xdotool(&["key", "36"]);
        wait_for("what was typed", || {
            let said = said(&server, "eve");
            said.last().is_some_and(|last| last == text).then_some(())
        });
        window.keys(&["ctrl+q"]);
        assert_eq!(window.ended(), Some(0));
    }
}

#[test]
fn one_press_takes_one_letter() {
    let server = Server::start(&["--max-rate", "0"]);
    let (_display, window) = eve(&server, &[]);
    for (text, keys, left) in [
        ("a🇩🇪🇫🇷", vec!["BackSpace"], "a🇩🇪"),
        ("a👨‍👩‍👧👍🏽", vec!["BackSpace", "BackSpace"], "a"),
        ("ab🇩🇪c", vec!["Left", "Left", "x"], "abx🇩🇪c"),
        ("ab🇩🇪c", vec!["Home", "Right", "Right", "Delete"], "abc"),
        ("🇩🇪🇫🇷c", vec!["Home", "Right", "x"], "🇩🇪x🇫🇷c"),
        ("ab🇩🇪", vec!["shift+Left", "y"], "aby"),
        // A combining mark is removed alone, as it was typed.
        ("xe\u{301}", vec!["BackSpace"], "xe"),
        ("xyz", vec!["BackSpace"], "xy"),
    ] {
        window.paste(text);
        window.wait_for_field(text);
        window.keys(&["End"]);
        window.keys(&keys);
        window.wait_for_field(left);
        window.keys(&["BackSpace"]);
    }
}

#[test]
fn without_fonts_it_says_so_in_one_sentence() {
    let display = Display::start(400, 300);
    let folder = Folder::new();
    let none = folder.file(
        "fonts.conf",
        "<?xml version=\"1.0\"?><fontconfig></fontconfig>\n",
    );
    let mut command: Command = folder.command(&["gui", "--no-search"]);
    command
        .env("DISPLAY", display.name())
        .env("FONTCONFIG_FILE", none);
    command.env("HOME", folder.path());
    support::program::Run::that_ends(&mut command)
        .code(1)
        .one_sentence(&["no fonts", "curl"]);
}
