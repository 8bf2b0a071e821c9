//! The tally for people: text that fits the terminal.
//!
//! Invariant: no line is wider than the terminal, however wide the characters of a name are, and a name
//! reaches the terminal only as spelt in the log, where it can control nothing.

use std::io::{self, Write};
use std::str::from_utf8;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::chart::ChartStyle;
use crate::event::Stamp;
use crate::modes::replay::tally::Tally;
use crate::modes::replay::tally::calendar::WEEKDAYS;
use crate::modes::replay::tally::names::{MOST_NAMES, NameTally};
use crate::modes::replay::wording::{counted_in_groups, duration, grouped};

/// Names that are shown, at most.
const SHOWN: usize = 20;
/// The widest table that is easy to read.
const WIDEST: usize = 100;
/// The narrowest table.
const NARROWEST: usize = 40;
/// The width of the column of names where others need room, and of bars.
const NAME: usize = 16;
const BAR: usize = 24;

/// Writes the table.
///
/// # Errors
/// The output cannot be written.
pub(super) fn write(
    tally: &Tally,
    log: &str,
    screen: ChartStyle,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = TextTable {
        tally,
        screen,
        width: screen.columns.clamp(NARROWEST, WIDEST),
        out: String::new(),
    };
    page.summary(log);
    page.who_said();
    page.who_was_there();
    page.when();
    page.over_time();
    page.remarks();
    out.write_all(page.out.as_bytes())
}

struct TextTable<'a> {
    tally: &'a Tally,
    screen: ChartStyle,
    width: usize,
    out: String,
}

/// A column of numbers or times.
struct Column {
    head: &'static str,
    cells: Vec<String>,
}

