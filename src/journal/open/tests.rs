//! Opening logs that are whole, torn, damaged or no logs at all.

use super::super::tests::{journal, notice, opened};
use super::super::torn::TornCopy;
use super::*;

fn log() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("log.txt");
    let mut journal = journal(&path);
    for n in 1..4 {
        journal
            .append(&notice(n * 1_000_000, "a notice"))
            .expect("appended");
    }
    journal.sync().expect("synced");
    let bytes = fs::read(&path).expect("read");
    (dir, path, bytes)
}

fn sentence(path: &Path) -> String {
    Journal::open(path)
        .err()
        .map(|e| e.to_string())
        .unwrap_or_default()
}

fn file_of(torn: &Torn) -> PathBuf {
    match &torn.copy {
        TornCopy::InFile(saved) => saved.clone(),
        TornCopy::InMemory(_) => panic!("not saved: {torn:?}"),
    }
}

#[test]
fn a_second_start_goes_on_where_the_first_ended() {
    let (_dir, path, bytes) = log();
    let opening = Journal::open(&path).expect("opened");
    assert_eq!(opening.last_stamp(), Some(Stamp::from_micros(3_000_000)));
    assert_eq!(opening.recent().bytes, bytes);
    let journal = opening.begin(&opened(4_000_000)).expect("begun");
    assert_eq!(
        journal.log(),
        journal
            .reader()
            .id_before(journal.end())
            .ok()
            .flatten()
            .expect("an id")
            .log
    );
    assert!(fs::read(&path).expect("read").starts_with(&bytes));
}

#[test]
fn a_torn_end_is_saved_cut_and_told_wherever_it_is_torn() {
    let (dir, path, bytes) = log();
    let second = bytes.iter().position(|b| *b == b'\n').expect("a line") + 1;
    for cut in 0..bytes.len() {
        for tail in [&b""[..], b"\0\0\0", b"\xf0\x9f"] {
            let mut torn = bytes[..cut].to_vec();
            torn.extend_from_slice(tail);
            let whole = torn
                .iter()
                .rposition(|b| *b == b'\n')
                .map_or(0, |at| at + 1);
            fs::write(&path, &torn).expect("written");
            let opened = loop {
                match Journal::open(&path) {
                    // Until its `exec`, a process that another test starts has the file open, too.
                    Err(OpenError::Locked(_)) => std::thread::yield_now(),
                    opened => break opened,
                }
            };
            let opening = match opened {
                Ok(opening) => opening,
                // Half a character in place of the first line's beginning is not recognised as a room's log.
                Err(OpenError::Foreign(_)) if cut < second && tail == b"\xf0\x9f" => continue,
                Err(other) => panic!("cut at {cut} and {tail:?} added: {other}"),
            };
            let report = opening.torn().cloned();
            drop(opening);
            if line::split(&torn[whole..]).is_ok() {
                // Everything but the line feed was written.
                assert_eq!(report, None);
                torn.push(b'\n');
                assert_eq!(fs::read(&path).expect("read"), torn);
                continue;
            }
            assert_eq!(fs::read(&path).expect("read"), &torn[..whole]);
            match report {
                None => assert_eq!(whole, torn.len()),
                Some(report) => {
                    assert_eq!(fs::read(file_of(&report)).expect("read"), &torn[whole..]);
                    assert_eq!(
                        (report.offset, report.bytes),
                        (whole as u64, (torn.len() - whole) as u64)
                    );
                    fs::remove_file(file_of(&report)).expect("removed");
                }
            }
        }
    }
    drop(dir);
}

#[test]
fn an_existing_torn_file_is_never_overwritten() {
    let (_dir, path, bytes) = log();
    fs::write(&path, &bytes[..bytes.len() - 5]).expect("written");
    let saved = Journal::open(&path)
        .expect("opened")
        .torn()
        .cloned()
        .map(|torn| file_of(&torn))
        .expect("torn");
    fs::write(&path, &bytes[..bytes.len() - 3]).expect("written");
    let again = Journal::open(&path)
        .expect("opened")
        .torn()
        .cloned()
        .map(|torn| file_of(&torn))
        .expect("torn");
    assert_ne!(saved, again);
    assert!(fs::read(again).expect("read").len() > fs::read(saved).expect("read").len());
}

