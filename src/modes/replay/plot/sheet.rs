//! The contents of the picture and their positions.
//!
//! The talk over time is above, the hours of the weekdays below. The colours are those of viridis (Nathaniel
//! Smith and Stefan van der Walt, matplotlib, CC0), which everyone can tell apart and which keep their order
//! in greyscale; more is darker, since the sheet is white.

use plotters::prelude::*;

use super::canvas::{Canvas, Side, TextStyle, cut, width};
use crate::event::Stamp;
use crate::modes::replay::tally::Tally;
use crate::modes::replay::tally::calendar::{Unit, WEEKDAYS};
use crate::modes::replay::tally::hours::{moment, second};
use crate::modes::replay::tally::intervals::Interval;
use crate::modes::replay::wording::{counted_in_groups, duration, grouped};

/// The size of the sheet in points.
pub(super) const WIDTH: u32 = 960;
pub(super) const HEIGHT: u32 = 616;

const LEFT: f64 = 72.0;
const RIGHT: f64 = 928.0;
/// The upper and lower ends of the chart over time.
const TOP: f64 = 124.0;
const BOTTOM: f64 = 312.0;
/// The upper end of the chart by hour, the height of each weekday, and the left end of the scale.
const HEAT: f64 = 410.0;
const DAY: f64 = 24.0;
const SCALE: f64 = 874.0;
/// The least distance between two labels on an axis.
const BETWEEN: f64 = 68.0;
/// The letter size of the axes.
const LABEL: u32 = 14;

const BLACK: RGBColor = RGBColor(0x1f, 0x23, 0x28);
const GREY: RGBColor = RGBColor(0x5b, 0x63, 0x6c);
const GRID: RGBColor = RGBColor(0xe3, 0xe6, 0xea);
const NONE: RGBColor = RGBColor(0xf1, 0xf3, 0xf5);
const BAR: RGBColor = RGBColor(0x31, 0x68, 0x8e);
const VIRIDIS: [RGBColor; 9] = [
    RGBColor(0xfd, 0xe7, 0x25),
    RGBColor(0xaa, 0xdc, 0x32),
    RGBColor(0x5e, 0xc9, 0x62),
    RGBColor(0x27, 0xad, 0x81),
    RGBColor(0x21, 0x91, 0x8c),
    RGBColor(0x2c, 0x72, 0x8e),
    RGBColor(0x3b, 0x52, 0x8b),
    RGBColor(0x47, 0x2d, 0x7b),
    RGBColor(0x44, 0x01, 0x54),
];

/// A sheet about a log.
pub(super) struct Sheet<'a> {
    tally: &'a Tally,
    log: &'a str,
    first: Stamp,
    last: Stamp,
}