impl TextTable<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn heading(&mut self, text: &str) {
        let heading = self.screen.heading(&cut(text, self.width, self.screen));
        self.out.push('\n');
        self.line(&heading);
    }

    /// A paragraph with lines no longer than the table.
    fn text(&mut self, text: &str) {
        let mut row = String::new();
        for word in text.split(' ') {
            if !row.is_empty() && row.width() + 1 + word.width() > self.width {
                let full = std::mem::take(&mut row);
                self.line(&full);
            }
            if !row.is_empty() {
                row.push(' ');
            }
            row.push_str(word);
        }
        self.line(&row);
    }

    fn summary(&mut self, log: &str) {
        let tally = self.tally;
        let name = cut(log, self.width, self.screen);
        let name = self.screen.heading(&name);
        self.line(&name);
        if let Some((first, last)) = tally.range {
            let (from, to) = (self.time(first), self.time(last));
            let length = duration(last.since(first));
            self.text(&format!("{from} to {to} ({length}), local time"));
        }
        let names = match tally.names() {
            (count, false) if tally.speakers() < count => {
                let speakers = grouped(tally.speakers() as u64);
                format!(
                    "{speakers} of {}",
                    counted_in_groups(count as u64, "name", "names")
                )
            }
            (count, false) => counted_in_groups(count as u64, "name", "names"),
            (count, true) => format!(
                "more than {}",
                counted_in_groups(count as u64, "name", "names")
            ),
        };
        self.text(&format!(
            "{} ({}) by {names} on {} of {}",
            counted_in_groups(tally.messages, "message", "messages"),
            counted_in_groups(tally.words, "word", "words"),
            grouped(tally.hours.days),
            counted_in_groups(tally.days() as u64, "day", "days"),
        ));
        self.text(&format!(
            "{} and {}; the room was {} and {}",
            counted_in_groups(tally.joins, "join", "joins"),
            counted_in_groups(tally.leaves, "leave", "leaves"),
            done("opened", tally.opened),
            done("closed", tally.closed),
        ));
        let silence = tally.silence.map(|(from, to)| {
            let (length, from, to) = (duration(to.since(from)), self.time(from), self.time(to));
            format!("Longest silence: {length}, from {from} to {to}")
        });
        let busiest = tally.hours.busiest.map(|hour| {
            let messages = counted_in_groups(hour.messages, "message", "messages");
            let (from, to) = (
                self.tally.wall(hour.from),
                self.tally.wall(hour.to).format("%H:%M"),
            );
            let from = from.format("%Y-%m-%d %H:%M");
            format!("Busiest hour: {messages}, {from} to {to}")
        });
        for fact in [silence, busiest].into_iter().flatten() {
            self.text(&fact);
        }
    }

    fn who_said(&mut self) {
        let tally = self.tally;
        let people: Vec<&NameTally> = tally.people.all().iter().take(SHOWN).collect();
        if tally.messages == 0 {
            return;
        }
        let column = |head, cell: &dyn Fn(&NameTally) -> String| Column {
            head,
            cells: people.iter().map(|person| cell(person)).collect(),
        };
        let share = |p: &NameTally| p.messages as f64 / tally.messages as f64;
        let columns = [
            column("messages", &|p| grouped(p.messages)),
            column("share", &|p| format!("{:.1} %", share(p) * 100.0)),
            column("words", &|p| grouped(p.words)),
            column("characters", &|p| grouped(p.characters)),
            column("mean", &|p| format!("{:.1}", p.mean())),
            column("longest", &|p| grouped(p.longest)),
            column("first and last", &|p| match p.spoke {
                Some((first, last)) => format!("{} to {}", self.day(first), self.day(last)),
                None => "-".to_string(),
            }),
        ];
        let most = people.first().map_or(1.0, |person| share(person));
        let bars = people.iter().map(|person| share(person) / most).collect();
        self.heading("Who said how much");
        self.grid(&people, &columns, Some(bars));
        self.and_more();
    }

    fn who_was_there(&mut self) {
        let tally = self.tally;
        let mut people: Vec<&NameTally> = tally.people.all().iter().collect();
        // Stable: among equals, those with most messages come first.
        people.sort_by_key(|person| std::cmp::Reverse(person.present));
        people.truncate(SHOWN);
        if people.is_empty() {
            return;
        }
        let column = |head, cell: &dyn Fn(&NameTally) -> String| Column {
            head,
            cells: people.iter().map(|person| cell(person)).collect(),
        };
        let columns = [
            column("minutes", &|p| grouped(p.minutes())),
            column("joins", &|p| grouped(p.joins)),
            column("first joined", &|p| self.minute(p.joined)),
            column("last left", &|p| {
                if p.is_present {
                    "still there".to_string()
                } else {
                    self.minute(p.left)
                }
            }),
        ];
        let most = people[0].present.max(1) as f64;
        let bars = people.iter().map(|p| p.present as f64 / most).collect();
        self.heading("Who was there");
        self.grid(&people, &columns, Some(bars));
        self.and_more();
        if tally.joins + tally.leaves == 0 {
            self.text(
                "The log has no joins or leaves: minutes are from each person's first message to \
                 the last.",
            );
        }
    }

    fn and_more(&mut self) {
        let (names, more) = self.tally.names();
        if names > SHOWN {
            let at_least = if more { "at least " } else { "" };
            let rest = grouped((names - SHOWN) as u64);
            self.text(&format!("and {at_least}{rest} more (--stats=csv has all)"));
        }
    }

    /// Names, numbers, and bars after them if there is room.
    fn grid(&mut self, people: &[&NameTally], columns: &[Column], bars: Option<Vec<f64>>) {
        let names: Vec<String> = people.iter().map(|person| spelt(person)).collect();
        let longest = names
            .iter()
            .map(|name| name.width())
            .max()
            .unwrap_or(0)
            .max(4);
        let wide = |column: &Column| {
            let cells = column.cells.iter().map(|cell| cell.width());
            cells.max().unwrap_or(0).max(column.head.width())
        };
        // Columns without room are left out from the end.
        let (mut shown, mut taken) = (0, longest.min(NAME));
        for column in columns {
            let more = 2 + wide(column);
            if taken + more > self.width {
                break;
            }
            (shown, taken) = (shown + 1, taken + more);
        }
        let columns = &columns[..shown];
        let numbers = taken - longest.min(NAME);
        let name = longest.min((self.width - numbers).min(2 * NAME));
        let bar = (self.width - numbers - name).saturating_sub(2).min(BAR);
        let bars = bars.filter(|_| bar >= 4);
        let mut head = pad("name", name);
        for column in columns {
            head += &format!("  {:>1$}", column.head, wide(column));
        }
        let head = self.screen.grey(&head);
        self.line(&head);
        for (row, spelt) in names.iter().enumerate() {
            let mut text = pad(&cut(spelt, name, self.screen), name);
            for column in columns {
                let cell = &column.cells[row];
                text += &" ".repeat(2 + wide(column) - cell.width());
                text += cell;
            }
            if let Some(bars) = &bars {
                text += "  ";
                text += &self.screen.bar(bars[row], bar);
            }
            self.line(&text);
        }
    }

    fn when(&mut self) {
        let hours = &self.tally.hours;
        if self.tally.messages == 0 {
            return;
        }
        let days = hours.by_weekday();
        let number = days.map(|day| grouped(day).len()).into_iter().max();
        let number = number.unwrap_or(0);
        let wide = if self.width >= 5 + 48 + 2 + number {
            2
        } else {
            1
        };
        self.heading("When, by hour and weekday");
        for row in self.screen.columns(&hours.by_hour(), 4, wide) {
            self.line(&format!("     {row}"));
        }
        let axis: String = (0..24)
            .step_by(3)
            .map(|hour| pad(&hour.to_string(), 3 * wide))
            .collect();
        let axis = self.screen.grey(&axis);
        self.line(&format!("     {axis}"));
        let most = hours.heat.iter().flatten().copied().max().unwrap_or(0);
        let most_a_day = days.iter().copied().max().unwrap_or(0).max(1);
        let bar = self
            .width
            .saturating_sub(5 + 24 * wide + 2 + number + 2)
            .min(BAR);
        for (day, name) in WEEKDAYS.iter().enumerate() {
            let heat = self.screen.heat(&hours.heat[day], most, wide);
            let label = self.screen.grey(&format!("{name}  "));
            let mut row = format!("{label}{heat}  {:>number$}", grouped(days[day]));
            if bar >= 4 {
                row += "  ";
                row += &self.screen.bar(days[day] as f64 / most_a_day as f64, bar);
            }
            self.line(&row);
        }
    }

    fn over_time(&mut self) {
        let Some((first, last)) = self.tally.range.filter(|_| self.tally.messages > 0) else {
            return;
        };
        let (unit, intervals) = self.tally.intervals.gathered(first, last, self.width);
        let counts: Vec<u64> = intervals.iter().map(|interval| interval.messages).collect();
        // A few intervals are drawn wider, to fill the table.
        let wide = (self.width / counts.len().max(1)).clamp(1, 8);
        let most = counts.iter().copied().max().unwrap_or(0);
        self.heading(&format!(
            "Over time: messages per {unit} (most: {})",
            grouped(most)
        ));
        if counts.len() * wide > self.width {
            // Only where the calendar's last unit is too short: nothing is left out silently.
            return self.text("This log is too long for a chart of this width.");
        }
        for row in self.screen.columns(&counts, 4, wide) {
            self.line(&row);
        }
        let (from, to) = (self.time(first), self.time(last));
        let (ends, chart) = (from.width() + to.width(), counts.len() * wide);
        let gap = chart.saturating_sub(ends).max(2);
        let axis = if ends + gap <= self.width {
            format!("{from}{}{to}", " ".repeat(gap))
        } else {
            from
        };
        let axis = self.screen.grey(&axis);
        self.line(&axis);
    }

    fn remarks(&mut self) {
        let (_, more) = self.tally.names();
        if let (true, Some(others)) = (more, &self.tally.people.others) {
            self.out.push('\n');
            self.text(&format!(
                "There are more names than are counted one by one ({}). Of later names, {} and {} \
                 are in every sum, but in no row.",
                grouped(MOST_NAMES as u64),
                counted_in_groups(others.messages, "message", "messages"),
                counted_in_groups(others.joins, "join", "joins"),
            ));
        }
        if let Some(found) = self.tally.defects.in_words() {
            self.out.push('\n');
            self.text(&format!("Not counted: {found}."));
        }
    }

    fn time(&self, at: Stamp) -> String {
        self.tally.wall(at).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn minute(&self, at: Option<Stamp>) -> String {
        at.map_or("-".to_string(), |at| {
            self.tally.wall(at).format("%Y-%m-%d %H:%M").to_string()
        })
    }

    fn day(&self, at: Stamp) -> String {
        self.tally.wall(at).format("%Y-%m-%d").to_string()
    }
}

/// A name as the log spells it.
fn spelt(person: &NameTally) -> String {
    from_utf8(&person.name).unwrap_or_default().to_string()
}

/// As much of a text as fits into so many columns, with a mark if it is cut.
fn cut(text: &str, columns: usize, screen: ChartStyle) -> String {
    if text.width() <= columns {
        return text.to_string();
    }
    let mut kept = String::new();
    for letter in text.graphemes(true) {
        if kept.width() + letter.width() + 1 > columns {
            break;
        }
        kept.push_str(letter);
    }
    kept.push(if screen.blocks { '…' } else { '~' });
    kept
}

/// The text padded with spaces to so many columns.
fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

fn done(what: &str, count: u64) -> String {
    match count {
        0 => format!("never {what}"),
        1 => format!("{what} once"),
        2 => format!("{what} twice"),
        _ => format!("{what} {} times", grouped(count)),
    }
}

#[cfg(test)]
mod tests;
