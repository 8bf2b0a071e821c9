use serde_json::Value;

use super::*;
use crate::golden::cases;
use crate::modes::gui::tests::id;

fn entry(offset: u64) -> HistoryEntry {
    HistoryEntry {
        id: id(offset),
        at: None,
        local: None,
        kind: EntryKind::Notice(offset.to_string().into()),
    }
}

fn range(offsets: &[u64]) -> Vec<HistoryEntry> {
    offsets.iter().map(|offset| entry(*offset)).collect()
}

/// The transcript as a reader sees it: `~` for a gap.
fn drawn(history: &Scrollback) -> String {
    let words = history.parts().map(|part| match part {
        Part::Gap(_) => "~".to_string(),
        Part::Entry(entry) => entry.id.offset.to_string(),
    });
    words.collect::<Vec<String>>().join(" ")
}

/// The stream began after 90 and brought 100 and 110.
fn live() -> Scrollback {
    let mut history = Scrollback::default();
    history.stream_from(Some(id(90)));
    assert!(history.push(entry(100)));
    assert!(history.push(entry(110)));
    history
}

#[test]
fn older_ranges_join_until_the_beginning() {
    let mut history = live();
    assert_eq!(drawn(&history), "~ 100 110");
    history.insert(70..100, range(&[70, 80, 90]));
    assert_eq!(drawn(&history), "~ 70 80 90 100 110");
    history.insert(0..70, range(&[0, 60]));
    assert_eq!(drawn(&history), "0 60 70 80 90 100 110");
    assert_eq!(history.get(60), Some(&entry(60)));
    assert_eq!(history.get(61), None);
    let between: Vec<u64> = history.between(60, 100).map(|e| e.id.offset).collect();
    assert_eq!(between, [60, 70, 80, 90, 100]);
}

#[test]
fn a_range_of_the_newest_meets_the_stream_that_has_brought_nothing() {
    let mut history = Scrollback::default();
    history.stream_from(Some(id(90)));
    history.insert(80..91, range(&[80, 90]));
    assert_eq!(drawn(&history), "~ 80 90");
    history.push(entry(100));
    assert_eq!(drawn(&history), "~ 80 90 100");
    // It may also have seen what the stream brings a moment later.
    let mut history = Scrollback::default();
    history.stream_from(Some(id(90)));
    history.insert(80..101, range(&[80, 90, 100]));
    assert!(!history.push(entry(100)), "it is here already");
    assert!(history.push(entry(110)));
    assert_eq!(drawn(&history), "~ 80 90 100 110");
}

#[test]
fn a_stream_that_leaves_something_out_leaves_a_gap_that_fills_from_both_sides() {
    let mut history = live();
    history.stream_from(Some(id(500)));
    history.push(entry(510));
    assert_eq!(drawn(&history), "~ 100 110 ~ 510");
    history.insert(490..510, range(&[490, 500]));
    history.insert(111..131, range(&[120, 130]));
    assert_eq!(drawn(&history), "~ 100 110 120 130 ~ 490 500 510");
    history.insert(400..490, range(&[400]));
    history.insert(131..401, range(&[140, 400]));
    assert_eq!(drawn(&history), "~ 100 110 120 130 140 400 490 500 510");
}

#[test]
fn a_found_event_stands_alone_until_the_ranges_around_it_come() {
    let mut history = live();
    history.insert(50..51, range(&[50]));
    assert_eq!(drawn(&history), "~ 50 ~ 100 110");
    history.insert(51..91, range(&[60, 90]));
    assert_eq!(drawn(&history), "~ 50 60 90 100 110");
}

#[test]
fn a_reconnect_that_misses_nothing_leaves_no_gap_and_doubles_nothing() {
    let mut history = live();
    history.stream_from(Some(id(110)));
    assert!(!history.push(entry(110)));
    assert!(history.push(entry(120)));
    assert_eq!(drawn(&history), "~ 100 110 120");
}

#[test]
fn ranges_of_another_log_or_out_of_their_bounds_are_not_taken() {
    let mut history = live();
    let foreign = HistoryEntry {
        id: Id {
            log: LogId(2),
            ..id(50)
        },
        ..entry(50)
    };
    assert!(!history.insert(0..100, vec![foreign]));
    assert!(!history.insert(0..100, range(&[200])));
    assert_eq!(drawn(&history), "~ 100 110");
}

#[test]
fn what_is_far_from_the_reader_goes_first_and_leaves_a_gap() {
    let many = MAX_ENTRIES as u64 + 100;
    let mut history = Scrollback::default();
    history.stream_from(None);
    (0..many).for_each(|n| assert!(history.push(entry(n * 10))));
    let newest = history.clone();

    history.trim(many * 10);
    assert!(history.len() < MAX_ENTRIES);
    assert!(matches!(history.parts().next(), Some(Part::Gap(_))));
    assert_eq!(
        history.iter().next_back().map(|entry| entry.id),
        Some(id((many - 1) * 10))
    );

    let mut history = newest;
    history.trim(0);
    assert!(matches!(history.parts().next(), Some(Part::Entry(e)) if e.id.offset == 0));
    assert!(matches!(history.parts().last(), Some(Part::Gap(_))));
    // The stream goes on after what it had brought, not after what is left.
    assert!(!history.push(entry((many - 1) * 10)));
    assert!(history.push(entry(many * 10)));
    assert_eq!(
        history.iter().next_back().map(|entry| entry.id),
        Some(id(many * 10))
    );
    let gaps = history.parts().filter(|part| matches!(part, Part::Gap(_)));
    assert_eq!(gaps.count(), 1);
}

#[test]
fn what_was_cleared_away_stays_so_until_it_is_asked_for() {
    let mut history = live();
    history.hide_all();
    assert_eq!(drawn(&history), "~");
    let cleared = |history: &Scrollback| match history.parts().next() {
        Some(Part::Gap(gap)) => gap.cleared,
        _ => false,
    };
    assert!(cleared(&history));
    history.push(entry(120));
    assert_eq!(drawn(&history), "~ 120");
    assert!(cleared(&history));
    history.reopen_cleared();
    assert!(!cleared(&history));
}

#[test]
fn a_copied_event_has_its_line_breaks_and_a_name_cannot_end_early() {
    let said = HistoryEntry {
        kind: EntryKind::Message {
            from: "a]b".into(),
            elapsed: crate::event::Elapsed(17),
            text: "one\ntwo\t@three & \\".into(),
            own: false,
            to_us: false,
        },
        ..entry(1)
    };
    assert_eq!(said.copied(), "[a\\]b]: 0:00:17:one\ntwo\t@three & \\");
}

#[test]
fn the_history_has_the_gaps_that_the_page_has() {
    for case in cases("history") {
        let mut history = Scrollback::default();
        for step in case["steps"].as_array().expect("steps") {
            let order = &step["do"];
            let number = |field: &str| order[field].as_u64();
            if let Some(offsets) = order["insert"].as_array() {
                let offsets: Vec<u64> = offsets.iter().filter_map(Value::as_u64).collect();
                let covers = number("from").expect("a start")..number("to").expect("an end");
                assert!(history.insert(covers, range(&offsets)));
            } else if let Some(offset) = number("push") {
                history.push(entry(offset));
            } else {
                history.stream_from(number("after").map(id));
            }
            assert_eq!(step["shown"], drawn(&history), "{}: {order}", case["title"]);
        }
    }
}
