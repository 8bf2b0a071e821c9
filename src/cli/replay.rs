//! The command line of `chatroom replay`.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use clap::{Args, ValueEnum, ValueHint};
use regex::bytes::Regex;

use super::duration;
use crate::event::{Stamp, on_the_wall};

const PLAY: &str = "Play";
const CHOOSE: &str = "Select";
const PRINT: &str = "Print";
const UNDERSTAND: &str = "Analyse";
const CARRY: &str = "Reuse";

/// `chatroom replay`
#[derive(Args, Debug, Clone)]
#[command(after_help = "Examples:\n  \
  chatroom replay log.txt                          as it happened; ? lists the keys\n  \
  chatroom replay log.txt --from -2h --speed 10    the last two hours, ten times as fast\n  \
  chatroom replay log.txt --grep toaster --times   who said it, and when\n  \
  chatroom replay irc.log --convert log.txt        another program's log as a room's\n  \
  chatroom replay log.txt --stats                  who said how much and who was there how long\n  \
  chatroom replay log.txt --into localhost:1337    post it all again in a running room")]
pub struct ReplayArgs {
    /// The log: a room's, the original program's, or one of irssi, WeeChat, HexChat, ZNC, mIRC and
    /// others; - reads a pipe
    ///
    /// While input from a pipe is played, it is kept in a file without a name, in TMPDIR or else
    /// `/var/tmp`.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// Speed as a multiple of real time, such as 0.5, 2 or 10; `max` means without waiting
    #[arg(long, value_name = "N|max", default_value = "1", value_parser = speed, value_hint = ValueHint::Other, help_heading = PLAY)]
    pub speed: Speed,

