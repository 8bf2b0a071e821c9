//! The saved state is read again, whatever happens to the window.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use super::*;
use crate::event::Key;
use crate::system::files::{FileId, permissions, rights};

const ROOM: &str = "192.168.1.20:1337";
/// Has [`a_window_that_is_killed`] play the window, with this folder.
const PLAY: &str = "CHATROOM_TEST_KEPT";

fn message(number: usize) -> OutboxMessage {
    OutboxMessage {
        key: Key::new(&format!("key{number}")).expect("a key"),
        text: format!("message {number} 🫖\n\u{0}"),
        after: Some("5d2f0a11-18342-9d02".parse().expect("an id")),
    }
}

fn some() -> SavedSession {
    SavedSession {
        read: Some("5d2f0a11-18301-7c41".parse().expect("an id")),
        read_at: Stamp::parse(b"2026-11-23T22:34:57.180845Z"),
        token: Some("a secret".into()),
        draft: "half a \"thought\"\n".into(),
        messages: vec![message(1), message(2)],
        geometry: Some(Geometry {
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

fn nobody() {}

fn opened(folder: &Path, name: &str) -> (SessionFile, SavedSession) {
    let (file, saved, sentence) = SessionFile::open(folder, ROOM, name, nobody);
    assert_eq!(sentence, None);
    (file.expect("a file"), saved)
}

#[test]
fn what_was_kept_is_there_again_for_this_room_and_name_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().join("state").join("gui");
    let (mut file, saved) = opened(&folder, "uthira");
    assert_eq!(saved, SavedSession::default());
    file.save(&SavedSession::default()).expect("saved");
    assert_eq!(
        names(&folder).len(),
        1,
        "nothing to keep, no file: the lock alone"
    );
    file.save(&some()).expect("saved");
    drop(file);
    assert_eq!(opened(&folder, "uthira").1, some());
    assert_eq!(opened(&folder, "Uthira").1, SavedSession::default());
    let (_, other, _) = SessionFile::open(&folder, "192.168.1.20:13377", "uthira", nobody);
    assert_eq!(other, SavedSession::default());
    let (_, other, _) = SessionFile::open(&folder, "192.168.1.20:133", "7uthira", nobody);
    assert_eq!(other, SavedSession::default());
}

#[test]
fn a_token_is_for_the_user_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let open_to_all = permissions(0o755);
    fs::set_permissions(folder.path(), open_to_all).expect("changed");
    let (mut file, _) = opened(folder.path(), "x");
    file.save(&some()).expect("saved");
    let mode = |path: &Path| rights(&fs::metadata(path).expect("there")) & 0o777;
    assert_eq!(mode(folder.path()), 0o700);
    assert_eq!(mode(&file.path), 0o600);
}

#[test]
fn a_second_window_of_the_same_room_and_name_keeps_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut first, _) = opened(folder.path(), "uthira");
    first.save(&some()).expect("saved");
    let (second, saved, sentence) = SessionFile::open(folder.path(), ROOM, "uthira", nobody);
    assert!(second.is_none());
    assert_eq!(saved, SavedSession::default());
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
        let (file, saved, sentence) = SessionFile::open(folder.path(), ROOM, "uthira", nobody);
        assert_eq!(saved, SavedSession::default());
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
        file.expect("a file").save(&some()).expect("saved");
        fs::remove_file(copy_of(folder.path())).expect("removed");
    }
    // What a later version keeps besides is no harm.
    fs::write(&path, br#"{"draft":"hi","mood":"fine"}"#).expect("written");
    assert_eq!(opened(folder.path(), "uthira").1.draft, "hi");
}

#[test]
fn what_was_left_half_written_is_harmless_and_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut file, _) = opened(folder.path(), "uthira");
    file.save(&some()).expect("saved");
    let left = files::beside(&file.path, "new");
    drop(file);
    let clean = names(folder.path());
    fs::write(&left, b"{\"draft\":\"ha").expect("written");
    let (mut file, saved) = opened(folder.path(), "uthira");
    assert_eq!((saved, names(folder.path())), (some(), clean.clone()));
    fs::write(&left, b"{\"draft\":\"ha").expect("written");
    file.save(&SavedSession::default()).expect("saved");
    drop(file);
    assert_eq!(names(folder.path()), clean);
}

#[test]
fn nothing_is_written_that_is_there_already() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut file, _) = opened(folder.path(), "uthira");
    file.save(&some()).expect("saved");
    let inode = || {
        fs::metadata(folder.path().join(file_name(ROOM, "uthira"))).map(|found| FileId::of(&found))
    };
    let before = inode().expect("there");
    file.save(&some()).expect("saved");
    assert_eq!(inode().expect("there"), before);
}

#[test]
fn where_nothing_can_be_kept_a_sentence_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, b"").expect("written");
    let (file, saved, sentence) = SessionFile::open(&file.join("gui"), ROOM, "uthira", nobody);
    assert!(file.is_none() && saved == SavedSession::default());
    assert!(sentence.expect("a sentence").contains("is not kept"));
    // Later, too: the folder is gone.
    let gone = folder.path().join("gone");
    let (mut file, _) = opened(&gone, "uthira");
    fs::remove_dir_all(&gone).expect("removed");
    let sentence = file.save(&some()).expect_err("refused");
    assert!(sentence.contains("no such file"), "{sentence}");
    // And when it is back, what could not be written is.
    fs::create_dir(&gone).expect("made");
    file.save(&some()).expect("saved");
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
fn state(number: usize) -> SavedSession {
    SavedSession {
        draft: format!("{number};").repeat(number % 997 * 20),
        messages: (0..number % 40).map(|_| message(number)).collect(),
        geometry: Some(Geometry {
            x: number as i32,
            y: 0,
            width: 1,
            height: 1,
        }),
        ..SavedSession::default()
    }
}

