use super::*;
use crate::event::{Body, Elapsed, Event, Id, Key, LogId};
use crate::journal::Journal;
use crate::modes::server::commit::store::ForeignBatch;
use crate::modes::server::commit::store::file::FileStore;
use crate::modes::server::room::Rules;
use crate::modes::server::room::order::{Mark, Outcome, Reading, Speaker};
use crate::modes::server::room::presence::Denied;
use crate::modes::server::room::quotas::AddressLimits;
use crate::modes::server::room::tests::room;
use crate::modes::server::room::turns::Sender;
use crate::name::Name;
use crate::wire::Said;
use async_std::channel::{Receiver, bounded};
use futures_lite::future::{block_on, poll_once};
use std::collections::VecDeque;
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

/// A store that answers its appends as it was told to, then takes them.
#[derive(Debug)]
struct Scripted {
    place: Place,
    answers: VecDeque<Appended>,
    /// What another server appended, once this one has had a conflict.
    others: Vec<ForeignBatch>,
    /// The lines of each draft, and what they do to members.
    drafts: Vec<(String, Vec<Change>)>,
}

impl Store for Scripted {
    fn log(&self) -> LogId {
        LOG
    }

    fn name(&self) -> String {
        "the log".into()
    }

    fn last(&self) -> Place {
        self.place
    }

    fn append(&mut self, after: Place, draft: Draft<'_>) -> Appended {
        let lines = String::from_utf8(draft.lines.to_vec()).expect("text");
        self.drafts.push((lines, draft.changes.to_vec()));
        if let Some(answer) = self.answers.pop_front() {
            return answer;
        }
        assert_eq!(after, self.place, "it knows all that was appended");
        self.place.sequence += 1;
        self.place.offset += draft.lines.len() as u64;
        Appended::Stored(Stored {
            place: self.place,
            synced: None,
            notice: None,
        })
    }

    fn batches_after(&mut self, from: Place) -> Result<Vec<ForeignBatch>, Fatal> {
        assert_eq!(from, self.place);
        let others = std::mem::take(&mut self.others);
        if let Some(last) = others.last() {
            self.place = last.place;
        }
        Ok(others)
    }

    fn erase(&mut self, _: u64, _: &[u8]) -> Appended {
        Appended::Unknown
    }

    fn rescue(&self, fatal: Fatal, _: &dyn Fn(String)) -> String {
        format!("rescued: {}", fatal.sentence)
    }
}

const LOG: LogId = LogId(7);

/// A committer whose store gives these answers first.
fn scripted(
    answers: impl IntoIterator<Item = Appended>,
) -> (tempfile::TempDir, Committer<Scripted>) {
    let (dir, room, taker) = room(Duration::ZERO);
    let store = Scripted {
        place: Place {
            sequence: 3,
            offset: room.end(),
            digest: Some(1),
        },
        answers: answers.into_iter().collect(),
        others: Vec::new(),
        drafts: Vec::new(),
    };
    let committer = Committer::new(
        store,
        Scribe::new(LOG, Stamp::from_micros(0)),
        taker,
        Arc::new(Fanout::new(room, 1)),
        Console::start(cli::ConsoleLevel::Quiet),
        cli::Sync::Always,
        Fullness::default(),
    );
    (dir, committer)
}

fn say(key: &str, text: &str) -> Command {
    Command::Say {
        speaker: Speaker::Guest("ann".into()),
        from: "ann".into(),
        text: text.into(),
        key: Key::new(key),
    }
}

fn order(command: Command) -> (Order, Receiver<Outcome>) {
    let (reply, answer) = bounded(1);
    let order = Order {
        job: Job::Record(command),
        request: None,
        reply: Some(reply),
    };
    (order, answer)
}

impl Committer<Scripted> {
    /// Commits one command.
    fn record(&mut self, command: Command) -> (Result<(), Fatal>, Outcome) {
        let (order, answer) = order(command);
        let committed = self.commit(vec![order]);
        (committed, answer.try_recv().expect("an answer"))
    }
}

#[test]
fn what_was_not_stored_is_refused_and_as_if_it_had_never_been_asked_for() {
    let full = Appended::Full(std::io::ErrorKind::StorageFull.into());
    for (answer, refused, status) in [
        (full, Refused::Full, "log_full"),
        (Appended::Unknown, Refused::Unknown, "ok"),
    ] {
        let (_dir, mut committer) = scripted([answer]);
        let start = committer.place;
        let (committed, answer) = committer.record(say("k", "hi"));
        assert_eq!((committed, answer), (Ok(()), Err(refused)));
        assert_eq!(committer.place, start);
        assert_eq!(committer.room.end(), start.offset, "nobody sees it");
        assert_eq!(committer.room.health.status(), status);
        // The key is free again, and the server goes on.
        let (_, again) = committer.record(say("k", "hi"));
        let Ok(Verdict::Recorded(said)) = again else {
            panic!("{again:?}")
        };
        assert_eq!(said.id.offset, start.offset);
        assert_eq!(committer.room.end(), committer.place.offset);
        assert_eq!(committer.room.health.status(), "ok");
    }
}

