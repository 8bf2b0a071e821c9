//! Rotation, and each state in which it can be interrupted.

use super::super::tests::{journal, notice, opened};
use super::*;
use crate::event::LogId;
use crate::system::files::{permissions, rights};
use std::collections::BTreeMap;

/// 23 November 2026.
fn day() -> Stamp {
    Stamp::from_micros(1_795_473_297_180_845)
}

const OLD: &str = "log-2026-11-23.txt";

/// The files of a folder with their contents.
fn files(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let folder = path.parent().expect("a folder");
    let entries = fs::read_dir(folder).expect("the folder");
    let read = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy();
        (name.into_owned(), fs::read(&path).expect("read"))
    };
    entries
        .map(|entry| read(entry.expect("an entry").path()))
        .collect()
}

/// The log of a stopped room: its folder, path, identity and bytes.
fn stopped() -> (tempfile::TempDir, PathBuf, LogId, Vec<u8>) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("log.txt");
    let mut journal = journal(&path);
    journal.append(&notice(1, "hi")).expect("appended");
    journal.sync().expect("synced");
    let log = journal.log();
    drop(journal);
    let bytes = fs::read(&path).expect("read");
    (dir, path, log, bytes)
}

/// The first line of a log that continues `log`.
fn first(log: LogId) -> Vec<u8> {
    let mut event = opened(2);
    if let Body::Opened { after, .. } = &mut event.body {
        *after = Some(log);
    }
    let mut line = Vec::new();
    line::to_line_with(&event, &field(Path::new(OLD)).expect("a field"), &mut line);
    line
}

/// Expects a complete rotation: the old log under its new name, the new one in its place.
#[track_caller]
fn assert_done(path: &Path, log: LogId, bytes: &[u8]) {
    let files = files(path);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, [OLD, "log.txt"]);
    assert_eq!(files[OLD], bytes);
    let journal = Journal::open(path).and_then(|opening| opening.begin(&opened(3)));
    let journal = journal.expect("a room");
    assert_ne!(journal.log(), log);
    let reader = journal.reader();
    assert_eq!(reader.before(log), Some(OLD));
    let before = reader.earlier().first().expect("one");
    let (reader, end) = before.reader().expect("it is there");
    assert_eq!((reader.log(), end), (log, bytes.len() as u64));
}

#[test]
fn a_new_log_goes_on_from_the_old_one() {
    let (_dir, path, log, bytes) = stopped();
    fs::set_permissions(&path, permissions(0o640)).expect("set");
    let rotated = rotate(&path, day()).expect("begun anew");
    assert_eq!(
        rotated.old,
        fs::canonicalize(&path).expect("it").with_file_name(OLD)
    );
    assert_eq!(rotated.bytes, bytes.len() as u64);
    let mode = |name| rights(&fs::metadata(path.with_file_name(name)).expect("it")) & 0o777;
    assert_eq!((mode("log.txt"), mode(OLD)), (0o640, 0o640));
    assert_done(&path, log, &bytes);
    // A second rotation on the same day; the newest log leads to all others.
    rotate(&path, day()).expect("begun anew");
    let journal = Journal::open(&path).and_then(|opening| opening.begin(&opened(4)));
    let reader = journal.expect("a room").reader();
    let names: Vec<_> = reader
        .earlier()
        .iter()
        .map(|before| before.name.as_str())
        .collect();
    assert_eq!(names, ["log-2026-11-23-2.txt", OLD]);
    assert_eq!(reader.before(log), Some(OLD));
}

#[test]
fn what_is_cut_off_is_done_by_the_next_attempt_or_start() {
    let exists = |path: &Path| path.with_file_name("log.txt.new").exists();
    // The new log is half written.
    let (_dir, path, log, bytes) = stopped();
    fs::write(new_name(&path), &first(log)[..20]).expect("written");
    assert!(!finish(&path).expect("nothing to do") && exists(&path));
    rotate(&path, day()).expect("begun anew");
    assert_done(&path, log, &bytes);
    // The new log is written, and nothing is renamed.
    let (_dir, path, log, bytes) = stopped();
    drop(write_new(&path, &first(log)).expect("written"));
    assert!(!finish(&path).expect("nothing to do"));
    let journal = Journal::open(&path).and_then(|opening| opening.begin(&opened(3)));
    assert_eq!(journal.expect("the old room").log(), log);
    let bytes = [
        bytes,
        fs::read(&path).expect("read")[bytes_len(&path)..].to_vec(),
    ]
    .concat();
    rotate(&path, day()).expect("begun anew");
    assert_done(&path, log, &bytes);
    // The old log has both names, and a server continued it.
    let (_dir, path, log, _) = stopped();
    drop(write_new(&path, &first(log)).expect("written"));
    fs::hard_link(&path, path.with_file_name(OLD)).expect("linked");
    assert!(!finish(&path).expect("nothing to do"));
    let journal = Journal::open(&path).and_then(|opening| opening.begin(&opened(3)));
    assert_eq!(journal.expect("the old room").log(), log);
    let bytes = fs::read(&path).expect("read");
    rotate(&path, day()).expect("begun anew");
    assert_done(&path, log, &bytes);
    // On a disk without hard links: the old log has its new name, and nothing has the old one.
    let (_dir, path, log, bytes) = stopped();
    drop(write_new(&path, &first(log)).expect("written"));
    fs::rename(&path, path.with_file_name(OLD)).expect("renamed");
    assert!(finish(&path).expect("finished"));
    assert_done(&path, log, &bytes);
}

