//! The servers under test: configures them, starts each on a free port in its own folder, and ends them by process
//! id.
//!
//! Invariant: nothing started here outlives the harness. A server is ended when its value is dropped, and the kernel
//! ends it when the harness is killed (see [`launch`]).

mod config;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Resource, Rlimit, Signal, getrlimit, kill_process, set_parent_process_death_signal,
    setrlimit,
};

use support::program::CHATROOM;

use crate::{Res, stop, usage};

/// The longest time that a server may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// The kinds of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// chatroom.
    Chatroom,
    /// nats-server.
    Nats,
    /// An IRC server.
    Ngircd,
    /// nginx with its publish/subscribe module.
    Nchan,
    /// The bare loop in this executable.
    Bare,
}

/// A program that takes part.
#[derive(Clone, Debug)]
pub struct Entrant {
    /// Its name in the tables.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Its executable.
    pub program: PathBuf,
}

impl Entrant {
    /// The entrant of this kind, as installed or built.
    pub fn peer(kind: Kind) -> Entrant {
        let own = own_program();
        let (name, program) = match kind {
            Kind::Chatroom => ("chatroom", &*CHATROOM),
            Kind::Nats => ("nats", "nats-server"),
            Kind::Ngircd => ("ngircd", "ngircd"),
            Kind::Nchan => ("nchan", "nginx"),
            Kind::Bare => ("bare", own.as_str()),
        };
        Entrant {
            name: name.to_string(),
            kind,
            program: program.into(),
        }
    }

    /// The version that its program prints.
    pub fn version(&self) -> String {
        let flag = match self.kind {
            Kind::Bare => return "the bare loop of this harness".to_string(),
            Kind::Nchan => "-v",
            _ => "--version",
        };
        let mut command = Command::new(&self.program);
        let output = command.arg(flag).env("PATH", path()).output();
        let Ok(output) = output else {
            return "not found".to_string();
        };
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        text.lines().next().unwrap_or_default().to_string()
    }
}

/// The executables of chatroom that take part, by their names in the tables: those of the command line, `PATH` or
/// `NAME=PATH`, or else this build.
pub fn named_programs(texts: &[String]) -> Res<Vec<(String, PathBuf)>> {
    let mut named = Vec::new();
    for text in texts {
        let (name, path) = match text.split_once('=') {
            Some((name, path)) => (format!("chatroom {name}"), path),
            None => ("chatroom".to_string(), text.as_str()),
        };
        named.push((name, std::path::absolute(path)?));
    }
    if named.is_empty() {
        let own = Entrant::peer(Kind::Chatroom);
        named.push((own.name, own.program));
    }
    Ok(named)
}

/// Their names and versions.
pub fn versions(entrants: &[Entrant]) -> Vec<(String, String)> {
    let each = entrants.iter();
    each.map(|e| (e.name.clone(), e.version())).collect()
}

/// A running server.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// Its kind.
    pub kind: Kind,
    /// Its address.
    pub address: SocketAddr,
    /// Its folder, which is removed at the end.
    pub folder: PathBuf,
}

/// The options of a start.
#[derive(Debug)]
pub struct Start<'a> {
    entrant: &'a Entrant,
    folder: PathBuf,
    tracer: Vec<String>,
    more: Vec<String>,
    console: &'static str,
    stdout: Stdio,
}

impl<'a> Start<'a> {
    /// A start with the default options.
    pub fn of(entrant: &'a Entrant) -> Res<Start<'a>> {
        Ok(Start {
            entrant,
            folder: new_folder(&entrant.name)?,
            tracer: Vec::new(),
            more: Vec::new(),
            console: "quiet",
            stdout: Stdio::null(),
        })
    }

    /// Its folder, in which files may be put before the start.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs it under this command, to which the server's command line is appended.
    pub fn under(mut self, tracer: &[&str]) -> Start<'a> {
        self.tracer = tracer.iter().map(|word| (*word).to_string()).collect();
        self
    }

    /// Gives it a room key.
    pub fn with_key(mut self, key: &str) -> Res<Start<'a>> {
        fs::write(self.folder.join("key"), key)?;
        self.more.extend(["--key-file", "key"].map(str::to_string));
        Ok(self)
    }

    /// Gives chatroom its full console, written to a pipe.
    pub fn with_console(mut self) -> Start<'a> {
        (self.console, self.stdout) = ("http", Stdio::piped());
        self
    }

    /// Starts it and waits until it can be connected to.
    pub fn go(self) -> Res<Running> {
        let address = free_address()?;
        let (kind, folder) = (self.entrant.kind, self.folder);
        let mut line = self.tracer;
        line.push(self.entrant.program.to_string_lossy().into_owned());
        line.extend(config::arguments(kind, address, &folder, self.console)?);
        line.extend(self.more);
        let mut command = launched(&line, &folder)?;
        let child = command.stdout(self.stdout).spawn()?;
        let mut running = Running {
            child,
            kind,
            address,
            folder,
        };
        running.wait_until_ready()?;
        Ok(running)
    }
}

