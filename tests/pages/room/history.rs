//! A long room: what is in the document, and where the reader is in it.

use std::sync::Arc;

use serde_json::{Value, json};
use support::program::Folder;
use support::server::Server;

use super::Visitor;
use crate::says;

/// Messages in the log, two minutes apart.
const COUNT: usize = 3_000;

/// Whether no more is in the document than the page wants there.
const FEW: &str = "document.querySelectorAll('#list .row').length <= 700 && document.querySelectorAll('#list article').length <= 600";
/// The top of the row with a text, from the top of the transcript.
const TOP: &str = "(text => [...document.querySelectorAll('#list .text')].find(one => one.textContent === text)?.closest('article').getBoundingClientRect().top ?? null)";
/// The text of the row in the middle of the transcript.
const MIDDLE: &str = "(box => [...document.querySelectorAll('#list .text')].find(one => one.getBoundingClientRect().bottom > box.top + box.height / 2).textContent)(document.getElementById('scroll').getBoundingClientRect())";
/// The texts that are wholly in sight.
const SEEN: &str = "(box => [...document.querySelectorAll('#list .text')].filter(one => one.getBoundingClientRect().bottom <= box.bottom && one.getBoundingClientRect().top >= box.top).map(one => one.textContent))(document.getElementById('scroll').getBoundingClientRect())";
/// What is at the top of the document.
const FIRST: &str = "document.querySelector('#list .text').textContent";
/// Whether the transcript is at its end.
const AT_END: &str = "(box => box.scrollHeight - box.clientHeight - box.scrollTop < 2)(document.getElementById('scroll'))";

fn text(n: usize) -> String {
    let needle = if [10, 1_500, 2_950].contains(&n) {
        " needle"
    } else {
        ""
    };
    // Of many heights.
    format!("{n}{needle}{}", " and so on".repeat(n * 7 % 40))
}

fn room() -> Server {
    let folder = Folder::new();
    let mut log = Vec::new();
    for n in 0..COUNT {
        log.extend(says(
            n as i64 * 120,
            ["mira", "bob", "eva"][n / 5 % 3],
            &text(n),
        ));
    }
    folder.file("log.txt", log);
    Server::start_in(Arc::new(folder), "127.0.0.1:0", &["--max-rate", "0"])
}

fn top(visitor: &mut Visitor, text: &str) -> f64 {
    let found = visitor.browser.find(&format!("{TOP}({})", json!(text)));
    found
        .as_f64()
        .unwrap_or_else(|| panic!("{text:?} is not there"))
}

#[test]
fn scrolling_up_loads_on_and_keeps_its_place() {
    let server = room();
    let mut visitor = Visitor::in_room(&server, "nora");
    visitor.wait_for_text(&text(COUNT - 1));
    visitor.browser.until(AT_END);
    assert_eq!(visitor.browser.find(FEW), true);
    visitor.browser.find("globalThis.most = 0; new MutationObserver(() => most = Math.max(most, document.querySelectorAll('#list article').length)).observe(document.getElementById('list'), {childList: true})");
    let mut steps = 0;
    loop {
        // A bit below the top: what is above it is not there yet.
        let before = visitor.browser.find(FIRST);
        let seen = visitor.browser.find(&format!(
            "document.getElementById('scroll').scrollTop = 60; {MIDDLE}"
        ));
        let seen = seen.as_str().expect("a text").to_string();
        let was = top(&mut visitor, &seen);
        visitor.browser.until(&format!("{FIRST} !== {before}"));
        let is = top(&mut visitor, &seen);
        assert!(
            (is - was).abs() <= 2.0,
            "{seen:?} was at {was} and is at {is}"
        );
        assert_eq!(visitor.browser.find(FEW), true);
        steps += 1;
        assert!(steps < 60, "no beginning");
        if visitor
            .browser
            .find("Boolean(document.querySelector('.start'))")
            == true
        {
            break;
        }
    }
    assert_eq!(visitor.browser.find(FIRST), text(0));
    assert!(steps > 20, "{steps} steps");
    // One range may be there before something else is dropped.
    let most = visitor.browser.find("most");
    assert!(most.as_u64() <= Some(700), "{most} rows at once");
    // What is said now does not move the reader, and is one click away.
    let seen = visitor.browser.find(MIDDLE);
    let seen = seen.as_str().expect("a text").to_string();
    let was = top(&mut visitor, &seen);
    let bob = server.log_in("bob");
    for n in 0..3 {
        server.say(&bob, &format!("new {n}"));
    }
    visitor
        .browser
        .until("document.getElementById('more').textContent === '↓ 3 new'");
    let is = top(&mut visitor, &seen);
    assert!(
        (is - was).abs() <= 2.0,
        "{seen:?} was at {was} and is at {is}"
    );
    visitor.click("#more");
    visitor.wait_for_text("new 2");
    visitor.browser.until(AT_END);
    visitor.browser.until(
        "!document.getElementById('more').checkVisibility() && !document.title.startsWith('(')",
    );
    assert_eq!(visitor.browser.find(FEW), true);
    // No message is missing or double among those around the end.
    let events = server.events("since=all");
    let said: Vec<&str> = events
        .iter()
        .filter(|event| event["type"] == "message")
        .filter_map(|event| event["text"].as_str())
        .collect();
    let shown = visitor.texts();
    let (shown, said) = (&shown[shown.len() - 90..], &said[said.len() - 90..]);
    assert!(shown == said, "{shown:?} are not the last {said:?}");
    visitor.is_well();
}

