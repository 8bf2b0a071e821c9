//! The page under a finger, and by the keyboard alone.

use serde_json::json;
use support::server::Server;

use super::{ALL_SENT, DESKTOP, PHONE, Visitor, said_by};

/// The composer is in sight, with its button.
const COMPOSER: &str = "['draft', 'send'].every(id => (box => box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth && box.height >= 44)(document.getElementById(id).getBoundingClientRect()))";
/// What is wider than the page.
const SIDEWAYS: &str = "[document.documentElement.scrollWidth > innerWidth, document.getElementById('scroll').scrollWidth > document.getElementById('scroll').clientWidth]";

#[test]
fn it_is_used_with_a_finger() {
    let server = Server::start(&[]);
    let mut visitor = Visitor::at(&server.address, PHONE);
    visitor.open("");
    visitor
        .browser
        .until("!document.getElementById('login').hidden");
    assert_eq!(
        visitor
            .browser
            .find("matchMedia('(pointer: coarse)').matches"),
        true
    );
    let small = "[...document.querySelectorAll('input, textarea')].filter(one => parseFloat(getComputedStyle(one).fontSize) < 16).length";
    assert_eq!(visitor.browser.find(small), 0);
    visitor.browser.tap("document.getElementById('name')");
    visitor.browser.write("mira");
    visitor.browser.tap("document.getElementById('enter')");
    visitor.wait_for_room();
    let zoom = "document.querySelector('meta[name=viewport]').content";
    let zoom = visitor.browser.find(zoom);
    let zoom = zoom.as_str().expect("a text");
    assert!(
        !zoom.contains("maximum-scale") && !zoom.contains("user-scalable"),
        "{zoom}"
    );
    // Nobody asked for the keyboard yet.
    assert_eq!(
        visitor.browser.find("document.activeElement.localName"),
        "body"
    );
    assert_eq!(visitor.browser.find(COMPOSER), true);
    // Enter is a line break, the button sends.
    visitor.browser.tap("document.getElementById('draft')");
    visitor.browser.write("one");
    visitor.browser.press("Enter", 13, false);
    visitor.browser.write("two");
    assert_eq!(
        visitor
            .browser
            .find("document.getElementById('draft').value"),
        "one\ntwo"
    );
    visitor.browser.tap("document.getElementById('send')");
    visitor.wait_for_text("one\ntwo");
    visitor.browser.until(ALL_SENT);
    // The keyboard stays for the next one.
    assert_eq!(visitor.browser.find("document.activeElement.id"), "draft");
    let bob = server.log_in("bob");
    for text in [
        "w".repeat(2_000),
        format!("http://example.org/{}", "a/".repeat(400)),
        format!("```\n{}\n```", "x".repeat(500)),
        "مرحبا http://example.org/ كيف الحال".into(),
        "the last one".into(),
    ] {
        server.say(&bob, &text);
    }
    visitor.wait_for_text("the last one");
    let last = "(box => box.top >= 0 && box.bottom <= document.getElementById('below').getBoundingClientRect().top)([...document.querySelectorAll('#list .text')].pop().getBoundingClientRect())";
    // The keyboard comes, the phone is turned, and back.
    for (width, height) in [
        (390, 844),
        (390, 480),
        (844, 390),
        (844, 200),
        (320, 568),
        (390, 844),
    ] {
        visitor.browser.resize(width, height);
        visitor.browser.until(&format!(
            "innerWidth === {width} && innerHeight === {height}"
        ));
        visitor.browser.until(COMPOSER);
        visitor.browser.until(last);
        assert_eq!(
            visitor.browser.find(SIDEWAYS),
            json!([false, false]),
            "{width}x{height}"
        );
    }
    let small = "[...document.querySelectorAll('header .icon, #send, #draft')].filter(one => one.getBoundingClientRect().height < 44 || one.getBoundingClientRect().width < 44).length";
    assert_eq!(visitor.browser.find(small), 0);
    visitor.is_well();
}

#[test]
fn an_input_method_never_sends() {
    let server = Server::start(&[]);
    let mut visitor = Visitor::in_room(&server, "mira");
    visitor
        .browser
        .find("document.getElementById('draft').focus()");
    // The word under way ends with Enter, which the browser says is a part of the composition.
    let composed = json!({"text": "にほん", "selectionStart": 3, "selectionEnd": 3});
    visitor.browser.order("Input.imeSetComposition", composed);
    visitor.browser.press("Enter", 13, false);
    visitor.browser.write("日本");
    let value = "document.getElementById('draft').value";
    let still = visitor.browser.find(value);
    assert!(
        still.as_str().is_some_and(|text| text.contains("日本")),
        "{still}"
    );
    // Or by its code alone.
    visitor.browser.press("Enter", 229, false);
    let still = visitor.browser.find(value);
    assert!(
        still.as_str().is_some_and(|text| text.contains("日本")),
        "{still}"
    );
    visitor
        .browser
        .find("document.getElementById('draft').select()");
    visitor.browser.write("日本語");
    visitor.browser.press("Enter", 13, false);
    visitor.wait_for_text("日本語");
    visitor.browser.until(ALL_SENT);
    assert_eq!(said_by(&server, "mira"), ["日本語"]);
    visitor.is_well();
}

