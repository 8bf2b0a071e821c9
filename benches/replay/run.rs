//! Runs one command to its end or to its first line, and measures it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::report::Values;
use crate::{Res, stop, usage};

/// The interval at which memory is read.
const LOOK: Duration = Duration::from_millis(5);

/// The destination of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sink {
    /// `/dev/null`. (GNU grep notices this and stops at its first match.)
    Null,
    /// A pipe into `cat`, whose output goes to `/dev/null`.
    Pipe,
}

/// A command line as it is measured: with UTF-8 and UTC, without chatroom's variables.
pub fn command(line: &[String]) -> Command {
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).stdin(Stdio::null());
    command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CHATROOM_") {
            command.env_remove(name);
        }
    }
    command
}

/// The version that the program prints.
pub fn version(program: &str) -> String {
    let output = command(&[program.to_string(), "--version".to_string()]).output();
    let text = output.map(|out| String::from_utf8_lossy(&out.stdout).into_owned());
    let line = text.map(|text| text.lines().next().unwrap_or_default().to_string());
    line.unwrap_or_else(|_| "not found".to_string())
}

/// Runs a command to its end. Returns its wall and processor time in seconds, the gigabytes of log per second of
/// either, and its peak memory in megabytes, with and without mapped files.
pub fn through(line: &[String], sink: Sink, size: u64) -> Res<Values> {
    let mut command = command(line);
    command.stderr(Stdio::null());
    command.stdout(match sink {
        Sink::Null => Stdio::null(),
        Sink::Pipe => Stdio::piped(),
    });
    let begin = Instant::now();
    let mut child = command.spawn()?;
    let reader = child.stdout.take().map(|out| {
        let mut cat = Command::new("cat");
        cat.stdin(out).stdout(Stdio::null()).spawn()
    });
    let id = child.id();
    let end = thread::spawn(move || {
        // The process is not reaped, so that its usage can still be read.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let pid = Pid::from_raw(id as i32).ok_or("no process")?;
        waitid(WaitId::Pid(pid), options).map_err(|error| error.to_string())?;
        Ok::<Instant, String>(Instant::now())
    });
    let (mut own, mut all) = (0, 0);
    while !end.is_finished() {
        let (o, a) = memory(id);
        (own, all) = (own.max(o), all.max(a));
        thread::sleep(LOOK);
    }
    let end = end.join().map_err(|_| "the waiting thread panicked")??;
    let spent = usage::Cpu::of(&[id]).since(&usage::Cpu::default());
    let status = child.wait()?;
    if let Some(reader) = reader {
        reader?.wait()?;
    }
    stop::check()?;
    if !status.success() {
        return Err(format!("{} ended with {status}", line.join(" ")).into());
    }
    let seconds = (end - begin).as_secs_f64();
    let busy = (spent.user + spent.system) as f64 / 1e9;
    let mut values = Values::default();
    values.put("seconds", seconds);
    values.put("busy", busy);
    values.put("rate", size as f64 / 1e9 / seconds);
    values.put("rate_busy", size as f64 / 1e9 / busy.max(0.01));
    values.put("own", own as f64 / 1e6);
    values.put("all", all as f64 / 1e6);
    Ok(values)
}

/// A process's memory that is of no file, and its peak of all memory, in bytes.
fn memory(pid: u32) -> (u64, u64) {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        number.unwrap_or(0) * 1_024
    };
    (field("RssAnon:"), field("VmHWM:"))
}

/// Runs a command until its first line of output; returns the time since before the start, and the line.
pub fn first_line(line: &[String]) -> Res<(Duration, Vec<u8>)> {
    let mut command = command(line);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let begin = Instant::now();
    let mut child = command.spawn()?;
    let mut first = Vec::new();
    let out = child.stdout.take().ok_or("no output")?;
    BufReader::with_capacity(64 * 1024, out).read_until(b'\n', &mut first)?;
    let took = begin.elapsed();
    end(&mut child);
    match first.is_empty() {
        true => Err(format!("{} printed nothing", line.join(" ")).into()),
        false => Ok((took, first)),
    }
}

/// Kills a process whose output is complete.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
