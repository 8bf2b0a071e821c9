//! `chatroom replay --stats` and `--plot`: a log counted instead of played.
//!
//! One pass over the chosen part of the log fills a [`Tally`], from which the table, the data for programs
//! and the picture are made.
//!
//! Invariant: every line's checksum is verified, and the lines that are not counted for that reason are
//! reported.

mod chart;
mod data;
mod table;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use super::locale;
use super::painter::Painter;
use super::plot::Picture;
use super::read::defects::{Defect, advice, judge_or_torn};
use super::stdout::progress_of;
use crate::cli::{Colour, ReplayArgs, StatsForm};
use crate::failure::Failure;
use crate::line;
use crate::modes::replay::read::blocks::Block;
use crate::modes::replay::read::filter::Filter;
use crate::modes::replay::read::log::{Log, unreadable};
use crate::modes::replay::read::time_range;
use crate::modes::replay::tally::names::MOST_NAMES;
use crate::modes::replay::tally::{Tally, hours};
use crate::system::terminal;
use chart::ChartStyle;

/// The columns of a table where nothing states them.
const COLUMNS: usize = 80;

/// Counts, and prints or draws the result.
///
/// # Errors
/// The log cannot be read, there is nothing to count in it, or what is asked for cannot be written.
pub(super) fn run(log: Log, args: &ReplayArgs) -> Result<ExitCode, Failure> {
    let picture = match &args.plot {
        Some(path) => Some(Picture::at(path, &log)?),
        None => None,
    };
    let (name, report) = (log.name.clone(), log.report.clone());
    let tally = count(log, args)?;
    if tally.lines == 0 {
        say_damage(&tally, &name);
        return Err(Failure::new(format!(
            "There is nothing to count: no line of {name} is selected. Check --from, --to, --user, \
             --grep and --only."
        )));
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = match args.stats {
        None => Ok(()),
        Some(StatsForm::Table) => table::write(&tally, &name, screen(args.color), &mut out),
        Some(StatsForm::Json) => data::json(&tally, &name, &mut out),
        Some(StatsForm::Csv) => data::csv(&tally, &mut out),
    };
    printed
        .and_then(|()| out.flush())
        .map_err(Failure::output)?;
    if let Some(picture) = picture {
        let drawn = picture.draw(&tally, &name)?;
        if matches!(args.stats, None | Some(StatsForm::Table)) {
            let said = out.write_all(drawn.as_bytes()).and_then(|()| out.flush());
            said.map_err(Failure::output)?;
        }
    }
    drop(out);
    say_damage(&tally, &name);
    if args.stats == Some(StatsForm::Csv) {
        say_others(&tally, &name);
    }
    if let Some(report) = report {
        report.tell(&name, args.verbose);
    }
    Ok(ExitCode::SUCCESS)
}

/// Counts the chosen part in one pass.
fn count(log: Log, args: &ReplayArgs) -> Result<Tally, Failure> {
    let mut filter = Filter::of(args);
    let range = time_range::find(&log, args, &mut filter)?;
    let (name, mut progress) = (log.name.clone(), progress_of(&log));
    let source = log.source_position();
    let mut blocks = log.blocks(range).ahead();
    let mut pass = CountPass {
        tally: Tally::new(hours::here),
        accepts_all: filter.accepts_all_in_time(),
        filter,
    };
    loop {
        match blocks.next() {
            Ok(Some(block)) => pass.block(&block),
            Ok(None) => break,
            Err(error) => return Err(unreadable(&name, &error)),
        }
        let position = source.as_ref().map(|read| read.load(Ordering::Relaxed));
        progress.show(position.unwrap_or(blocks.position()), || {
            "counted".to_string()
        });
    }
    pass.tally.end();
    Ok(pass.tally)
}

/// A log while it is counted.
struct CountPass {
    tally: Tally,
    filter: Filter,
    /// The filter's answer, which is asked for each line.
    accepts_all: bool,
}

impl CountPass {
    fn block(&mut self, block: &Block<'_>) {
        if block.too_long {
            return self.tally.defects.add(block.offset, Defect::TooLong);
        }
        let end = block.offset + block.bytes.len() as u64;
        for (offset, bytes) in line::lines(block.offset, block.bytes) {
            let ended = offset + (bytes.len() as u64) < end;
            match judge_or_torn(bytes, ended) {
                Ok((at, raw)) => {
                    if self.filter.is_in_time(at) {
                        let wanted = self.accepts_all || self.filter.accepts(&raw);
                        self.tally.add(at, &raw, wanted);
                    }
                }
                Err(defect) => self.tally.defects.add(offset, defect),
            }
        }
    }
}

/// Prints one line on stderr if anything was not counted.
fn say_damage(tally: &Tally, name: &str) {
    if let Some(found) = tally.defects.in_words() {
        // Nothing can be reported if stderr is closed.
        let _ = writeln!(
            io::stderr(),
            "chatroom: {name} has {found}, first at byte {}. Damage is not counted{}.",
            tally.defects.first.unwrap_or_default(),
            advice(name)
        );
    }
}

/// Prints one line on stderr if the rows leave out names.
fn say_others(tally: &Tally, name: &str) {
    if let Some(others) = &tally.people.others {
        let _ = writeln!(
            io::stderr(),
            "chatroom: {name} has more than the {MOST_NAMES} names that are counted one by one: {} \
             messages of later names are in no row. The sums of --stats=json include them.",
            others.messages
        );
    }
}

fn screen(wished: Colour) -> ChartStyle {
    let is_terminal = io::stdout().is_terminal();
    // No or zero columns mean that the terminal does not say.
    let columns = terminal::size(io::stdout()).columns;
    ChartStyle {
        columns: match columns {
            0 => COLUMNS,
            columns => usize::from(columns),
        },
        colour: match wished {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => is_terminal && Painter::wished().colour,
        },
        blocks: locale::is_utf8(),
    }
}
