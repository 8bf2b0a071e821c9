//! The log to replay: opened and recognised, with a sentence for each failure.
//!
//! Invariant: whatever the file is, this yields a room's log. A room's file is read where it is; any other is
//! unpacked ([`crate::modes::replay::gzip`]), gets line feeds ([`super::line_ends`]) and is converted
//! ([`crate::modes::replay::formats`]) on the way.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::blocks::{Blocks, ByteRange};
use super::line_ends::{LineEnds, LineFeeds, sniff};
use crate::cli::FileFormat;
use crate::event::{LogId, Stamp};
use crate::failure::{Failure, reason};
use crate::journal::{self, Reader};
use crate::line;
use crate::modes::replay::formats::{self, ConversionReport, HEAD, Origin};
use crate::modes::replay::gzip::{BrokenGzip, Gunzip, MAGIC, Packing};
use crate::system::files::Positional as _;

/// The name of a log that comes through a pipe.
pub(crate) const PIPE: &str = "standard input";

pub(crate) struct Log {
    /// The name for messages to people.
    pub name: String,
    /// The path; `None` for a pipe.
    pub path: Option<PathBuf>,
    /// The kind of the file, as given or detected.
    pub format: FileFormat,
    pub ends: LineEnds,
    pub input: LogInput,
    /// The report about its lines, unless it is read as it is.
    pub report: Option<Arc<ConversionReport>>,
}

/// The bytes of a room's log.
pub(crate) enum LogInput {
    /// A file, in which any position can be read.
    File {
        file: Arc<File>,
        /// Its length when it was opened, in bytes.
        end: u64,
    },
    /// A stream that can be read only once, front to back.
    Stream(LogStream),
}

/// A log that is read front to back.
pub(crate) struct LogStream {
    /// The room's log.
    pub read: Box<dyn Read + Send>,
    /// The length of the source in bytes; `None` for a pipe.
    pub length: Option<u64>,
    /// Bytes of the source that were read.
    pub position: Arc<AtomicU64>,
    /// The source is compressed.
    pub packed: bool,
}

impl Log {
    /// Opens the log at `path` with its present length; `-` is standard input. Without a given kind, its
    /// beginning decides.
    ///
    /// # Errors
    /// One sentence for each kind of failure.
    pub(crate) fn open(path: &Path, format: Option<FileFormat>) -> Result<Log, Failure> {
        if path.as_os_str() == "-" {
            let name = PIPE.to_string();
            return stream(Box::new(io::stdin()), None, format, name, Origin::default());
        }
        let name = shown(path);
        let file = open(path, &name)?;
        let data = file.metadata().map_err(|error| unreadable(&name, &error))?;
        if data.is_dir() {
            return Err(Failure::new(format!(
                "{name} is a folder. Name the log in it, such as {}.",
                shown(&path.join("log.txt"))
            )));
        }
        let modified = data.modified().ok().and_then(|at| {
            let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
            Some(Stamp::from_micros(0).plus(since))
        });
        let origin = Origin {
            path: Some(path.to_path_buf()),
            modified,
            is_packed: false,
        };
        if !data.is_file() {
            return stream(Box::new(file), None, format, name, origin);
        }
        let end = data.len();
        let mut head = vec![0; HEAD.min(end as usize)];
        file.read_exact_at(&mut head, 0)
            .map_err(|error| unreadable(&name, &error))?;
        let known = match Packing::of(&head) {
            Some(_) => None,
            None => sniff(&head, format).or_else(|| {
                // After an overwritten beginning, the end of the file may tell.
                let from = end - head.len() as u64;
                file.read_exact_at(&mut head, from).ok()?;
                sniff(&head, None).filter(|found| *found == (FileFormat::Room, LineEnds::LineFeed))
            }),
        };
        if known != Some((FileFormat::Room, LineEnds::LineFeed)) {
            return stream(Box::new(file.take(end)), Some(end), format, name, origin);
        }
        Ok(Log {
            name,
            path: Some(path.to_path_buf()),
            format: FileFormat::Room,
            ends: LineEnds::LineFeed,
            input: LogInput::File {
                file: Arc::new(file),
                end,
            },
            report: None,
        })
    }

