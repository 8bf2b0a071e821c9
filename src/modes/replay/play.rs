//! The log played on the terminal at its own pace, with keys.
//!
//! [`player`] is the play without clock and terminal; here are both, and the one loop that waits: for a key,
//! a signal, more of the log, or the time of the next event.

mod density;
mod event_reader;
mod footer;
mod help;
mod jump;
mod keys;
mod player;
mod status_line;
mod tempo;
mod terminal;
#[cfg(test)]
mod tests;

use std::io;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthStr;

use super::locale;
use super::painter::Painter;
use crate::cli::{FileFormat, ReplayArgs};
use crate::failure::Failure;
use crate::modes::replay::read::filter::{Filter, nothing_accepted};
use crate::modes::replay::read::log::{Log, reader, unreadable};
use crate::modes::replay::read::tape::{Tape, TapeChange};
use crate::modes::replay::read::time_range;
use crate::system::{self, signals::SIGCONT, signals::SIGTSTP};
use density::Density;
use event_reader::EventReader;
use footer::Footer;
use keys::KeyParser;
use player::{Growth, PlayOptions, PlayState, Player, Wakeup};
use status_line::Abilities;
use terminal::{Terminal, ends};

/// The interval at which the status line's clock moves.
const CLOCK: Duration = Duration::from_millis(250);
/// The interval at which a followed log is polled.
const LOOK: Duration = Duration::from_millis(100);
/// The time after which an escape is a key and not the beginning of another.
const ALONE: Duration = Duration::from_millis(50);

/// Plays the log.
///
/// # Errors
/// The log cannot be read, the output not written, or the terminal not watched.
pub(super) fn run(log: Log, args: &ReplayArgs) -> Result<ExitCode, Failure> {
    let mut filter = Filter::of(args);
    filter.begins_converted = log.format != FileFormat::Room;
    let span = time_range::find(&log, args, &mut filter)?;
    let (name, report) = (log.name.clone(), log.report.clone());
    let chosen = !filter.accepts_all();
    let terminal = Terminal::take()?;
    let wake = terminal.waker();
    let wake = wake.map_err(|error| unreadable(&name, &error))?;
    let tape = Tape::of(log, args.follow, wake)?;
    let painter = Painter::chosen(args.color);
    let end = span.filter(|_| !tape.is_live());
    let options = PlayOptions {
        start: span.map_or(0, |span| span.start),
        end: end.map_or(tape.end(), |span| span.end),
        filter,
        speed: args.speed,
        longest: args.max_gap,
        painter,
        times: args.times,
    };
    let mut player = Player::new(
        EventReader::new(reader(tape.file())),
        options,
        Instant::now(),
    );
    if tape.may_grow() {
        player.grown(tape.end(), growth(&tape));
    }
    let mut play = Play {
        player,
        tape,
        terminal,
        keys: KeyParser::default(),
        footer: Footer::new(),
        density: Density::default(),
        abilities: Abilities {
            unicode: locale::is_utf8(),
            colour: painter.colour,
        },
        name,
        polled: Instant::now(),
        typed: Instant::now(),
    };
    let played = play.run();
    let (defects, name, failure) = (
        play.player.events().defects(),
        play.name.clone(),
        play.tape.failure(),
    );
    let was_empty = chosen && play.player.is_over_without_a_line();
    // The terminal is restored before anything more is printed.
    drop(play);
    let code = played?;
    defects.report_partial(&name);
    if let Some(report) = report {
        report.tell(&name, args.verbose);
    }
    match failure {
        Some(failure) => Err(failure),
        None if was_empty => Err(nothing_accepted(&name)),
        None => Ok(code),
    }
}

/// A play on a terminal.
struct Play {
    player: Player,
    tape: Tape,
    terminal: Terminal,
    keys: KeyParser,
    footer: Footer,
    density: Density,
    abilities: Abilities,
    name: String,
    /// The time at which a followed log was last polled.
    polled: Instant,
    /// The time of the newest typed byte.
    typed: Instant,
}

impl Play {
    fn run(&mut self) -> Result<ExitCode, Failure> {
        loop {
            let (rows, columns) = size();
            self.player.resize(rows, columns);
            let now = Instant::now();
            let next = match self.player.tick(now) {
                Err(error) if self.notice_cut(&error)? => continue,
                next => next.map_err(|error| self.unreadable(&error))?,
            };
            let has_shown = self.player.has_output();
            if next == Wakeup::End {
                self.write(now)?;
                return Ok(ExitCode::SUCCESS);
            }
            self.write(now)?;
            let counts = !self.density.is_done() && !has_shown;
            if counts {
                let counted = self.density.step(self.player.events().reader());
                counted.map_err(|error| self.unreadable(&error))?;
            }
            let happened = self.terminal.wait(self.patience(next, has_shown || counts));
            for signal in happened.signals {
                if ends(signal) {
                    return Ok(ExitCode::from(128 + signal as u8));
                }
                self.signal(signal);
            }
            let mut keys = Vec::new();
            match happened.typed.is_empty() {
                // A terminal may send one key in pieces.
                true if self.keys.is_waiting() && self.typed.elapsed() >= ALONE => {
                    keys.extend(self.keys.nothing_follows());
                }
                true => (),
                false => {
                    self.typed = Instant::now();
                    self.keys.take(&happened.typed, &mut keys);
                }
            }
            let now = Instant::now();
            for key in keys {
                match self.player.key(key, now) {
                    Err(error) if self.notice_cut(&error)? => (),
                    done => done.map_err(|error| self.unreadable(&error))?,
                }
            }
            self.poll_log(next)?;
        }
    }

