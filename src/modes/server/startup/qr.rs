//! A QR code for the cameras of phones, in the characters of a terminal.

use std::fmt::Write;

use qrcodegen::{QrCode, QrCodeEcc};

use crate::system::terminal::TerminalSize;

/// The light modules around the code (ISO/IEC 18004, section 5.3.8).
const QUIET: i32 = 4;
/// Black on white, whatever the terminal's own colours.
const DARK_ON_LIGHT: &str = "\x1b[38;5;16;48;5;231m";
const OWN_COLOURS: &str = "\x1b[0m";
/// The columns before it, as before the lines above.
const INDENT: &str = "  ";

/// The QR code of `text` as lines of half blocks, each of which is two modules high. `None` where it does
/// not fit: a code that is wrapped or cut off is none. A size of 0 is an unknown one.
pub fn drawing(text: &str, terminal: TerminalSize) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
    let modules = -QUIET..code.size() + QUIET;
    let fits = |size: u16, needed: usize| size == 0 || needed < usize::from(size);
    if !fits(terminal.columns, INDENT.len() + modules.len())
        || !fits(terminal.rows, modules.len().div_ceil(2))
    {
        return None;
    }
    let mut lines = String::new();
    for y in modules.clone().step_by(2) {
        let row = modules.clone().map(|x| {
            // What lies outside is light.
            match (code.get_module(x, y), code.get_module(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            }
        });
        let row: String = row.collect();
        let _ = writeln!(lines, "{INDENT}{DARK_ON_LIGHT}{row}{OWN_COLOURS}");
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "http://192.168.1.20:1337/";

    fn size(columns: u16, rows: u16) -> TerminalSize {
        TerminalSize { rows, columns }
    }

    /// The text that a reader of QR codes finds in the lines of a drawing.
    fn decoded(lines: &str) -> String {
        const SCALE: usize = 4;
        let rows: Vec<Vec<bool>> = lines
            .lines()
            .flat_map(|line| {
                let line = line.trim_start().trim_start_matches(DARK_ON_LIGHT);
                let line = line.trim_end_matches(OWN_COLOURS);
                let half = |dark: [char; 2]| line.chars().map(|c| dark.contains(&c)).collect();
                [half(['█', '▀']), half(['█', '▄'])]
            })
            .collect();
        let (width, height) = (rows[0].len() * SCALE, rows.len() * SCALE);
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
            if rows[y / SCALE][x / SCALE] { 0 } else { 255 }
        });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "one code:\n{lines}");
        grids[0].decode().expect("a code").1
    }

    #[test]
    fn a_reader_of_codes_finds_the_address() {
        for text in [TEXT, "http://[2001:db8:1:2:3:4:5:6]:61337/"] {
            let lines = drawing(text, size(0, 0)).expect("it fits");
            assert_eq!(decoded(&lines), text);
        }
    }

    #[test]
    fn it_is_dark_on_light_with_its_margin() {
        let lines = drawing(TEXT, size(0, 0)).expect("it fits");
        // Version 2 is 25 modules wide.
        assert_eq!(lines.lines().count(), 17);
        for (number, line) in lines.lines().enumerate() {
            let row = line
                .strip_prefix("  \x1b[38;5;16;48;5;231m")
                .expect("its colours");
            let row = row.strip_suffix("\x1b[0m").expect("the terminal's own");
            assert_eq!(row.chars().count(), 33);
            assert!(row.starts_with("    ") && row.ends_with("    "), "{row:?}");
            let is_margin = !(2..15).contains(&number);
            assert_eq!(row.trim().is_empty(), is_margin, "{number}: {row:?}");
        }
    }

    #[test]
    fn a_code_that_does_not_fit_is_not_begun() {
        for (terminal, fits) in [
            (size(80, 24), true),
            (size(36, 18), true),
            (size(35, 18), false),
            (size(36, 17), false),
            (size(0, 17), false),
        ] {
            assert_eq!(drawing(TEXT, terminal).is_some(), fits, "{terminal:?}");
        }
        assert_eq!(drawing(&"x".repeat(3_000), size(0, 0)), None);
    }
}