#[test]
fn a_terminated_damaged_line_is_kept_wherever_it_is() {
    let (_dir, path, bytes) = log();
    for place in [40, bytes.len() / 2, bytes.len() - 4] {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        fs::write(&path, &damaged).expect("written");
        let opening = Journal::open(&path).expect("opened");
        assert_eq!(opening.torn(), None);
        drop(opening);
        assert_eq!(fs::read(&path).expect("read"), damaged);
    }
}

#[test]
fn what_is_no_log_is_refused_in_a_sentence_and_not_touched() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("x");
    for (content, word) in [
        (
            &b"\r[uthira]: 0:00:17:hi\r[bob]: 0:00:09:hello"[..],
            "original",
        ),
        (b"hello", "not a chatroom log"),
        (b"hello\nworld\n", "not a chatroom log"),
        (b"\x7fELF\0\0\n", "not a chatroom log"),
    ] {
        fs::write(&path, content).expect("written");
        assert!(sentence(&path).contains(word), "{}", sentence(&path));
        assert_eq!(fs::read(&path).expect("read"), content);
    }
    assert!(sentence(dir.path()).contains("not a file"));
    assert!(sentence(&dir.path().join("no/log.txt")).contains("folder does not exist"));
}

#[test]
fn a_log_with_windows_ends_is_told_and_not_touched() {
    let (_dir, path, bytes) = log();
    let text = String::from_utf8(bytes.clone()).expect("UTF-8");
    let windows = text.replace('\n', "\r\n");
    let mixed = format!("{windows}{}", &text[text.find('\n').expect("it") + 1..]);
    for changed in [
        &*windows,
        windows.trim_end(),
        &mixed,
        &format!("\u{feff}{windows}"),
    ] {
        fs::write(&path, changed).expect("written");
        let said = sentence(&path);
        assert!(said.contains("Windows line ends"), "{said}");
        assert_eq!(fs::read(&path).expect("read"), changed.as_bytes());
    }
    // A single such line in a log is just one damaged line.
    let one = text.trim_end().to_owned() + "\r\n";
    fs::write(&path, one).expect("written");
    assert_eq!(Journal::open(&path).expect("opened").damaged().len(), 1);
}

#[test]
fn a_file_of_zeros_is_no_empty_room() {
    let (_dir, path, _) = log();
    for length in [1_100, 3 << 20] {
        let zeros = vec![0; length];
        fs::write(&path, &zeros).expect("written");
        let said = sentence(&path);
        assert!(
            said.contains(&format!("contains only NUL bytes ({length})")),
            "{said}"
        );
        assert!(fs::read(&path).expect("read") == zeros);
    }
}

#[test]
fn a_second_server_is_kept_off() {
    let (_dir, path, _) = log();
    let held = Journal::open(&path).expect("opened");
    assert!(sentence(&path).contains("in use by another server"));
    drop(held);
    assert_eq!(sentence(&path), "");
}

/// A xorshift generator: the same bytes in every run.
fn random(seed: &mut u64) -> u8 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed >> 24) as u8
}

#[test]
fn random_bytes_after_any_cut_of_the_last_three_lines_harm_nothing_before_it() {
    let (_dir, path, bytes) = log();
    let third = bytes[..bytes.len() - 1].rsplitn(4, |b| *b == b'\n');
    let third = third.last().expect("a fourth line").len() + 1;
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    for cut in third..=bytes.len() {
        let tail: Vec<u8> = (0..300).map(|_| random(&mut seed)).collect();
        let torn = [&bytes[..cut], &tail].concat();
        fs::write(&path, &torn).expect("written");
        let line_feed = |bytes: &[u8]| bytes.iter().rposition(|b| *b == b'\n').expect("it") + 1;
        let (intact, end) = (line_feed(&bytes[..cut]), line_feed(&torn));
        let opening = Journal::open(&path).expect("opened");
        let saved = opening.torn().map(file_of);
        assert!(opening.damaged().iter().all(|(at, _)| *at >= intact as u64));
        assert_eq!(opening.recent().bytes, torn[..end], "cut at {cut}");
        assert_eq!(saved.is_some(), end < torn.len());
        opening.begin(&opened(9_000_000)).expect("begun");
        let after = fs::read(&path).expect("read");
        assert!(after.starts_with(&torn[..end]));
        assert!(line::split(after[end..].trim_ascii_end()).is_ok());
        saved.map(fs::remove_file);
    }
}

