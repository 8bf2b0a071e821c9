//! What is kept is there again, whatever happens to the window.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Stdio};

use super::*;
use crate::event::Key;

const ROOM: &str = "192.168.1.20:1337";
/// Has [`a_window_that_is_killed`] play the window, with this folder.
const PLAY: &str = "CHATROOM_TEST_KEPT";

fn letter(number: usize) -> Letter {
    Letter {
        key: Key::new(&format!("key{number}")).expect("a key"),
        text: format!("message {number} 🫖\n\u{0}"),
        after: Some("5d2f0a11-18342-9d02".parse().expect("an id")),
    }
}

fn some() -> Kept {
    Kept {
        read: Some("5d2f0a11-18301-7c41".parse().expect("an id")),
        token: Some("a secret".into()),
        draft: "half a \"thought\"\n".into(),
        letters: vec![letter(1), letter(2)],
        place: Some(Place {
            x: -5,
            y: 30,
            width: 820,
            height: 560,
        }),
    }
}

fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).expect("readable");
    let mut names: Vec<String> = files
        .map(|file| {
            file.expect("a file")
                .file_name()
                .into_string()
                .expect("text")
        })
        .collect();
    names.sort();
    names
}

fn opened(folder: &Path, name: &str) -> (Keeper, Kept) {
    let (keeper, kept, sentence) = Keeper::open(folder, ROOM, name);
    assert_eq!(sentence, None);
    (keeper.expect("a keeper"), kept)
}

#[test]
fn what_was_kept_is_there_again_for_this_room_and_name_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().join("state").join("gui");
    let (mut keeper, kept) = opened(&folder, "uthira");
    assert_eq!(kept, Kept::default());
    keeper.save(&Kept::default()).expect("saved");
    assert_eq!(
        names(&folder).len(),
        1,
        "nothing to keep, no file: the lock alone"
    );
    keeper.save(&some()).expect("saved");
    drop(keeper);
    assert_eq!(opened(&folder, "uthira").1, some());
    assert_eq!(opened(&folder, "Uthira").1, Kept::default());
    let (_, other, _) = Keeper::open(&folder, "192.168.1.20:13377", "uthira");
    assert_eq!(other, Kept::default());
    let (_, other, _) = Keeper::open(&folder, "192.168.1.20:133", "7uthira");
    assert_eq!(other, Kept::default());
}

#[test]
fn a_token_is_for_the_user_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let open_to_all = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.path(), open_to_all).expect("changed");
    let (mut keeper, _) = opened(folder.path(), "x");
    keeper.save(&some()).expect("saved");
    let mode = |path: &Path| fs::metadata(path).expect("there").mode() & 0o777;
    assert_eq!(mode(folder.path()), 0o700);
    assert_eq!(mode(&keeper.path), 0o600);
}

#[test]
fn a_second_window_of_the_same_room_and_name_keeps_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut first, _) = opened(folder.path(), "uthira");
    first.save(&some()).expect("saved");
    let (second, kept, sentence) = Keeper::open(folder.path(), ROOM, "uthira");
    assert!(second.is_none());
    assert_eq!(kept, Kept::default());
    assert!(sentence.expect("a sentence").contains("Another window"));
    let _other_name = opened(folder.path(), "bob");
    drop(first);
    assert_eq!(opened(folder.path(), "uthira").1, some());
}

#[test]
fn a_broken_file_is_set_aside_and_never_over_an_older_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(file_name(ROOM, "uthira"));
    let broken = [b"".as_slice(), b"{\"read\":", b"\xff\xfe", b"{\"draft\":5}"];
    for (round, bytes) in broken.into_iter().enumerate() {
        fs::write(&path, bytes).expect("written");
        let (keeper, kept, sentence) = Keeper::open(folder.path(), ROOM, "uthira");
        assert_eq!(kept, Kept::default());
        let aside = match round {
            0 => files::beside(&path, "broken"),
            _ => files::beside(&path, &format!("broken-{}", round + 1)),
        };
        let sentence = sentence.expect("a sentence");
        assert!(
            sentence.contains(&aside.display().to_string()),
            "{sentence}"
        );
        assert_eq!(fs::read(aside).expect("kept"), bytes);
        keeper.expect("a keeper").save(&some()).expect("saved");
    }
    // What a later version keeps besides is no harm.
    fs::write(&path, br#"{"draft":"hi","mood":"fine"}"#).expect("written");
    assert_eq!(opened(folder.path(), "uthira").1.draft, "hi");
}

