use super::*;
use crate::event::{Body, Elapsed, Event, Id, Key, LogId};
use crate::modes::server::room::Rules;
use crate::modes::server::room::order::{Mark, Outcome, Reading, Speaker};
use crate::modes::server::room::turns::Sender;
use crate::wire::Said;
use async_std::channel::bounded;
use std::time::Duration;

#[test]
fn no_line_is_longer_than_it_was_taken_for() {
    let letters = [
        'a', '\\', '\n', '\u{1b}', '\u{9f}', '\u{202e}', '\u{feff}', '界',
    ];
    for letter in letters {
        let text = letter.to_string().repeat(MAX_TEXT / letter.len_utf8());
        // A name and key longer than any, after the longest silence.
        let speaker = Speaker::Session([1; 16]);
        let command = Command::Say {
            speaker,
            from: "\\".repeat(64),
            text: text.clone(),
            key: Key::new(&"k".repeat(64)),
        };
        let mut scribe = Scribe::new(LogId(0), Stamp::from_micros(0));
        let reading = |mono| Reading {
            wall: Stamp::from_micros(0),
            mono,
        };
        let mut lines = Vec::new();
        let join = Command::Join([1; 16], "e".into(), Mark(1));
        scribe.record(join, reading(Duration::ZERO), 0, &mut lines);
        lines.clear();
        scribe.record(command.clone(), reading(Duration::MAX), 0, &mut lines);
        let order = Order {
            job: Job::Record(command),
            request: None,
            reply: None,
        };
        assert!(lines.len() <= size(&order), "{letter:?}");
        assert!(size(&order) <= 8 * MAX_TEXT + AROUND_TEXT);
    }
}

/// A committer for a new log there, and the way to it.
fn committer(path: &std::path::Path) -> (Committer, Arc<Orders>) {
    let at = Stamp::from_micros(0);
    let body = Body::Opened {
        version: "chatroom test".into(),
        random: "6f1d0c5be2a94c07".into(),
        after: None,
    };
    let journal = Journal::open(path)
        .and_then(|opening| opening.begin(&Event { at, body }))
        .expect("a journal");
    let last = journal.reader().id_before(journal.end());
    let rules = Rules {
        room: "test".into(),
        max_name: 8,
        grace: Duration::ZERO,
        max_rate: 0,
        address_limits: true,
    };
    let (orders, taken) = Orders::new(true);
    let room = Arc::new(Room::new(
        rules,
        journal.reader(),
        Arc::clone(&orders),
        journal.end(),
        last.expect("read").expect("an id"),
    ));
    let scribe = Scribe::new(journal.log(), at);
    let console = Console::start(cli::Console::Quiet);
    let fullness = Fullness::default();
    let committer = Committer::new(
        journal,
        scribe,
        taken,
        Arc::new(Fanout::new(room, 1)),
        console,
        cli::Sync::Always,
        fullness,
    );
    (committer, orders)
}

#[test]
fn nothing_is_recorded_behind_the_rooms_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("log.txt");
    let (committer, orders) = committer(&path);
    let mut answers = Vec::new();
    for command in [
        Command::Join([1; 16], "ann".into(), Mark(1)),
        Command::Close,
        Command::Join([2; 16], "bob".into(), Mark(2)),
    ] {
        let (reply, answer) = bounded(1);
        let order = Order {
            job: Job::Record(command),
            request: None,
            reply: Some(reply),
        };
        let sender = Sender {
            from: std::net::IpAddr::from([127, 0, 0, 1]).into(),
            speaker: Speaker::Session([1; 16]),
        };
        let ends = order.job == Job::Record(Command::Close);
        let taken = match ends {
            true => orders.push_end(order),
            false => orders.push(sender, None, order).is_ok(),
        };
        answers.push((taken, answer));
    }
    assert_eq!(committer.run(), Ok(()));
    let answered: Vec<Outcome> = answers
        .iter()
        .filter(|(taken, _)| *taken)
        .map(|(_, answer)| answer.try_recv().expect("an answer"))
        .collect();
    assert_eq!(answered.len(), 2);
    assert!(answered[0].is_ok() && answered[1].is_ok(), "{answered:?}");
    let text = std::fs::read_to_string(&path).expect("read");
    let end = text.lines().last().expect("a line");
    assert!(end.contains("* Room closed\t"), "{text}");
}

#[test]
fn a_repeat_of_what_an_earlier_log_has_is_stored_wherever_it_stands_there() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut committer, _orders) = committer(&dir.path().join("log.txt"));
    let start = committer.journal.end();
    let log = committer.journal.log();
    let repeat = |log, offset| {
        let (at, elapsed) = (Stamp::from_micros(0), Elapsed(0));
        let check = 0;
        let id = Id { log, offset, check };
        Verdict::Repeat(Said { id, at, elapsed })
    };
    let verdicts = [
        repeat(log, start - 1),
        repeat(LogId(!log.0), start + 1_000),
        // Its first time is in the batch that failed.
        repeat(log, start),
    ];
    let (waiting, answers): (Vec<Order>, Vec<_>) = verdicts
        .iter()
        .map(|_| {
            let (reply, answer) = bounded(1);
            let command = Command::Say {
                speaker: Speaker::Session([1; 16]),
                from: "ann".into(),
                text: "hi".into(),
                key: Key::new("k"),
            };
            let order = Order {
                job: Job::Record(command),
                request: None,
                reply: Some(reply),
            };
            (order, answer)
        })
        .unzip();
    let full = AppendError::Full(std::io::ErrorKind::StorageFull.into());
    let known = verdicts.map(Some);
    assert!(committer.fail(waiting, &known, start, 0, full).is_ok());
    let answers: Vec<Outcome> = answers
        .iter()
        .map(|answer| answer.try_recv().expect("an answer"))
        .collect();
    let [first, second, _] = verdicts;
    assert_eq!(answers, [Ok(first), Ok(second), Err(Refused::Full)]);
}
