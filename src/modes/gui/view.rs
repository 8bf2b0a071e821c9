//! Which part of the transcript is seen: heights, scrolling, sticking to the end. Pure.
//!
//! The place is kept as an event and an offset in it, so that nothing jumps while events further
//! up turn out higher than was thought: only what is seen is laid out.

use std::collections::VecDeque;

/// What is seen, as numbers of events and pixels.
#[derive(Debug)]
pub struct View {
    /// The number of the first event.
    first: u64,
    /// How many rows each event has; 0 where it was not laid out yet and one is assumed.
    rows: VecDeque<u32>,
    /// Follow the end.
    stick: bool,
    /// The event at the upper edge, and how much of it is hidden above.
    top: (u64, i32),
    /// Behind the last event that there was while the end was followed.
    followed: u64,
}

/// Where things are drawn.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// The events that are seen, and where each begins.
    pub items: Vec<(u64, i32)>,
    /// The height of everything.
    pub total: i32,
    /// How much of it is above the upper edge.
    pub above: i32,
}

impl Default for View {
    fn default() -> View {
        View {
            first: 0,
            rows: VecDeque::new(),
            stick: true,
            top: (0, 0),
            followed: 0,
        }
    }
}

impl View {
    /// There are now the events `first..end`; numbers mean what they meant.
    pub fn sync(&mut self, first: u64, end: u64) {
        while self.first < first {
            self.rows.pop_front();
            self.first += 1;
        }
        let count = usize::try_from(end.saturating_sub(first)).unwrap_or(0);
        self.rows.resize(count, 0);
        if self.top.0 < first {
            self.top = (first, 0);
        }
    }

    /// Every height is to be asked for again: the width has changed.
    pub fn forget_heights(&mut self) {
        self.rows.iter_mut().for_each(|rows| *rows = 0);
    }

    /// The height of one event is to be asked for again.
    pub fn forget_height(&mut self, number: u64) {
        if let Some(rows) = self.slot(number) {
            *rows = 0;
        }
    }

    /// Goes up (negative) or down.
    pub fn scroll_by(&mut self, pixels: i32) {
        if pixels < 0 {
            self.stick = false;
        }
        self.top.1 += pixels;
    }

    /// Goes to where so much is above the upper edge.
    pub fn scroll_to(&mut self, above: i32, row: i32) {
        let mut left = above.max(0);
        self.stick = false;
        for (number, rows) in (self.first..).zip(&self.rows) {
            let height = (*rows).max(1) as i32 * row;
            self.top = (number, left);
            if left < height {
                return;
            }
            left -= height;
        }
    }

    /// Goes to the beginning.
    pub fn to_start(&mut self) {
        self.stick = false;
        self.top = (self.first, 0);
    }

    /// Goes to the end and stays there.
    pub fn to_end(&mut self) {
        self.stick = true;
    }

    /// The first event that came while the end was not followed, if one can have.
    pub fn came_below(&self) -> Option<u64> {
        (!self.stick).then_some(self.followed)
    }

