//! A `chatroom gui` on the test's own screen, used as a person does: clicks, keys, the clipboard, pictures.

pub mod eyes;
pub mod hands;
pub mod typing;

use std::cell::RefCell;
use std::process::Child;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Pid;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt, GetPropertyReply};

use crate::display::Display;
use crate::display::clipboard::hand_over;
use crate::picture::Picture;
use crate::program::Folder;
use crate::waiting::{PATIENCE, wait_for};

/// A `chatroom gui` on a screen.
pub struct Window {
    display: Arc<Display>,
    child: RefCell<Child>,
    id: String,
    _folder: Arc<Folder>,
}

impl Window {
    /// The window with this X id, which `child` has opened with its home in `folder`.
    pub(crate) fn new(
        display: Arc<Display>,
        child: Child,
        id: String,
        folder: Arc<Folder>,
    ) -> Window {
        Window {
            display,
            child: RefCell::new(child),
            id,
            _folder: folder,
        }
    }

    /// Moves and resizes it.
    pub fn place(&self, x: i32, y: i32, width: u32, height: u32) {
        let (x, y) = (x.to_string(), y.to_string());
        let (width, height) = (width.to_string(), height.to_string());
        self.display
            .xdotool(&["windowsize", "--sync", &self.id, &width, &height]);
        self.display.xdotool(&["windowmove", &self.id, &x, &y]);
    }

    /// Brings it to the front, with the keyboard.
    pub fn activate(&self) {
        self.display
            .xdotool(&["windowactivate", "--sync", &self.id]);
    }

    /// Presses keys, by their X names.
    pub fn keys(&self, keys: &[&str]) {
        self.activate();
        let mut args = vec!["key", "--clearmodifiers", "--delay", "15"];
        args.extend_from_slice(keys);
        self.display.xdotool(&args);
    }

    /// Types text into whatever has the focus.
    pub fn type_text(&self, text: &str) {
        self.activate();
        self.display
            .xdotool(&["type", "--clearmodifiers", "--delay", "12", text]);
    }

    /// Pastes text into whatever has the focus; the next key comes after it.
    pub fn paste(&self, text: &str) {
        hand_over(self.display.name(), text, || self.keys(&["ctrl+v"]));
    }