impl<'a> Sheet<'a> {
    /// The sheet of a tally; `None` if it has no message.
    pub(super) fn of(tally: &'a Tally, log: &'a str) -> Option<Sheet<'a>> {
        let (first, last) = tally.range.filter(|_| tally.messages > 0)?;
        Some(Sheet {
            tally,
            log,
            first,
            last,
        })
    }

    /// The title in one sentence.
    pub(super) fn title(&self) -> String {
        format!("Talk in {}: {}", self.log(), self.about())
    }

    /// Draws the sheet.
    ///
    /// # Errors
    /// The error of plotters.
    pub(super) fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Result<(), String> {
        let title = cut(&self.log(), 26, RIGHT - 32.0);
        canvas.text(&title, (32.0, 34.0), Side::Right, TextStyle(26, BLACK))?;
        let about = cut(&self.about(), 15, RIGHT - 32.0);
        canvas.text(&about, (32.0, 62.0), Side::Right, TextStyle(15, GREY))?;
        self.over_time(canvas)?;
        self.by_hour(canvas)?;
        canvas.finish()
    }

    /// The log's name without its folders and without characters that XML cannot hold.
    fn log(&self) -> String {
        let kept = |c: char| match c {
            '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        };
        let name = self.log.rsplit('/').next().unwrap_or_default();
        name.chars().map(kept).collect()
    }

    fn about(&self) -> String {
        let (names, more) = self.tally.names();
        let speakers = self.tally.speakers();
        let by = match more {
            true => "more than ".to_string(),
            false if speakers < names => format!("{} of ", grouped(speakers as u64)),
            false => String::new(),
        };
        let (from, to) = (self.tally.wall(self.first), self.tally.wall(self.last));
        let to = if from.date() == to.date() {
            to.format("%H:%M")
        } else {
            to.format("%-d %b %Y %H:%M")
        };
        format!(
            "{} by {by}{}, {} to {to} ({}, local time)",
            counted_in_groups(self.tally.messages, "message", "messages"),
            counted_in_groups(names as u64, "name", "names"),
            from.format("%-d %b %Y %H:%M"),
            duration(self.last.since(self.first)),
        )
    }

    fn over_time<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Result<(), String> {
        // Enough messages a bar for its height to mean something, and enough points to see it.
        let many = (self.tally.messages as usize / 2).clamp(12, 190);
        let (unit, intervals) = self.tally.intervals.gathered(self.first, self.last, many);
        let heading = format!("Messages per {unit}");
        canvas.text(&heading, (32.0, 98.0), Side::Right, TextStyle(17, BLACK))?;
        let most = intervals.iter().map(|s| s.messages).max().unwrap_or(1);
        let step = step(most);
        let top = most.div_ceil(step) * step;
        let y = |count: u64| BOTTOM - (BOTTOM - TOP) * count as f64 / top as f64;
        for count in (0..=top / step).map(|n| n * step) {
            canvas.line((LEFT, y(count)), (RIGHT, y(count)), 1, GRID)?;
            let at = (LEFT - 8.0, y(count));
            canvas.text(&grouped(count), at, Side::Left, TextStyle(LABEL, GREY))?;
        }
        let (from, to) = match &intervals[..] {
            [first, .., last] => (first.from, last.to),
            [only] => (only.from, only.to),
            [] => return Ok(()),
        };
        let x = |at: Stamp| {
            let part = at.since(from).as_secs_f64() / to.since(from).as_secs_f64();
            LEFT + (RIGHT - LEFT) * part
        };
        for Interval { from, to, messages } in intervals.iter().filter(|s| s.messages > 0) {
            let (left, right) = (x(*from), x(*to));
            let gap = if right - left >= 6.0 { 1.0 } else { 0.0 };
            // Even the smallest count shows.
            let height = y(*messages).min(BOTTOM - 1.0);
            let right = (right - gap).max(left + 1.0);
            canvas.rectangle((left, height), (right, BOTTOM), BAR)?;
        }
        canvas.line((LEFT, BOTTOM), (RIGHT, BOTTOM), 1, GREY)?;
        self.times(canvas, unit, from, to, &x)
    }

    /// Draws the time axis.
    fn times<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        least: Unit,
        from: Stamp,
        to: Stamp,
        x: &dyn Fn(Stamp) -> f64,
    ) -> Result<(), String> {
        let zone = self.tally.zone;
        let (first, last) = (second(from), second(to));
        let unit = Unit::for_intervals(first, last, least.length(), 24);
        let mut ticks = Vec::new();
        let mut at = unit.floor(first, zone);
        while at <= last {
            if at >= first {
                ticks.push(at);
            }
            at = unit.next(at, zone);
        }
        let room = ((RIGHT - LEFT) / BETWEEN).floor() as usize;
        let every = ticks.len().div_ceil(room).max(1);
        let mut below: Vec<(f64, String)> = Vec::new();
        for at in ticks.into_iter().step_by(every) {
            let place = x(moment(at));
            let (label, common) = unit.label(at, zone);
            canvas.line((place, BOTTOM), (place, BOTTOM + 5.0), 1, GREY)?;
            canvas.text(
                &label,
                (place, BOTTOM + 16.0),
                Side::Centre,
                TextStyle(LABEL, GREY),
            )?;
            if below.last().is_none_or(|(_, before)| *before != common) {
                // A first label that ends at once has no room: the next says more.
                below.pop_if(|(before, text)| place - *before < width(text, LABEL) + 8.0);
                below.push((place, common));
            }
        }
        for (place, text) in below {
            canvas.text(
                &text,
                (place, BOTTOM + 33.0),
                Side::Centre,
                TextStyle(LABEL, GREY),
            )?;
        }
        Ok(())
    }

    fn by_hour<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Result<(), String> {
        let heading = "Messages by hour and weekday";
        canvas.text(
            heading,
            (32.0, HEAT - 26.0),
            Side::Right,
            TextStyle(17, BLACK),
        )?;
        let heat = &self.tally.hours.heat;
        let most = heat.iter().flatten().copied().max().unwrap_or(0).max(1);
        let end = SCALE - 34.0;
        let x = |hour: usize| (LEFT + (end - LEFT) * hour as f64 / 24.0).round();
        for (day, name) in WEEKDAYS.iter().enumerate() {
            let y = HEAT + DAY * day as f64;
            let middle = y + (DAY - 1.0) / 2.0;
            canvas.text(
                name,
                (LEFT - 8.0, middle),
                Side::Left,
                TextStyle(LABEL, GREY),
            )?;
            for (hour, count) in heat[day].iter().enumerate() {
                let colour = match count {
                    0 => NONE,
                    _ => viridis(*count as f64 / most as f64),
                };
                let to = (x(hour + 1) - 1.0, y + DAY - 1.0);
                canvas.rectangle((x(hour), y), to, colour)?;
            }
        }
        let below = HEAT + 7.0 * DAY + 11.0;
        for hour in 0..24 {
            let middle = (x(hour) + x(hour + 1) - 1.0) / 2.0;
            canvas.text(
                &hour.to_string(),
                (middle, below),
                Side::Centre,
                TextStyle(LABEL, GREY),
            )?;
        }
        self.scale(canvas, most)
    }

    /// Draws the scale of colours.
    fn scale<B: DrawingBackend>(&self, canvas: &Canvas<B>, most: u64) -> Result<(), String> {
        let (top, bottom) = (HEAT, HEAT + 7.0 * DAY - 1.0);
        let steps = (bottom - top) as usize;
        for step in 0..steps {
            let part = 1.0 - step as f64 / (steps - 1) as f64;
            let y = top + step as f64;
            let to = (SCALE + 12.0, (y + 1.0).min(bottom));
            canvas.rectangle((SCALE, y), to, viridis(part))?;
        }
        let mut marks = vec![1, most];
        if most >= 4 {
            marks.push(most.div_ceil(2));
        }
        for count in marks {
            let y = bottom - (bottom - top) * count as f64 / most as f64;
            let at = (SCALE + 18.0, y.clamp(top + 5.0, bottom - 5.0));
            canvas.text(&grouped(count), at, Side::Right, TextStyle(LABEL, GREY))?;
        }
        Ok(())
    }
}

