//! `chatroom replay` on a terminal, as its user sees it: the test presses keys in tmux and reads the screen.

use std::time::Instant;

use chatroom::event::Stamp;
use rustix::process::{Signal, kill_process};

use crate::logs::from_mira;
use support::program::Folder;
use support::server::Server;
use support::tmux::Tmux;

/// A minute before midnight of a day in 2026.
const START: i64 = 1_795_564_740;

/// Messages from mira at so many seconds.
pub fn log<'a>(messages: impl IntoIterator<Item = (i64, &'a str)>) -> Vec<u8> {
    from_mira(Stamp::from_micros(START * 1_000_000), messages)
}

/// `m0` to `m100`, one a second.
fn hundred() -> Vec<u8> {
    let texts: Vec<String> = (0..=100).map(|n| format!("m{n}")).collect();
    let texts = texts.iter().enumerate();
    log(texts.map(|(n, text)| (n as i64, text.as_str())))
}

#[test]
fn every_key_does_what_the_help_says() {
    let folder = Folder::new();
    folder.file("log.txt", hundred());
    let tmux = Tmux::start(&folder, 80, 24);
    let before = tmux.settings("before");
    tmux.play("log.txt");
    tmux.wait_end(&[":m0"], "2026-11-24 23:59:0");
    tmux.press(&["Space"], &[], "paused");
    // From here on the screen is exact.
    tmux.press(
        &["0"],
        &["-------- back to 2026-11-24 23:59:00 --------", ":m0"],
        "  0%",
    );
    tmux.press(&["."], &[":m0", ":m1"], "23:59:01  x1  paused");
    tmux.press(
        &[","],
        &["back to 2026-11-24 23:59:00 --------", ":m0"],
        "23:59:00",
    );
    tmux.press(
        &["Right"],
        &["on to 2026-11-24 23:59:05 --------", ":m5"],
        "  5%",
    );
    tmux.press(
        &["Left"],
        &["back to 2026-11-24 23:59:00 --------", ":m0"],
        "  0%",
    );
    tmux.press(
        &["Up"],
        &["on to 2026-11-25 00:00:00 --------", ":m60"],
        " 60%",
    );
    tmux.press(
        &["Down"],
        &["back to 2026-11-24 23:59:00 --------", ":m0"],
        "  0%",
    );
    tmux.press(
        &["S-Right"],
        &["on to 2026-11-24 23:59:10 --------", ":m10"],
        " 10%",
    );
    tmux.press(
        &["S-Right"],
        &["on to 2026-11-24 23:59:20 --------", ":m20"],
        " 20%",
    );
    tmux.press(
        &["S-Left"],
        &["back to 2026-11-24 23:59:10 --------", ":m10"],
        " 10%",
    );
    tmux.press(&["7"], &[":m70"], " 70%");
    tmux.press(&["Home"], &[":m0"], "  0%");
    tmux.press(&["+"], &[":m0"], "x2  paused");
    tmux.press(&["-", "_"], &[":m0"], "x0.5  paused");
    tmux.press(&["="], &[":m0"], "x1  paused");
    tmux.press(&["t"], &[":m0"], "paused");
    tmux.press(
        &["."],
        &[
            "-------- Tuesday, 24 November 2026 --------",
            "23:59:01 [mira]: 0:00:07:m1",
        ],
        "  1%",
    );
    tmux.press(
        &["6"],
        &[
            "Wednesday, 25 November 2026 --------",
            "00:00:00 [mira]: 0:00:07:m60",
        ],
        " 60%",
    );
    tmux.press(&["t", "0"], &["--------", "[mira]: 0:00:07:m0"], "  0%");
    tmux.press(&["/"], &[":m0"], "find:");
    tmux.text("M4.x");
    tmux.press(&["BSpace"], &[":m0"], "find: M4.");
    // With a capital the search is case-sensitive, and nothing matches.
    tmux.press(&["Enter"], &[":m0"], "not found after this: M4.");
    tmux.keys(&["/"]);
    tmux.text("m4.");
    tmux.press(
        &["Enter"],
        &["found at 2026-11-24 23:59:40 --------", ":m40"],
        " 40%",
    );
    tmux.press(
        &["n"],
        &["found at 2026-11-24 23:59:41 --------", ":m41"],
        " 41%",
    );
    tmux.press(
        &["N"],
        &["found at 2026-11-24 23:59:40 --------", ":m40"],
        " 40%",
    );
    tmux.press(&["N"], &[":m40"], "not found before this: m4.");
    tmux.press(&["/", "x"], &[":m40"], "find: x");
    tmux.press(&["Escape"], &[":m40"], "paused");
    let help = tmux.press(&["?"], &["  q          quit"], "paused");
    for key in ["space", "Shift-Right", "Home End", "+  -", "n  N", "t "] {
        assert!(help.contains(&format!("  {key}")), "{key}:\n{help}");
    }
    tmux.press(
        &["End"],
        &["on to 2026-11-25 00:00:40 --------", ":m100"],
        "end, q leaves",
    );
    tmux.press(&["0", "Space"], &[":m0", ":m1", ":m2"], "x1");
    tmux.keys(&["q"]);
    let screen = tmux.wait_text("code 0");
    assert!(!screen.contains('%'), "the bar is gone:\n{screen}");
    assert_eq!(tmux.settings("after"), before);
    tmux.play("log.txt");
    tmux.wait_text(":m0");
    tmux.keys(&["C-d"]);
    tmux.wait_text("code 0");
    tmux.play("log.txt");
    tmux.wait_text(":m0");
    tmux.keys(&["C-c"]);
    tmux.wait_text("code 130");
    assert_eq!(tmux.settings("afterwards"), before);
}