    /// Its size in pixels.
    pub fn size(&self) -> (i32, i32) {
        let text = self
            .display
            .xdotool(&["getwindowgeometry", "--shell", &self.id]);
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|v| v.strip_prefix('='))
                .and_then(|v| v.parse().ok())
                .expect("a size")
        };
        (value("WIDTH"), value("HEIGHT"))
    }

    /// Clicks at a place within it; negative numbers count from the right and the bottom.
    pub fn click(&self, x: i32, y: i32) {
        let (width, height) = self.size();
        let x = if x < 0 { width + x } else { x };
        let y = if y < 0 { height + y } else { y };
        self.activate();
        self.display.xdotool(&[
            "mousemove",
            "--window",
            &self.id,
            &x.to_string(),
            &y.to_string(),
            "click",
            "1",
        ]);
    }

    /// Performs xdotool's pointer `actions`, beginning at a place within the window, which counts as in
    /// [`Window::click`].
    pub fn point(&self, (x, y): (i32, i32), actions: &[&str]) {
        let (width, height) = self.size();
        let x = if x < 0 { width + x } else { x };
        let y = if y < 0 { height + y } else { y };
        let (x, y) = (x.to_string(), y.to_string());
        let mut args = vec!["mousemove", "--window", &self.id, &x, &y];
        args.extend_from_slice(actions);
        self.display.xdotool(&args);
    }

    /// Drags the pointer from one place to another.
    pub fn drag(&self, from: (i32, i32), to: (i32, i32)) {
        self.activate();
        self.point(from, &["mousedown", "1"]);
        // In two steps, since a hand does not jump.
        self.point(((from.0 + to.0) / 2, (from.1 + to.1) / 2), &[]);
        self.point(to, &["mouseup", "1"]);
    }

    /// A picture of it now.
    pub fn picture(&self) -> Picture {
        loop {
            let size = self.size();
            let mut command = self.display.command("import");
            command.args(["-window", &self.id, "-depth", "8", "rgb:-"]);
            let pixels = command.output().expect("import runs").stdout;
            // Any other number of pixels was taken while its size changed.
            if let Some(picture) = Picture::new(size, &pixels) {
                return picture;
            }
        }
    }

    /// Its icon, as pixels.
    pub fn icon(&self) -> Vec<u32> {
        self.icon_of(&self.id)
    }

    /// The icon of another window on the same screen.
    pub fn icon_of(&self, id: &str) -> Vec<u32> {
        let property = self.property_of(id, "_NET_WM_ICON");
        property.value32().expect("numbers").collect()
    }

    /// Its X property of this name.
    pub fn property(&self, name: &str) -> GetPropertyReply {
        self.property_of(&self.id, name)
    }

    fn property_of(&self, id: &str, name: &str) -> GetPropertyReply {
        let (connection, _) = x11rb::connect(Some(self.display.name())).expect("the display");
        let asked = connection.intern_atom(false, name.as_bytes());
        let atom = asked.expect("asked").reply().expect("an atom").atom;
        let window = id.parse().expect("a number");
        let asked = connection.get_property(false, window, atom, AtomEnum::ANY, 0, 1 << 20);
        asked.expect("asked").reply().expect("a property")
    }

    /// The screen that it is on.
    pub fn display(&self) -> &Display {
        &self.display
    }

    /// Its title.
    pub fn title(&self) -> String {
        self.display.xdotool(&["getwindowname", &self.id])
    }

    /// Waits until at least 500 of its pixels have exactly this colour, such as that of a field with a refused text.
    #[track_caller]
    pub fn wait_for_colour(&self, colour: [u8; 3]) {
        wait_for(&format!("the colour {colour:?}"), || {
            (self.picture().count(colour) > 500).then_some(())
        });
    }

    /// The whole transcript, copied as a person does.
    pub fn transcript(&self) -> String {
        let mut patience = Duration::from_secs(1);
        wait_for("the copied transcript", || {
            patience *= 2;
            self.display.set_clipboard("");
            self.click(60, 160);
            self.keys(&["ctrl+a", "ctrl+c"]);
            // The window's event loop hands the text over, which it cannot before it runs.
            let until = Instant::now() + patience;
            loop {
                let text = self.display.clipboard();
                if !text.is_empty() || Instant::now() > until {
                    return Some(text).filter(|text| !text.is_empty());
                }
                sleep(Duration::from_millis(10));
            }
        })
    }

    /// Waits until `line` accepts a line of the transcript; returns the transcript.
    #[track_caller]
    pub fn wait_for_line(&self, what: &str, line: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let text = self.transcript();
            if text.lines().any(&line) {
                return text;
            }
            assert!(
                Instant::now() < until,
                "waited in vain for {what} in:\n{text}"
            );
        }
    }

    /// Its process.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child.borrow())
    }

    /// Tells whether its process is still running.
    pub fn lives(&self) -> bool {
        let state = self.child.borrow_mut().try_wait();
        state.expect("its state").is_none()
    }

    /// Its X id, for xdotool and ImageMagick.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Kills its process at once.
    pub fn kill(&self) {
        let mut child = self.child.borrow_mut();
        child.kill().expect("it is there");
        child.wait().expect("it ends");
    }

    /// Waits until its process has ended; returns its exit code.
    #[track_caller]
    pub fn ended(&self) -> Option<i32> {
        let mut child = self.child.borrow_mut();
        wait_for("the window's end", || child.try_wait().expect("its state")).code()
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let lives = matches!(self.child.get_mut().try_wait(), Ok(None));
        if lives && std::thread::panicking() {
            // The last picture of a failed test.
            let test = std::thread::current().name().map(str::to_string);
            let test = test.unwrap_or_default().replace("::", "-");
            self.display.picture(&format!("failed-{test}.png"));
        }
        let child = self.child.get_mut();
        let _ = child.kill();
        let _ = child.wait();
    }
}