    /// The longest silence to wait out, before the speed is applied; longer ones are shortened to this
    /// (with a note, from a minute on)
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = duration, value_hint = ValueHint::Other, help_heading = PLAY)]
    pub max_gap: Duration,

    /// After the end, keep following what the room writes, even across a restart
    ///
    /// The log is checked every 100 ms, and a line is shown once it is whole.
    #[arg(long, conflicts_with_all = ["to", "verify", "stats", "plot"], help_heading = PLAY)]
    pub follow: bool,

    /// Show the time of day before each event
    #[arg(long, conflicts_with_all = ["output", "stats", "plot"], help_heading = PLAY)]
    pub times: bool,

    /// Colours: `auto` uses them on a terminal, unless NO_COLOR is set; `always` also in a pipe, as for
    /// `less -R`
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, env = "CHATROOM_COLOR", help_heading = PLAY)]
    pub color: Colour,

    /// Start here: `2026-11-23T22:34:57Z`, `2026-11-23 22:34` or `22:34` on this machine's clock,
    /// or `-2h` before the end
    ///
    /// The first of these forms is RFC 3339. `2026-11-23` means the beginning of that day, `22:34` the first
    /// such time in the log, `-2h` two hours before the log's last line.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = when, value_hint = ValueHint::Other, help_heading = CHOOSE)]
    pub from: Option<When>,

    /// Stop before this time
    ///
    /// `22:34` means the first such time after the start.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = when, value_hint = ValueHint::Other, help_heading = CHOOSE)]
    pub to: Option<When>,

    /// Only events of this name; may be repeated
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other, help_heading = CHOOSE)]
    pub user: Vec<String>,

    /// Only messages that match; `(?i)` at the beginning ignores case
    ///
    /// The pattern is matched against the text as it was written, not as the log escapes it. Its syntax
    /// is described at <https://docs.rs/regex/latest/regex/#syntax>.
    #[arg(long, value_name = "REGEX", value_parser = pattern, value_hint = ValueHint::Other, help_heading = CHOOSE)]
    pub grep: Option<Regex>,

    /// Only messages, or only joins and leaves
    #[arg(long, value_name = "WHAT", value_enum, help_heading = CHOOSE)]
    pub only: Option<Kind>,

    /// Print one event a line, at once, exactly as in the log but without time and checksum: the same
    /// as `--output plain`
    #[arg(long, help_heading = PRINT)]
    pub plain: bool,

    /// Print it all at once: as lines, as requests like the server's console, as one JSON object a line,
    /// or as one page for a browser
    ///
    /// The objects of `json` are those that a room's listeners get (application/x-ndjson). The page of
    /// `html` loads nothing else and has a search.
    #[arg(long, value_name = "FORM", value_enum, conflicts_with = "plain", help_heading = PRINT)]
    pub output: Option<Output>,

    /// The log's format, if it is not recognised
    #[arg(long, value_name = "KIND", value_enum, help_heading = PRINT)]
    pub format: Option<FileFormat>,

    /// List the lines of another program's log that are not understood, with their places
    #[arg(long, short, help_heading = PRINT)]
    pub verbose: bool,

    /// Check every line instead of playing; print each fault with its place in the file, what it means
    /// and what to do, and a count at the end. Exits with 1 if there are any
    ///
    /// The checks: each line's checksum and form, that its time is not earlier than in the line before,
    /// that the first line says `Room opened`, and that the last line is complete. Each fault is one line
    /// on standard output, with the byte at which its line starts and that line's number. The last line
    /// counts lines, faults and bytes.
    ///
    /// This finds every changed bit, and larger damage in all but about one case in four thousand
    /// million. It does not find whole lines that were removed, repeated or moved, which have valid
    /// checksums, except where the time goes back; nor changes by somebody who computed the checksum
    /// again. Only a room's log has checksums and can be verified.
    #[arg(long, conflicts_with_all = ["speed", "max_gap", "times", "from", "to", "user", "grep", "only", "plain", "output", "stats", "plot", "into", "convert"], help_heading = UNDERSTAND)]
    pub verify: bool,

    /// Count: who said how much and when, the busiest hour, the longest silence, and who was there
    /// for how long
    ///
    /// `json` is one object with UTC times, `csv` one row a name for a spreadsheet; a name that would be
    /// a formula gets a `'` in front. A presence lasts from the join to the leave, or until the room was
    /// closed or opened again; without a join it counts from the first message. Damaged lines are not
    /// counted but reported.
    #[arg(long, value_name = "FORM", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "table", conflicts_with_all = ["plain", "output", "into", "convert"], help_heading = UNDERSTAND)]
    pub stats: Option<StatsForm>,

    /// Draw messages over time and by hour and weekday, into an .svg or .png file; an older picture with
    /// that name is replaced
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["plain", "output", "into", "convert"], help_heading = UNDERSTAND)]
    pub plot: Option<PathBuf>,

    /// Write it, or the selected part, as a room's log, which `chatroom server --log` can continue; `-`
    /// is standard output
    ///
    /// An existing file is left alone, and an interrupted run leaves no file; damaged lines are left out
    /// and counted.
    ///
    /// In another program's log, actions become `/me`, a change of name becomes a leave and a join,
    /// topics, modes and reasons become notices, and addresses are left out. Text that is not UTF-8 is
    /// read as Windows-1252. Times are in this machine's time zone, those of the two archive formats in
    /// UTC; if a log has only minutes, the events of a minute are spread over it; the original program's
    /// log is assumed to end when the file was last written.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["plain", "output", "into", "follow", "times"], help_heading = CARRY)]
    pub convert: Option<PathBuf>,

    /// Post it, or the selected part, again in a running room, with every speaker as a member, at
    /// `--speed` and `--max-gap`
    ///
    /// The default port is 1337. Everybody comes and goes as in the log. The order is the log's and
    /// nothing is posted twice, even if the room is away for up to two minutes; its limits are
    /// respected. Names that the room does not accept are shortened and listed at the end. On Ctrl-C
    /// everybody leaves. Exits with 1 if the room stayed away or refused something.
    #[arg(long, value_name = "ADDR", value_hint = ValueHint::Other, conflicts_with_all = ["plain", "output", "follow", "times"], help_heading = CARRY)]
    pub into: Option<String>,

    /// A file whose first line is the key of the room for `--into`
    ///
    /// The default is the file named by the environment variable CHATROOM_KEY_FILE, or the key itself in
    /// CHATROOM_KEY.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "into", help_heading = CARRY)]
    pub key_file: Option<PathBuf>,
}

/// The speed of a replay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// A multiple of real time; finite and above zero.
    Times(f64),
    /// Without waiting.
    Max,
}

/// The policy for colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// Only on a terminal that supports them.
    #[default]
    Auto,
    /// Also in a pipe.
    Always,
    /// Never.
    Never,
}

/// The kinds of event to select.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Messages.
    Messages,
    /// Joins and leaves.
    Joins,
}

/// The format of printed events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// One event per line.
    Plain,
    /// The request blocks of the server's console.
    Http,
    /// One object per line.
    Json,
    /// A page for a browser.
    Html,
}

