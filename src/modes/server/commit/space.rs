//! The space that is left for the log. The operator hears of it before it is gone, while there is
//! still time to make some.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_io::Timer;
use async_std::task;

use super::fullness::FreeSpace;
use crate::modes::server::console::Console;
use crate::modes::server::console::Entry;
use crate::modes::server::room::Room;
use crate::modes::server::room::health::SpaceLeft;
use crate::system::limits;

/// The interval between two checks.
const OFTEN: Duration = Duration::from_secs(5);
const MIB: u64 = 1 << 20;

/// Checks the log's disk now and then, and warns the operator when it is almost full. Never on the
/// committer's way: a file system may take its time to answer.
pub async fn watch(log: PathBuf, console: Console, seen: FreeSpace, room: Arc<Room>) {
    let mut space = Space::default();
    loop {
        let path = log.clone();
        let found = task::spawn_blocking(move || limits::space(&path)).await;
        // A file system that does not say is not known to be full.
        if let Ok(found) = found {
            let (free, size) = (found.free, found.size);
            seen.set(free, size);
            let left = match (seen.get(), found.free_for_root) {
                (true, _) => SpaceLeft::ForAnyLine,
                (false, 0) if size > 0 => SpaceLeft::None,
                (false, _) => SpaceLeft::ForShortLines,
            };
            room.health.space(free, left, room.end());
            if let Some(left) = space.told(free, size) {
                console.show(Entry::Notice(format!(
                    "The disk of the log {} is almost full: {left} left. Free some space: when it \
                     is full, messages are refused; nothing acknowledged is lost.",
                    log.display()
                )));
            }
        }
        Timer::after(OFTEN).await;
    }
}

/// The operator's knowledge of the space that is left.
#[derive(Debug, Default)]
struct Space {
    low: bool,
}

impl Space {
    /// Returns the space that is left, in words, if the operator is to be told now: once, and again only
    /// after it had recovered.
    fn told(&mut self, free: u64, size: u64) -> Option<String> {
        // A disk of a chat room's size has no use for a warning with half of it left, and a huge
        // one is not almost full with a GiB left.
        let little = (size / 100).clamp(64 * MIB, 1024 * MIB).min(size / 10);
        let was = self.low;
        if free < little {
            self.low = true;
        } else if free >= little + little / 2 {
            self.low = false;
        }
        (self.low && !was).then(|| match free {
            0..MIB => format!("{} KiB", free / 1024),
            _ => format!("{} MiB", free / MIB),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_space_is_told_once_until_there_was_enough_again() {
        let gib = 1024 * MIB;
        for (size, little) in [
            (2 * MIB, 2 * MIB / 10),
            (2 * gib, 64 * MIB),
            (50 * gib, gib / 2),
            (8_000 * gib, gib),
        ] {
            let mut space = Space::default();
            assert_eq!(space.told(little, size), None, "{size}");
            assert!(space.told(little - 1, size).is_some(), "{size}");
            // It hovers about the limit: once is enough.
            for free in [0, little, little - 1] {
                assert_eq!(space.told(free, size), None, "{size}");
            }
            assert_eq!(space.told(2 * little, size), None);
            assert!(space.told(0, size).is_some(), "{size}");
        }
        let left = |free| Space::default().told(free, 50 * gib);
        assert_eq!(left(20 * MIB + 5).as_deref(), Some("20 MiB"));
        assert_eq!(left(100 * 1024 + 5).as_deref(), Some("100 KiB"));
        // Nothing is known about a file system without a size.
        assert_eq!(Space::default().told(0, 0), None);
    }
}
