//! The log at the top level is what this example writes, and what a room could have written.

use std::collections::HashMap;

use chatroom::event::Body;
use chatroom::line;

use super::story;

const LOG: &[u8] = include_bytes!("../../log.txt");

#[test]
fn log_txt_is_what_the_example_writes() {
    assert!(
        LOG == story::sample(),
        "write it again: cargo run --example sample_log > log.txt"
    );
}

#[test]
fn the_sample_is_a_log_that_a_room_could_have_written() {
    let mut last = HashMap::new();
    let mut before = None;
    for text in LOG.split_inclusive(|b| *b == b'\n') {
        let text = text.strip_suffix(b"\n").expect("every line has its end");
        let event = line::parse_line(text).expect("every line is genuine");
        assert!(before.is_none_or(|before| before <= event.at), "{event:?}");
        before = Some(event.at);
        match event.body {
            Body::Opened { .. } => last.clear(),
            Body::Join { name } => assert_eq!(last.insert(name, event.at), None),
            Body::Leave { name } => assert!(last.remove(&name).is_some(), "{name} was not in"),
            Body::Message { from, elapsed, .. } => {
                let since = last.insert(from.clone(), event.at);
                let since = since.unwrap_or_else(|| panic!("{from} was not in"));
                assert_eq!(elapsed.0, event.at.since(since).as_secs(), "{from}");
            }
            Body::Closed => assert!(last.is_empty(), "{last:?} are still in"),
            other => panic!("the story has no {other:?}"),
        }
    }
}
