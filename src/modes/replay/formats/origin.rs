//! The file of a log: facts that its lines may leave out.

use std::path::PathBuf;

use chrono::NaiveDate;

use crate::event::Stamp;

/// Facts about a file besides its bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// The file's path; `None` for a pipe.
    pub path: Option<PathBuf>,
    /// The time of its last modification.
    pub modified: Option<Stamp>,
    /// The file is compressed with gzip.
    pub is_packed: bool,
}

/// The date in a file's name: `2026-11-23`, `20261123`, or with another separator.
pub(super) fn date_in(name: &str) -> Option<NaiveDate> {
    let bytes = name.as_bytes();
    let number = |from: usize, count: usize| {
        let digits = bytes.get(from..from + count)?;
        digits.iter().try_fold(0, |sum, b| {
            b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0'))
        })
    };
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (0..bytes.len()).find_map(|at| {
        if at > 0 && is_digit(at - 1) {
            return None;
        }
        let year = number(at, 4)?;
        let gap = usize::from(!is_digit(at + 4));
        let (month, day) = (number(at + 4 + gap, 2)?, number(at + 6 + 2 * gap, 2)?);
        if is_digit(at + 8 + 2 * gap) || !(1970..=2200).contains(&year) {
            return None;
        }
        NaiveDate::from_ymd_opt(year as i32, month, day)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_found_in_names() {
        for (name, wanted) in [
            ("ubuntu-2004-12-25.txt", Some("2004-12-25")),
            ("#books_20261123.log", Some("2026-11-23")),
            ("2026.11.23", Some("2026-11-23")),
            ("1234567890.log", None),
            ("books-2026-13-01.txt", None),
            ("books-2026-11.txt", None),
            ("été-2026-11-23é", Some("2026-11-23")),
            ("", None),
        ] {
            assert_eq!(
                date_in(name).map(|day| day.to_string()).as_deref(),
                wanted,
                "{name}"
            );
        }
    }
}
