//! The way into the room, and out of it.

use std::sync::Arc;

use serde_json::json;
use support::client::bearer;
use support::program::Folder;
use support::server::Server;

use super::{DESKTOP, TOKEN, Visitor};

/// The sentence of a refusal.
fn sentence(server: &Server, body: &str) -> String {
    let kind = [("Content-Type", "application/json")];
    let refused = server.ask("POST", "/session", &kind, body);
    assert!(refused.status >= 400, "{}", refused.text());
    refused.json()["message"].as_str().expect("it").to_string()
}

#[test]
fn a_name_is_asked_until_the_room_takes_one() {
    let server = Server::start(&["--room", "Workshop & friends"]);
    let bob = bearer(&server.log_in("bob"));
    let _bob = server.listen("/events", &[("Authorization", &bob)]);
    let mut visitor = Visitor::at(&server.address, DESKTOP);
    // A link fills the name in.
    visitor.open("#name=bob");
    let asked =
        "document.activeElement.id === 'name' && document.getElementById('name').value === 'bob'";
    visitor.browser.until(asked);
    assert_eq!(visitor.text_of("#login h1"), "Workshop & friends");
    visitor.browser.press("Enter", 13, false);
    visitor
        .browser
        .until("document.getElementById('refusal').textContent !== ''");
    let taken = sentence(&server, r#"{"name":"bob"}"#);
    assert_eq!(visitor.text_of("#refusal"), taken);
    // The next one is typed over it.
    visitor.browser.until(asked);
    visitor.browser.write("mira");
    visitor.browser.press("Enter", 13, false);
    visitor.wait_for_room();
    assert_eq!(visitor.text_of("#title h1"), "Workshop & friends");
    visitor
        .browser
        .until("document.title === 'Workshop & friends' && document.activeElement.id === 'draft'");
    let come = |server: &Server| {
        let said = server.said();
        said.iter().filter(|line| line.contains("(mira)")).count()
    };
    assert_eq!(come(&server), 1);
    // Who comes back is in.
    visitor.open("");
    visitor.wait_for_room();
    assert_eq!(come(&server), 1);
    // Whoever logs out is asked again, with the last name.
    visitor.click("#here");
    visitor.choose("Log out");
    visitor.browser.until(
        "document.activeElement?.id === 'name' && document.getElementById('name').value === 'mira'",
    );
    let said = server.said();
    assert_eq!(said.last().expect("a line"), "Client (mira) is offline");
    visitor.is_well();
}

#[test]
fn a_room_with_a_key_asks_for_it_and_it_is_forgotten_on_log_out() {
    const KEY: &str = "open sesame, open";
    let folder = Folder::new();
    folder.file("key", KEY);
    let args = ["--key-file", "key", "--room", "Cellar"];
    let server = Server::start_in(Arc::new(folder), "127.0.0.1:0", &args);
    let mut visitor = Visitor::at(&server.address, DESKTOP);
    visitor.open("#name=mira");
    visitor.browser.until(
        "document.activeElement?.id === 'key' && document.activeElement.type === 'password'",
    );
    visitor.browser.write("open barley, open");
    visitor.browser.press("Enter", 13, false);
    visitor
        .browser
        .until("document.getElementById('refusal').textContent !== ''");
    let wrong = sentence(&server, r#"{"name":"mira","key":"open barley, open"}"#);
    assert_eq!(visitor.text_of("#refusal"), wrong);
    visitor.browser.until("document.activeElement.id === 'key'");
    visitor.browser.write(KEY);
    visitor.browser.press("Enter", 13, false);
    visitor.wait_for_room();
    assert_eq!(visitor.text_of("#title h1"), "Cellar");
    let token = visitor.browser.find(TOKEN);
    let token = token.as_str().expect("a token").to_string();
    assert!(visitor.kept().contains(&token) && visitor.kept().contains(KEY));
    // Nothing secret is in an address.
    let asked = visitor.browser.events.iter();
    let asked = asked.filter_map(|event| event["params"]["request"]["url"].as_str());
    let asked: Vec<&str> = asked
        .filter(|url| url.contains(&token) || url.contains("sesame"))
        .collect();
    assert_eq!(asked, Vec::<&str>::new());
    visitor.browser.reload();
    visitor.wait_for_room();
    visitor.click("#menu");
    visitor.choose("Log out");
    visitor
        .browser
        .until("document.activeElement?.id === 'key' && document.activeElement.value === ''");
    let kept = visitor.kept();
    assert!(!kept.contains(&token) && !kept.contains("sesame"), "{kept}");
    visitor.is_well();
}

#[test]
fn a_german_browser_gets_german_words() {
    let server = Server::start(&[]);
    let mut visitor = Visitor::at(&server.address, DESKTOP);
    let agent = visitor.browser.find("navigator.userAgent");
    let language = json!({"userAgent": agent, "acceptLanguage": "de-AT,de;q=0.9,en;q=0.5"});
    visitor
        .browser
        .order("Emulation.setUserAgentOverride", language);
    visitor.open("");
    visitor
        .browser
        .until("document.activeElement?.id === 'name'");
    assert_eq!(visitor.browser.find("document.documentElement.lang"), "de");
    assert_eq!(visitor.text_of("#enter"), "Anmelden");
    visitor.log_in("mira");
    visitor
        .browser
        .until("document.getElementById('here').textContent === '1 hier'");
    let placeholder = visitor
        .browser
        .find("document.getElementById('draft').placeholder");
    assert_eq!(placeholder, "Nachricht");
    visitor
        .browser
        .until("document.querySelector('.day')?.textContent === 'Heute'");
    visitor.is_well();
}
