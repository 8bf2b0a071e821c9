//! A browser without a window, and pages in its tabs (Chrome DevTools Protocol over a pipe:
//! messages of JSON, each ended by a NUL).

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use support::waiting::PATIENCE;

/// The screen of a browser, as its pages see it.
#[derive(Clone, Copy)]
pub struct Screen {
    /// In CSS pixels.
    pub width: u32,
    /// In CSS pixels.
    pub height: u32,
    /// The pixels of the screen for one of CSS.
    pub scale: f64,
    /// What the user prefers.
    pub dark: bool,
    /// A finger points at it.
    pub touched: bool,
}

/// One tab.
#[derive(Clone)]
pub struct Tab {
    target: String,
    session: String,
}

/// A browser, one of whose tabs gets the orders.
pub struct Browser {
    child: Child,
    orders: File,
    answers: Receiver<Value>,
    screen: Screen,
    tab: Option<Tab>,
    count: u64,
    /// The events between the answers, in order.
    pub events: Vec<Value>,
    /// Its profile, gone with it.
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one with an empty page of `width` by `height` CSS pixels, each `scale` of the screen's.
    pub fn start(width: u32, height: u32, scale: f64, dark: bool) -> Browser {
        Browser::with(Screen {
            width,
            height,
            scale,
            dark,
            touched: false,
        })
    }