    /// Places what is seen in `height`, with rows of `row`; `rows_of` lays an event out.
    pub fn place(&mut self, height: i32, row: i32, mut rows_of: impl FnMut(u64) -> u32) -> Placed {
        let end = self.first + self.rows.len() as u64;
        if end == self.first {
            self.stick = true;
            return Placed::default();
        }
        let mut tall = |view: &mut View, number: u64| -> i32 {
            let Some(slot) = view.slot(number) else {
                return row;
            };
            if *slot == 0 {
                *slot = rows_of(number).max(1);
            }
            *slot as i32 * row
        };
        if !self.stick {
            self.top.0 = self.top.0.min(end - 1);
            while self.top.1 < 0 && self.top.0 > self.first {
                self.top.0 -= 1;
                self.top.1 += tall(self, self.top.0);
            }
            self.top.1 = self.top.1.max(0);
            while self.top.1 >= tall(self, self.top.0) && self.top.0 + 1 < end {
                self.top.1 -= tall(self, self.top.0);
                self.top.0 += 1;
            }
            let (mut number, mut y) = (self.top.0, -self.top.1);
            while number < end && y <= height {
                y += tall(self, number);
                number += 1;
            }
            // The end is in sight: from here on it is followed.
            self.stick = number == end && y <= height;
        }
        if self.stick {
            self.followed = end;
            let (mut number, mut y) = (end, height);
            while number > self.first && y > 0 {
                number -= 1;
                y -= tall(self, number);
            }
            // A short transcript begins at the upper edge.
            self.top = (number, (-y).max(0));
        }
        let mut items = Vec::new();
        let (mut number, mut y) = (self.top.0, -self.top.1);
        while number < end && y < height {
            items.push((number, y));
            y += tall(self, number);
            number += 1;
        }
        let sum = |from: u64, to: u64| -> i32 {
            let skip = usize::try_from(from - self.first).unwrap_or(0);
            let take = usize::try_from(to - from).unwrap_or(0);
            let rows = self.rows.iter().skip(skip).take(take);
            rows.map(|rows| (*rows).max(1) as i32 * row).sum()
        };
        Placed {
            items,
            total: sum(self.first, end),
            above: sum(self.first, self.top.0) + self.top.1,
        }
    }

    fn slot(&mut self, number: u64) -> Option<&mut u32> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.rows.get_mut(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every third event has two rows of ten pixels.
    fn rows_of(number: u64) -> u32 {
        if number.is_multiple_of(3) { 2 } else { 1 }
    }

    fn view(events: u64) -> View {
        let mut view = View::default();
        view.sync(0, events);
        view
    }

    #[test]
    fn a_short_transcript_begins_at_the_upper_edge() {
        let mut view = view(2);
        let placed = view.place(100, 10, rows_of);
        assert_eq!(placed.items, [(0, 0), (1, 20)]);
        assert_eq!((placed.total, placed.above), (30, 0));
        assert_eq!(View::default().place(100, 10, rows_of), Placed::default());
    }

    #[test]
    fn the_end_is_followed_only_from_the_end() {
        let mut view = view(9);
        let placed = view.place(25, 10, rows_of);
        assert_eq!(placed.items, [(6, -15), (7, 5), (8, 15)]);
        view.sync(0, 10);
        assert_eq!(view.place(25, 10, rows_of).items, [(8, -5), (9, 5)]);
        view.scroll_by(-10);
        let before = view.place(25, 10, rows_of).items;
        view.sync(0, 20);
        assert_eq!(
            view.place(25, 10, rows_of).items,
            before,
            "reading is not disturbed"
        );
        assert_eq!(view.came_below(), Some(10), "what came meanwhile is told");
        view.scroll_by(1000);
        view.place(25, 10, rows_of);
        assert_eq!(view.came_below(), None);
    }

    #[test]
    fn only_what_is_seen_is_laid_out() {
        let mut view = view(10_000);
        let mut asked = 0;
        let mut counted = |number| {
            asked += 1;
            rows_of(number)
        };
        view.place(500, 10, &mut counted);
        view.to_start();
        assert_eq!(view.place(500, 10, &mut counted).items[0], (0, 0));
        view.scroll_to(50_000, 10);
        assert_eq!(view.place(500, 10, &mut counted).above, 50_000);
        assert!(asked < 200, "{asked} events were laid out");
    }

    #[test]
    fn the_place_survives_the_loss_of_the_oldest() {
        let mut view = view(30);
        view.scroll_to(100, 10);
        let before = view.place(30, 10, rows_of).items;
        view.sync(5, 35);
        assert_eq!(view.place(30, 10, rows_of).items, before);
        view.sync(25, 55);
        assert_eq!(view.place(30, 10, rows_of).items[0], (25, 0));
    }
}
