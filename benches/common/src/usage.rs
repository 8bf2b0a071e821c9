//! The resources that processes use: processor time, memory, and the kernel's memory for sockets.
//!
//! All figures come from /proc. The time of several processes is the sum over all threads.

use std::collections::HashMap;
use std::fs;

use crate::Res;

/// The kernel counts processor time split by mode in ticks of this many nanoseconds (USER_HZ).
const TICK: u64 = 10_000_000;
const PAGE: u64 = 4_096;

/// A process and its descendants, itself first.
pub fn family(pid: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let parent = stat(pid)?.get(1)?.parse().ok()?;
            Some((pid, parent))
        })
        .collect();
    let mut family = vec![pid];
    let mut at = 0;
    while at < family.len() {
        let of = family[at];
        family.extend(parents.iter().filter(|(_, p)| *p == of).map(|(c, _)| *c));
        at += 1;
    }
    family
}

/// The fields of /proc/PID/stat from the state on.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split_whitespace().map(str::to_string).collect())
}

/// The processor time used so far.
#[derive(Clone, Debug, Default)]
pub struct Cpu {
    threads: HashMap<(u32, u32), u64>,
    user: u64,
    system: u64,
}

/// The processor time used between two moments, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// All of it, counted exactly.
    pub all: u64,
    /// The part in user mode, counted in ticks.
    pub user: u64,
    /// The part in the kernel, counted in ticks.
    pub system: u64,
}

impl Cpu {
    /// The processor time of these processes.
    pub fn of(pids: &[u32]) -> Cpu {
        let mut cpu = Cpu::default();
        for pid in pids {
            let tasks = fs::read_dir(format!("/proc/{pid}/task"));
            for task in tasks.into_iter().flatten().flatten() {
                let name = task.file_name();
                let id = name.to_str().and_then(|name| name.parse().ok());
                let ran = fs::read_to_string(task.path().join("schedstat"));
                let ran = ran.ok().and_then(|t| t.split(' ').next()?.parse().ok());
                if let (Some(id), Some(ran)) = (id, ran) {
                    cpu.threads.insert((*pid, id), ran);
                }
            }
            if let Some(fields) = stat(*pid) {
                let ticks = |n: usize| -> u64 {
                    let field = fields.get(n).and_then(|f| f.parse::<u64>().ok());
                    field.unwrap_or(0) * TICK
                };
                cpu.user += ticks(11);
                cpu.system += ticks(12);
            }
        }
        cpu
    }

    /// The time used since `earlier`. A thread that ended in between counts nothing, one that began counts wholly.
    pub fn since(&self, earlier: &Cpu) -> Spent {
        let ran = self.threads.iter().map(|(id, now)| {
            let before = earlier.threads.get(id).copied().unwrap_or(0);
            now.saturating_sub(before)
        });
        Spent {
            all: ran.sum(),
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
        }
    }
}

/// The memory of these processes in bytes, with shared memory divided among those that share it (PSS).
pub fn memory(pids: &[u32]) -> u64 {
    let of = |pid: &u32| field(&format!("/proc/{pid}/smaps_rollup"), "Pss:");
    pids.iter().filter_map(of).sum()
}

/// The memory that only these processes have, in bytes.
pub fn private_memory(pids: &[u32]) -> u64 {
    let of = |pid: &u32| -> Option<u64> {
        let file = format!("/proc/{pid}/smaps_rollup");
        Some(field(&file, "Private_Clean:")? + field(&file, "Private_Dirty:")?)
    };
    pids.iter().filter_map(of).sum()
}

/// The sum of the peaks of these processes, in bytes; shared memory counts for each of them.
pub fn peak_memory(pids: &[u32]) -> u64 {
    let of = |pid: &u32| field(&format!("/proc/{pid}/status"), "VmHWM:");
    pids.iter().filter_map(of).sum()
}

/// The value of a field in bytes, given in kB in a file of /proc.
fn field(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1_024)
}

/// The memory that a process holds now, in bytes; cheap enough to be called often.
pub fn resident(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|n| n.parse::<u64>().ok());
    pages.unwrap_or(0) * PAGE
}

/// The kernel's memory for all TCP sockets of this machine, in bytes.
pub fn socket_memory() -> Res<u64> {
    let text = fs::read_to_string("/proc/net/sockstat")?;
    let line = text.lines().find_map(|line| line.strip_prefix("TCP:"));
    let mut words = line.unwrap_or_default().split_whitespace();
    words.find(|word| *word == "mem");
    let pages: u64 = words.next().ok_or("no `mem` in sockstat")?.parse()?;
    Ok(pages * PAGE)
}
