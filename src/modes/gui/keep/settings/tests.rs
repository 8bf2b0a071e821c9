//! Choices of the user stay, whatever became of the file.

use std::thread;

use super::*;
use crate::system::files::{permissions, rights, symlink};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The settings read from a file with this text, and the sentence about it.
fn loaded(text: &str) -> (Settings, Option<String>) {
    let folder = folder();
    let path = folder.path().join("gui.toml");
    fs::write(&path, text).expect("written");
    load(&path)
}

fn all_chosen() -> Settings {
    Settings {
        theme: Theme::HighContrast,
        font: Some("Noto Sans".into()),
        size: 20,
        scale: Some(1.25),
        times: TimeDisplay::Clock,
        notify: false,
        bell: true,
        recent: vec!["[::1]:1337".into(), "example.org:80".into()],
        window: WindowSize {
            width: 1000,
            height: 700,
        },
    }
}

#[test]
fn what_was_chosen_is_loaded() {
    let folder = folder();
    let path = folder.path().join("new").join("gui.toml");
    assert_eq!(load(&path), (Settings::default(), None));
    let change = |settings: &mut Settings| *settings = all_chosen();
    assert_eq!(update(&path, change), Ok((all_chosen(), None)));
    assert_eq!(load(&path), (all_chosen(), None));
    let files = fs::read_dir(path.parent().expect("a folder")).expect("readable");
    assert_eq!(files.count(), 2, "it and its lock, nothing else");
    // And everything back.
    update(&path, |settings| *settings = Settings::default()).expect("kept");
    assert_eq!(load(&path), (Settings::default(), None));
}

#[test]
fn what_the_new_file_says_about_itself_is_true() {
    for (key, _) in values(&all_chosen()) {
        assert!(HEAD.contains(key), "{key} is not in it");
        assert_ne!(may_be(key), may_be("address"), "{key}");
    }
    for (key, words) in [
        ("theme", "light dark high-contrast system"),
        ("times", "elapsed clock"),
    ] {
        for word in words.split(' ') {
            assert!(HEAD.contains(&format!("\"{word}\"")), "{word}");
            assert_eq!(loaded(&format!("{key} = \"{word}\"")).1, None);
        }
    }
    for line in [
        "size = 9",
        "size = 32",
        "scale = \"auto\"",
        "scale = 4.0",
        "scale = 2",
    ] {
        assert_eq!(loaded(line).1, None, "{line}");
    }
    let (settings, sentence) = loaded("window = { width = 820, height = 560 }");
    assert_eq!((settings, sentence), (Settings::default(), None));
}

#[test]
fn a_file_of_the_first_version_is_read() {
    let folder = folder();
    let path = folder.path().join("gui.toml");
    fs::write(&path, "address = \"example:1337\"\n").expect("written");
    assert_eq!(load(&path).0.recent, ["example:1337"]);
    update(&path, |settings| settings.size = 15).expect("kept");
    assert_eq!(load(&path).0.recent, ["example:1337"]);
    update(&path, |settings| settings.remember("b:1")).expect("kept");
    let text = fs::read_to_string(&path).expect("readable");
    assert!(!text.contains("address ="), "{text}");
    assert_eq!(load(&path).0.recent, ["b:1", "example:1337"]);
}

#[test]
fn comments_and_what_nobody_changed_stay() {
    let folder = folder();
    let path = folder.path().join("gui.toml");
    let text =
        "# mine\ntheme = \"dark\" # at night\nsize = 99\nfuture = [1, 2]\n\n[more]\nx = 1 # y\n";
    fs::write(&path, text).expect("written");
    update(&path, |settings| settings.theme = Theme::Light).expect("kept");
    let changed = text.replace("\"dark\"", "\"light\"");
    assert_eq!(fs::read_to_string(&path).expect("readable"), changed);
    update(&path, |settings| settings.bell = true).expect("kept");
    let now = fs::read_to_string(&path).expect("readable");
    assert!(
        now.contains("bell = true") && now.contains("[more]"),
        "{now}"
    );
    assert!(load(&path).0.bell, "{now}");
    // Nothing changed: nothing is written.
    update(&path, |_| {}).expect("kept");
    assert_eq!(fs::read_to_string(&path).expect("readable"), now);
}

#[test]
fn a_value_that_makes_no_sense_is_named_and_the_others_count() {
    for (line, key) in [
        ("theme = \"drak\"", "theme"),
        ("theme = 1", "theme"),
        ("font = \"\"", "font"),
        ("size = 8", "size"),
        ("size = 33", "size"),
        ("size = \"14\"", "size"),
        ("size = 99999999999", "size"),
        ("scale = 0.5", "scale"),
        ("scale = nan", "scale"),
        ("scale = 4.1", "scale"),
        ("times = \"\"", "times"),
        ("notify = \"yes\"", "notify"),
        ("bell = 1", "bell"),
        ("recent = \"a\"", "recent"),
        ("recent = [\"a b\"]", "recent"),
        ("recent = [5]", "recent"),
        ("window = 5", "window"),
        ("window = { width = 820 }", "window"),
        ("window = { width = 1, height = 1 }", "window"),
        ("address = \"a b\"", "address"),
    ] {
        let other = if key == "times" {
            "bell = true"
        } else {
            "times = \"clock\""
        };
        let (settings, sentence) = loaded(&format!("{line}\n{other}\n"));
        let mut expected = Settings::default();
        match key {
            "times" => expected.bell = true,
            _ => expected.times = TimeDisplay::Clock,
        }
        assert_eq!(settings, expected, "{line}");
        let sentence = sentence.expect("a sentence");
        assert!(sentence.contains(&format!("{key} must be ")), "{sentence}");
        assert!(!sentence.contains(&other[..4]), "{sentence}");
    }
    let (_, sentence) = loaded("size = 1\nscale = 9");
    let sentence = sentence.expect("a sentence");
    assert!(sentence.contains("size must be") && sentence.contains("scale must be"));
}