/// The format of statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatsForm {
    /// A table for people.
    Table,
    /// One JSON object.
    Json,
    /// CSV for a spreadsheet.
    Csv,
}

/// The format of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// A room's log.txt.
    Room,
    /// The original program's.
    Original,
    /// irssi's.
    Irssi,
    /// WeeChat's.
    Weechat,
    /// HexChat's.
    Hexchat,
    /// One day of a log of ZNC or soju.
    Znc,
    /// mIRC's.
    Mirc,
    /// Lines `[HH:MM] <nick> text`, the date in the file's name.
    #[value(help = "Lines as [HH:MM] <nick> text, the date in the file's name")]
    Day,
    /// Lines `channel YYYY-MM-DD [HH:MM:SS] <nick> text`.
    #[value(help = "Lines as channel YYYY-MM-DD [HH:MM:SS] <nick> text")]
    Channel,
}

/// A point in time as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// An absolute time.
    At(Stamp),
    /// The first occurrence of this time of day.
    Clock(NaiveTime),
    /// This long before the end of the log.
    BeforeEnd(Duration),
}

fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    match text.trim_end_matches('x').parse::<f64>() {
        Ok(times) if times.is_finite() && (0.001..=1e9).contains(&times) => Ok(Speed::Times(times)),
        _ => Err("use a number above 0, such as 0.5, 2 or 10, or max".to_string()),
    }
}

fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| {
        let why = error.to_string();
        let last = why.lines().last().unwrap_or_default().to_string();
        format!(
            "this is not a regular expression: {}",
            last.trim_start_matches("error: ")
        )
    })
}

/// Parses a point in time: RFC 3339, a date and a time or a date alone on this machine's clock, a time
/// of day, or a length of time before the end.
fn when(text: &str) -> Result<When, String> {
    let stamp = |at: DateTime<Local>| When::At(Stamp::from_micros(at.timestamp_micros()));
    if let Some(ago) = text.strip_prefix('-') {
        return duration(ago).map(When::BeforeEnd);
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(stamp(at.with_timezone(&Local)));
    }
    let here = |at: NaiveDateTime| {
        // A time skipped by a clock change means the first one after it.
        let later = |minutes| at.checked_add_signed(TimeDelta::minutes(minutes));
        let mut moments = (0..=24 * 4).filter_map(|quarter| later(15 * quarter));
        moments.find_map(|at| on_the_wall(at).next().map(stamp))
    };
    let spaced = text.replace('T', " ");
    let dated = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(&spaced, form).ok())
        .or_else(|| {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            day.and_hms_opt(0, 0, 0)
        });
    if let Some(when) = dated.and_then(here) {
        return Ok(when);
    }
    let clock = ["%H:%M:%S%.f", "%H:%M"]
        .iter()
        .find_map(|form| NaiveTime::parse_from_str(text, form).ok());
    clock.map(When::Clock).ok_or_else(|| {
        "give a time such as 2026-11-23T22:34:57Z, \"2026-11-23 22:34\", 22:34, or -2h before the end"
            .to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_a_number_above_zero_or_max() {
        assert_eq!(speed("0.5"), Ok(Speed::Times(0.5)));
        assert_eq!(speed("10x"), Ok(Speed::Times(10.0)));
        assert_eq!(speed("max"), Ok(Speed::Max));
        for wrong in ["0", "-1", "inf", "NaN", "fast"] {
            assert!(speed(wrong).is_err(), "{wrong:?} was understood");
        }
    }

    #[test]
    fn moments_are_understood_as_people_write_them() {
        let at = |text| when(text).expect(text);
        assert_eq!(
            at("2026-11-23T22:34:57Z"),
            When::At(Stamp::from_micros(1_795_473_297_000_000))
        );
        assert_eq!(at("2026-11-23 22:34"), at("2026-11-23T22:34:00"));
        assert_eq!(at("2026-11-23"), at("2026-11-23 00:00"));
        assert_eq!(at("-2h"), When::BeforeEnd(Duration::from_secs(7200)));
        assert_eq!(
            at("07:05"),
            When::Clock(NaiveTime::from_hms_opt(7, 5, 0).expect("a time"))
        );
        for wrong in ["", "yesterday", "25:00", "-", "2026-13-01"] {
            assert!(when(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_pattern_that_is_none_is_refused_in_a_sentence() {
        let sentence = pattern("a(").expect_err("unclosed");
        assert!(
            sentence.starts_with("this is not a regular expression: "),
            "{sentence}"
        );
    }
}
