//! A browser without a window, and a page in it (Chrome DevTools Protocol over a pipe:
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

/// A browser with one page.
pub struct Browser {
    child: Child,
    orders: File,
    answers: Receiver<Value>,
    session: Option<String>,
    count: u64,
    /// The events between the answers, in order.
    pub events: Vec<Value>,
    /// Its profile, gone with it.
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one with an empty page of `width` by `height` CSS pixels, each `scale` of the screen's.
    pub fn start(width: u32, height: u32, scale: f64, dark: bool) -> Browser {
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
            session: None,
            count: 0,
            events: Vec::new(),
            _profile: profile,
        };
        let made = browser.order("Target.createTarget", json!({"url": "about:blank"}));
        let target = json!({"targetId": made["targetId"], "flatten": true});
        let attached = browser.order("Target.attachToTarget", target);
        browser.session = attached["sessionId"].as_str().map(str::to_string);
        for domain in ["Page", "Network", "Runtime", "Log"] {
            browser.order(&format!("{domain}.enable"), json!({}));
        }
        let size = json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 500});
        browser.order("Emulation.setDeviceMetricsOverride", size);
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        browser.order("Emulation.setEmulatedMedia", media);
        browser
    }

    /// Gives an order and waits for its result.
    #[track_caller]
    pub fn order(&mut self, method: &str, parameters: Value) -> Value {
        self.count += 1;
        let mut order = json!({"id": self.count, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            order["sessionId"] = session.clone().into();
        }
        let bytes = [order.to_string().as_bytes(), b"\0"].concat();
        self.orders
            .write_all(&bytes)
            .expect("chromium runs (scripts/setup.sh test installs it)");
        let count = self.count;
        let answer = self.wait_for(method, |message| message["id"] == count);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
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
        let address = format!("file://{}{place}", file.display());
        // From elsewhere: within one page only the place would change.
        for address in ["about:blank", &address] {
            let is_there = |m: &Value| m["method"] == "Page.loadEventFired";
            let before = self.events.len();
            self.order("Page.navigate", json!({"url": address}));
            if !self.events[before..].iter().any(is_there) {
                self.wait_for("the page", is_there);
            }
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
        while self.find(script) != true {
            let count = self.find("[document.querySelector('output')?.value, scrollY, JSON.stringify(document.querySelector('.now')?.getBoundingClientRect())]");
            assert!(Instant::now() < until, "{script} is never so; {count}");
            std::thread::sleep(Duration::from_millis(5));
        }
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
    pub fn trouble(&self, file: &Path) -> Vec<String> {
        let own = format!("file://{}", file.display());
        let events = self.events.iter();
        let bad = events.filter(|event| match event["method"].as_str() {
            Some("Page.javascriptDialogOpening" | "Runtime.exceptionThrown" | "Log.entryAdded") => {
                true
            }
            Some("Runtime.consoleAPICalled" | "Target.targetCreated" | "Page.windowOpen") => true,
            Some("Network.requestWillBeSent") => {
                let address = event["params"]["request"]["url"].as_str();
                !address.is_some_and(|a| a.starts_with(&own) || a == "about:blank")
            }
            _ => false,
        });
        bad.map(Value::to_string).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
