//! `chatroom replay`: plays a log back as it happened, or prints it.
//!
//! The file is read front to back without a server and in constant memory. On a terminal the
//! conversation is played at its own pace (`pace`) and drawn for people (`show`); anywhere
//! else, and with `--plain`, it is printed at once, line for line. A damaged record is named in
//! its place and stops nothing. With `--verify` nothing is played and every fault is told
//! (`verify`).

mod bar;
mod formats;
mod history;
mod interrupt;
mod original;
mod pace;
mod records;
mod show;
mod source;
mod verify;

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::cli::{ReplayArgs, Speed};
use crate::event::Stamp;
use crate::failure::Failure;
use crate::line;
use bar::Bar;
use formats::{Format, Scenes, Wrong};
use interrupt::Interrupt;
use show::Look;
use source::{Source, unreadable};

pub use history::{MOST, print_history};

/// So much is gathered before it is written, in bytes.
const BATCH: usize = 64 * 1024;
/// A shortened silence is said in a line of its own from this length on; a shorter one shows in
/// the bar's clock, or every second line of a lively talk would be about silence.
const WORTH_SAYING: Duration = Duration::from_secs(60);
/// A play that is later than this was stopped (Ctrl-Z, Ctrl-S): it goes on from where it was and
/// does not rush after the time it missed.
const HELD_UP: Duration = Duration::from_secs(1);

/// Whether what goes to stdout should have colours: it is a terminal and nobody asked for none.
pub fn wants_colour() -> bool {
    io::stdout().is_terminal() && Look::wished().colour
}

/// Plays or prints the log.
///
/// # Errors
/// The sentence the run ends with: no such file, not a log, output that cannot be written.
pub fn run(args: ReplayArgs) -> Result<ExitCode, Failure> {
    let source = Source::open(&args.file)?;
    if args.verify {
        return verify::run(source);
    }
    let name = source.name.clone();
    let mut faults = Faults::default();
    let code = if args.plain || !io::stdout().is_terminal() {
        print(source, &mut faults)?;
        ExitCode::SUCCESS
    } else {
        play(source, &args, &mut faults)?
    };
    faults.report(&name);
    Ok(code)
}

/// What was found wrong on the way.
#[derive(Default)]
struct Faults {
    damaged: u64,
    first: Option<u64>,
    torn: bool,
}

impl Faults {
    fn add(&mut self, offset: u64, wrong: Wrong) {
        match wrong {
            Wrong::Torn => self.torn = true,
            _ => self.damaged += 1,
        }
        self.first.get_or_insert(offset);
    }

    /// One line on stderr, if there is anything to say.
    fn report(&self, name: &str) {
        let damaged = match self.damaged {
            0 => String::new(),
            1 => "1 damaged line".to_string(),
            n => format!("{n} damaged lines"),
        };
        let found = match (self.damaged, self.torn) {
            (0, false) => return,
            (0, true) => "a torn last line".to_string(),
            (_, false) => damaged,
            (_, true) => format!("{damaged} and a torn last line"),
        };
        let first = self.first.unwrap_or_default();
        // There is nowhere left to say it if stderr is closed.
        let _ = writeln!(
            io::stderr(),
            "chatroom: {name} has {found}, first at byte {first}. Each is named in its place; \
             the rest is whole."
        );
    }
}

/// Lines on their way to stdout, past the bar.
struct Screen {
    bar: Bar,
    pending: Vec<u8>,
}

impl Screen {
    fn new(bar: Bar) -> Screen {
        Screen {
            bar,
            pending: Vec::with_capacity(BATCH),
        }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let written = self.bar.around(|| {
            let mut out = io::stdout().lock();
            out.write_all(&self.pending).and_then(|()| out.flush())
        });
        self.pending.clear();
        written.map_err(Failure::output)
    }
}

/// Prints the log at once, one event a line.
fn print(source: Source, faults: &mut Faults) -> Result<(), Failure> {
    let (name, format) = (source.name.clone(), source.format);
    // A bar would get between the lines of whatever reads the pipe and shows them.
    let bar = match stdout_is_pipe() {
        true => Bar::none(),
        false => Bar::after_a_moment(source.length),
    };
    let mut screen = Screen::new(bar);
    let mut records = source.records();
    loop {
        let end = match records.read() {
            Ok(None) => return screen.flush(),
            Ok(Some(record)) if format.is_nothing(&record) => continue,
            Ok(Some(record)) => {
                if let Err(wrong) = format.plain(&record, &mut screen.pending) {
                    faults.add(record.offset, wrong);
                    plain_wrong(wrong, record.offset, &mut screen.pending);
                }
                record.offset
            }
            Err(error) => {
                screen.flush()?;
                return Err(unreadable(&name, &error));
            }
        };
        if screen.pending.len() >= BATCH {
            screen.bar.show(end, String::new);
            screen.flush()?;
        }
    }
}

fn plain_wrong(wrong: Wrong, offset: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"* ");
    line::escape(&wrong.sentence(offset), false, out);
    out.push(b'\n');
}

fn stdout_is_pipe() -> bool {
    rustix::fs::fstat(io::stdout().as_fd()).is_ok_and(|stat| {
        let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
        matches!(
            kind,
            rustix::fs::FileType::Fifo | rustix::fs::FileType::Socket
        )
    })
}

/// Plays the log on the terminal at its own pace.
fn play(source: Source, args: &ReplayArgs, faults: &mut Faults) -> Result<ExitCode, Failure> {
    let interrupt = Interrupt::watch()?;
    let look = Look::wished();
    let (name, format) = (source.name.clone(), source.format);
    let mut screen = Screen::new(Bar::at_once(source.length));
    let speed = match args.speed {
        Speed::Max => "as fast as it goes".to_string(),
        Speed::Times(times) => format!("x{times}"),
    };
    let scenes = Scenes::new(source.records(), format).map(|(at, scene)| (at, (at, scene)));
    // How far the play is, and when that was.
    let mut played = (0, None);
    let mut start = Instant::now();
    for cue in pace::cues(scenes, args.max_gap, args.speed) {
        let (at, scene) = cue.what;
        let wait = cue.due.saturating_sub(start.elapsed());
        if !wait.is_zero() || screen.pending.len() >= BATCH {
            screen
                .bar
                .show(played.0, || bar_text(played.1, format, &speed));
            screen.flush()?;
            if let Some(code) = interrupt.wait(wait) {
                return Ok(code);
            }
        }
        let late = start.elapsed().saturating_sub(cue.due);
        if late > HELD_UP {
            start += late;
        }
        let scene = match scene {
            Ok(scene) => scene,
            Err(error) => {
                screen.flush()?;
                return Err(unreadable(&name, &error));
            }
        };
        if let Some(length) = cue.shortened.filter(|length| *length >= WORTH_SAYING) {
            look.silence(length, &mut screen.pending);
        }
        match scene.what {
            Ok(event) => look.event(&event, &mut screen.pending),
            Err(wrong) => {
                faults.add(scene.offset, wrong);
                look.wrong(&wrong.sentence(scene.offset), &mut screen.pending);
            }
        }
        played = (scene.end, at.or(played.1));
    }
    screen.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// What the bar says beside how far it is.
fn bar_text(at: Option<Stamp>, format: Format, speed: &str) -> String {
    let clock = at.map(|at| match format {
        Format::Room => bar::time_of_day(at),
        // It has no times of day, only how long it has been going on.
        Format::Original => pace::in_words(at.since(Stamp::from_micros(0))),
    });
    format!("{}  {speed}", clock.unwrap_or_default())
}