    /// The lines; of a file, those in a range, if one is given.
    pub(crate) fn blocks(self, range: Option<ByteRange>) -> Blocks {
        match self.input {
            LogInput::File { file, end } => {
                let range = range.unwrap_or(ByteRange { start: 0, end });
                Blocks::of_file(file, range.start, range.end)
            }
            LogInput::Stream(stream) => Blocks::of_stream(stream.read),
        }
    }

    /// The number of bytes of a stream's source that were read, while it grows; `None` for a file.
    pub(crate) fn source_position(&self) -> Option<Arc<AtomicU64>> {
        match &self.input {
            LogInput::Stream(stream) => Some(Arc::clone(&stream.position)),
            LogInput::File { .. } => None,
        }
    }

    /// The id of the log in a file; `None` for a stream, whose first line has it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn id(&self) -> io::Result<Option<LogId>> {
        let LogInput::File { file, end } = &self.input else {
            return Ok(None);
        };
        let first = reader(file).line_at(0, *end)?;
        Ok(first.map(|first| journal::log_of(&first.bytes)))
    }

    /// The length of the source in bytes, if known.
    pub(crate) fn length(&self) -> Option<u64> {
        match &self.input {
            LogInput::File { end, .. } => Some(*end),
            LogInput::Stream(stream) => stream.length,
        }
    }
}

/// A reader that finds times and lines in the file.
pub(crate) fn reader(file: &Arc<File>) -> Reader {
    Reader::new(Arc::clone(file), LogId(0))
}

/// Opens a log that is read front to back: unpacks it, recognises it, and converts it on the way.
fn stream(
    read: Box<dyn Read + Send>,
    length: Option<u64>,
    format: Option<FileFormat>,
    name: String,
    mut origin: Origin,
) -> Result<Log, Failure> {
    let position = Arc::new(AtomicU64::new(0));
    let read = Box::new(CountingReader {
        read,
        position: Arc::clone(&position),
    });
    let (mut read, packed) = unpacked(read, &name, &origin)?;
    origin.is_packed = packed;
    // The first line end decides.
    let tells = |head: &[u8]| match format {
        Some(FileFormat::Original) => true,
        Some(_) => memchr::memchr(b'\n', head).is_some(),
        None => sniff(head, None).is_some(),
    };
    let failed = |error: io::Error| unreadable(&name, &error);
    let head = beginning(&mut read, HEAD, tells).map_err(failed)?;
    if head.is_empty() {
        return Err(Failure::new(format!(
            "{name} is empty: nothing was ever recorded in it. Name the log that the room \
             writes (chatroom server --log FILE)."
        )));
    }
    let (format, ends) = sniff(&head, format).ok_or_else(|| unknown(&name, &head))?;
    let path = origin.path.clone();
    let mut whole: Box<dyn Read + Send> = Box::new(Cursor::new(head).chain(read));
    if ends != LineEnds::LineFeed {
        whole = Box::new(LineFeeds::new(whole, ends));
    }
    let (read, report): (Box<dyn Read + Send>, _) = match format {
        FileFormat::Room => (whole, ends.note().map(ConversionReport::of_note)),
        kind => {
            let input = Box::new(BufReader::with_capacity(HEAD, whole));
            let converter = formats::Converter::new(input, kind, &origin).map_err(failed)?;
            let report = converter.report();
            (Box::new(converter), Some(report))
        }
    };
    Ok(Log {
        name,
        path,
        format,
        ends,
        input: LogInput::Stream(LogStream {
            read,
            length,
            position,
            packed,
        }),
        report,
    })
}

