//! A test's own screen: Xvfb with a window manager, and tools to use the windows on it and to look at them.
//!
//! Tests use windows as a person does: clicks, keys, the clipboard, pictures. They always start a screen of their
//! own, and fail if that is impossible.

pub mod clipboard;

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::program::Folder;
use crate::waiting::{PATIENCE, wait_for};
use crate::window::Window;
use crate::written::Written;

/// A screen with a window manager.
pub struct Display {
    xvfb: Child,
    manager: Child,
    name: String,
}

impl Display {
    /// Starts a screen of this size.
    pub fn start(width: u32, height: u32) -> Display {
        // Two servers that search for a free number at the same time can take the same one.
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
        // A window that is opened before the window manager is ready can stay invisible for ever. The manager runs
        // this command when it is ready.
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

    /// Its name, for `DISPLAY`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A command that uses this screen.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DISPLAY", &self.name).stdin(Stdio::null());
        command
    }

    /// Runs xdotool; returns its output.
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

    /// Like [`Display::open`], with these environment variables.
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

    /// Like [`Display::open`], by this command.
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
        Window::new(Arc::clone(self), child, id, folder)
    }

    /// The text in the clipboard.
    pub fn clipboard(&self) -> String {
        self.selection("clipboard")
    }

    /// The text that was copied (`clipboard`) or is selected (`primary`).
    pub fn selection(&self, which: &str) -> String {
        let output = self
            .command("xclip")
            .args(["-selection", which, "-o"])
            .output()
            .expect("xclip runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Puts a text into the clipboard.
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

    /// Keeps a picture of the whole screen if `CHATROOM_PICTURES` names a folder.
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
