//! More ways to use a window: waiting for a picture of it, reading what can be selected, typing fast,
//! and measuring its memory.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::picture::Picture;
use crate::waiting::{PATIENCE, wait_for};
use crate::window::Window;

impl Window {
    /// Waits for a picture of it that is as wanted.
    #[track_caller]
    pub fn wait_for_picture(&self, what: &str, wanted: impl Fn(&Picture) -> bool) -> Picture {
        wait_for(what, || Some(self.picture()).filter(|seen| wanted(seen)))
    }

    /// Waits until it looks the same three times in a row.
    #[track_caller]
    pub fn at_rest(&self) -> Picture {
        let (mut last, mut same) = (self.picture(), 0);
        wait_for("a window at rest", || {
            let now = self.picture();
            same = if now == last { same + 1 } else { 0 };
            last = now;
            (same == 2).then(|| last.clone())
        })
    }

    /// Puts the cursor into the message field.
    pub fn to_message(&self) {
        self.click(120, -62);
    }

    /// The text of the field that has the keyboard.
    pub fn field(&self) -> String {
        self.copied("an empty field", Duration::from_secs(3))
    }

    /// Copies with Ctrl+A and Ctrl+C; empty if the clipboard stays empty for so long.
    fn copied(&self, empty: &str, patience: Duration) -> String {
        self.display.set_clipboard(empty);
        self.keys(&["ctrl+a", "ctrl+c"]);
        let until = Instant::now() + patience;
        loop {
            let text = self.display.clipboard();
            if text != empty && !text.is_empty() {
                return text;
            }
            if Instant::now() > until {
                return String::new();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the field that has the keyboard holds this.
    #[track_caller]
    pub fn wait_for_field(&self, text: &str) {
        // Nothing can be copied from an empty field, nor from a window that is slow.
        assert!(!text.is_empty(), "see wait_for_empty_field");
        let until = Instant::now() + PATIENCE;
        loop {
            let last = self.field();
            if last == text {
                return;
            }
            assert!(
                Instant::now() < until,
                "{text:?} does not stand in the field, but {last:?}"
            );
        }
    }

    /// Waits until the field that has the keyboard holds nothing: what is typed is all that there is.
    #[track_caller]
    pub fn wait_for_empty_field(&self) {
        self.type_text("x");
        self.wait_for_field("x");
        self.keys(&["ctrl+a", "BackSpace"]);
    }

    /// Has the field that has the keyboard hold this and nothing else. While the window puts the cursor
    /// there by itself, and marks what stands there, a part of it is typed over and typed afresh.
    #[track_caller]
    pub fn fill(&self, text: &str) {
        wait_for(&format!("{text:?} in the field"), || {
            self.keys(&["ctrl+a"]);
            self.type_text(text);
            (self.field() == text).then_some(())
        });
    }

    /// Waits until the rows of the transcript are as wanted; see [`Window::rows`].
    #[track_caller]
    pub fn wait_for_rows(&self, what: &str, wanted: impl Fn(&[String]) -> bool) {
        // A row that the window hands over late is missing in one reading of them, not in all.
        let mut patience = Duration::from_millis(200);
        let until = Instant::now() + PATIENCE;
        loop {
            let rows = self.rows(patience);
            if wanted(&rows) {
                return;
            }
            assert!(
                Instant::now() < until,
                "waited in vain for {what} in:\n{rows:#?}"
            );
            patience *= 2;
        }
    }

    /// The rows of the transcript as they are seen, also those that are not in the room: each is
    /// marked with the mouse and copied, for which the window has `patience` each. What stands at
    /// the right edge is not among it.
    fn rows(&self, patience: Duration) -> Vec<String> {
        let (width, height) = self.size();
        let (mut rows, mut blank) = (Vec::<String>::new(), 0);
        // Rows are 26 pixels high.
        for y in (56..height - 90).step_by(14) {
            self.display.set_clipboard("nothing");
            let (x, y) = (16.to_string(), y.to_string());
            let right = (width * 4 / 5 - 60).to_string();
            let (id, mark) = (&*self.id, ["mousedown", "1", "mousemove", "--window"]);
            let mut args = vec!["mousemove", "--window", id, &x, &y];
            args.extend(mark);
            args.extend([id, &*right, &*y, "mouseup", "1", "key", "ctrl+c"]);
            self.display.xdotool(&args);
            // The window hands it over when it has its turn; where there is no row, never.
            let until = Instant::now() + patience;
            let mut text = self.display.clipboard();
            while text == "nothing" && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(10));
                text = self.display.clipboard();
            }
            blank = if text == "nothing" { blank + 1 } else { 0 };
            if blank == 0 && rows.last() != Some(&text) {
                rows.push(text);
            }
            if blank == 5 && !rows.is_empty() {
                break;
            }
        }
        rows
    }

    /// Types letters and digits as fast as the screen takes them, with Enter after each line; does
    /// not wait for it.
    pub fn start_typing(&self, lines: &[String]) -> Child {
        self.activate();
        let mut command = self.display.command("xdotool");
        command.args(["key", "--delay", "2"]);
        for line in lines {
            // What xdotool types for a line break is another key than Enter.
            command.args(line.chars().map(String::from)).arg("Return");
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("xdotool runs")
    }

    /// Its memory now (PSS), and the most that it ever had
    /// mapped and present (its peak RSS), in bytes.
    pub fn memory(&self) -> (u64, u64) {
        let pid = self.child.borrow().id();
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}"));
        let value = |text: String, name: &str| -> u64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number.and_then(|n| n.parse::<u64>().ok()).expect("a size") * 1024
        };
        let pss = read("smaps_rollup").expect("its memory");
        let peak = read("status").expect("its state");
        (value(pss, "Pss:"), value(peak, "VmHWM:"))
    }

    /// Waits until it is in a room: its title says which.
    #[track_caller]
    pub fn wait_to_be_in(&self) {
        wait_for("being in a room", || {
            self.title().contains(" @ ").then_some(())
        });
    }
}