#[test]
fn a_whole_line_whose_line_feed_was_changed_is_kept() {
    let (dir, path, bytes) = log();
    let first = bytes.iter().position(|b| *b == b'\n').expect("it") + 1;
    for end in [bytes.len(), first] {
        for bit in 0..8 {
            let mut changed = bytes[..end].to_vec();
            changed[end - 1] ^= 1 << bit;
            fs::write(&path, &changed).expect("written");
            let opening = Journal::open(&path).expect("opened");
            assert_eq!((opening.torn(), opening.damaged().len()), (None, 1));
            opening.begin(&opened(9_000_000)).expect("begun");
            changed.push(b'\n');
            assert!(fs::read(&path).expect("read").starts_with(&changed));
            assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1);
        }
    }
}

/// The ids of the lines in `bytes`, as the log gives them.
fn ids(path: &Path, bytes: &[u8]) -> Vec<(crate::event::Id, Vec<u8>)> {
    let opening = Journal::open(path).expect("opened");
    let reader = Reader::new(Arc::clone(&opening.file), opening.log.expect("a log"));
    let range = LogRange {
        bytes: bytes.to_vec(),
        ..LogRange::default()
    };
    let ids = range.lines();
    ids.map(|(at, text)| (reader.id(at, text), text.to_vec()))
        .collect()
}

#[test]
fn a_damaged_first_line_keeps_no_server_from_starting_and_makes_no_id_wrong() {
    let (_dir, path, bytes) = log();
    let before = ids(&path, &bytes);
    let first = before[0].1.len() + 1;
    let field = first - 9..first - 1;
    for (log, place) in [&bytes[..], &bytes[..first]]
        .into_iter()
        .flat_map(|log| (0..first).map(move |place| (log, place)))
    {
        let mut damaged = log.to_vec();
        damaged[place] ^= 1 << (place % 8);
        fs::write(&path, &damaged).expect("written");
        let opening = Journal::open(&path).expect("opened");
        assert_eq!(opening.torn(), None, "byte {place}");
        let id = opening.log.expect("a log");
        let reader = Reader::new(Arc::clone(&opening.file), id);
        let end = opening.end;
        for (id, text) in &before {
            if let Some(next) = reader.after(*id, end).expect("read") {
                let there = &damaged[id.offset as usize..next as usize - 1];
                assert_eq!(there, text, "byte {place}");
            }
        }
        drop((opening, reader));
        let again = Journal::open(&path).expect("opened again");
        assert_eq!(again.log, Some(id), "byte {place}: always the same");
        assert!(fs::read(&path).expect("read").starts_with(&damaged));
        // Ids stay valid unless the change is in the checksum itself or the TAB before it.
        assert_eq!(
            id == before[0].0.log,
            !field.contains(&place) && log[place] != b'\t' && damaged[place] != b'\t',
            "byte {place}"
        );
    }
}

#[test]
fn a_beginning_that_the_disk_lost_does_not_cost_the_rest() {
    let (_dir, path, bytes) = log();
    for lost in [10, 60, 3 << 20] {
        for filler in [0, b'x', 0xff] {
            let mut damaged = vec![filler; lost];
            let from = bytes.iter().position(|b| *b == b'\n').expect("it") - 10;
            damaged.extend_from_slice(&bytes[from..]);
            fs::write(&path, &damaged).expect("written");
            let opening = Journal::open(&path).expect("opened");
            assert_eq!((opening.torn(), opening.end), (None, damaged.len() as u64));
            assert_eq!(fs::read(&path).expect("read"), damaged);
        }
    }
}