#[test]
fn what_was_left_half_written_is_harmless_and_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut keeper, _) = opened(folder.path(), "uthira");
    keeper.save(&some()).expect("saved");
    let clean = names(folder.path());
    let left = files::beside(&keeper.path, "new");
    drop(keeper);
    fs::write(&left, b"{\"draft\":\"ha").expect("written");
    let (mut keeper, kept) = opened(folder.path(), "uthira");
    assert_eq!((kept, names(folder.path())), (some(), clean.clone()));
    fs::write(&left, b"{\"draft\":\"ha").expect("written");
    keeper.save(&Kept::default()).expect("saved");
    assert_eq!(names(folder.path()), clean);
}

#[test]
fn nothing_is_written_that_is_there_already() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut keeper, _) = opened(folder.path(), "uthira");
    keeper.save(&some()).expect("saved");
    let inode = || fs::metadata(folder.path().join(file_name(ROOM, "uthira"))).map(|m| m.ino());
    let before = inode().expect("there");
    keeper.save(&some()).expect("saved");
    assert_eq!(inode().expect("there"), before);
}

#[test]
fn where_nothing_can_be_kept_a_sentence_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, b"").expect("written");
    let (keeper, kept, sentence) = Keeper::open(&file.join("gui"), ROOM, "uthira");
    assert!(keeper.is_none() && kept == Kept::default());
    assert!(sentence.expect("a sentence").contains("is not kept"));
    // Later, too: the folder is gone.
    let gone = folder.path().join("gone");
    let (mut keeper, _) = opened(&gone, "uthira");
    fs::remove_dir_all(&gone).expect("removed");
    let sentence = keeper.save(&some()).expect_err("refused");
    assert!(sentence.contains("no such file"), "{sentence}");
    // And when it is back, what could not be written is.
    fs::create_dir(&gone).expect("made");
    keeper.save(&some()).expect("saved");
}

#[test]
fn a_file_is_named_after_its_room() {
    for (address, name, start) in [
        (ROOM, "uthira", "192.168.1.20-1337-uthira-"),
        ("[::1]:1337", "Ольга", "1-1337-"),
        ("../../etc", "/passwd", "etc-passwd-"),
        ("é", "…", "room-"),
    ] {
        let file = file_name(address, name);
        assert!(file.starts_with(start) && !file.contains('/'), "{file}");
        assert!(file.is_ascii() && file.ends_with(".json") && file.len() < 80);
    }
}

/// The state of a window at its `number`th change; every part of it tells the number.
fn state(number: usize) -> Kept {
    Kept {
        draft: format!("{number};").repeat(number % 997 * 20),
        letters: (0..number % 40).map(|_| letter(number)).collect(),
        place: Some(Place {
            x: number as i32,
            y: 0,
            width: 1,
            height: 1,
        }),
        ..Kept::default()
    }
}

/// The window of the test below: changes its state until it is killed, and says what it has kept.
fn play(folder: &Path) {
    let (mut keeper, kept) = opened(folder, "uthira");
    let first = kept.place.map_or(0, |place| place.x as usize + 1);
    for number in first.. {
        keeper.save(&state(number)).expect("saved");
        println!("\nkept {number}");
    }
}

#[test]
fn a_window_that_is_killed_leaves_the_old_state_or_the_new() {
    if let Some(folder) = std::env::var_os(PLAY) {
        play(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let this = "modes::gui::kept::tests::a_window_that_is_killed_leaves_the_old_state_or_the_new";
    for round in 0..20 {
        let mut window = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", this, "--nocapture"])
            .env(PLAY, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let out = BufReader::new(window.stdout.take().expect("a pipe"));
        let mut last = None;
        let mut heard = 0;
        for line in out.lines().map_while(Result::ok) {
            let Some(number) = line.strip_prefix("kept ").and_then(|n| n.parse().ok()) else {
                continue;
            };
            last = Some(number);
            heard += 1;
            if heard == 1 + round % 7 {
                window.kill().expect("killed"); // What it had said already is still heard.
            }
        }
        window.wait().expect("ended");
        let last: usize = last.expect("it kept something");
        let (_keeper, kept) = opened(folder.path(), "uthira");
        let number = kept.place.expect("a place").x as usize;
        assert!(
            number == last || number == last + 1,
            "{number} after {last}"
        );
        assert!(kept == state(number), "half of {number}");
    }
}
