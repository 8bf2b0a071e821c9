use super::*;
use crate::journal::tests::{journal, notice};

/// A journal of the first line and `texts`, the offsets at which its lines start, and its end.
fn written(texts: &[String]) -> (tempfile::TempDir, Reader, Vec<u64>, u64) {
    let dir = tempfile::tempdir().expect("a folder");
    let mut journal = journal(&dir.path().join("log.txt"));
    let mut starts = vec![0];
    for (n, text) in texts.iter().enumerate() {
        starts.push(journal.end());
        journal
            .append(&notice(1_000_000 * (n as i64 + 1), text))
            .expect("appended");
    }
    (dir, journal.reader(), starts, journal.end())
}

fn texts(count: usize) -> Vec<String> {
    (0..count)
        .map(|n| format!("{n} ").repeat(1 + n * n % 90))
        .collect()
}

#[test]
fn reading_in_any_portion_gives_every_line_once() {
    let (_dir, reader, starts, end) = written(&texts(300));
    for portion in [1, 100, 4096, 1 << 20] {
        let (mut forwards, mut at) = (Vec::new(), 0);
        while at < end {
            let range = reader.read(at, end, portion).expect("read");
            forwards.extend(range.lines().map(|(offset, _)| offset));
            at = range.next;
        }
        assert_eq!(forwards, starts, "forwards by {portion}");
        let (mut backwards, mut before) = (Vec::new(), end);
        while before > 0 {
            let range = reader.read_back(before, portion).expect("read");
            assert_eq!(range.next, before);
            backwards.extend(range.lines().rev().map(|(offset, _)| offset));
            before = range.offset;
        }
        backwards.reverse();
        assert_eq!(backwards, starts, "backwards by {portion}");
    }
}

#[test]
fn the_newest_lines_are_found_from_the_end() {
    let (_dir, reader, starts, end) = written(&texts(2000));
    for count in [0, 1, 2, 50, 1999, 2001] {
        let want = starts
            .len()
            .checked_sub(count)
            .map(|n| starts.get(n).copied().unwrap_or(end));
        assert_eq!(reader.newest(count, end).ok(), want, "{count}");
    }
    assert_eq!(reader.newest(5000, end).ok(), Some(0));
    for first in [1, 2, 100, starts.len() - 2] {
        let bytes = end - starts[first];
        let within = |bytes| reader.newest_within(5000, bytes, end).ok();
        assert_eq!(within(bytes), Some((starts[first], true)));
        assert_eq!(within(bytes - 1), Some((starts[first + 1], true)));
    }
    let last = starts[starts.len() - 1];
    assert_eq!(reader.newest_within(2, 0, end).ok(), Some((last, true)));
    assert_eq!(reader.newest_within(1, 0, end).ok(), Some((last, false)));
    assert_eq!(reader.newest_within(5000, end, end).ok(), Some((0, false)));
}

#[test]
fn an_id_is_honoured_only_where_its_line_starts() {
    let (_dir, reader, starts, end) = written(&texts(20));
    let line = reader
        .line_at(starts[7], end)
        .expect("read")
        .expect("a line");
    let id = reader.id(starts[7], &line.bytes);
    assert_eq!(reader.after(id, end).ok(), Some(Some(starts[8])));
    assert_eq!(reader.id_before(starts[8]).ok(), Some(Some(id)));
    for wrong in [
        Id {
            offset: id.offset + 1,
            ..id
        },
        Id { offset: end, ..id },
        Id {
            offset: u64::MAX,
            ..id
        },
        Id {
            check: !id.check,
            ..id
        },
        Id {
            log: LogId(!id.log.0),
            ..id
        },
    ] {
        assert_eq!(reader.after(wrong, end).ok(), Some(None), "{wrong}");
    }
}

#[test]
fn nothing_is_read_for_whoever_has_gone_away() {
    let (_dir, reader, _, end) = written(&texts(3));
    let (watched, waiting) = reader.while_waiting();
    assert!(watched.read(0, end, 1).is_ok());
    let clone = watched.clone();
    drop(waiting);
    assert!(watched.read(0, end, 1).is_err() && clone.newest(1, end).is_err());
    assert!(
        reader.read(0, end, 1).is_ok(),
        "it is the others' as before"
    );
}

#[test]
fn a_time_is_found_among_damaged_lines() {
    let (dir, reader, starts, end) = written(&texts(3000));
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(dir.path().join("log.txt"))
        .expect("opened");
    for n in (0..3000).filter(|n| n % 3 == 0) {
        file.write_all_at(b"!", starts[n + 1] + 30)
            .expect("written");
    }
    for n in [1usize, 2, 4, 1000, 1001, 2999] {
        let mut want = n;
        while (want - 1).is_multiple_of(3) {
            want += 1;
        }
        let from = Stamp::from_micros(1_000_000 * n as i64);
        assert_eq!(reader.at_time(from, end).ok(), Some(starts[want]), "{n}");
    }
    assert_eq!(reader.at_time(Stamp::from_micros(-1), end).ok(), Some(0));
    assert_eq!(
        reader.at_time(Stamp::from_micros(i64::MAX), end).ok(),
        Some(end)
    );
}

#[test]
fn a_line_that_nobody_could_have_written_costs_no_memory() {
    let (dir, reader, starts, end) = written(&texts(3));
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(dir.path().join("log.txt"))
        .expect("opened");
    let garbage = vec![b'x'; 3 * MAX_LINE];
    file.write_all_at(&garbage, end).expect("written");
    let after = end + garbage.len() as u64 + 1;
    file.write_all_at(b"\nlast\n", after - 1).expect("written");
    let all = after + 5;
    let range = reader.read(end, all, 100).expect("read");
    assert_eq!((range.bytes.len(), range.next), (MAX_LINE, after));
    let back = reader.read_back(after, 100).expect("read");
    assert_eq!(
        (back.offset, back.bytes.len(), back.next),
        (end, MAX_LINE, after)
    );
    assert_eq!(reader.newest(2, all).ok(), Some(end));
    assert_eq!(reader.newest(3, all).ok(), Some(starts[3]));
    let id = reader.id(end, &range.bytes);
    assert_eq!(reader.after(id, all).ok(), Some(Some(after)));
}
