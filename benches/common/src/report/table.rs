//! Tables in Markdown, aligned so that they are read in a terminal too.

use super::{Report, median};

/// How a number is written.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// With so many digits behind the point.
    Digits(usize),
    /// In millions.
    Millions,
    /// Microseconds, as µs, ms or s.
    Time,
}

/// One column: its heading, the value's name, how it is written, and whether the spread follows.
#[derive(Clone, Copy, Debug)]
pub struct Column(pub &'static str, pub &'static str, pub Form, pub bool);

/// What a number near `value` is divided by, the digits it then has, and its unit.
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

/// A median and, if wished, the smallest and the largest, in the same unit.
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

/// What others are divided by: the value's name, and whose it is.
pub type Ratio<'a> = (&'a str, &'a [&'a str]);

/// One row for each server, with the ratios behind.
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

/// Lays rows out, the first of them the heading.
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