#[test]
fn what_was_found_or_jumped_to_is_shown() {
    let server = room();
    let mut visitor = Visitor::in_room(&server, "nora");
    visitor.wait_for_text(&text(COUNT - 1));
    visitor.click("#find");
    visitor.browser.write("needle");
    let count = "document.getElementById('find-count').textContent";
    for (place, n) in [("1 of 3", 2_950), ("2 of 3", 1_500), ("3 of 3", 10)] {
        visitor
            .browser
            .until(&format!("{count} === {}", json!(place)));
        visitor
            .browser
            .until(&format!("{SEEN}.includes({})", json!(text(n))));
        visitor.browser.until(&format!(
            "document.querySelector('.found .text')?.textContent === {}",
            json!(text(n))
        ));
        // With those around it.
        visitor
            .browser
            .until(&format!("{SEEN}.includes({})", json!(text(n - 1))));
        visitor
            .browser
            .until(&format!("{SEEN}.includes({})", json!(text(n + 1))));
        assert_eq!(visitor.browser.find(FEW), true);
        visitor.browser.press("Enter", 13, false);
    }
    visitor.browser.press("Enter", 13, true);
    visitor.browser.until(&format!(
        "{count} === '2 of 3' && {SEEN}.includes({})",
        json!(text(1_500))
    ));
    visitor.browser.press("Escape", 27, false);
    visitor.browser.until("!document.querySelector('.found') && !document.getElementById('find-bar').checkVisibility()");
    assert_eq!(
        visitor
            .browser
            .find(&format!("{SEEN}.includes({})", json!(text(1_500)))),
        true
    );
    // The third day begins with the message that is the first after its midnight, UTC.
    let events = server.events("since=all");
    let first = events
        .iter()
        .find(|event| event["type"] == "message" && event["at"].as_str() >= Some("2026-11-25"));
    let first = first.expect("the third day")["text"].clone();
    visitor.click("#menu");
    visitor.browser.find("(day => { day.value = '2026-11-25'; day.dispatchEvent(new Event('change')) })(document.querySelector('#menu-list input'))");
    visitor.browser.until(&format!("{SEEN}.includes({first})"));
    let header = "[...document.querySelectorAll('.day')].some(day => day.textContent === 'Wednesday, November 25, 2026')";
    visitor.browser.until(header);
    visitor.is_well();
}

#[test]
fn what_is_new_since_the_last_visit_is_marked() {
    let server = room();
    let mut visitor = Visitor::in_room(&server, "nora");
    visitor.wait_for_text(&text(COUNT - 1));
    visitor
        .browser
        .until("Object.keys(localStorage).some(name => name.endsWith('/read'))");
    let read = visitor
        .browser
        .find("Object.entries(localStorage).find(([name]) => name.endsWith('/read'))[1]");
    let newest = server.events("since=all").pop().expect("an event");
    assert_eq!(read, newest["id"].to_string());
    visitor.browser.go("about:blank");
    let bob = server.log_in("bob");
    for n in 0..40 {
        server.say(&bob, &format!("new {n}"));
    }
    visitor.open("");
    visitor.wait_for_text("new 0");
    // The line is in sight, directly above the oldest new message.
    visitor
        .browser
        .until("document.querySelectorAll('.unread').length === 1");
    let below =
        "document.querySelector('.unread').nextElementSibling.querySelector('.text').textContent";
    visitor
        .browser
        .until(&format!("{below} === 'new 0' && {SEEN}.includes('new 0')"));
    let seen = visitor.browser.find(SEEN);
    assert!(
        !seen.as_array().expect("texts").contains(&json!("new 39")),
        "{seen}"
    );
    visitor.browser.until("document.getElementById('more').textContent === '↓ 40 new' && document.title.startsWith('(40) ')");
    visitor.click("#more");
    visitor.browser.until(&format!("{SEEN}.includes('new 39')"));
    visitor
        .browser
        .until("!document.title.startsWith('(') && !document.querySelector('.unread')");
    let read: Value = visitor.browser.find(
        "JSON.parse(Object.entries(localStorage).find(([name]) => name.endsWith('/read'))[1])",
    );
    assert_eq!(
        read,
        server.events("since=all").pop().expect("an event")["id"]
    );
    visitor.is_well();
}
