//! What is said and heard, and by whom.

use serde_json::{Value, json};
use support::client::bearer;
use support::server::Server;

use super::{ALL_SENT, Visitor, said_by};

#[test]
fn what_is_said_is_heard_on_both_sides() {
    let server = Server::start(&[]);
    let mut visitor = Visitor::in_room(&server, "mira");
    visitor.say("is anybody here?");
    visitor.wait_for_text("is anybody here?");
    visitor.browser.until(ALL_SENT);
    assert_eq!(said_by(&server, "mira"), ["is anybody here?"]);
    let bob = server.log_in("bob");
    visitor
        .browser
        .until("document.getElementById('list').innerText.includes('bob came in')");
    server.say(&bob, "yes, mira, I am");
    visitor.wait_for_text("yes, mira, I am");
    // Bob spoke to her; she did not call herself.
    let called = "[...document.querySelectorAll('.called .text')].map(text => text.textContent)";
    assert_eq!(visitor.browser.find(called), json!(["yes, mira, I am"]));
    assert_eq!(visitor.text_of(".called .at"), "mira");
    visitor.say("mira speaks of mira");
    visitor.wait_for_text("mira speaks of mira");
    visitor.browser.until(ALL_SENT);
    assert_eq!(visitor.browser.find(called), json!(["yes, mira, I am"]));
    // Who is here.
    visitor
        .browser
        .until("document.getElementById('here').textContent === '2 here'");
    visitor.click("#here");
    let members = "[...document.querySelectorAll('#members li')].map(one => one.textContent)";
    visitor.browser.until(&format!("{members}.length === 2"));
    assert_eq!(visitor.browser.find(members), json!(["bob", "mira (you)"]));
    let gone = server.ask(
        "DELETE",
        "/session",
        &[("Authorization", &bearer(&bob))],
        "",
    );
    assert_eq!(gone.status, 204);
    visitor
        .browser
        .until("document.getElementById('list').innerText.includes('bob left')");
    visitor.browser.until(&format!("{members}.length === 1"));
    assert_eq!(visitor.browser.find(members), json!(["mira (you)"]));
    visitor.is_well();
}

#[test]
fn code_quotes_and_links_are_elements() {
    let server = Server::start(&[]);
    let mut visitor = Visitor::in_room(&server, "mira");
    let bob = server.log_in("bob");
    let text = "Look:\n```\nlet <a> = `b`;\n  if c\n```\n> somebody said\n> this\nat http://127.0.0.1:9/a_(b)?c=d&e. Use `x < y`!";
    server.say(&bob, text);
    visitor
        .browser
        .until("document.querySelectorAll('.message').length === 1");
    let found = |visitor: &mut Visitor, script: &str| -> Value { visitor.browser.find(script) };
    let code = "document.querySelector('.text pre').textContent";
    assert_eq!(found(&mut visitor, code), "let <a> = `b`;\n  if c");
    let quote = "document.querySelector('.text blockquote').textContent";
    assert_eq!(found(&mut visitor, quote), "somebody said\nthis");
    let inline = "document.querySelector('.text p code').textContent";
    assert_eq!(found(&mut visitor, inline), "x < y");
    let link = "(a => [a.textContent, a.getAttribute('href'), a.rel, a.target])(document.querySelector('.text a'))";
    let url = "http://127.0.0.1:9/a_(b)?c=d&e";
    assert_eq!(
        found(&mut visitor, link),
        json!([url, url, "noopener noreferrer", "_blank"])
    );
    // Of several lines, one message; Shift+Enter makes a line.
    visitor
        .browser
        .find("document.getElementById('draft').focus()");
    visitor.browser.write("one");
    visitor.browser.press("Enter", 13, true);
    visitor.browser.write("two\nthree");
    visitor.browser.press("Enter", 13, false);
    visitor.wait_for_text("one\ntwo\nthree");
    visitor.browser.until(ALL_SENT);
    let events = server.events("since=all");
    let last = events.iter().rfind(|event| event["type"] == "message");
    assert_eq!(last.expect("a message")["text"], "one\ntwo\nthree");
    visitor.is_well();
}

#[test]
fn a_message_that_is_too_long_is_not_lost_and_says_so() {
    let server = Server::start(&[]);
    let mut visitor = Visitor::in_room(&server, "mira");
    visitor
        .browser
        .find("document.getElementById('draft').focus()");
    let limit = "document.getElementById('limit').checkVisibility() && document.getElementById('limit').textContent";
    visitor.browser.write(&"ä".repeat(7_900));
    assert_eq!(visitor.browser.find(limit), false);
    visitor.browser.write(&"ä".repeat(192));
    assert_eq!(visitor.browser.find(limit), "200 bytes left");
    visitor.browser.write(&"ä".repeat(103));
    let over = "6 bytes too long: a message has at most 16384";
    assert_eq!(visitor.browser.find(limit), over);
    assert_eq!(
        visitor
            .browser
            .find("document.getElementById('send').disabled"),
        true
    );
    visitor.browser.press("Enter", 13, false);
    let length = "document.getElementById('draft').value.length";
    assert_eq!(visitor.browser.find(length), 8_195);
    for _ in 0..3 {
        visitor.browser.press("Backspace", 8, false);
    }
    visitor.browser.press("Enter", 13, false);
    visitor.wait_for_text(&"ä".repeat(8_192));
    visitor.browser.until(ALL_SENT);
    assert_eq!(said_by(&server, "mira"), ["ä".repeat(8_192)]);
    visitor.is_well();
}

#[test]
fn a_press_counts_although_the_row_changes_meanwhile() {
    let server = Server::start(&[]);
    let mut visitor = Visitor::in_room(&server, "mira");
    visitor.say("```\nlet it = be;\n```");
    visitor.browser.until(ALL_SENT);
    let copy = "document.querySelector('#list .copy')";
    let count =
        format!("window.presses = 0, {copy}.addEventListener('click', () => window.presses++), 1");
    visitor.browser.find(&count);
    // Somebody comes in, whose name could be marked in every row.
    visitor.browser.hold_down(copy, |browser| {
        server.log_in("bob");
        browser.until("document.getElementById('here').textContent === '2 here'");
    });
    assert_eq!(visitor.browser.find("window.presses"), 1);
    visitor.is_well();
}
