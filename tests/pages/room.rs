//! The room's page in Chromium, at a real server.
//!
//! A test waits for conditions, and acts as a person does: keys, clicks and fingers go to what has the focus or lies
//! there.

mod arriving;
mod history;
mod hostile;
mod phone;
mod promise;
mod tabs;
mod talking;

use serde_json::{Value, json};
use support::server::Server;
use support::waiting::wait_for;

use super::browser::{Browser, Screen};

const DESKTOP: Screen = Screen {
    width: 1000,
    height: 700,
    scale: 1.0,
    dark: false,
    touched: false,
};
const PHONE: Screen = Screen {
    width: 390,
    height: 844,
    scale: 3.0,
    dark: false,
    touched: true,
};

/// The texts in the room, from top to bottom, without those that are not sent yet.
const TEXTS: &str = "[...document.querySelectorAll('#list .message:not(.pending) .text')].map(text => text.textContent)";
/// Whether nothing waits to be sent.
const ALL_SENT: &str = "!document.querySelector('.pending')";

/// The token that the browser keeps.
const TOKEN: &str =
    "JSON.parse(Object.entries(localStorage).find(([name]) => name.endsWith('/token'))[1])";

/// Somebody with a browser, at the address of a room.
struct Visitor {
    browser: Browser,
    /// The room's address, with `/` at its end.
    home: String,
}

impl Visitor {
    /// Somebody at this address.
    fn at(address: &str, screen: Screen) -> Visitor {
        let mut visitor = Visitor {
            browser: Browser::with(screen),
            home: format!("http://{address}/"),
        };
        visitor.prepare();
        visitor
    }

    /// Somebody who is in the room.
    #[track_caller]
    fn in_room(server: &Server, name: &str) -> Visitor {
        let mut visitor = Visitor::at(&server.address, DESKTOP);
        visitor.open("");
        visitor.log_in(name);
        visitor
    }

    /// Makes the tab note what its page must not even try.
    fn prepare(&mut self) {
        let script = "addEventListener('securitypolicyviolation', event => console.error(event.violatedDirective, event.blockedURI))";
        self.browser.order(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({"source": script}),
        );
        let zone = json!({"timezoneId": "UTC"});
        self.browser.order("Emulation.setTimezoneOverride", zone);
    }

    /// Opens the page, with this after the address.
    #[track_caller]
    fn open(&mut self, place: &str) {
        let address = format!("{}{place}", self.home);
        self.browser.go(&address);
    }

    /// Gives a name, in the room without a key.
    #[track_caller]
    fn log_in(&mut self, name: &str) {
        self.browser.until(
            "document.activeElement?.id === 'name' && !document.getElementById('login').hidden",
        );
        self.browser
            .find("document.getElementById('name').select()");
        self.browser.write(name);
        self.browser.press("Enter", 13, false);
        self.wait_for_room();
    }

    /// Waits until the room is shown, with what was said last.
    #[track_caller]
    fn wait_for_room(&mut self) {
        self.browser
            .until("!document.getElementById('room').hidden && document.querySelectorAll('#list .row').length > 0");
    }

    /// Types a message and sends it with Enter.
    #[track_caller]
    fn say(&mut self, text: &str) {
        self.browser
            .find("document.getElementById('draft').focus()");
        self.browser.write(text);
        self.browser.press("Enter", 13, false);
        let sent = self.browser.find("document.getElementById('draft').value");
        assert_eq!(sent, "", "{text:?} is still in the composer");
    }

    /// Waits until a text is among those in the room.
    #[track_caller]
    fn wait_for_text(&mut self, text: &str) {
        self.browser
            .until(&format!("{TEXTS}.includes({})", json!(text)));
    }

    #[track_caller]
    fn texts(&mut self) -> Vec<String> {
        serde_json::from_value(self.browser.find(TEXTS)).expect("texts")
    }

    /// The text of the element that a selector finds.
    #[track_caller]
    fn text_of(&mut self, selector: &str) -> String {
        let found = self.browser.find(&format!(
            "document.querySelector({}).textContent",
            json!(selector)
        ));
        found.as_str().expect("a text").to_string()
    }

    /// Clicks on the element that a selector finds.
    #[track_caller]
    fn click(&mut self, selector: &str) {
        self.browser
            .click(&format!("document.querySelector({})", json!(selector)));
    }

    /// Clicks on the button with these words.
    #[track_caller]
    fn choose(&mut self, words: &str) {
        let shown = "[...document.querySelectorAll('button')].find(one => one.checkVisibility() && one.textContent === WORDS)";
        let button = shown.replace("WORDS", &json!(words).to_string());
        let watch = format!(
            "(window.chosen = false, document.addEventListener('click', event => window.chosen ||= event.target.textContent === {}, {{capture: true, once: true}}), 1)",
            json!(words)
        );
        // A button that moves at that moment is missed, as a reader may, who clicks again.
        wait_for("a click that hits", || {
            self.browser.until(&format!("Boolean({button})"));
            self.browser.find(&watch);
            self.browser.click(&button);
            (self.browser.find("window.chosen") == true).then_some(())
        });
    }

    /// All that the browser keeps for this address.
    fn kept(&mut self) -> String {
        let kept = self.browser.find("JSON.stringify(localStorage)");
        kept.as_str().expect("a text").to_string()
    }

    /// What went wrong so far, without the requests that the room refused or that did not reach it.
    fn trouble(&mut self) -> Vec<Value> {
        // What the browser has to tell comes before its next answer.
        self.browser.find("1");
        let mut bad = self.browser.trouble(&self.home);
        bad.retain(|event| {
            let of_network = event["params"]["entry"]["source"] == "network";
            let address = event["params"]["request"]["url"].as_str();
            !of_network && !address.is_some_and(|address| address.starts_with("data:"))
        });
        bad
    }

    /// Expects that nothing went wrong.
    #[track_caller]
    fn is_well(&mut self) {
        assert_eq!(self.trouble(), Vec::<Value>::new());
    }
}

/// What somebody said, in the order of the log.
fn said_by(server: &Server, name: &str) -> Vec<String> {
    let start = format!("[{name}]: ");
    let said = server.said().into_iter();
    let said = said.filter_map(|line| Some(line.strip_prefix(&start)?.to_string()));
    // After the elapsed time.
    said.map(|line| line.splitn(4, ':').nth(3).expect("a text").to_string())
        .collect()
}
