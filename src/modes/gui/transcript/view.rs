//! The visible part of the transcript: heights, scrolling, following the end. Pure.
//!
//! The scroll position is an [`Anchor`], so that nothing jumps when items above turn out higher than
//! estimated or are loaded later: only what is visible is laid out.

use std::collections::HashMap;

use super::items::{Item, ItemId, ItemRank};

/// Most heights that are remembered; the others are estimated.
const REMEMBERED: usize = 20_000;

/// The scroll position and the known heights.
#[derive(Debug, Default)]
pub struct View {
    /// The scroll position; `None` while the end is followed.
    anchor: Option<Anchor>,
    heights: HashMap<ItemId, i32>,
}

/// An item, and the distance of its upper edge from that of the view, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Anchor {
    id: ItemId,
    y: i32,
}

/// The visible items and their places.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Visible {
    /// The visible items, by their indices, each with its upper edge.
    pub items: Vec<(usize, i32)>,
    /// The height of all items.
    pub total: i32,
    /// The height above the upper edge.
    pub above: i32,
}

/// The heights of items: exact once laid out, estimated before.
pub trait Heights {
    /// Estimates cheaply.
    fn estimate(&self, item: &Item) -> i32;
    /// Measures exactly.
    fn measure(&mut self, item: &Item) -> i32;
}

impl View {
    /// Returns whether the end is followed.
    pub fn follows_end(&self) -> bool {
        self.anchor.is_none()
    }

    /// Forgets all heights: the width or the font has changed.
    pub fn forget_heights(&mut self) {
        self.heights.clear();
    }

    /// Forgets the height of one item.
    pub fn forget_height(&mut self, id: ItemId) {
        self.heights.remove(&id);
    }

    /// Scrolls up (negative) or down.
    pub fn scroll_by(&mut self, pixels: i32, items: &[Item], visible: &Visible) {
        if self.anchor.is_none() && pixels < 0 {
            self.anchor = anchor(items, visible);
        }
        if let Some(anchor) = &mut self.anchor {
            anchor.y -= pixels;
        }
    }

    /// Scrolls to where so many pixels are above the upper edge.
    pub fn scroll_to(&mut self, above: i32, items: &[Item], heights: &impl Heights) {
        let mut left = above.max(0);
        for item in items {
            let tall = self.height(item, heights);
            if left < tall {
                let (id, y) = (item.id, -left);
                self.anchor = Some(Anchor { id, y });
                return;
            }
            left -= tall;
        }
        self.anchor = None;
    }

    /// Scrolls to where an item is `y` pixels below the upper edge.
    pub fn show(&mut self, id: ItemId, y: i32) {
        self.anchor = Some(Anchor { id, y });
    }

    /// Goes to the end and follows it.
    pub fn go_to_end(&mut self) {
        self.anchor = None;
    }

    /// Places the visible items in `height`. From here on the end is followed if it is visible.
    pub fn lay_out(&mut self, items: &[Item], height: i32, heights: &mut impl Heights) -> Visible {
        if items.is_empty() {
            self.anchor = None;
            return Visible::default();
        }
        if self.heights.len() > REMEMBERED {
            self.heights.clear();
        }
        let (mut index, mut y) = match self.anchor {
            Some(anchor) => {
                // An item that is gone has left its neighbours at its place.
                let at = items.partition_point(|item| item.id < anchor.id);
                (at.min(items.len() - 1), anchor.y)
            }
            None => (items.len() - 1, height),
        };
        if self.anchor.is_none() {
            y -= self.measured(&items[index], heights);
        }
        // Up to the upper edge, or to the beginning.
        while y > 0 && index > 0 {
            index -= 1;
            y -= self.measured(&items[index], heights);
        }
        if index == 0 && y > 0 {
            y = 0; // Nothing is above the first.
        }
        let (mut seen, mut next) = (Vec::new(), index);
        let mut bottom = y;
        while next < items.len() && bottom < height {
            let tall = self.measured(&items[next], heights);
            if bottom + tall > 0 {
                seen.push((next, bottom));
            }
            bottom += tall;
            next += 1;
        }
        if bottom < height && next == items.len() {
            // There is nothing below the last item: the end is at the lower edge, a short
            // transcript at the upper one.
            let again = self.anchor.is_some() && (index > 0 || y < 0);
            self.anchor = None;
            if again {
                return self.lay_out(items, height, heights);
            }
        } else if next == items.len() && bottom <= height {
            self.anchor = None;
        }
        let mut visible = Visible {
            items: seen,
            total: 0,
            above: 0,
        };
        for (n, item) in items.iter().enumerate() {
            let tall = self.height(item, heights);
            visible.total += tall;
            if n < visible.items.first().map_or(0, |(first, _)| *first) {
                visible.above += tall;
            }
        }
        visible.above -= visible.items.first().map_or(0, |(_, y)| *y);
        if self.anchor.is_some() {
            self.anchor = anchor(items, &visible);
        }
        visible
    }

    fn height(&self, item: &Item, heights: &impl Heights) -> i32 {
        let known = self.heights.get(&item.id).copied();
        known.unwrap_or_else(|| heights.estimate(item).max(1))
    }

