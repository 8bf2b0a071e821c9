//! A screen of a test's own: Xvfb with a window manager, and hands and eyes for the windows on it.
//!
//! Windows are used as a person does: clicks, keys, the clipboard, pictures. The screen is always
//! started; a test never needs one that is there already, and fails where none can be had.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use x11rb::protocol::xproto::{AtomEnum, ConnectionExt, GetPropertyReply};

use crate::clipboard::hand_over;
use crate::picture::Picture;
use crate::server::{PATIENCE, Written, wait_for};
use crate::util::Folder;

/// A screen with a window manager.
pub struct Display {
    xvfb: Child,
    manager: Child,
    name: String,
}

impl Display {
    /// A new screen of that size.
    pub fn start(width: u32, height: u32) -> Display {
        // Two servers that look for a free number at the same moment can take the same one.
        static STARTING: Mutex<()> = Mutex::new(());
        let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let screen = format!("{width}x{height}x24");
        let mut xvfb = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                &screen,
                "-nolisten",
                "tcp",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .stdin(Stdio::null())
            .spawn()
            .expect("Xvfb starts (scripts/setup.sh test installs it)");
        let mut number = String::new();
        let out = xvfb.stdout.take().expect("a pipe");
        BufReader::new(out)
            .read_line(&mut number)
            .expect("Xvfb names its display");
        let name = format!(":{}", number.trim());
        // It takes windows only once it is past its start: one that is opened earlier can stay
        // unseen for ever. The command that it then runs says so.
        let ready = tempfile::tempdir().expect("a folder");
        let flag = ready.path().join("ready");
        let manager = Command::new("openbox")
            .args(["--startup", &format!("touch {}", flag.display())])
            .env("DISPLAY", &name)
            .env("HOME", "/nonexistent")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openbox starts (scripts/setup.sh test installs it)");
        let display = Display {
            xvfb,
            manager,
            name,
        };
        wait_for("the window manager", || flag.exists().then_some(()));
        display
    }

