//! The servers under test: found, configured, started on a free port in a folder of their own, and
//! ended by the ids of their processes.
//!
//! What always holds: nothing that was started here outlives the harness. A server is ended when its
//! value is dropped, and the kernel ends it when the harness is killed (see [`launch`]).

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

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// The kinds of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ours.
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

/// One that takes part.
#[derive(Clone, Debug)]
pub struct Entrant {
    /// What the tables call it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its executable.
    pub program: PathBuf,
}

impl Entrant {
    /// One of the others.
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

    /// What its program says its version is.
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

/// The executables of chatroom that take part, by the names that the tables give them: those of the
/// command line, `PATH` or `NAME=PATH`, or else the one of this build.
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
    /// What it is.
    pub kind: Kind,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its folder, gone at the end.
    pub folder: PathBuf,
}

/// How a server is to be started.
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
    /// As it is measured where nothing else is said.
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

    /// Where it will be; files may be put there.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Under this command, which is given the server's command line.
    pub fn under(mut self, tracer: &[&str]) -> Start<'a> {
        self.tracer = tracer.iter().map(|word| (*word).to_string()).collect();
        self
    }

    /// With a room key.
    pub fn with_key(mut self, key: &str) -> Res<Start<'a>> {
        fs::write(self.folder.join("key"), key)?;
        self.more.extend(["--key-file", "key"].map(str::to_string));
        Ok(self)
    }

    /// With chatroom's full console, written to a pipe.
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
    /// Starts one as it is measured.
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
        // nginx takes connections before it has its workers, whose memory and time are to be counted.
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

    /// The first of its processes.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The pipe that its console is written to, if it has one and it was not yet taken.
    pub fn console(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end(&mut self.child);
        // What is left of the folder is in target/, which `make clean` empties.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Ends a process and those that it started: asked first, then made to.
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
            // One that has ended by itself needs no signal.
            let _ = kill_process(pid, signal);
        }
    }
}

/// A new folder on the disk that the build is on.
pub fn new_folder(name: &str) -> Res<PathBuf> {
    let folder = crate::report::folder()?.join("run");
    fs::create_dir_all(&folder)?;
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let folder = tempfile::Builder::new()
        .prefix(&format!("{}-{name}-", std::process::id()))
        .tempdir_in(folder)?;
    Ok(folder.keep())
}

/// Removes what a harness that was killed has left.
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

/// This executable, by a name that stays good when a new build takes its place.
pub fn own_program() -> String {
    format!("/proc/{}/exe", std::process::id())
}

/// A port that is free now. Nobody else is given it soon: the kernel hands them out in turn.
pub fn free_address() -> Res<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// A command that runs `line` in `folder` by way of [`launch`].
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

/// Becomes the program of `line`, which is then ended with its parent and may open as many files as
/// the system allows.
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

/// Where programs are looked for: servers are often where only administrators look.
fn path() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{path}:/usr/local/sbin:/usr/sbin:/sbin")
}

/// Raises the soft limit on open files to the hard one; the limit.
pub fn raise_file_limit() -> Res<u64> {
    let hard = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: hard,
        maximum: hard,
    };
    setrlimit(Resource::Nofile, raised)?;
    Ok(hard.unwrap_or(u64::MAX))
}
