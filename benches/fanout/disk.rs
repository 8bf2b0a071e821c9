//! The bare disk: the cost of writing lines to it alone. It writes and syncs batches of given sizes one after the
//! other, as the room's one writing thread does.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::drive::put_times;
use crate::report::Values;
use crate::servers::{launched, own_program};
use crate::{Res, stop};

/// The size of one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its lines.
    pub lines: u64,
    /// Its bytes.
    pub bytes: u64,
}

/// The commits of a log that are messages only, oldest first. The lines of a commit have the same time.
pub fn batches(log: &Path) -> Res<Vec<Batch>> {
    let text = fs::read(log)?;
    let mut batches: Vec<Batch> = Vec::new();
    let mut last: &[u8] = b"";
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let (Some(time), Some(b'[')) = (line.get(..27), line.get(28)) else {
            last = b"";
            continue;
        };
        let bytes = line.len() as u64;
        match batches.last_mut() {
            Some(batch) if time == last => {
                batch.lines += 1;
                batch.bytes += bytes;
            }
            _ => batches.push(Batch { lines: 1, bytes }),
        }
        last = time;
    }
    match batches.is_empty() {
        true => Err("the log has no messages".into()),
        false => Ok(batches),
    }
}

/// Has a child write these batches in `folder` in a loop for `time`, under the command `tracer` if there is one.
/// Returns the times of a write with its sync, and lines per second.
pub fn run(batches: &[Batch], folder: &Path, time: Duration, tracer: &[&str]) -> Res<Values> {
    let sizes: Vec<String> = batches
        .iter()
        .map(|batch| batch.bytes.to_string())
        .collect();
    fs::write(folder.join("sizes"), sizes.join("\n"))?;
    let mut line: Vec<String> = tracer.iter().map(|word| (*word).to_string()).collect();
    let millis = time.as_millis().to_string();
    line.extend([own_program(), "bare-disk".to_string(), millis]);
    let output = launched(&line, folder)?.stdout(Stdio::piped()).spawn()?;
    let output = output.wait_with_output()?;
    stop::check()?;
    if !output.status.success() {
        let said = fs::read_to_string(folder.join("stderr")).unwrap_or_default();
        return Err(format!("the bare disk loop failed: {said}").into());
    }
    let mut values: Values = serde_json::from_slice(&output.stdout)?;
    let done = values.get("batches").unwrap_or(0.0) as usize;
    let lines: u64 = batches
        .iter()
        .cycle()
        .take(done)
        .map(|batch| batch.lines)
        .sum();
    let seconds = values.get("seconds").unwrap_or(f64::NAN);
    values.put("messages_s", lines as f64 / seconds);
    values.put("batch", lines as f64 / done as f64);
    Ok(values)
}

/// Runs as the child: reads `sizes` and writes to `bare.txt`, both in the current folder.
pub fn child(millis: &str) -> Res<()> {
    let sizes = fs::read_to_string("sizes")?;
    let sizes: Vec<usize> = sizes.lines().map(str::parse).collect::<Result<_, _>>()?;
    let longest = sizes.iter().max().copied().unwrap_or(0);
    let bytes = vec![b'x'; longest];
    let mut file = File::create("bare.txt")?;
    let mut times = Histogram::<u64>::new_with_bounds(1, 600_000_000_000, 2)?;
    let (start, time) = (Instant::now(), Duration::from_millis(millis.parse()?));
    for size in sizes.iter().cycle() {
        let at = Instant::now();
        file.write_all(&bytes[..*size])?;
        file.sync_data()?;
        times.saturating_record(at.elapsed().as_nanos() as u64);
        if start.elapsed() >= time {
            break;
        }
    }
    let mut values = Values::default();
    values.put("seconds", start.elapsed().as_secs_f64());
    values.put("batches", times.len() as f64);
    put_times(&mut values, "answer", &times);
    println!("{}", serde_json::to_string(&values)?);
    Ok(())
}
