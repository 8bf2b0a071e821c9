//! What is read back is what the server that wrote it knew.

use std::time::Duration;

use super::*;
use crate::event::Key;
use crate::modes::server::room::order::{Command, Reading, Speaker, Verdict};
use proptest::prelude::*;

const LOG: LogId = LogId(7);

fn reading(second: u64) -> Reading {
    Reading {
        wall: Stamp::from_micros(1_000_000 * second as i64),
        mono: Duration::from_secs(second),
    }
}

fn say(from: &str, key: Option<&str>, text: &str) -> Command {
    Command::Say {
        speaker: Speaker::Guest(from.into()),
        from: from.into(),
        text: text.into(),
        key: key.and_then(Key::new),
    }
}

fn range(offset: u64, log: &[u8]) -> LogRange {
    LogRange {
        offset,
        bytes: log[offset as usize..].to_vec(),
        next: log.len() as u64,
    }
}

/// A scribe that was started again on the log, which it has read back by about so many bytes at a
/// time.
fn again(log: &[u8], limits: Limits, portion: usize) -> Scribe {
    let mut scribe = Scribe::new(LOG, Stamp::from_micros(0))
        .limited(limits)
        .reading_back();
    let (mut walk, mut end) = (Walk::new(limits), log.len());
    loop {
        let from = end.saturating_sub(portion);
        let from = log[..from].iter().rposition(|b| *b == b'\n');
        let from = from.map_or(0, |at| at + 1);
        let found = walk.back(LOG, 0, &range(from as u64, &log[..end]), from == 0);
        scribe.recall(&found.keys, log.len() as u64);
        end = from;
        if found.sessions.all {
            return scribe;
        }
    }
}

/// What a repeat of each message is answered.
fn answers(scribe: &mut Scribe, names: &[String], keys: &[String]) -> Vec<Option<Verdict>> {
    let mut all = Vec::new();
    for (name, key) in names
        .iter()
        .flat_map(|name| keys.iter().map(move |key| (name, key)))
    {
        let verdict = scribe.record(say(name, Some(key), "x"), reading(1), 0, &mut Vec::new());
        scribe.undo();
        // Where it would stand is not asked.
        all.push(Some(verdict).filter(|v| !matches!(v, Verdict::Recorded(_))));
    }
    all
}

proptest! {
    /// Whatever was said, whatever failed and wherever the limits are: who goes on and who was started
    /// again know the same keys.
    #[test]
    fn the_keys_that_are_known_are_a_function_of_the_log(
        batches in proptest::collection::vec((proptest::collection::vec(
            (0usize..3, proptest::option::of(0usize..12), 0usize..40), 1..6), any::<bool>()), 1..40),
        messages in 1u64..60,
        sender in 1usize..12,
        bytes in 100u64..6_000,
        portion in 1usize..3_000,
    ) {
        let limits = Limits { messages, sender, bytes };
        let mut scribe = Scribe::new(LOG, Stamp::from_micros(0)).limited(limits);
        let names: Vec<String> = ["ann", "bob", "zo\u{eb}]"].map(String::from).to_vec();
        let keys: Vec<String> = (0..12).map(|n| format!("k{n}")).collect();
        let (mut log, mut second) = (Vec::new(), 0);
        for (batch, fails) in batches {
            let start = log.len();
            for (name, key, length) in batch {
                second += 1;
                let key = key.map(|key| keys[key].as_str());
                let offset = log.len() as u64;
                let text = "x".repeat(1 + length / 30 * length);
                scribe.record(say(&names[name], key, &text), reading(second), offset, &mut log);
            }
            if fails {
                log.truncate(start);
                scribe.undo();
            } else {
                scribe.keep(log.len() as u64)
            }
        }
        let mut started_again = again(&log, limits, portion);
        prop_assert_eq!(answers(&mut scribe, &names, &keys), answers(&mut started_again, &names, &keys));
    }
}

