//! The number of TCP segments sent to listeners, from `ss`. On the loopback one write is one segment (up to 64 KB),
//! so this counts the server's writes without touching the server. Tracing would slow each call tenfold, and a server
//! whose writes are slow puts more into each.

use std::process::Command;

/// The number of data segments received on this machine's connections to `port`, except those of the local ports
/// `except`. `None` if `ss` is missing.
pub fn received(port: u16, except: &[u16]) -> Option<u64> {
    let target = format!("127.0.0.1:{port}");
    let output = Command::new("ss")
        .args(["-tinOH", "state", "established", "dst", &target])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        // The columns: two queues, this end, the other end, and then the details.
        let local = words.nth(2)?.rsplit_once(':')?.1.parse::<u16>().ok()?;
        if except.contains(&local) {
            return None;
        }
        let count = words.find_map(|word| word.strip_prefix("data_segs_in:"))?;
        count.parse::<u64>().ok()
    });
    Some(lines.sum())
}
