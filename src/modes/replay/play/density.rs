//! The amount of talk over time: the small columns in the status line.
//!
//! Only the positions of a few moments are needed, one found at a time, so that keys are read in between.

use std::io;

use crate::event::Stamp;
use crate::journal::Reader;

/// The number of parts of the log's time, and of the status line's columns for them at most.
pub(super) const PARTS: usize = 40;

/// The part of a log that is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub first: Stamp,
    pub last: Stamp,
    /// Its end in the file, in bytes.
    pub end: u64,
}

impl Extent {
    /// The moment at a share of its time; 0 to 1 are within.
    pub(super) fn moment(&self, share: f64) -> Stamp {
        let length = self.last.micros().saturating_sub(self.first.micros());
        let past = length as f64 * share;
        Stamp::from_micros(self.first.micros().saturating_add(past as i64))
    }

    /// The share of its time before a moment: 0 to 1.
    pub(super) fn share(&self, at: Stamp) -> f64 {
        let length = self.last.since(self.first).as_secs_f64();
        if length > 0.0 {
            (at.since(self.first).as_secs_f64() / length).min(1.0)
        } else {
            1.0
        }
    }
}

/// The bytes that were written in each part of the time.
#[derive(Clone, Debug, Default)]
pub(super) struct Density {
    extent: Option<Extent>,
    /// The positions at which the parts begin, as far as found.
    places: Vec<u64>,
    /// The newest complete result.
    bytes: Vec<u64>,
}

impl Density {
    /// Sets the extent to measure. One that grew only a little is not measured again.
    pub(super) fn count(&mut self, extent: Extent) {
        let again = self.extent.is_none_or(|known| {
            let grown = extent.last.since(known.last);
            let part = known.last.since(known.first) / (2 * PARTS as u32);
            extent.first != known.first || extent.end < known.end || grown > part
        });
        if again {
            self.extent = Some(extent);
            self.places.clear();
        }
    }

    /// The extent that is measured.
    pub(super) fn extent(&self) -> Option<Extent> {
        self.extent
    }

    /// Returns whether the measurement is complete.
    pub(super) fn is_done(&self) -> bool {
        self.extent.is_none() || self.places.len() > PARTS
    }

    /// Finds the position of one more moment.
    ///
    /// # Errors
    /// Reading failed.
    pub(super) fn step(&mut self, reader: &Reader) -> io::Result<()> {
        let (Some(extent), false) = (self.extent, self.is_done()) else {
            return Ok(());
        };
        let place = match self.places.len() {
            PARTS => extent.end,
            part => reader.at_time(extent.moment(part as f64 / PARTS as f64), extent.end)?,
        };
        self.places.push(place);
        if self.is_done() {
            let pairs = self.places.windows(2);
            self.bytes = pairs.map(|pair| pair[1].saturating_sub(pair[0])).collect();
        }
        Ok(())
    }

    /// Sets the result.
    #[cfg(test)]
    pub fn set(&mut self, bytes: Vec<u64>) {
        self.bytes = bytes;
    }

    /// The heights of so many columns, 0 to 1; `None` until they are known.
    pub(super) fn columns(&self, count: usize) -> Option<Vec<f64>> {
        if self.bytes.is_empty() || count == 0 {
            return None;
        }
        let per_column = PARTS as f64 / count as f64;
        let sum = |column: usize| -> f64 {
            let (from, to) = (column as f64 * per_column, (column + 1) as f64 * per_column);
            let parts = self.bytes.iter().enumerate();
            let shares = parts.map(|(part, bytes)| {
                let (start, end) = (part as f64, part as f64 + 1.0);
                *bytes as f64 * (end.min(to) - start.max(from)).max(0.0)
            });
            shares.sum()
        };
        let sums: Vec<f64> = (0..count).map(sum).collect();
        let most = sums.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        Some(sums.iter().map(|sum| sum / most).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Event, LogId};
    use std::io::Write;
    use std::sync::Arc;

    #[test]
    fn the_columns_are_as_high_as_much_was_said() {
        let mut bytes = Vec::new();
        // 40 s, with five times as much in the fourth quarter as in the second, and nothing in the third.
        let mut say = |tenths: i64| {
            let at = Stamp::from_micros(tenths * 100_000);
            crate::line::to_line(
                &Event {
                    at,
                    body: Body::Closed,
                },
                &mut bytes,
            );
        };
        (0..200).step_by(5).for_each(&mut say);
        (300..=400).for_each(&mut say);
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&bytes).expect("written");
        let reader = Reader::new(Arc::new(file), LogId(0));
        let extent = Extent {
            first: Stamp::from_micros(0),
            last: Stamp::from_micros(40_000_000),
            end: bytes.len() as u64,
        };
        let mut density = Density::default();
        density.count(extent);
        assert_eq!(density.columns(4), None);
        while !density.is_done() {
            density.step(&reader).expect("read");
        }
        let columns = density.columns(4).expect("counted");
        for (column, wanted) in columns.iter().zip([0.2, 0.2, 0.0, 1.0]) {
            assert!((column - wanted).abs() < 0.02, "{columns:?}");
        }
        assert_eq!(density.columns(16).map(|columns| columns.len()), Some(16));
        // A little more changes nothing.
        let little = Stamp::from_micros(40_400_000);
        density.count(Extent {
            last: little,
            ..extent
        });
        assert!(density.is_done());
        density.count(Extent {
            last: Stamp::from_micros(60_000_000),
            ..extent
        });
        assert!(!density.is_done());
    }

    #[test]
    fn shares_and_moments_are_each_others_inverse() {
        let extent = Extent {
            first: Stamp::from_micros(1_000),
            last: Stamp::from_micros(2_000),
            end: 0,
        };
        for share in [0.0, 0.25, 1.0] {
            assert_eq!(extent.share(extent.moment(share)), share);
        }
        assert_eq!(extent.share(Stamp::from_micros(0)), 0.0);
        let one = Extent {
            last: extent.first,
            ..extent
        };
        assert_eq!(one.share(one.first), 1.0);
    }
}
