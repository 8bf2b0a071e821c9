//! Markdown tables, aligned so that they can be read in a terminal too.

use super::{Report, median};

/// The format of a number.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// With so many decimals.
    Digits(usize),
    /// In millions.
    Millions,
    /// Microseconds, as µs, ms or s.
    Time,
}

/// A column: its heading, the value's name, its format, and whether the spread follows.
#[derive(Clone, Copy, Debug)]
pub struct Column(pub &'static str, pub &'static str, pub Form, pub bool);

/// The divisor, the decimals and the unit for a number near `value`.
fn scale(value: f64, form: Form) -> (f64, usize, &'static str) {
    match form {
        Form::Digits(digits) => (1.0, digits, ""),
        Form::Millions => (1e6, 2, " M"),
        Form::Time if value < 1e3 => (1.0, 0, " µs"),
        Form::Time if value < 1e4 => (1e3, 2, " ms"),
        Form::Time if value < 1e6 => (1e3, 0, " ms"),
        Form::Time => (1e6, 1, " s"),
    }
}

/// A median and, with `spread`, the smallest and the largest value, in the same unit.
pub fn cell(all: Vec<f64>, form: Form, spread: bool) -> String {
    let least = all.iter().copied().reduce(f64::min);
    let most = all.iter().copied().reduce(f64::max);
    let (Some(middle), Some(least), Some(most)) = (median(all), least, most) else {
        return "-".to_string();
    };
    let (divisor, digits, unit) = scale(middle, form);
    let number = |value: f64| format!("{:.digits$}", value / divisor);
    match spread && least < most {
        true => {
            let (middle, least, most) = (number(middle), number(least), number(most));
            format!("{middle}{unit} ({least}-{most})")
        }
        false => format!("{}{unit}", number(middle)),
    }
}

/// The ratios in a table: the value's name, and the servers whose value is the divisor.
pub type Ratio<'a> = (&'a str, &'a [&'a str]);

/// A row for each server; the ratios are the last columns.
pub fn table(
    report: &Report,
    scenario: &str,
    case: &str,
    columns: &[Column],
    ratio: Option<Ratio>,
) -> String {
    let mut head = vec!["server".to_string()];
    head.extend(columns.iter().map(|column| column.0.to_string()));
    let (divided, against) = ratio.unwrap_or(("", &[]));
    head.extend(against.iter().map(|peer| format!("x {peer}")));
    let mut rows = vec![head];
    for server in report.servers(scenario, case) {
        let mut row = vec![server.clone()];
        for Column(_, name, form, spread) in columns {
            let all = report.rounds(scenario, case, &server, name);
            row.push(cell(all, *form, *spread));
        }
        for peer in against {
            let of = |who: &str| report.median(scenario, case, who, divided);
            row.push(match (of(&server), of(peer)) {
                (Some(own), Some(other)) => format!("{:.2}", own / other),
                _ => "-".to_string(),
            });
        }
        rows.push(row);
    }
    align(&rows)
}

/// Formats rows; the first is the heading.
pub fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |n: usize| rows.iter().map(|row| row[n].chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|n| width(n).unwrap_or(0)).collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (n, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let (width, cell) = (*width, cell.as_str());
            text.push_str(&match n {
                0 => format!("| {cell:<width$} "),
                _ => format!("| {cell:>width$} "),
            });
        }
        text.push_str("|\n");
        if number == 0 {
            for (n, width) in widths.iter().enumerate() {
                let line = "-".repeat(*width + 1);
                text.push_str(&match n {
                    0 => format!("|{line}-"),
                    _ => format!("|{line}:"),
                });
            }
            text.push_str("|\n");
        }
    }
    text
}