/// The length of the log's first two lines: its end when it was first stopped.
fn bytes_len(path: &Path) -> usize {
    let all = fs::read(path).expect("read");
    let ends = memchr::memchr_iter(b'\n', &all);
    ends.take(2).last().map_or(0, |end| end + 1)
}

#[test]
fn what_is_not_this_logs_is_not_taken_for_it() {
    let (_dir, path, log, _) = stopped();
    // A different log has the name of the one before.
    drop(write_new(&path, &first(LogId(!log.0))).expect("written"));
    fs::rename(&path, path.with_file_name(OLD)).expect("renamed");
    assert!(!finish(&path).expect("nothing is done"));
    // Another process is rotating right now.
    let held = write_new(&path.with_file_name(OLD), &first(log));
    let held = held.and_then(|file| {
        fs::rename(new_name(&path.with_file_name(OLD)), new_name(&path)).map(|()| file)
    });
    let busy = finish(&path).expect_err("it is held");
    assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
    drop(held);
    assert!(finish(&path).expect("finished"));
}

#[test]
fn a_log_that_was_just_begun_anew_is_not_begun_once_more() {
    let (_dir, path, log, bytes) = stopped();
    rotate(&path, day()).expect("begun anew");
    let before = files(&path);
    let said = rotate(&path, day()).expect_err("nothing is in it");
    assert!(said.to_string().contains("nothing to rotate"), "{said}");
    assert_eq!(files(&path), before);
    assert_done(&path, log, &bytes);
    // Repeating a rotation that was interrupted before its last step completes it and does no more.
    let (_dir, path, log, bytes) = stopped();
    drop(write_new(&path, &first(log)).expect("written"));
    fs::rename(&path, path.with_file_name(OLD)).expect("renamed");
    let rotated = rotate(&path, day()).expect("finished");
    assert_eq!(rotated.bytes, bytes.len() as u64);
    let old = fs::canonicalize(&path).expect("it").with_file_name(OLD);
    assert_eq!(rotated.old, old);
    assert_done(&path, log, &bytes);
}

#[test]
fn a_file_that_gets_the_old_logs_name_meanwhile_costs_nobody_the_log() {
    let (_dir, path, log, bytes) = stopped();
    let old = path.with_file_name(OLD);
    drop(write_new(&path, &first(log)).expect("written"));
    fs::write(&old, "notes").expect("written");
    let error = exchange(&path, &old).expect_err("the name is somebody else's");
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&path).expect("the log"), bytes);
    assert_eq!(fs::read(&old).expect("the notes"), b"notes");
    // The next attempt takes another name.
    let rotated = rotate(&path, day()).expect("begun anew");
    assert_eq!(fs::read(&rotated.old).expect("the log"), bytes);
    assert_eq!(fs::read(&old).expect("the notes"), b"notes");
}

#[test]
fn what_cannot_be_begun_anew_is_said_and_stays_as_it_is() {
    let (_dir, path, _, _) = stopped();
    let running = Journal::open(&path).and_then(|opening| opening.begin(&opened(3)));
    let running = running.expect("a room");
    let before = files(&path);
    let said = rotate(&path, day()).expect_err("in use").to_string();
    assert!(said.contains("a server is running on it"), "{said}");
    assert_eq!(files(&path), before);
    drop(running);
    let absent = path.with_file_name("absent.txt");
    let said = rotate(&absent, day()).expect_err("absent").to_string();
    assert!(said.starts_with("There is no log"), "{said}");
    assert!(!absent.exists(), "it is not made");
    let foreign = path.with_file_name("notes.txt");
    fs::write(&foreign, "milk\neggs\n").expect("written");
    let said = rotate(&foreign, day()).expect_err("foreign").to_string();
    assert!(said.contains("is not a room's log"), "{said}");
    let empty = path.with_file_name("empty.txt");
    fs::write(&empty, "").expect("written");
    let said = rotate(&empty, day()).expect_err("empty").to_string();
    assert!(said.contains("nothing to rotate"), "{said}");
}
