//! Charts made of characters.
//!
//! Invariant: a chart has exactly the columns that were asked for, and uses ASCII alone where nothing else
//! can be shown.

/// Parts of a column from the left, in eighths.
const ACROSS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
/// Parts of a row from below, in eighths.
const UP: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Shades from few to many.
const SHADES: [char; 4] = ['░', '▒', '▓', '█'];
const ASCII_SHADES: [char; 4] = ['-', '+', '*', '#'];
/// Shades in colours that everyone can tell apart, on black and on white: viridis, of the 256 colours of
/// terminals.
const HEAT: [u8; 7] = [54, 61, 31, 36, 71, 112, 220];
/// The colour of bars.
const BAR: &str = "38;5;31";
/// The colour of secondary text.
const GREY: &str = "90";

/// The columns of a table, and the means to draw in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChartStyle {
    pub columns: usize,
    /// True if names and bars are coloured.
    pub colour: bool,
    /// True if characters beyond ASCII can be shown.
    pub blocks: bool,
}

impl ChartStyle {
    /// The text in that colour, if colours are on.
    pub(super) fn painted(self, colour: &str, text: &str) -> String {
        if self.colour && !text.trim().is_empty() {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }

    /// A text as a heading.
    pub(super) fn heading(self, text: &str) -> String {
        self.painted("1", text)
    }

    /// A text that matters less.
    pub(super) fn grey(self, text: &str) -> String {
        self.painted(GREY, text)
    }

    /// A bar of `part` of `columns`, padded with spaces. Even the smallest part shows.
    pub(super) fn bar(self, part: f64, columns: usize) -> String {
        let eighths = (part.clamp(0.0, 1.0) * columns as f64 * 8.0).round() as usize;
        let eighths = eighths.max(usize::from(part > 0.0)).min(columns * 8);
        let mut bar = String::new();
        if self.blocks {
            bar.extend(std::iter::repeat_n('█', eighths / 8));
            bar.extend((!eighths.is_multiple_of(8)).then(|| ACROSS[eighths % 8 - 1]));
        } else {
            bar.extend(std::iter::repeat_n('#', eighths.div_ceil(8)));
        }
        let rest = columns - bar.chars().count();
        format!("{}{}", self.painted(BAR, &bar), " ".repeat(rest))
    }

    /// Adjacent columns, `rows` high and each `wide` wide; the largest fills all rows.
    pub(super) fn columns(self, counts: &[u64], rows: usize, wide: usize) -> Vec<String> {
        let most = counts.iter().copied().max().unwrap_or(0).max(1);
        let eighths = |count: u64| {
            let height = (count as f64 / most as f64 * rows as f64 * 8.0).round() as usize;
            height.max(usize::from(count > 0))
        };
        let row = |below: usize| {
            let part = |count: &u64| match eighths(*count).saturating_sub(below * 8) {
                0 => ' ',
                part if self.blocks => UP[part.min(8) - 1],
                // Half a row and more.
                part if part >= 4 || below == 0 => '#',
                _ => ' ',
            };
            let parts = counts.iter().map(part);
            let text: String = parts.flat_map(|c| std::iter::repeat_n(c, wide)).collect();
            self.painted(BAR, &text)
        };
        (0..rows).rev().map(row).collect()
    }

    /// Adjacent cells, each `wide` wide, shaded by count; `most` is the largest count of all rows.
    pub(super) fn heat(self, counts: &[u64], most: u64, wide: usize) -> String {
        let cell = |count: &u64| {
            if *count == 0 {
                let dot = if self.blocks { '·' } else { '.' };
                return self.grey(&format!("{dot:<wide$}"));
            }
            let shade = |shades: usize| {
                let part = *count as f64 / most.max(1) as f64;
                ((part * shades as f64).ceil() as usize).clamp(1, shades) - 1
            };
            let of = |c: char| String::from_iter(std::iter::repeat_n(c, wide));
            match (self.colour && self.blocks, self.blocks) {
                (true, _) => {
                    let colour = format!("38;5;{}", HEAT[shade(HEAT.len())]);
                    self.painted(&colour, &of('█'))
                }
                (_, true) => of(SHADES[shade(SHADES.len())]),
                (_, false) => of(ASCII_SHADES[shade(ASCII_SHADES.len())]),
            }
        };
        counts.iter().map(cell).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCKS: ChartStyle = ChartStyle {
        columns: 80,
        colour: false,
        blocks: true,
    };
    const ASCII: ChartStyle = ChartStyle {
        blocks: false,
        ..BLOCKS
    };

    #[test]
    fn bars_are_as_long_as_their_part() {
        assert_eq!(BLOCKS.bar(1.0, 4), "████");
        assert_eq!(BLOCKS.bar(0.5, 4), "██  ");
        assert_eq!(BLOCKS.bar(0.3, 4), "█▎  ");
        assert_eq!(BLOCKS.bar(0.0001, 4), "▏   ");
        assert_eq!(BLOCKS.bar(0.0, 4), "    ");
        assert_eq!(BLOCKS.bar(7.0, 2), "██");
        assert_eq!(ASCII.bar(0.3, 4), "##  ");
        let colour = ChartStyle {
            colour: true,
            ..BLOCKS
        };
        assert_eq!(colour.bar(0.5, 4), "\u{1b}[38;5;31m██\u{1b}[0m  ");
    }

    #[test]
    fn columns_rise_to_the_highest() {
        assert_eq!(BLOCKS.columns(&[0, 1, 8, 16], 2, 1), ["   █", " ▁██"]);
        assert_eq!(BLOCKS.columns(&[0, 1], 1, 2), ["  ██"]);
        assert_eq!(BLOCKS.columns(&[0, 0], 1, 1), ["  "]);
        assert_eq!(ASCII.columns(&[0, 1, 8, 16], 2, 1), ["   #", " ###"]);
        assert_eq!(BLOCKS.columns(&[], 1, 1), [""]);
    }

    #[test]
    fn cells_have_shades() {
        assert_eq!(BLOCKS.heat(&[0, 1, 50, 75, 100], 100, 2), "· ░░▒▒▓▓██");
        assert_eq!(ASCII.heat(&[0, 1, 50, 75, 100], 100, 1), ".-+*#");
        assert_eq!(BLOCKS.heat(&[0], 0, 1), "·");
    }
}