impl Running {
    /// Starts a server with the default options.
    pub fn start(entrant: &Entrant) -> Res<Running> {
        Start::of(entrant)?.go()
    }

    fn wait_until_ready(&mut self) -> Res<()> {
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(self.address).is_err() {
            stop::check()?;
            let ended = self.child.try_wait()?;
            if ended.is_some() || Instant::now() > until {
                let said = fs::read_to_string(self.folder.join("stderr")).unwrap_or_default();
                return Err(format!("{:?} did not start ({ended:?}): {said}", self.kind).into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        // nginx accepts connections before all its workers run, whose memory and time count.
        let workers = thread::available_parallelism().map_or(1, usize::from);
        while self.kind == Kind::Nchan && usage::family(self.pid()).len() <= workers {
            stop::check()?;
            if Instant::now() > until {
                return Err("nginx has not started all its workers".into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// The id of its first process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Takes the pipe that its console is written to, if there is one and it was not taken before.
    pub fn console(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end(&mut self.child);
        // If something remains, it is in target/, which `make clean` empties.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Ends a process and its children: by SIGTERM, and after five seconds by SIGKILL.
pub fn end(child: &mut Child) {
    let family = usage::family(child.id());
    signal(&[child.id()], Signal::TERM);
    let until = Instant::now() + Duration::from_secs(5);
    let gone = |pid: &u32| !Path::new(&format!("/proc/{pid}/fd")).exists();
    while Instant::now() < until {
        let ended = matches!(child.try_wait(), Ok(Some(_)));
        if ended && family[1..].iter().all(gone) {
            return;
        }
        thread::sleep(Duration::from_millis(2));
    }
    signal(&family, Signal::KILL);
    let _ = child.wait();
}

fn signal(pids: &[u32], signal: Signal) {
    for pid in pids {
        if let Some(pid) = Pid::from_raw(*pid as i32) {
            // It may have ended by itself.
            let _ = kill_process(pid, signal);
        }
    }
}

/// Makes a folder on the disk that the build is on.
pub fn new_folder(name: &str) -> Res<PathBuf> {
    let folder = crate::report::folder()?.join("run");
    fs::create_dir_all(&folder)?;
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let folder = tempfile::Builder::new()
        .prefix(&format!("{}-{name}-", std::process::id()))
        .tempdir_in(folder)?;
    Ok(folder.keep())
}

/// Removes the folders that killed harnesses left.
pub fn sweep() -> Res<()> {
    let folders = fs::read_dir(crate::report::folder()?.join("run"));
    for folder in folders.into_iter().flatten().flatten() {
        let name = folder.file_name().to_string_lossy().into_owned();
        let owner = name.split('-').next().unwrap_or_default();
        if !Path::new("/proc").join(owner).exists() {
            fs::remove_dir_all(folder.path())?;
        }
    }
    Ok(())
}

/// The path of this executable, which stays valid when a new build replaces it.
pub fn own_program() -> String {
    format!("/proc/{}/exe", std::process::id())
}

/// An address with a port that is free now. No other program gets it soon, since the kernel assigns ports in turn.
pub fn free_address() -> Res<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// A command that runs `line` in `folder` through [`launch`].
pub fn launched(line: &[String], folder: &Path) -> Res<Command> {
    let mut command = Command::new(own_program());
    command.arg("launch").args(line).current_dir(folder);
    command
        .stdin(Stdio::null())
        .stderr(File::create(folder.join("stderr"))?);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CHATROOM_") {
            command.env_remove(name);
        }
    }
    Ok(command)
}

/// Becomes the program of `line`, which then ends with its parent and may open as many files as the system allows.
pub fn launch(line: &[impl AsRef<OsStr>]) -> Res<()> {
    set_parent_process_death_signal(Some(Signal::TERM))?;
    raise_file_limit()?;
    let (program, args) = line.split_first().ok_or("nothing to launch")?;
    Err(Command::new(program)
        .args(args)
        .env("PATH", path())
        .exec()
        .into())
}

/// The search path for programs, with the folders of administrators, where servers often are.
fn path() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{path}:/usr/local/sbin:/usr/sbin:/sbin")
}

/// Raises the soft limit on open files to the hard one; returns the limit.
pub fn raise_file_limit() -> Res<u64> {
    let hard = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: hard,
        maximum: hard,
    };
    setrlimit(Resource::Nofile, raised)?;
    Ok(hard.unwrap_or(u64::MAX))
}