    /// The time for which nothing needs to be done unless something happens; `None` for ever.
    fn patience(&self, next: Wakeup, is_new: bool) -> Option<Duration> {
        let wait = match next {
            Wakeup::Now | Wakeup::End => Some(Duration::ZERO),
            Wakeup::At(due) => {
                let left = due.saturating_duration_since(Instant::now());
                Some(left.min(CLOCK))
            }
            Wakeup::Wait if self.player.state() == PlayState::Live => Some(LOOK),
            Wakeup::Wait => None,
        };
        let mut limits = vec![wait];
        if self.keys.is_waiting() {
            limits.push(Some(ALONE.saturating_sub(self.typed.elapsed())));
        }
        // The status line has something new to show, or soon will.
        if !self.density.is_done() || is_new {
            limits.push(Some(Duration::ZERO));
        }
        limits.into_iter().flatten().min()
    }

    /// Writes the new lines and the status line below them.
    fn write(&mut self, now: Instant) -> Result<(), Failure> {
        let lines = self.player.take_output();
        // The first lines do not wait for the status line.
        let extent = if lines.is_empty() {
            self.player.extent()
        } else {
            Ok(None)
        };
        let extent = extent.map_err(|error| self.unreadable(&error))?;
        if let Some(extent) = extent {
            self.density.count(extent);
        }
        let clock = self.player.clock(now);
        let extent = extent.or(self.density.extent());
        let mut status = status_line::of(&self.player, &self.density);
        status.clock = clock;
        status.share = clock.and_then(|clock| Some(extent?.share(clock)));
        let is_coming = growth(&self.tape) == Growth::Coming;
        status.coming = is_coming.then_some(self.tape.end());
        let line = if self.terminal.has_front() {
            status.line(self.player.columns(), self.abilities)
        } else {
            String::new()
        };
        let column = match status.prompt {
            Some(_) => line.width(),
            None => 0,
        };
        let written = self.footer.write(&lines, line, column);
        written.map_err(Failure::output)
    }

    fn signal(&mut self, signal: i32) {
        if signal == SIGTSTP {
            let from = Instant::now();
            self.footer.clear();
            self.terminal.stop();
            self.player.slept(from, Instant::now());
        }
        if signal == SIGCONT {
            self.terminal.resume();
        }
        // Whatever happened to the terminal, the status line is drawn anew.
        self.footer.clear();
    }

    /// Polls the log for more, if it is time.
    fn poll_log(&mut self, next: Wakeup) -> Result<(), Failure> {
        if self.tape.is_live() {
            // A file that replaced this one comes after all of this one.
            let is_time = self.polled.elapsed() >= LOOK;
            if next != Wakeup::Wait || self.player.state() != PlayState::Live || !is_time {
                return Ok(());
            }
            self.polled = Instant::now();
        }
        let change = self.tape.poll();
        let change = change.map_err(|error| self.unreadable(&error))?;
        self.changed(change);
        Ok(())
    }

    /// Returns whether reading failed because a followed log has become shorter; if so, lets the play continue
    /// from its end.
    fn notice_cut(&mut self, error: &io::Error) -> Result<bool, Failure> {
        if error.kind() != io::ErrorKind::UnexpectedEof || !self.tape.is_live() {
            return Ok(false);
        }
        let change = self.tape.poll();
        let change = change.map_err(|error| self.unreadable(&error))?;
        let was_cut = matches!(change, TapeChange::Cut | TapeChange::Replaced);
        self.changed(change);
        Ok(was_cut)
    }

    /// Tells the player about a change of the log.
    fn changed(&mut self, change: TapeChange) {
        let end = self.tape.end();
        let name = &self.name;
        match change {
            TapeChange::Nothing => (),
            TapeChange::Grown => self.player.grown(end, growth(&self.tape)),
            TapeChange::Cut => {
                let words = format!("... {name} was cut back to its first {end} bytes ...");
                self.player.remark(&words);
                self.player.restart(reader(self.tape.file()), end, end);
            }
            TapeChange::Replaced => {
                let words = format!("... {name} is a new file: from its beginning ...");
                self.player.remark(&words);
                self.player.restart(reader(self.tape.file()), 0, end);
            }
            TapeChange::Gone => {
                let words = format!("... there is no file {name} any more: waiting for one ...");
                self.player.remark(&words);
            }
        }
    }

    fn unreadable(&self, error: &io::Error) -> Failure {
        unreadable(&self.name, error)
    }
}

/// The growth to expect of a log.
fn growth(tape: &Tape) -> Growth {
    match () {
        () if tape.is_live() => Growth::Live,
        () if tape.may_grow() => Growth::Coming,
        () => Growth::Ended,
    }
}

/// The terminal's rows and columns; 0 rows and 80 columns if it does not say.
fn size() -> (usize, usize) {
    let system::terminal::TerminalSize { rows, columns } = system::terminal::size(io::stdout());
    let columns = if columns == 0 { 80 } else { columns.into() };
    (rows.into(), columns)
}
