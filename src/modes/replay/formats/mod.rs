//! Stub: logs of other programs, read as a room's.
use std::io::{self, BufRead, Read};
use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::FileFormat;
use crate::event::Stamp;
use crate::line;

/// How much of a file's beginning tells its kind, in bytes.
pub const HEAD: usize = 64 * 1024;

/// What is known of a file besides its bytes.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// Where it is; nothing of a pipe.
    pub path: Option<PathBuf>,
    /// When it was last written to.
    pub modified: Option<Stamp>,
}

/// What became of the lines.
#[derive(Debug, Default)]
pub struct Report {}

impl Report {
    /// Says on stderr how many lines were not understood, if any; with `verbose` which.
    pub fn tell(&self, _name: &str, _verbose: bool) {}
}

/// The kind of a file that begins with `head`; `None` if it is no chat log that is known.
pub fn detect(head: &[u8], _origin: &Origin) -> Option<FileFormat> {
    let mut lines = head.split(|b| *b == b'\n');
    lines
        .any(|line| line::split(line).is_ok() || starts_with_a_time(line))
        .then_some(FileFormat::Room)
}

/// Whether a line begins as a room's lines do, or breaks off before that can be told.
fn starts_with_a_time(line: &[u8]) -> bool {
    const SHORTEST: usize = "2026-11-23T".len();
    let mut whole = *b"2000-01-01T00:00:00.000000Z *";
    let length = line.len().min(whole.len());
    whole[..length].copy_from_slice(&line[..length]);
    length >= SHORTEST
        && Stamp::parse(&whole[..27]).is_some()
        && whole[27] == b' '
        && b"[C*".contains(&whole[28])
}

/// Reads another program's log and gives a room's.
pub struct Converter {
    input: Box<dyn BufRead + Send>,
    report: Arc<Report>,
}

impl Converter {
    /// A converter of `input`, which is of that kind.
    pub fn new(
        input: Box<dyn BufRead + Send>,
        _kind: FileFormat,
        _origin: &Origin,
    ) -> io::Result<Converter> {
        Ok(Converter {
            input,
            report: Arc::default(),
        })
    }

    /// The account of it, which goes on while it is read.
    pub fn report(&self) -> Arc<Report> {
        Arc::clone(&self.report)
    }
}

impl Read for Converter {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.input.read(into)
    }
}