/// The window of the test below: changes its state until it is killed, and prints each number that it
/// has saved.
fn play(folder: &Path) {
    let (mut file, saved) = opened(folder, "uthira");
    let first = saved.geometry.map_or(0, |geometry| geometry.x as usize + 1);
    for number in first.. {
        file.save(&state(number)).expect("saved");
        println!("\nkept {number}");
    }
}

#[test]
fn a_window_that_is_killed_leaves_the_old_state_or_the_new() {
    if let Some(folder) = std::env::var_os(PLAY) {
        play(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let this = "modes::gui::keep::session_file::tests::a_window_that_is_killed_leaves_the_old_state_or_the_new";
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
        let (_file, saved) = opened(folder.path(), "uthira");
        let number = saved.geometry.expect("a geometry").x as usize;
        assert!(
            number == last || number == last + 1,
            "{number} after {last}"
        );
        assert!(saved == state(number), "half of {number}");
    }
}

/// The synced copy beside a file.
fn copy_of(folder: &Path) -> PathBuf {
    files::beside(&folder.join(file_name(ROOM, "uthira")), "sure")
}

#[test]
fn what_the_disk_is_sure_of_is_read_where_a_power_cut_took_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(file_name(ROOM, "uthira"));
    let (mut file, _) = opened(folder.path(), "uthira");
    file.save(&some()).expect("saved");
    drop(file);
    // As file systems leave what was not synced.
    for left in [Some(vec![0; 4096]), Some(Vec::new()), None] {
        match left {
            Some(bytes) => fs::write(&path, bytes).expect("written"),
            None => fs::remove_file(&path).expect("removed"),
        }
        let (file, saved) = opened(folder.path(), "uthira");
        assert_eq!(saved, some());
        drop(file);
        fs::write(&path, b"").expect("written");
    }
    // A file that is older than the copy has come back: the copy is what was written last.
    fs::remove_file(&path).expect("removed");
    let (mut file, _) = opened(folder.path(), "uthira");
    file.save(&SavedSession::default()).expect("saved");
    let old = fs::read(&path).expect("there");
    file.save(&some()).expect("saved");
    drop(file);
    fs::write(&path, old).expect("written");
    assert_eq!(opened(folder.path(), "uthira").1, some());
    // And a file that is newer, of a window that was killed, becomes the copy before it is shown.
    let (mut file, _) = opened(folder.path(), "uthira");
    let copy = fs::read(copy_of(folder.path())).expect("there");
    let draft = "newer".to_string();
    let newer = SavedSession { draft, ..some() };
    file.save(&newer).expect("saved");
    drop(file);
    fs::write(copy_of(folder.path()), copy).expect("written");
    assert_eq!(opened(folder.path(), "uthira").1, newer);
    fs::remove_file(&path).expect("removed");
    assert_eq!(opened(folder.path(), "uthira").1, newer);
}

#[test]
fn the_file_of_an_earlier_version_is_newer_than_any_copy() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut file, _) = opened(folder.path(), "uthira");
    file.save(&some()).expect("saved");
    let path = file.path.clone();
    drop(file);
    fs::write(&path, br#"{"draft":"older program"}"#).expect("written");
    let (mut file, saved) = opened(folder.path(), "uthira");
    assert_eq!(saved.draft, "older program");
    file.save(&some()).expect("saved");
    drop(file);
    assert_eq!(opened(folder.path(), "uthira").1, some());
}

#[test]
fn the_file_has_the_form_that_earlier_windows_wrote() {
    let json = r#"{"number":7,"read":null,"read_at":null,"token":"t","draft":"d","letters":[{"key":"k","text":"hi","after":"5d2f0a11-18342-9d02"}],"place":{"x":1,"y":2,"width":3,"height":4}}"#;
    let stored = Stored::of(json.as_bytes()).expect("readable");
    assert_eq!(stored.session.messages.len(), 1);
    assert_eq!(serde_json::to_string(&stored).expect("written"), json);
}

#[test]
fn letters_are_sure_once_the_copy_has_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let (tell, told) = (|| (), folder.path());
    let (file, ..) = SessionFile::open(told, ROOM, "uthira", tell);
    let mut file = file.expect("a file");
    file.save(&some()).expect("saved");
    let mut sure = Vec::new();
    while sure.len() < 2 {
        let new = file.newly_durable().expect("no trouble");
        if !new.is_empty() {
            let bytes = fs::read(copy_of(told)).expect("the copy");
            let stored = Stored::of(&bytes).expect("readable");
            assert_eq!(stored.session, some());
        }
        sure.extend(new);
        std::thread::yield_now();
    }
    let keys: Vec<Key> = some().messages.into_iter().map(|l| l.key).collect();
    assert_eq!(sure, keys);
    assert_eq!(file.newly_durable(), Ok(Vec::new()), "told once");
}

#[test]
fn what_the_disk_does_not_take_is_told_and_tried_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut file, _) = opened(folder.path(), "uthira");
    // A folder where the copy is to be: it cannot be replaced.
    fs::create_dir(copy_of(folder.path())).expect("made");
    fs::write(copy_of(folder.path()).join("x"), b"").expect("written");
    file.save(&some()).expect("the file is there");
    let sentence = loop {
        match file.newly_durable() {
            Ok(sure) => assert_eq!(sure, []),
            Err(sentence) => break sentence,
        }
        std::thread::yield_now();
    };
    assert!(sentence.contains("is not kept"), "{sentence}");
    fs::remove_dir_all(copy_of(folder.path())).expect("removed");
    while file.newly_durable().expect("told once").is_empty() {
        std::thread::yield_now();
    }
}