#[test]
fn everything_is_reached_by_keyboard() {
    let server = Server::start(&[]);
    let bob = server.log_in("bob");
    for n in 0..30 {
        server.say(&bob, &format!("message {n}"));
    }
    let mut visitor = Visitor::at(&server.address, DESKTOP);
    visitor.open("");
    visitor.log_in("mira");
    visitor.wait_for_text("message 29");
    let focus = "(one => one.id || one.className || one.localName)(document.activeElement)";
    let visible = "(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)(getComputedStyle(document.activeElement))";
    visitor
        .browser
        .until("document.activeElement.id === 'draft'");
    visitor.browser.write("typed");
    // Once around, and back to where it began.
    let mut reached = Vec::new();
    for _ in 0..20 {
        visitor.browser.press("Tab", 9, false);
        let at = visitor.browser.find(focus);
        if at != "body" {
            assert_eq!(
                visitor.browser.find(visible),
                true,
                "the focus on {at} is not seen"
            );
        }
        let at = at.as_str().expect("a name").to_string();
        if at == "draft" {
            break;
        }
        reached.push(at);
    }
    for wanted in ["send", "here", "find", "menu", "scroll"] {
        assert!(
            reached.iter().any(|at| at == wanted),
            "{wanted} is not among {reached:?}"
        );
    }
    // From the empty composer into the messages, from one to the next.
    visitor
        .browser
        .find("document.getElementById('draft').select()");
    visitor.browser.press("Backspace", 8, false);
    let row = "document.activeElement.querySelector('.text')?.textContent";
    for (key, code, wanted) in [
        ("ArrowUp", 38, "message 29"),
        ("ArrowUp", 38, "message 28"),
        ("ArrowUp", 38, "message 27"),
        ("ArrowDown", 40, "message 28"),
        ("PageUp", 33, "message 18"),
    ] {
        visitor.browser.press(key, code, false);
        assert_eq!(visitor.browser.find(row), wanted);
        assert_eq!(visitor.browser.find(visible), true);
        let in_sight = "(box => (row => row.top >= box.top && row.bottom <= box.bottom)(document.activeElement.getBoundingClientRect()))(document.getElementById('scroll').getBoundingClientRect())";
        visitor.browser.until(in_sight);
    }
    // What comes does not take the focus away.
    server.say(&bob, "meanwhile");
    visitor.wait_for_text("meanwhile");
    assert_eq!(visitor.browser.find(row), "message 18");
    // What opens is closed by Escape, and the focus is where it was.
    for (opener, opened) in [("menu", "menu-list"), ("find", "find-bar")] {
        visitor
            .browser
            .find(&format!("document.getElementById('{opener}').focus()"));
        visitor.browser.press("Enter", 13, false);
        visitor.browser.until(&format!(
            "document.getElementById('{opened}').contains(document.activeElement)"
        ));
        assert_eq!(visitor.browser.find(visible), true, "in {opened}");
        visitor.browser.press("Escape", 27, false);
        visitor
            .browser
            .until(&format!("document.getElementById('{opened}').hidden"));
        assert_eq!(visitor.browser.find(focus), opener);
    }
    // Those who are here: their list is beside the messages, and the focus goes into it and back.
    visitor
        .browser
        .find("document.getElementById('here').focus()");
    visitor.browser.press("Enter", 13, false);
    visitor
        .browser
        .until("document.querySelectorAll('#members li').length === 2");
    visitor
        .browser
        .find("document.querySelector('#members button').focus()");
    // A listener that is new does not take it away.
    server.log_in("eva");
    visitor
        .browser
        .until("document.querySelectorAll('#members li').length === 3");
    assert_eq!(
        visitor.browser.find("document.activeElement.textContent"),
        "Log out"
    );
    visitor.browser.press("Escape", 27, false);
    visitor
        .browser
        .until("document.getElementById('members').hidden");
    assert_eq!(visitor.browser.find(focus), "here");
    // The projector's view has one button.
    visitor
        .browser
        .find("document.getElementById('menu').focus()");
    visitor.browser.press("Enter", 13, false);
    visitor.choose("Show on projector");
    visitor
        .browser
        .until("document.getElementById('wall').checkVisibility() && document.activeElement.id === 'wall-leave'");
    visitor.browser.press("Tab", 9, false);
    assert_ne!(
        visitor
            .browser
            .find("document.activeElement.closest('#room')?.id ?? null"),
        "room"
    );
    visitor.browser.press("Escape", 27, false);
    visitor
        .browser
        .until("document.getElementById('wall').hidden && document.activeElement.id === 'menu'");
    visitor.is_well();
}