    /// What `DISPLAY` is for it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A command that uses this screen.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DISPLAY", &self.name).stdin(Stdio::null());
        command
    }

    /// Runs xdotool and gives what it printed.
    pub fn xdotool(&self, args: &[&str]) -> String {
        let output = self
            .command("xdotool")
            .args(args)
            .output()
            .expect("xdotool runs");
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    }

    fn windows(&self) -> HashSet<String> {
        let found = self.xdotool(&["search", "--onlyvisible", "--class", "chatroom"]);
        found.lines().map(str::to_string).collect()
    }

    /// Starts `chatroom gui` with a home of its own and waits for its window.
    pub fn open(self: &Arc<Display>, folder: Arc<Folder>, args: &[&str]) -> Window {
        self.open_with(folder, args, &[])
    }

    /// The same, with variables for its environment.
    pub fn open_with(
        self: &Arc<Display>,
        folder: Arc<Folder>,
        args: &[&str],
        environment: &[(&str, &str)],
    ) -> Window {
        let mut all = vec!["gui"];
        all.extend_from_slice(args);
        let mut command = folder.command(&all);
        command.envs(environment.iter().copied());
        self.open_by(folder, command)
    }

    /// The same by a command of the test's own.
    pub fn open_by(self: &Arc<Display>, folder: Arc<Folder>, mut command: Command) -> Window {
        let before = self.windows();
        let home = folder.path().join("home");
        command.env("DISPLAY", &self.name).env("HOME", &home);
        for name in [
            "XDG_CONFIG_HOME",
            "XDG_STATE_HOME",
            "XDG_DATA_HOME",
            "XDG_CACHE_HOME",
            "WAYLAND_DISPLAY",
            "DBUS_SESSION_BUS_ADDRESS",
        ] {
            if !command.get_envs().any(|(set, _)| set == name) {
                command.env_remove(name);
            }
        }
        std::fs::create_dir_all(&home).expect("a home");
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the window starts");
        let words = Written::follow(child.stderr.take().expect("a pipe"));
        let until = Instant::now() + PATIENCE;
        let id = loop {
            if let Some(id) = self.windows().difference(&before).next() {
                break id.clone();
            }
            let ended = child.try_wait().expect("its state");
            assert!(
                ended.is_none() && Instant::now() < until,
                "there is no window on {} ({ended:?}): {}",
                self.name,
                words.text()
            );
        };
        Window {
            display: Arc::clone(self),
            child: RefCell::new(child),
            id,
            _folder: folder,
        }
    }

    /// What is in the clipboard.
    pub fn clipboard(&self) -> String {
        self.selection("clipboard")
    }

    /// What was copied (`clipboard`) or is marked (`primary`).
    pub fn selection(&self, which: &str) -> String {
        let output = self
            .command("xclip")
            .args(["-selection", which, "-o"])
            .output()
            .expect("xclip runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub fn set_clipboard(&self, text: &str) {
        self.set_selection("clipboard", text);
    }

    /// Puts a text where [`Display::selection`] finds it.
    pub fn set_selection(&self, which: &str, text: &str) {
        let mut command = self.command("xclip");
        command
            .args(["-selection", which, "-i"])
            .stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::null()).spawn().expect("xclip runs");
        child
            .stdin
            .take()
            .expect("a pipe")
            .write_all(text.as_bytes())
            .expect("written");
        child.wait().expect("xclip ends");
    }

    /// Takes a picture of the whole screen if the folder that `CHATROOM_PICTURES` names is wanted.
    pub fn picture(&self, name: &str) {
        if let Some(folder) = std::env::var_os("CHATROOM_PICTURES") {
            let path = Path::new(&folder).join(name);
            let taken = self
                .command("import")
                .args(["-window", "root"])
                .arg(&path)
                .status();
            assert!(
                taken.is_ok_and(|status| status.success()),
                "no picture at {}",
                path.display()
            );
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        for child in [&mut self.manager, &mut self.xvfb] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A `chatroom gui` on a screen.
pub struct Window {
    pub(crate) display: Arc<Display>,
    pub(crate) child: RefCell<Child>,
    pub(crate) id: String,
    _folder: Arc<Folder>,
}

impl Window {
    /// Puts it somewhere.
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

    /// Pastes text into whatever has the focus; what is pressed next comes after it.
    pub fn paste(&self, text: &str) {
        hand_over(&self.display.name, text, || self.keys(&["ctrl+v"]));
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

    /// Does with the pointer what xdotool's `actions` say, from a place within the window on, which
    /// is where [`Window::click`] counts from.
    pub fn point(&self, (x, y): (i32, i32), actions: &[&str]) {
        let (width, height) = self.size();
        let x = if x < 0 { width + x } else { x };
        let y = if y < 0 { height + y } else { y };
        let (x, y) = (x.to_string(), y.to_string());
        let mut args = vec!["mousemove", "--window", &self.id, &x, &y];
        args.extend_from_slice(actions);
        self.display.xdotool(&args);
    }

    /// Draws the pointer from one place to another with its first button down.
    pub fn drag(&self, from: (i32, i32), to: (i32, i32)) {
        self.activate();
        self.point(from, &["mousedown", "1"]);
        // In two steps, as a hand does not jump either.
        self.point(((from.0 + to.0) / 2, (from.1 + to.1) / 2), &[]);
        self.point(to, &["mouseup", "1"]);
    }

    /// What is drawn in it now.
    pub fn picture(&self) -> Picture {
        let (width, _) = self.size();
        let mut command = self.display.command("import");
        command.args(["-window", &self.id, "-depth", "8", "rgb:-"]);
        let pixels = command.output().expect("import runs").stdout;
        Picture::new(width as usize, pixels)
    }

    /// Its icon, as pixels.
    pub fn icon(&self) -> Vec<u32> {
        self.icon_of(&self.id)
    }

    /// That of another window on the same screen.
    pub fn icon_of(&self, id: &str) -> Vec<u32> {
        let property = self.property_of(id, "_NET_WM_ICON");
        property.value32().expect("numbers").collect()
    }

    /// What it tells the desktop under this name.
    pub fn property(&self, name: &str) -> GetPropertyReply {
        self.property_of(&self.id, name)
    }

    fn property_of(&self, id: &str, name: &str) -> GetPropertyReply {
        let (connection, _) = x11rb::connect(Some(&self.display.name)).expect("the display");
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

    /// Waits until at least 500 of its pixels have exactly this colour, as the field has that holds
    /// something refused.
    #[track_caller]
    pub fn wait_for_colour(&self, colour: [u8; 3]) {
        wait_for(&format!("the colour {colour:?}"), || {
            let picture = self.picture();
            (picture.count(picture.all(), colour) > 500).then_some(())
        });
    }

    /// Everything the transcript shows, read as a person copies it.
    pub fn transcript(&self) -> String {
        let mut patience = Duration::from_secs(1);
        wait_for("the copied transcript", || {
            patience *= 2;
            self.display.set_clipboard("");
            self.click(60, 160);
            self.keys(&["ctrl+a", "ctrl+c"]);
            // The text is handed over by the window's own event loop; where there is none yet, never.
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

    /// Waits until a line of the transcript is `line`; gives the transcript.
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

    /// Kills its process at once.
    pub fn kill(&self) {
        let mut child = self.child.borrow_mut();
        child.kill().expect("it is there");
        child.wait().expect("it ends");
    }

    /// Waits until its process has ended; its exit code.
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
            // What a failed test saw last.
            let test = std::thread::current().name().map(str::to_string);
            let test = test.unwrap_or_default().replace("::", "-");
            self.display.picture(&format!("failed-{test}.png"));
        }
        let child = self.child.get_mut();
        let _ = child.kill();
        let _ = child.wait();
    }
}
