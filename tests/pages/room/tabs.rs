//! Several tabs of one browser.

use support::server::Server;
use support::waiting::wait_for;

use super::{ALL_SENT, TEXTS, Visitor, said_by};

#[test]
fn eight_tabs_are_one_member_with_one_stream() {
    let server = Server::start(&["--max-rate", "0"]);
    let mut visitor = Visitor::in_room(&server, "mira");
    let mut tabs = vec![visitor.browser.tab()];
    for _ in 1..8 {
        tabs.push(visitor.browser.open_tab());
        visitor.prepare();
        visitor.open("");
        visitor.wait_for_room();
    }
    let mut typed = Vec::new();
    for (n, tab) in tabs.iter().enumerate() {
        visitor.browser.turn_to(tab);
        typed.push(format!("from tab {n}"));
        visitor.say(&typed[n]);
        visitor.wait_for_text(&typed[n]);
    }
    let bob = server.log_in("bob");
    server.say(&bob, "heard by all");
    typed.push("heard by all".to_string());
    for tab in &tabs {
        visitor.browser.turn_to(tab);
        visitor
            .browser
            .until(&format!("{TEXTS}.length === {}", typed.len()));
        assert_eq!(visitor.texts(), typed);
        visitor.browser.until(ALL_SENT);
    }
    assert_eq!(said_by(&server, "mira"), typed[..8]);
    let came = server.said();
    let came = came.iter().filter(|line| line.contains("(mira)")).count();
    assert_eq!(came, 1);
    // Streams that were handed over have ended when the server notices.
    wait_for("one stream", || {
        let health = server.get("/health").json();
        assert_eq!(health["members"], 2);
        (health["listeners"] == 1).then_some(())
    });
    // The one that leads is closed: another one listens on.
    visitor.browser.crash_tab();
    visitor.browser.turn_to(&tabs[0]);
    server.say(&bob, "and on");
    visitor.wait_for_text("and on");
    wait_for("one stream", || {
        (server.get("/health").json()["listeners"] == 1).then_some(())
    });
    visitor.is_well();
}

#[test]
fn who_logs_out_in_one_tab_is_out_in_all() {
    let server = Server::start(&[]);
    let mut visitor = Visitor::in_room(&server, "mira");
    let first = visitor.browser.tab();
    visitor.browser.open_tab();
    visitor.prepare();
    visitor.open("");
    visitor.wait_for_room();
    visitor.click("#menu");
    visitor.choose("Log out");
    let asked = "!document.getElementById('login').hidden";
    visitor.browser.until(asked);
    visitor.browser.turn_to(&first);
    visitor.browser.until(asked);
    wait_for("the leave", || {
        let said = server.said();
        (said.last()? == "Client (mira) is offline").then_some(())
    });
    visitor.is_well();
}

#[test]
fn a_hidden_tab_tells_in_its_title_what_is_new() {
    let server = Server::start(&["--room", "Workshop"]);
    let mut visitor = Visitor::in_room(&server, "mira");
    let bob = server.log_in("bob");
    server.say(&bob, "while she looks");
    visitor.wait_for_text("while she looks");
    visitor.browser.until("document.title === 'Workshop'");
    let room = visitor.browser.tab();
    // Another tab comes to the front.
    let other = visitor.browser.open_tab();
    visitor.browser.turn_to(&other);
    visitor.browser.command(&room);
    visitor.browser.until("document.hidden");
    server.say(&bob, "one");
    visitor.browser.until("document.title === '(1) Workshop'");
    server.say(&bob, "are you there, mira?");
    visitor
        .browser
        .until("document.title === '(1! 2) Workshop'");
    let badge = "decodeURIComponent(document.getElementById('icon').href).includes('<circle')";
    assert_eq!(visitor.browser.find(badge), true);
    visitor.browser.turn_to(&room);
    visitor.browser.until("document.title === 'Workshop'");
    assert_eq!(visitor.browser.find(badge), false);
    // What came in the meantime has a line above it.
    let line = "document.querySelector('.unread')?.nextElementSibling.textContent.includes('one')";
    visitor.browser.until(line);
    visitor.is_well();
}