    /// Starts one with an empty page on this screen.
    pub fn with(screen: Screen) -> Browser {
        let profile = tempfile::tempdir().expect("a folder");
        let pipes = ["orders", "answers"].map(|name| profile.path().join(name));
        for pipe in &pipes {
            let made = Command::new("mkfifo").arg(pipe).status();
            assert!(made.expect("mkfifo runs").success());
        }
        let mut shell = Command::new("sh");
        shell.args(["-c", "exec chromium \"$@\" 3<\"$0\" 4>\"$ANSWERS\""]);
        shell.arg(&pipes[0]).env("ANSWERS", &pipes[1]);
        shell.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--remote-debugging-pipe",
        ]);
        shell.arg(format!("--user-data-dir={}", profile.path().display()));
        shell
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = shell.spawn().expect("a shell");
        // In the order in which the shell opens them: each waits for the other side.
        let orders = OpenOptions::new()
            .write(true)
            .open(&pipes[0])
            .expect("a pipe");
        let read = BufReader::new(File::open(&pipes[1]).expect("a pipe"));
        let (send, answers) = channel();
        std::thread::spawn(move || {
            for message in read.split(0) {
                let Ok(message) = message else { return };
                let message = serde_json::from_slice(&message).expect("JSON");
                if send.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Browser {
            child,
            orders,
            answers,
            screen,
            tab: None,
            count: 0,
            events: Vec::new(),
            _profile: profile,
        };
        browser.open_tab();
        browser
    }

    /// Opens one more tab, which gets the orders from now on.
    #[track_caller]
    pub fn open_tab(&mut self) -> Tab {
        self.tab = None;
        let made = self.order("Target.createTarget", json!({"url": "about:blank"}));
        let target = made["targetId"].as_str().expect("an id").to_string();
        let attached = self.order(
            "Target.attachToTarget",
            json!({"targetId": target, "flatten": true}),
        );
        let session = attached["sessionId"].as_str().expect("an id").to_string();
        let tab = Tab { target, session };
        self.tab = Some(tab.clone());
        for domain in ["Page", "Network", "Runtime", "Log", "Inspector"] {
            self.order(&format!("{domain}.enable"), json!({}));
        }
        let screen = self.screen;
        self.resize(screen.width, screen.height);
        if screen.touched {
            let touch = json!({"enabled": true, "maxTouchPoints": 5});
            self.order("Emulation.setTouchEmulationEnabled", touch);
        }
        let scheme = if screen.dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.order("Emulation.setEmulatedMedia", media);
        tab
    }

    /// The tab that gets the orders.
    pub fn tab(&self) -> Tab {
        self.tab.clone().expect("a tab is open")
    }

    /// Brings a tab to the front; it gets the orders from now on.
    pub fn turn_to(&mut self, tab: &Tab) {
        self.tab = Some(tab.clone());
        self.order("Page.bringToFront", json!({}));
    }

    /// Gives the orders from now on to a tab that stays where it is.
    pub fn command(&mut self, tab: &Tab) {
        self.tab = Some(tab.clone());
    }

    /// Kills the process of this tab's page, as the system does when memory is short, and closes what is left of it.
    pub fn crash_tab(&mut self) {
        let tab = self.tab();
        // No answer comes from a process that has died.
        self.send("Page.crash", json!({}));
        self.wait_for("the end of the page", |message| {
            message["method"] == "Inspector.targetCrashed"
        });
        self.tab = None;
        self.order("Target.closeTarget", json!({"targetId": tab.target}));
    }

    /// Gives the page another size.
    pub fn resize(&mut self, width: u32, height: u32) {
        let mobile = self.screen.touched || self.screen.width < 500;
        let size = json!({"width": width, "height": height, "deviceScaleFactor": self.screen.scale, "mobile": mobile});
        self.order("Emulation.setDeviceMetricsOverride", size);
    }

    /// Gives an order and waits for its result.
    #[track_caller]
    pub fn order(&mut self, method: &str, parameters: Value) -> Value {
        let answer = self.ask(method, parameters);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Gives an order and waits for the answer, which may be a refusal.
    #[track_caller]
    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        let count = self.send(method, parameters);
        self.wait_for(method, |message| message["id"] == count)
    }

    fn send(&mut self, method: &str, parameters: Value) -> u64 {
        self.count += 1;
        let mut order = json!({"id": self.count, "method": method, "params": parameters});
        if let Some(tab) = &self.tab {
            order["sessionId"] = tab.session.clone().into();
        }
        let bytes = [order.to_string().as_bytes(), b"\0"].concat();
        self.orders
            .write_all(&bytes)
            .expect("chromium runs (scripts/setup.sh test installs it)");
        self.count
    }

    #[track_caller]
    fn wait_for(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let message = self.answers.recv_timeout(left);
            let message = message.unwrap_or_else(|_| panic!("waited in vain for {what}"));
            if is_it(&message) {
                return message;
            }
            self.events.push(message);
        }
    }

    /// Opens a file and waits until it is there.
    #[track_caller]
    pub fn open(&mut self, file: &Path, place: &str) {
        self.go(&format!("file://{}{place}", file.display()));
    }

    /// Goes to an address and waits until the page is there.
    #[track_caller]
    pub fn go(&mut self, address: &str) {
        // From elsewhere: within one page only the place would change.
        for address in ["about:blank", address] {
            self.load("Page.navigate", json!({"url": address}));
        }
    }

    /// Loads the page again.
    #[track_caller]
    pub fn reload(&mut self) {
        self.load("Page.reload", json!({}));
    }

    #[track_caller]
    fn load(&mut self, method: &str, parameters: Value) {
        let session = self.tab().session;
        let is_there =
            |m: &Value| m["method"] == "Page.loadEventFired" && m["sessionId"] == *session;
        let before = self.events.len();
        self.order(method, parameters);
        if !self.events[before..].iter().any(is_there) {
            let event = self.wait_for("the page", is_there);
            self.events.push(event);
        }
    }

    /// The value of a script that runs apart from the page's own.
    #[track_caller]
    pub fn find(&mut self, script: &str) -> Value {
        let parameters = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        let found = self.order("Runtime.evaluate", parameters);
        assert!(found.get("exceptionDetails").is_none(), "{script}: {found}");
        found["result"]["value"].clone()
    }

    /// Waits until a script finds `true`.
    #[track_caller]
    pub fn until(&mut self, script: &str) {
        let until = Instant::now() + PATIENCE;
        let parameters = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        loop {
            // While the page is loaded again there is nobody to answer, or an element is missing.
            let answer = self.ask("Runtime.evaluate", parameters.clone());
            let result = &answer["result"];
            if result["result"]["value"] == true {
                return;
            }
            if Instant::now() >= until {
                let shown = self.find("document.body.innerText.slice(0, 2000)");
                panic!("{script} is never so ({answer}); the page shows: {shown}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Clicks in the middle of the element that a script gives: what lies there gets it.
    #[track_caller]
    pub fn click(&mut self, element: &str) {
        let (x, y) = self.middle(element);
        for kind in ["mousePressed", "mouseReleased"] {
            self.mouse(kind, x, y);
        }
    }

    /// Presses the mouse on the element that a script gives, does something, and lifts it at the same place.
    #[track_caller]
    pub fn hold_down(&mut self, element: &str, meanwhile: impl FnOnce(&mut Browser)) {
        let (x, y) = self.middle(element);
        self.mouse("mousePressed", x, y);
        meanwhile(self);
        self.mouse("mouseReleased", x, y);
    }

    fn mouse(&mut self, kind: &str, x: f64, y: f64) {
        let event = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
        self.order("Input.dispatchMouseEvent", event);
    }

    /// Taps in the middle of the element that a script gives.
    #[track_caller]
    pub fn tap(&mut self, element: &str) {
        let (x, y) = self.middle(element);
        for (kind, points) in [
            ("touchStart", json!([{"x": x, "y": y}])),
            ("touchEnd", json!([])),
        ] {
            let event = json!({"type": kind, "touchPoints": points});
            self.order("Input.dispatchTouchEvent", event);
        }
    }

    #[track_caller]
    fn middle(&mut self, element: &str) -> (f64, f64) {
        let place = format!(
            "(box => [box.left + box.width / 2, box.top + box.height / 2])(({element}).getBoundingClientRect())"
        );
        let place = self.find(&place);
        let number = |n: usize| place[n].as_f64().expect("a number");
        (number(0), number(1))
    }

    /// Types a text where the focus is.
    pub fn write(&mut self, text: &str) {
        self.order("Input.insertText", json!({"text": text}));
    }

    /// Presses a key, with Shift or without.
    pub fn press(&mut self, key: &str, code: u32, shift: bool) {
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": if shift { 8 } else { 0 }});
            if key == "Enter" && kind == "keyDown" {
                event["text"] = "\r".into();
            } else if key.len() == 1 && kind == "keyDown" {
                event["text"] = key.into();
            }
            self.order("Input.dispatchKeyEvent", event);
        }
    }

    /// The visible part of the page, as a PNG.
    pub fn picture(&mut self) -> Vec<u8> {
        let taken = self.order("Page.captureScreenshot", json!({"format": "png"}));
        let data = taken["data"].as_str().expect("a picture");
        STANDARD.decode(data).expect("base64")
    }

    /// The events so far that mean that something went wrong, or that the page turned to the user or the network.
    /// `own` is how the page's own addresses begin.
    pub fn trouble(&self, own: &str) -> Vec<Value> {
        let events = self.events.iter();
        let bad = events.filter(|event| match event["method"].as_str() {
            Some("Page.javascriptDialogOpening" | "Runtime.exceptionThrown" | "Log.entryAdded") => {
                true
            }
            Some("Runtime.consoleAPICalled" | "Target.targetCreated" | "Page.windowOpen") => true,
            Some("Network.requestWillBeSent") => {
                let address = event["params"]["request"]["url"].as_str();
                !address.is_some_and(|a| a.starts_with(own) || a == "about:blank")
            }
            _ => false,
        });
        bad.cloned().collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