/// The distance of the grid lines: 1, 2 or 5 times a power of ten, for at most six lines.
fn step(most: u64) -> u64 {
    let mut ten = 1u64;
    loop {
        let found = [1, 2, 5].into_iter().map(|n| n * ten);
        if let Some(step) = found.into_iter().find(|step| most.div_ceil(*step) <= 6) {
            return step;
        }
        ten = ten.saturating_mul(10);
    }
}

/// The colour of a share from 0 to 1.
fn viridis(part: f64) -> RGBColor {
    let place = part.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let below = (place as usize).min(VIRIDIS.len() - 2);
    let between = place - below as f64;
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * between) as u8;
    let (a, b) = (VIRIDIS[below], VIRIDIS[below + 1]);
    RGBColor(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_behind_a_chart_have_round_numbers() {
        for (most, distance) in [(1, 1), (6, 1), (7, 2), (23, 5), (31, 10), (1062, 200)] {
            assert_eq!(step(most), distance, "{most}");
        }
        assert!(step(u64::MAX) > 0);
    }

    #[test]
    fn colours_go_from_light_to_dark() {
        let light = |part| {
            let RGBColor(r, g, b) = viridis(part);
            0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b)
        };
        for step in 1..=100 {
            let (before, now) = (
                light(f64::from(step - 1) / 100.0),
                light(f64::from(step) / 100.0),
            );
            assert!(now < before, "{step}: {before} to {now}");
        }
    }
}