#[test]
fn a_log_that_is_lost_ends_the_server_and_no_order_stays_without_an_answer() {
    let fatal = Appended::Fatal(Fatal {
        refused: Refused::Gone,
        sentence: "The log is gone.".into(),
        unlinked: false,
    });
    let (_dir, committer) = scripted([fatal]);
    let room = Arc::clone(&committer.room);
    let name = Name::new("ann", 8).expect("a name");
    let here = || std::net::IpAddr::from([127, 0, 0, 1]).into();
    let mut says = ["one", "two"].map(|text| {
        let mut says = Box::pin(room.say_as(&name, here(), text.into(), None, None));
        assert!(block_on(poll_once(says.as_mut())).is_none());
        says
    });
    assert_eq!(
        committer.run(),
        Err("rescued: The log is gone.".to_string())
    );
    for says in &mut says {
        let refused = block_on(poll_once(says.as_mut())).expect("an answer");
        assert_eq!(refused, Err(Denied::LogGone));
    }
    assert_eq!(room.health.status(), "log_lost");
    let late = block_on(room.say_as(&name, here(), "late".into(), None, None));
    assert_eq!(late, Err(Denied::Stopping));
}

#[test]
fn what_others_appended_first_is_applied_before_the_orders_are_decided_again() {
    let (_dir, mut committer) = scripted([Appended::Conflict]);
    let (room, offset) = (Arc::clone(&committer.room), committer.place.offset);
    // Another server has recorded the message that is repeated here.
    let mut bytes = Vec::new();
    let at = Stamp::now().plus(Duration::from_secs(3_600));
    let body = Body::message("ann", "hi").elapsed(5).keyed(Key::new("k"));
    let checksum = line::to_line(&Event { at, body }, &mut bytes);
    let next = offset + bytes.len() as u64;
    let there = Id {
        log: LOG,
        offset,
        check: line::check_from(checksum),
    };
    committer.store.others.push(ForeignBatch {
        range: LogRange {
            offset,
            bytes,
            next,
        },
        changes: Vec::new(),
        place: Place {
            sequence: 9,
            offset: next,
            digest: Some(2),
        },
    });
    let join = Command::Join([1; 16], "bob".into(), Mark(1));
    let (orders, answers): (Vec<Order>, Vec<_>) =
        [say("k", "hi"), join].map(order).into_iter().unzip();
    assert_eq!(committer.commit(orders), Ok(()));
    let [repeat, joined] = [0, 1].map(|n: usize| answers[n].try_recv().expect("an answer"));
    let first = Said {
        id: there,
        at,
        elapsed: Elapsed(5),
    };
    assert_eq!(repeat, Ok(Verdict::Repeat(first)));
    let Ok(Verdict::Recorded(joined)) = joined else {
        panic!("{joined:?}")
    };
    assert_eq!(joined.id.offset, next);
    assert!(joined.at >= at, "times never go back");
    // The first draft had both lines, the second one the join alone.
    let drafts = &committer.store.drafts;
    let lines: Vec<usize> = drafts.iter().map(|(d, _)| d.lines().count()).collect();
    assert_eq!(lines, [2, 1]);
    assert_eq!(drafts[1].1, [Change::Joined([1; 16], joined.at)]);
    // Listeners are sent both batches, in the log's order.
    let sent = room.published(offset, room.end(), usize::MAX);
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].end(), next);
    assert_eq!(room.last(), joined.id);
    assert_eq!(committer.place.sequence, 10);
}

/// A committer for a new log there, and the way to it.
fn committer(path: &std::path::Path) -> (Committer<FileStore>, Arc<Orders>) {
    let at = Stamp::from_micros(0);
    let body = Body::opened("chatroom test", "6f1d0c5be2a94c07");
    let journal = Journal::open(path)
        .and_then(|opening| opening.begin(&Event { at, body }))
        .expect("a journal");
    let last = journal.reader().id_before(journal.end());
    let rules = Rules {
        room: "test".into(),
        max_name: 8,
        grace: Duration::ZERO,
        max_rate: 0,
        address_limits: AddressLimits::Kept,
    };
    let (orders, taker) = Orders::new(AddressLimits::Kept);
    let room = Arc::new(Room::new(
        rules,
        journal.reader(),
        Arc::clone(&orders),
        journal.end(),
        last.expect("read").expect("an id"),
    ));
    let committer = Committer::new(
        FileStore::new(journal),
        Scribe::new(LOG, at),
        taker,
        Arc::new(Fanout::new(room, 1)),
        Console::start(cli::ConsoleLevel::Quiet),
        cli::Sync::Always,
        Fullness::default(),
    );
    (committer, orders)
}

#[test]
fn nothing_is_recorded_after_the_rooms_end() {
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
        let taken = if ends {
            orders.push_end(order)
        } else {
            orders.push(sender, None, order).is_ok()
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
    let (_dir, committer) = scripted([]);
    let start = committer.place.offset;
    let repeat = |log, offset| {
        let (at, elapsed) = (Stamp::from_micros(0), Elapsed(0));
        let check = 0;
        let id = Id { log, offset, check };
        Verdict::Repeat(Said { id, at, elapsed })
    };
    let verdicts = [
        repeat(LOG, start - 1),
        repeat(LogId(!LOG.0), start + 1_000),
        // Its first time is in the batch that failed.
        repeat(LOG, start),
    ];
    let (waiting, answers): (Vec<Order>, Vec<_>) =
        verdicts.iter().map(|_| order(say("k", "hi"))).unzip();
    let decision = Decision {
        start,
        verdicts: verdicts.map(Some).to_vec(),
        ..Decision::default()
    };
    committer.fail(waiting, &decision, Refused::Full);
    let answers: Vec<Outcome> = answers
        .iter()
        .map(|answer| answer.try_recv().expect("an answer"))
        .collect();
    let [first, second, _] = verdicts;
    assert_eq!(answers, [Ok(first), Ok(second), Err(Refused::Full)]);
}
