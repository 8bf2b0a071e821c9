//! A terminal to press keys in and to look at: a separate tmux with a shell in it.

use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Pid;

use crate::program::{CHATROOM, Folder};
use crate::waiting::{PATIENCE, wait_for};

/// A terminal with a shell in it. The terminal and its processes end with this value.
pub struct Tmux<'a> {
    folder: &'a Folder,
}

impl<'a> Tmux<'a> {
    /// Starts a terminal of this size. The shell's prompt is `$ `.
    pub fn start(folder: &'a Folder, columns: u16, rows: u16) -> Tmux<'a> {
        let tmux = Tmux { folder };
        folder.file("tmux.conf", "set -g status off\nset -g escape-time 0\n");
        folder.file("shell.rc", "PS1='$ '\nset -m\n");
        let mut command = tmux.command();
        command.args(["-f", "tmux.conf", "new-session", "-d"]);
        command.args(["-x", &columns.to_string(), "-y", &rows.to_string()]);
        command.args(["bash", "--noprofile", "--rcfile", "shell.rc", "-i"]);
        folder.settle(&mut command);
        command.env("LC_ALL", "C.UTF-8").env("CHATROOM", CHATROOM);
        // Keeps the history of shells and pagers out of the tester's own.
        command.env("HOME", folder.path()).env_remove("HISTFILE");
        let status = command.status().expect("tmux starts");
        assert!(status.success());
        tmux.wait_for("the shell", |screen| screen.starts_with('$'));
        tmux
    }

    fn command(&self) -> Command {
        let mut command = Command::new("tmux");
        // The path is short, since that of a socket is limited.
        command.arg("-S").arg(self.folder.path().join("t"));
        command
    }

    /// Runs a command of tmux; returns its output.
    pub fn run(&self, args: &[&str]) -> String {
        let output = self.command().args(args).output().expect("tmux runs");
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Presses keys by tmux's names.
    pub fn keys(&self, keys: &[&str]) {
        let mut args = vec!["send-keys"];
        args.extend_from_slice(keys);
        self.run(&args);
    }

    /// Types a text.
    pub fn text(&self, text: &str) {
        self.run(&["send-keys", "-l", text]);
    }

    /// Types a command and Enter.
    pub fn shell(&self, command: &str) {
        self.text(command);
        self.keys(&["Enter"]);
    }

    /// The text on the screen.
    pub fn screen(&self) -> String {
        self.run(&["capture-pane", "-p"])
    }

    /// Waits until the screen is as wanted, and returns it.
    #[track_caller]
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            assert!(
                Instant::now() < until,
                "waited in vain for {what} on:\n{screen}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until this text is on the screen.
    #[track_caller]
    pub fn wait_text(&self, wanted: &str) -> String {
        self.wait_for(wanted, |screen| screen.contains(wanted))
    }

    /// Waits until the last line, the bar, contains `bar`, and the lines above it end in these.
    #[track_caller]
    pub fn wait_end(&self, lines: &[&str], bar: &str) -> String {
        self.wait_for(&format!("{lines:?} and {bar:?}"), |screen| {
            let shown: Vec<&str> = screen.lines().filter(|line| !line.is_empty()).collect();
            let Some((last, above)) = shown.split_last() else {
                return false;
            };
            let ends = above.len() >= lines.len()
                && above[above.len() - lines.len()..]
                    .iter()
                    .zip(lines)
                    .all(|(line, wanted)| line.ends_with(wanted));
            ends && last.contains(bar)
        })
    }

    /// Presses keys and waits for their effect, as [`Tmux::wait_end`] does.
    #[track_caller]
    pub fn press(&self, keys: &[&str], lines: &[&str], bar: &str) -> String {
        self.keys(keys);
        self.wait_end(lines, bar)
    }

    /// The terminal's settings, read in the shell.
    pub fn settings(&self, name: &str) -> String {
        self.shell(&format!("stty -a > {name}.part; mv {name}.part {name}"));
        let path = self.folder.path().join(name);
        wait_for(name, || std::fs::read_to_string(&path).ok())
    }

    /// Starts a replay with these arguments, whose process id is [`Tmux::pid`].
    pub fn play(&self, args: &str) {
        let pid = self.folder.path().join("pid");
        let _ = std::fs::remove_file(&pid);
        self.shell(&format!(
            "clear; sh -c 'echo $$ > pid.part; mv pid.part pid; exec \"$CHATROOM\" replay {args}'; echo \"code $?\""
        ));
        // From now on the screen shows this play.
        wait_for("the play", || pid.exists().then_some(()));
    }

    /// The play's process.
    pub fn pid(&self) -> Pid {
        let text = std::fs::read_to_string(self.folder.path().join("pid")).expect("a pid");
        let pid = text.trim().parse().expect("a number");
        Pid::from_raw(pid).expect("a process")
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        let _ = self.command().arg("kill-server").output();
    }
}