#[test]
fn nobody_pushes_out_the_keys_of_anybody_else() {
    let (mut scribe, mut log) = (Scribe::new(LOG, Stamp::from_micros(0)), Vec::new());
    let first = scribe.record(say("ann", Some("mine"), "x"), reading(1), 0, &mut log);
    scribe.keep(log.len() as u64);
    for n in 0..67_200u64 {
        let command = say("eve", Some(&format!("k{n}")), "x");
        scribe.record(command, reading(2), log.len() as u64, &mut log);
        scribe.keep(log.len() as u64);
    }
    let Verdict::Recorded(first) = first else {
        panic!("{first:?}")
    };
    for scribe in [&mut scribe, &mut again(&log, Limits::default(), BLOCK)] {
        let mut known = |from: &str, key: &str| {
            let verdict = scribe.record(say(from, Some(key), "x"), reading(3), 0, &mut Vec::new());
            scribe.undo();
            matches!(verdict, Verdict::Repeat(_)).then_some(verdict)
        };
        assert_eq!(known("ann", "mine"), Some(Verdict::Repeat(first)));
        assert!(
            known("eve", "k65200").is_some(),
            "the newest 2,000 are known"
        );
        assert_eq!(known("eve", "k65199"), None);
    }
}

/// What the log says of who was here and of who ended, whatever the portions.
fn seen(commands: &[Command]) -> PastSessions {
    let mut scribe = Scribe::new(LOG, Stamp::from_micros(0));
    let mut log = Vec::new();
    for (second, command) in commands.iter().enumerate() {
        let offset = log.len() as u64;
        scribe.record(command.clone(), reading(second as u64), offset, &mut log);
    }
    Walk::new(Limits::default())
        .back(LOG, 0, &range(0, &log), true)
        .sessions
}

#[test]
fn who_was_here_at_the_end_and_who_ended_is_read_back() {
    let join = |n: u8, name: &str| Command::Join([n; 16], name.into(), Mark(n.into()));
    let leave = |n: u8, name: &str, mark| Command::Leave([n; 16], name.into(), mark);
    let found = seen(&[
        join(1, "ann"),
        join(2, "bob"),
        join(3, "e]v"),
        leave(2, "bob", None),
        join(4, "zoe"),
        leave(4, "zoe", Some(Mark(0xfedc_ba98_0000_0001))),
        leave(1, "ann", None),
        join(5, "ann"),
        Command::End(Mark(3), "carl".into()),
        Command::Close,
    ]);
    let here = found.here.iter();
    let here: Vec<(&str, Option<Mark>)> = here.map(|(name, mark)| (&**name, *mark)).collect();
    // Of ann it is the second session.
    assert_eq!(here, [("ann", Some(Mark(5))), ("e]v", Some(Mark(3)))]);
    let joined: Vec<Mark> = found.joined.iter().map(|(mark, _)| *mark).collect();
    assert_eq!(joined, [5, 4, 3, 2, 1].map(Mark));
    assert_eq!(found.joined[0].1, reading(7).wall);
    let ended: Vec<Mark> = found.ended.iter().map(|(mark, _)| *mark).collect();
    assert_eq!(ended, [Mark(3), Mark(0xfedc_ba98_0000_0001)]);
    assert_eq!(found.ended[1].1, reading(5).wall);
    assert_eq!(found.oldest, Some(reading(0).wall));
    assert!(found.all && found.beginning);
}

#[test]
fn a_walk_ends_within_its_limit_of_bytes_and_says_so() {
    let mut log = Vec::new();
    let mut scribe = Scribe::new(LOG, Stamp::from_micros(0));
    for second in 0..100 {
        let offset = log.len() as u64;
        scribe.record(say("ann", None, "hi"), reading(second), offset, &mut log);
    }
    let limits = Limits {
        bytes: log.len() as u64 / 2,
        ..Limits::default()
    };
    let found = Walk::new(limits).back(LOG, 0, &range(0, &log), true);
    assert!(found.sessions.all && found.keys.all && !found.sessions.beginning);
    assert_eq!(found.sessions.oldest, Some(reading(50).wall));
}

#[test]
fn a_join_from_before_lines_had_fields_is_nobodys_in_particular() {
    let mut log = Vec::new();
    let (at, name) = (Stamp::from_micros(0), "ann".to_string());
    line::to_line(
        &crate::event::Event {
            at,
            body: Body::Join { name },
        },
        &mut log,
    );
    let found = Walk::new(Limits::default()).back(LOG, 0, &range(0, &log), true);
    assert_eq!(found.sessions.here, [("ann".to_string(), None)]);
    assert!(found.sessions.joined.is_empty());
}
