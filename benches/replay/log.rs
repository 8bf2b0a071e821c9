//! The log for all measurements: real conversations, repeated at later and later times.
//!
//! It is made of days of IRC (`CHATROOM_IRC_DATA`, or `../shared/data/irc` beside the checkout), or if there are none
//! of the day among the tests' data. About half of the senders use keys. Twenty messages, evenly spread, contain
//! [`RARE`].
//!
//! Invariant: a log of one size from the same data always has the same bytes, so an existing one is reused.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use chatroom::event::{Body, Event, Key, Stamp};
use chatroom::line;

use crate::{Res, report, stop};

/// A word that is only in the marked messages.
pub const RARE: &str = "xyzzyplugh";
/// The number of marked messages.
pub const MARKS: u64 = 20;
/// The time of the first event: 2020-01-01.
const BEGIN: i64 = 1_577_836_800_000_000;
/// The microseconds between two events.
const STEP: i64 = 20_000_000;

/// A log on the disk.
#[derive(Clone, Debug)]
pub struct Log {
    /// Its path.
    pub path: PathBuf,
    /// Its length in bytes.
    pub size: u64,
    /// The number of its lines.
    pub lines: u64,
    /// The time of the last one.
    pub last: Stamp,
}

impl Log {
    /// The log of at least `size` bytes in the benchmarks' folder, made if it is not there.
    pub fn made(size: u64) -> Res<Log> {
        let said = said()?;
        let path = report::folder()?.join(format!("replay-{size}-{}-v1.txt", said.len()));
        let mut maker = Maker::new(&said);
        if !path.exists() {
            eprintln!("  making {}", path.display());
            // An incomplete log never has the final name.
            let part = path.with_extension("part");
            maker.write(&part, size)?;
            fs::rename(&part, &path)?;
        }
        let length = fs::metadata(&path)?.len();
        let end = tail(&path, length)?;
        let last = end.get(..line::STAMP).and_then(Stamp::parse);
        let last = last.ok_or("the existing log is damaged: remove it and try again")?;
        let lines = ((last.micros() - BEGIN) / STEP + 1) as u64;
        Ok(Log {
            path,
            size: length,
            lines,
            last,
        })
    }

    /// The moment at this fraction of the log's time, from 0 to 1.
    pub fn moment(&self, part: f64) -> Stamp {
        let all = self.last.micros() - BEGIN;
        Stamp::from_micros(BEGIN + (all as f64 * part) as i64)
    }

    /// Makes the kernel drop the file from its page cache.
    pub fn forget(&self) -> Res<()> {
        let file = File::open(&self.path)?;
        file.sync_all()?;
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
        Ok(())
    }
}

/// The last line of the file.
fn tail(path: &Path, length: u64) -> Res<Vec<u8>> {
    use std::os::unix::fs::FileExt;
    let mut bytes = vec![0; length.min(64 * 1024) as usize];
    let from = length - bytes.len() as u64;
    File::open(path)?.read_exact_at(&mut bytes, from)?;
    bytes.pop();
    let start = bytes
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    Ok(bytes.split_off(start))
}

/// An event in the data: the name, and a text, join or leave.
#[derive(Clone, Debug)]
struct Said {
    who: String,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Text(String),
    Join,
    Leave,
}

/// All events in the data, in the order of the files' names. This is not the product's parser: it skips lines that it
/// does not understand.
fn said() -> Res<Vec<Said>> {
    let folder = match std::env::var_os("CHATROOM_IRC_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/irc"),
    };
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|kind| kind == "txt"))
        .collect();
    files.sort();
    if files.is_empty() {
        eprintln!("  note: no days of IRC (set CHATROOM_IRC_DATA); the log is made of one day");
        files.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/day.txt"));
    }
    let mut all = Vec::new();
    for file in files {
        let bytes = fs::read(file)?;
        all.extend(
            String::from_utf8_lossy(&bytes)
                .lines()
                .filter_map(understood),
        );
    }
    if all.is_empty() {
        return Err("the data has no line that can be parsed".into());
    }
    Ok(all)
}

/// `[09:42] <nick> text`, `channel date [time] <nick> text`, `=== nick [...] has joined #ubuntu`.
fn understood(line: &str) -> Option<Said> {
    if let Some(rest) = line.strip_prefix("=== ") {
        let who = rest.split(' ').next()?.to_string();
        let what = match () {
            () if rest.contains(" has joined ") => What::Join,
            () if rest.contains(" has left ") => What::Leave,
            () => return None,
        };
        return Some(Said { who, what });
    }
    let (_, rest) = line.split_once("] <")?;
    let (who, text) = rest.split_once('>')?;
    let text = text.trim();
    Some(Said {
        who: who.to_string(),
        what: What::Text(text.to_string()),
    })
}

/// Writes a log, repeating the data.
struct Maker<'a> {
    said: &'a [Said],
    next: usize,
    count: i64,
    spoke: HashMap<&'a str, i64>,
}

impl<'a> Maker<'a> {
    fn new(said: &'a [Said]) -> Maker<'a> {
        Maker {
            said,
            next: 0,
            count: 0,
            spoke: HashMap::new(),
        }
    }

    fn write(&mut self, path: &Path, size: u64) -> Res<()> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        let (mut written, mut marked) = (0, 0);
        let mut line = Vec::new();
        while written < size {
            // The marks are in the first message after the middle of each twentieth.
            let is_text = self.count > 0 && matches!(self.said[self.next].what, What::Text(_));
            let mark = is_text && written >= (2 * marked + 1) * size / (2 * MARKS);
            marked += u64::from(mark);
            line.clear();
            line::to_line(&self.event(mark), &mut line);
            file.write_all(&line)?;
            written += line.len() as u64;
            if self.count.rem_euclid(100_000) == 0 {
                stop::check()?;
            }
        }
        file.into_inner()
            .map_err(|error| error.into_error())?
            .sync_all()?;
        Ok(())
    }

    fn event(&mut self, mark: bool) -> Event {
        let micros = BEGIN + self.count * STEP;
        self.count += 1;
        let said = &self.said[self.next];
        self.next = (self.next + 1) % self.said.len();
        let body = match &said.what {
            _ if self.count == 1 => Body::opened("chatroom 0.1.0", "6f1d0c5be2a94c07"),
            What::Text(text) => {
                let before = self.spoke.insert(&said.who, micros).unwrap_or(micros);
                let keyed = said.who.len().is_multiple_of(2);
                let key = keyed.then(|| Key::new(&format!("{:012x}", self.count * 7_919)));
                Body::message(
                    said.who.clone(),
                    if mark {
                        format!("{text} {RARE}")
                    } else {
                        text.clone()
                    },
                )
                .elapsed(((micros - before) / 1_000_000) as u64)
                .keyed(key.flatten())
            }
            What::Join => Body::join(said.who.clone()),
            What::Leave => Body::leave(said.who.clone()),
        };
        Event {
            at: Stamp::from_micros(micros),
            body,
        }
    }
}
