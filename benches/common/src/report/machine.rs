//! The machine and the versions that figures were measured with.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

/// Describes the machine, the `make` target with its arguments, and the programs that take part.
pub fn describe(target: &str, versions: &[(String, String)]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut put = |name: &str, value: String| all.insert(name.to_string(), value);
    let cpu = field("/proc/cpuinfo", "model name");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    put("machine", format!("{cpu}, {cores} cores"));
    put("memory", field("/proc/meminfo", "MemTotal"));
    put("disk", disk());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel: String = kernel.trim().split('-').take(1).collect();
    put("kernel", format!("Linux {kernel}"));
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    put("command", format!("{target} ARGS='{}'", args.join(" ")));
    let commit = Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=10"])
        .output();
    let commit = commit.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_string());
    put("commit", commit.unwrap_or_default());
    for (name, version) in versions {
        put(&format!("version of {name}"), version.clone());
    }
    all
}

/// The file system of the servers' files.
pub fn disk() -> String {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let folder = super::folder().unwrap_or_default();
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (place, kind) = (words.next()?, words.next()?);
        folder.starts_with(place).then_some((place.len(), kind))
    });
    let nearest = mounts.max_by_key(|(length, _)| *length);
    nearest.map_or(String::new(), |(_, kind)| kind.to_string())
}

fn field(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':'));
    value.map_or(String::new(), |(_, value)| value.trim().to_string())
}