#[test]
fn a_resize_leaves_one_bar() {
    let folder = Folder::new();
    folder.file("log.txt", hundred());
    let tmux = Tmux::start(&folder, 80, 12);
    tmux.play("log.txt");
    tmux.wait_text("x1");
    tmux.press(&["Space", "0"], &[":m0"], "paused");
    for (columns, bar) in [
        (40, "  0%  █"),
        (23, "23:59:00  x1  paused"),
        (100, "  0%  █"),
        (60, "  0%  █"),
    ] {
        let width = columns.to_string();
        tmux.run(&["resize-window", "-x", &width, "-y", "10"]);
        let screen = tmux.wait_for("one bar", |screen| {
            let lines: Vec<&str> = screen.lines().filter(|line| !line.is_empty()).collect();
            let Some((last, above)) = lines.split_last() else {
                return false;
            };
            let wide = last.chars().count();
            last.starts_with(bar)
                && last.ends_with("  x1  paused")
                && (columns < 40 || wide > columns / 2)
                && wide < columns
                // No other bar is left.
                && !above.iter().any(|line| line.contains("x1") || line.contains('█'))
        });
        assert!(screen.contains(":m0\n"), "{screen}");
        tmux.keys(&["."]);
        tmux.wait_for("the next event above the bar", |screen| {
            let lines: Vec<&str> = screen.lines().filter(|line| !line.is_empty()).collect();
            lines.len() > 1 && lines[lines.len() - 2].contains(":m")
        });
        tmux.press(&["0"], &[":m0"], "paused");
    }
    tmux.keys(&["q"]);
    tmux.wait_text("code 0");
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_the_play_goes_on_from_where_it_was() {
    let folder = Folder::new();
    folder.file("log.txt", hundred());
    let tmux = Tmux::start(&folder, 80, 24);
    let before = tmux.settings("before");
    // The shell that controls the job starts it directly.
    let from = Instant::now();
    tmux.shell("clear; \"$CHATROOM\" replay log.txt");
    tmux.wait_end(&[":m0", ":m1"], "x1");
    tmux.keys(&["C-z"]);
    let stopped = tmux.wait_text("Stopped");
    let played = from.elapsed();
    assert!(!stopped.contains("x1"), "the bar is gone:\n{stopped}");
    assert_eq!(tmux.settings("while"), before);
    // The time of several events passes, since only with time it could rush afterwards.
    tmux.shell("sleep 2.5; echo slept");
    tmux.wait_for("it", |screen| screen.contains("\nslept"));
    let from = Instant::now();
    tmux.shell("clear; fg");
    let screen = tmux.wait_for("more", |screen| {
        screen.contains(":m") && screen.contains("x1")
    });
    // However late the screen is looked at, no event comes before its time, without the time that it was stopped.
    let most = (played + from.elapsed()).as_secs();
    let newest = screen.rsplit(":m").next().unwrap_or_default();
    let newest = newest.split_whitespace().next().map(str::parse::<u64>);
    assert!(
        newest.is_some_and(|n| n.is_ok_and(|n| n <= most)),
        "it rushes, {most}:\n{screen}"
    );
    tmux.press(&["Space"], &[], "paused");
    // In the background it continues, and leaves keys to the shell.
    tmux.keys(&["C-z"]);
    tmux.wait_text("Stopped");
    tmux.shell("clear; bg; echo said by the shell");
    tmux.wait_for("it", |screen| screen.contains("\nsaid by the shell"));
    tmux.shell("clear; fg");
    tmux.wait_text("paused");
    tmux.keys(&["."]);
    tmux.wait_text("[mira]: 0:00:07:m");
    tmux.keys(&["q"]);
    tmux.wait_for("the shell", |screen| screen.trim_end().ends_with('$'));
    assert_eq!(tmux.settings("after"), before);
}

#[test]
fn a_signal_ends_the_play_and_the_terminal_is_as_it_was() {
    let folder = Folder::new();
    folder.file("log.txt", log([(0, "first"), (1000, "never seen")]));
    let tmux = Tmux::start(&folder, 80, 24);
    let before = tmux.settings("before");
    for (signal, code) in [
        (Signal::TERM, 143),
        (Signal::HUP, 129),
        (Signal::INT, 130),
        (Signal::QUIT, 131),
    ] {
        tmux.play("log.txt --max-gap 1h");
        tmux.wait_end(&[":first"], "x1");
        kill_process(tmux.pid(), signal).expect("it is there");
        let screen = tmux.wait_text(&format!("code {code}"));
        assert!(
            !screen.contains("never seen") && !screen.contains("x1"),
            "{screen}"
        );
        assert_eq!(tmux.settings(&format!("after{code}")), before);
    }
}

#[test]
fn a_log_from_a_pipe_is_played_with_keys_and_back() {
    let folder = Folder::new();
    folder.file("log.txt", hundred());
    let tmux = Tmux::start(&folder, 80, 24);
    tmux.shell("clear; (cat log.txt; sleep 1000) | \"$CHATROOM\" replay - ; echo \"code $?\"");
    tmux.wait_text(":m0");
    tmux.press(
        &["Space", "0"],
        &["back to 2026-11-24 23:59:00 --------", ":m0"],
        "paused",
    );
    tmux.press(
        &["5"],
        &["on to 2026-11-24 23:59:50 --------", ":m50"],
        "paused",
    );
    tmux.press(
        &["Left"],
        &["back to 2026-11-24 23:59:45 --------", ":m45"],
        "paused",
    );
    // The input may continue, so its length is unknown.
    tmux.press(&["Up", "Up"], &[":m45"], "reading");
    tmux.keys(&["C-c"]);
    let screen = tmux.wait_for("the shell", |screen| screen.trim_end().ends_with('$'));
    assert!(!screen.contains("x1"), "the bar is gone:\n{screen}");
    tmux.shell("clear; cat log.txt | \"$CHATROOM\" replay - --speed max; echo \"code $?\"");
    tmux.wait_text("code 0");
    let screen = tmux.screen();
    assert!(screen.contains("[mira]: 0:00:07:m100\n"), "{screen}");
}

#[test]
fn a_room_is_followed_across_its_restart() {
    let mut server = Server::start(&[]);
    let token = server.log_in("mira");
    server.say(&token, "before");
    let folder = Folder::new();
    let tmux = Tmux::start(&folder, 80, 24);
    let path = server.log().display().to_string();
    tmux.play(&format!("{path} --follow --speed max"));
    tmux.wait_end(&[":before"], "live");
    server.say(&token, "live one");
    tmux.wait_end(&[":live one"], "live");
    server.lose_power_in_a_line();
    let token = server.log_in("eve");
    server.say(&token, "after");
    let screen = tmux.wait_end(&["entered room", ":after"], "live");
    assert!(
        !screen.contains("damaged") && !screen.contains("torn"),
        "{screen}"
    );
    assert!(screen.contains("* Room opened"), "{screen}");
    // While it is live one can go back, and then reaches the new lines.
    tmux.keys(&["Home"]);
    tmux.wait_text("-------- back to");
    tmux.wait_end(&["[eve]: 0:00:00:after"], "live");
    server.stop();
    tmux.wait_end(&["* Room closed"], "live");
    let path = server.log();
    std::fs::rename(&path, server.folder.path().join("old.txt")).expect("renamed");
    tmux.wait_text("any more: waiting for one ...");
    std::fs::write(&path, log([(0, "another log")])).expect("written");
    tmux.wait_end(
        &["is a new file: from its beginning ...", ":another log"],
        "live",
    );
    tmux.keys(&["q"]);
    tmux.wait_text("code 0");
}