#[test]
fn a_broken_file_is_set_aside_and_said() {
    let folder = folder();
    let path = folder.path().join("gui.toml");
    let broken = [
        b"a = 1\nsize = ".as_slice(),
        b"size = 5 5",
        b"\xff\xfe",
        b"[[[",
    ];
    for (round, bytes) in broken.into_iter().enumerate() {
        fs::write(&path, bytes).expect("written");
        let (settings, sentence) = match round % 2 {
            0 => load(&path),
            _ => update(&path, |settings| settings.bell = true).expect("kept"),
        };
        assert_eq!(settings.bell, round % 2 == 1);
        let sentence = sentence.expect("a sentence");
        assert!(sentence.contains("gui.toml.broken"), "{sentence}");
        assert_eq!(sentence.contains("(line 2)"), round == 0, "{sentence}");
        assert_eq!(path.exists(), round % 2 == 1);
        let aside = match round {
            0 => "gui.toml.broken".to_string(),
            _ => format!("gui.toml.broken-{}", round + 1),
        };
        assert_eq!(fs::read(folder.path().join(aside)).expect("kept"), bytes);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_left_alone() {
    let folder = folder();
    let path = folder.path().join("gui.toml");
    fs::create_dir(&path).expect("made");
    let (settings, sentence) = load(&path);
    assert_eq!(settings, Settings::default());
    assert!(sentence.expect("a sentence").contains("could not be read"));
    let sentence = update(&path, |settings| settings.bell = true).expect_err("refused");
    assert!(sentence.contains("could not be read"), "{sentence}");
    assert!(path.is_dir());
}

#[test]
fn the_recent_rooms_are_few_and_each_is_there_once() {
    let mut settings = Settings::default();
    for number in 0..12 {
        settings.remember(&format!("room{number}:1"));
    }
    settings.remember("room5:1");
    assert_eq!(settings.recent.len(), 10);
    assert_eq!(settings.recent[..2], ["room5:1", "room11:1"]);
    assert_eq!(
        settings
            .recent
            .iter()
            .filter(|room| *room == "room5:1")
            .count(),
        1
    );
}

#[test]
fn what_the_dialog_chose_leaves_the_rest() {
    let mut settings = Settings::default();
    settings.remember("a:1");
    settings.window.width = 700;
    settings.choose(&all_chosen());
    let expected = Settings {
        recent: vec!["a:1".into()],
        window: settings.window,
        ..all_chosen()
    };
    assert_eq!((settings.window.width, &settings), (700, &expected));
}

#[test]
fn windows_that_change_different_things_do_not_undo_each_other() {
    let folder = folder();
    let path = &folder.path().join("gui.toml");
    thread::scope(|windows| {
        for window in 0..5 {
            windows.spawn(move || {
                update(path, |settings| {
                    settings.remember(&format!("room{window}:1"))
                })
                .expect("kept");
            });
        }
        windows.spawn(|| update(path, |settings| settings.size = 20).expect("kept"));
        windows.spawn(|| update(path, |settings| settings.bell = true).expect("kept"));
    });
    let (settings, _) = load(path);
    assert_eq!(settings.recent.len(), 5, "{settings:?}");
    assert!(settings.size == 20 && settings.bell);
}

#[test]
fn a_link_stays_a_link_and_a_private_file_private() {
    let folder = folder();
    let real = folder.path().join("dotfiles.toml");
    fs::write(&real, "bell = true\n").expect("written");
    fs::set_permissions(&real, permissions(0o600)).expect("changed");
    let path = folder.path().join("gui.toml");
    symlink(&real, &path).expect("linked");
    update(&path, |settings| settings.size = 16).expect("kept");
    assert!(path.is_symlink());
    let text = fs::read_to_string(&real).expect("readable");
    assert_eq!(text, "bell = true\nsize = 16\n");
    let mode = rights(&fs::metadata(&real).expect("there"));
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn another_window_that_hangs_is_named() {
    let folder = folder();
    let path = folder.path().join("gui.toml");
    let held = files::lock(&lock_of(&path), Duration::ZERO).expect("a lock");
    let sentence = update(&path, |settings| settings.bell = true).expect_err("refused");
    assert!(sentence.contains("another window"), "{sentence}");
    drop(held);
    update(&path, |settings| settings.bell = true).expect("kept");
}

#[test]
fn recent_rooms_of_an_edited_file_are_addresses() {
    let (settings, sentence) =
        loaded("recent = [\"http://host:81/\", \"a b\", \"host:81\", \"host\"]");
    assert_eq!(settings.recent, ["host:81", "host:1337"]);
    assert!(sentence.is_some_and(|sentence| sentence.contains("recent")));
    let (_, sentence) = loaded("recent = [\"http://host:81/\"]");
    assert_eq!(sentence, None);
}
