//! How many TCP segments listeners were sent, from `ss`: on the loopback one write is one segment
//! (up to 64 KB), so this counts the server's writes without touching the server. Tracing its calls
//! would slow each of them tenfold, and a server that is slow to write puts more into each write.

use std::process::Command;

/// The segments with data that came in on this machine's connections to `port`, but for those of the
/// local ports `except`. None where `ss` is missing.
pub fn received(port: u16, except: &[u16]) -> Option<u64> {
    let target = format!("127.0.0.1:{port}");
    let output = Command::new("ss")
        .args(["-tinOH", "state", "established", "dst", &target])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        // Without the state: the two queues, this end, the other end, and then the details.
        let local = words.nth(2)?.rsplit_once(':')?.1.parse::<u16>().ok()?;
        if except.contains(&local) {
            return None;
        }
        let count = words.find_map(|word| word.strip_prefix("data_segs_in:"))?;
        count.parse::<u64>().ok()
    });
    Some(lines.sum())
}