    fn measured(&mut self, item: &Item, heights: &mut impl Heights) -> i32 {
        if let Some(tall) = self.heights.get(&item.id) {
            return *tall;
        }
        let tall = heights.measure(item).max(1);
        self.heights.insert(item.id, tall);
        tall
    }
}

/// The item that stays where it is: the first visible one that is no gap, since gaps go.
fn anchor(items: &[Item], visible: &Visible) -> Option<Anchor> {
    let lasting =
        |(n, _): &&(usize, i32)| !matches!(items[*n].id.rank, ItemRank::Gap | ItemRank::Start);
    let found = visible
        .items
        .iter()
        .find(lasting)
        .or(visible.items.first())?;
    let (id, y) = (items[found.0].id, found.1);
    Some(Anchor { id, y })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modes::gui::transcript::items::ItemKind;

    fn items(places: impl IntoIterator<Item = u64>) -> Vec<Item> {
        let item = |offset| Item {
            id: ItemId {
                offset,
                rank: ItemRank::Entry,
            },
            kind: ItemKind::Entry { grouped: false },
        };
        places.into_iter().map(item).collect()
    }

    /// Every third item is twenty pixels high, the others ten; all are estimated as ten.
    #[derive(Default)]
    struct Tens {
        measured: usize,
    }

    impl Heights for Tens {
        fn estimate(&self, _: &Item) -> i32 {
            10
        }

        fn measure(&mut self, item: &Item) -> i32 {
            self.measured += 1;
            if item.id.offset.is_multiple_of(3) {
                20
            } else {
                10
            }
        }
    }

    /// The visible items, by offset.
    fn seen(view: &mut View, items: &[Item], height: i32) -> Vec<(u64, i32)> {
        let visible = view.lay_out(items, height, &mut Tens::default());
        let named = visible.items.iter().map(|(n, y)| (items[*n].id.offset, *y));
        named.collect()
    }

    #[test]
    fn a_short_transcript_begins_at_the_upper_edge() {
        let mut view = View::default();
        let two = items(0..2);
        let visible = view.lay_out(&two, 100, &mut Tens::default());
        assert_eq!(visible.items, [(0, 0), (1, 20)]);
        assert_eq!((visible.total, visible.above), (30, 0));
        view.scroll_by(-50, &two, &visible);
        assert_eq!(seen(&mut view, &two, 100), [(0, 0), (1, 20)]);
        assert!(view.follows_end());
        assert_eq!(seen(&mut View::default(), &[], 100), []);
    }

    #[test]
    fn the_end_is_followed_only_from_the_end() {
        let mut view = View::default();
        let nine = items(0..9);
        assert_eq!(seen(&mut view, &nine, 25), [(6, -15), (7, 5), (8, 15)]);
        let ten = items(0..10);
        assert_eq!(seen(&mut view, &ten, 25), [(8, -5), (9, 5)]);
        let visible = view.lay_out(&ten, 25, &mut Tens::default());
        view.scroll_by(-10, &ten, &visible);
        let before = seen(&mut view, &ten, 25);
        assert_eq!(before, [(7, -5), (8, 5), (9, 15)]);
        let twenty = items(0..20);
        assert_eq!(seen(&mut view, &twenty, 25), before, "nobody is disturbed");
        assert!(!view.follows_end());
        let visible = view.lay_out(&twenty, 25, &mut Tens::default());
        view.scroll_by(1000, &twenty, &visible);
        assert_eq!(seen(&mut view, &twenty, 25), [(18, -5), (19, 15)]);
        assert!(view.follows_end());
    }

    #[test]
    fn what_comes_above_moves_nothing() {
        let mut view = View::default();
        let some = items(100..130);
        view.show(some[5].id, 7);
        let before = seen(&mut view, &some, 60);
        assert!(before.contains(&(105, 7)));
        assert_eq!(seen(&mut view, &items(0..130), 60), before);
        // The item at the upper edge is gone: its place stays.
        let gone = seen(&mut view, &items((0..130).filter(|n| *n != 104)), 60);
        assert!(gone.contains(&(105, 7)) || gone[0].0 >= 103, "{gone:?}");
    }

    #[test]
    fn only_what_is_seen_is_laid_out() {
        let mut view = View::default();
        let many = items(0..10_000);
        let mut tens = Tens::default();
        view.lay_out(&many, 500, &mut tens);
        view.show(many[0].id, 0);
        assert_eq!(view.lay_out(&many, 500, &mut tens).items[0], (0, 0));
        view.scroll_to(50_000, &many, &tens);
        let visible = view.lay_out(&many, 500, &mut tens);
        assert!((visible.above - 50_000).abs() < 600);
        assert!((4900..5100).contains(&visible.items[0].0));
        assert!(tens.measured < 250, "{} items were laid out", tens.measured);
    }

    #[test]
    fn going_beyond_the_beginning_stops_there() {
        let mut view = View::default();
        let many = items(0..100);
        let visible = view.lay_out(&many, 50, &mut Tens::default());
        view.scroll_by(-100_000, &many, &visible);
        assert_eq!(seen(&mut view, &many, 50)[0], (0, 0));
    }
}
