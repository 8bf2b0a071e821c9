//! What the tests share: a folder of their own and the real binary run in it.
//!
//! A failed expectation prints everything the run said, so that a log of the tests is enough to
//! understand it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The binary under test.
pub const CHATROOM: &str = env!("CARGO_BIN_EXE_chatroom");

/// A folder that one test has for itself; gone at its end.
pub struct Folder {
    dir: TempDir,
}

impl Folder {
    /// A new, empty folder.
    pub fn new() -> Folder {
        Folder {
            dir: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file into it and says where it is.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).expect("the file is written");
        path
    }

    /// The binary with the arguments, to be run in the folder and in known surroundings.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(CHATROOM);
        command.args(args);
        self.settle(&mut command);
        command
    }

    /// Makes `command` run in the folder, without what the tester's surroundings wish.
    pub fn settle(&self, command: &mut Command) {
        command.current_dir(self.path()).stdin(Stdio::null());
        command.env("TERM", "xterm").env("TZ", "UTC");
        command.env_remove("NO_COLOR");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CHATROOM_") {
                command.env_remove(name);
            }
        }
    }

    /// Starts a room on a free port of this machine, with its log as `log.txt` in the folder.
    pub fn room(&self, args: &[&str]) -> Room {
        let fixed = ["server", "--listen", "127.0.0.1:0", "--log", "log.txt"];
        let mut command = self.command(&[&fixed, args].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let (sender, lines) = mpsc::channel();
        let streams: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stdout.take().expect("it is piped")),
            Box::new(child.stderr.take().expect("it is piped")),
        ];
        for stream in streams {
            let sender = sender.clone();
            // To the end, so that the server is never held up by a full pipe.
            thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        let mut said = Vec::new();
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = lines.recv_timeout(left) else {
                let _ = child.kill().and_then(|()| child.wait());
                panic!("the room does not say its port\n{}", said.join("\n"));
            };
            let port = line.strip_prefix("Listening on port ");
            if let Some((port, _)) = port.and_then(|rest| rest.split_once('.')) {
                let address = format!("127.0.0.1:{port}");
                return Room { address, child };
            }
            said.push(line);
        }
    }

    /// Runs the binary to its end.
    pub fn run(&self, args: &[&str]) -> Run {
        Run::of(&mut self.command(args))
    }
}

/// A room of the real server; gone at the end of the test.
pub struct Room {
    /// Where it listens.
    pub address: String,
    child: Child,
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A run that has ended.
pub struct Run {
    what: String,
    /// What it said.
    pub output: Output,
}

impl Run {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Run {
        let what = format!("{command:?}");
        let output = command.output().expect("the command starts");
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

    /// Everything about the run, for a failure.
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
