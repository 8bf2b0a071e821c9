//! The real binary, run in the test's own folder.
//!
//! A failed expectation prints the whole output of the run, so that a log of the tests is enough to understand it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::{self, Display};
use std::fs::Permissions;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use tempfile::TempDir;

use crate::waiting::PATIENCE;

/// The binary under test.
pub const CHATROOM: Program = Program;

/// The path of the binary under test, as a string or a path.
#[derive(Clone, Copy, Debug)]
pub struct Program;

impl Deref for Program {
    type Target = str;

    fn deref(&self) -> &str {
        static PATH: LazyLock<String> = LazyLock::new(|| {
            // New versions of cargo name it in the environment of the tests, older ones only while these are
            // compiled. It is in the folder above that of the tests.
            let named = std::env::var_os("CARGO_BIN_EXE_chatroom").map(PathBuf::from);
            let path = named.unwrap_or_else(|| {
                let test = std::env::current_exe().expect("the test's own path");
                let folder = test.ancestors().nth(2).expect("the folder above deps");
                folder.join("chatroom")
            });
            path.into_os_string()
                .into_string()
                .expect("a path in UTF-8")
        });
        &PATH
    }
}

impl AsRef<OsStr> for Program {
    fn as_ref(&self) -> &OsStr {
        OsStr::new(&**self)
    }
}

impl AsRef<Path> for Program {
    fn as_ref(&self) -> &Path {
        Path::new(&**self)
    }
}

impl Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// A test's own folder, removed at its end.
pub struct Folder {
    dir: TempDir,
}

impl Default for Folder {
    fn default() -> Folder {
        Folder::new()
    }
}

impl Folder {
    /// A new, empty folder.
    pub fn new() -> Folder {
        Folder {
            dir: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Every file in it with its bytes.
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(self.path()).expect("the folder");
        let files = entries.map(|entry| entry.expect("an entry").path());
        let files = files.filter(|path| path.is_file());
        let name = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
        files
            .map(|path| {
                let bytes = std::fs::read(&path).expect("it can be read");
                (name(&path).unwrap_or_default(), bytes)
            })
            .collect()
    }

    /// Writes a file into it; returns its path. A file called `key` is private to its owner, as a room key's file
    /// must be.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).expect("the file is written");
        if name == "key" {
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("set");
        }
        path
    }

    /// A command that runs the binary with these arguments in the folder and in a known environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(CHATROOM);
        command.args(args);
        self.settle(&mut command);
        command
    }

    /// Makes `command` run in the folder, without the settings of the tester's environment.
    pub fn settle(&self, command: &mut Command) {
        command.current_dir(self.path()).stdin(Stdio::null());
        command.env("TERM", "xterm").env("TZ", "UTC");
        command.env_remove("NO_COLOR");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CHATROOM_") {
                command.env_remove(name);
            }
        }
        // Tests must not use the machine's network.
        command
            .env("CHATROOM_NO_ANNOUNCE", "1")
            .env("CHATROOM_NO_SEARCH", "1");
    }

    /// Runs the binary to its end.
    pub fn run(&self, args: &[&str]) -> Run {
        Run::of(&mut self.command(args))
    }
}

/// A run that has ended.
pub struct Run {
    what: String,
    /// Its exit status and output.
    pub output: Output,
}

impl Run {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Run {
        let what = format!("{command:?}");
        let output = command.output().expect("the command starts");
        Run { what, output }
    }

    /// Runs a command that must end by itself, such as a window that cannot open. If it does not, it is killed, and
    /// the test fails.
    #[track_caller]
    pub fn that_ends(command: &mut Command) -> Run {
        let what = format!("{command:?}");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the command starts");
        let pid = Pid::from_child(&child);
        let process = pidfd_open(pid, PidfdFlags::empty()).expect("the kernel has pidfds");
        let (done, waits) = mpsc::channel::<()>();
        let watch = thread::spawn(move || {
            let late = waits.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout);
            if late {
                // It may have ended in the meantime.
                let _ = pidfd_send_signal(process, Signal::KILL);
            }
            late
        });
        let output = child.wait_with_output().expect("the command ends");
        drop(done);
        let late = watch.join().expect("no panic");
        let run = Run { what, output };
        assert!(!late, "it did not end by itself\n{}", run.story());
        run
    }

    /// Runs a program that not every machine has; `None`, and a line in the test's output, where it is missing.
    #[track_caller]
    pub fn if_installed(command: &mut Command) -> Option<Run> {
        let program = command.get_program().to_string_lossy().to_string();
        match command.output() {
            Ok(output) => Some(Run::ended(format!("{command:?}"), output)),
            Err(error) => {
                println!("{program}: {error}");
                None
            }
        }
    }

    /// A finished run of `what` with this output.
    pub fn ended(what: String, output: Output) -> Run {
        Run { what, output }
    }

    /// Runs a command with an unused keyboard: its input stays open, since its end counts as a key.
    pub fn at_keyboard(command: &mut Command) -> Run {
        let what = format!("{command:?}");
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        let keyboard = child.stdin.take();
        let output = child.wait_with_output().expect("the command ends");
        drop(keyboard);
        Run { what, output }
    }

    /// Expects the exit code.
    #[track_caller]
    pub fn code(self, code: i32) -> Run {
        if self.output.status.code() != Some(code) {
            panic!("expected exit code {code}\n{}", self.story());
        }
        self
    }

    /// Expects exactly this on stdout.
    #[track_caller]
    pub fn stdout(self, wanted: &str) -> Run {
        if self.output.stdout != wanted.as_bytes() {
            panic!("expected on stdout:\n{wanted}\n{}", self.story());
        }
        self
    }

    /// Expects exactly this on stderr.
    #[track_caller]
    pub fn stderr(self, wanted: &str) -> Run {
        if self.output.stderr != wanted.as_bytes() {
            panic!("expected on stderr:\n{wanted}\n{}", self.story());
        }
        self
    }

    /// Expects this somewhere on stdout.
    #[track_caller]
    pub fn stdout_has(self, wanted: &str) -> Run {
        if !self.said().contains(wanted) {
            panic!("expected within stdout:\n{wanted}\n{}", self.story());
        }
        self
    }

    /// Expects one line on stderr with all of these in it.
    #[track_caller]
    pub fn one_sentence(self, parts: &[&str]) -> Run {
        let stderr = String::from_utf8_lossy(&self.output.stderr);
        let fits = stderr.lines().count() == 1 && parts.iter().all(|part| stderr.contains(part));
        if !fits {
            panic!(
                "expected on stderr one line with {parts:?}\n{}",
                self.story()
            );
        }
        self
    }

    /// Stdout as text.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// The whole run as text, for a failure.
    pub fn story(&self) -> String {
        format!(
            "ran {}\n{}\n--- stdout ---\n{}\n--- stderr ---\n{}\n---",
            self.what,
            self.output.status,
            self.said(),
            String::from_utf8_lossy(&self.output.stderr)
        )
    }
}