/// A reader of the unpacked log, and whether it was packed.
///
/// # Errors
/// The log cannot be read, or is compressed in another way than by gzip.
fn unpacked(
    mut read: Box<dyn Read + Send>,
    name: &str,
    origin: &Origin,
) -> Result<(Box<dyn Read + Send>, bool), Failure> {
    let magic = beginning(&mut read, MAGIC, |_| false);
    let magic = magic.map_err(|error| unreadable(name, &error))?;
    let packing = Packing::of(&magic);
    let read: Box<dyn Read + Send> = Box::new(Cursor::new(magic).chain(read));
    match packing {
        None => Ok((read, false)),
        Some(Packing::Gzip) => Ok((Box::new(Gunzip::new(read)), true)),
        Some(Packing::Other(tool)) => Err(Failure::new(format!(
            "{name} is compressed, and only gzip is read directly. Try: {tool} {} | chatroom \
             replay -",
            origin.path.as_deref().map_or("FILE".to_string(), shown)
        ))),
    }
}

/// The failure for a log of no known kind; it suggests `--format` only if that would read some lines.
fn unknown(name: &str, head: &[u8]) -> Failure {
    let hint = match formats::nearest(head) {
        Some((kind, title)) => format!(
            "Some of its lines look like {title}; if that is right, --format {kind} reads them"
        ),
        None => {
            "Name a log.txt that a room wrote, or one of the formats that chatroom replay --help \
             lists below --format"
                .to_string()
        }
    };
    Failure::new(format!(
        "{name} is not a chat log in a format that this program knows. {hint}."
    ))
}

/// The first bytes, at most `most`, and only until `tells` is satisfied. A pipe may have little at first, and
/// its first line need not be decisive.
fn beginning(
    read: &mut dyn Read,
    most: usize,
    tells: impl Fn(&[u8]) -> bool,
) -> io::Result<Vec<u8>> {
    let mut head = vec![0; most];
    let mut filled = 0;
    while filled < most && (filled == 0 || !tells(&head[..filled])) {
        match read.read(&mut head[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) => return Err(error),
        }
    }
    head.truncate(filled);
    Ok(head)
}

/// A reader that counts its bytes.
struct CountingReader<R> {
    read: R,
    position: Arc<AtomicU64>,
}

impl<R: Read> Read for CountingReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.read.read(into)?;
        self.position.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Opens a file for reading.
///
/// # Errors
/// A sentence with the system's error and a way out.
pub(crate) fn open(path: &Path, name: &str) -> Result<File, Failure> {
    File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::new(format!(
            "There is no file {name} here. Check the name; a room writes log.txt in the folder \
             where it was started."
        )),
        io::ErrorKind::PermissionDenied => Failure::new(format!(
            "You may not read {name}: permission denied. Ask its owner for a copy, or get one from \
             the room: curl -O http://ADDR:1337/log.txt."
        )),
        _ => unreadable(name, &error),
    })
}

/// The failure of a read.
pub(crate) fn unreadable(name: &str, error: &io::Error) -> Failure {
    if let Some(inside) = error.get_ref() {
        if let Some(other) = inside.downcast_ref::<formats::NotOfThisKind>() {
            return Failure::new(other.sentence(name));
        }
        if let Some(broken) = inside.downcast_ref::<BrokenGzip>() {
            return Failure::new(broken.sentence(name));
        }
    }
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return Failure::new(format!(
            "{name} became shorter while it was being read: another program cut it. Start again; \
             use --follow to follow what a room writes."
        ));
    }
    Failure::new(format!(
        "{name} could not be read: {}. Check the disk or the connection it is on, and try again.",
        reason(error)
    ))
}

/// The failure of `--follow` on a log that no room writes.
pub(crate) fn cannot_follow(name: &str, stream: &LogStream) -> Failure {
    if stream.packed {
        return Failure::new(format!(
            "--follow waits for what a room writes, but nothing is added to {name}, which is \
             compressed. Leave --follow out, or name the log.txt of the room."
        ));
    }
    Failure::new(format!(
        "--follow works only with a room's own log, and {name} is not one. A pipe is played as it \
         arrives, so try: tail -n +1 -f FILE | chatroom replay -"
    ))
}

/// A path as it is safe to show on a terminal.
pub(crate) fn shown(path: &Path) -> String {
    line::escaped(&path.to_string_lossy())
}
