//! Parts of the screen and their pictures.

/// A part of the screen, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// The distance from the left.
    pub x: i16,
    /// The distance from the top.
    pub y: i16,
    /// The width.
    pub width: u16,
    /// The height.
    pub height: u16,
}

impl Rect {
    /// The part of it that is on a screen of this size.
    pub fn within(self, screen: (u16, u16)) -> Rect {
        let part = |at: i16, length: u16, all: u16| {
            let begin = i32::from(at).clamp(0, i32::from(all) - 1);
            let end = (i32::from(at) + i32::from(length)).clamp(begin + 1, i32::from(all));
            (begin as i16, (end - begin) as u16)
        };
        let (x, width) = part(self.x, self.width, screen.0);
        let (y, height) = part(self.y, self.height, screen.1);
        Rect {
            x,
            y,
            width,
            height,
        }
    }

    /// The part between these percentages of its width and height.
    pub fn part(self, x: (u16, u16), y: (u16, u16)) -> Rect {
        let of = |share: u16, length: u16| (u32::from(share) * u32::from(length) / 100) as u16;
        let (left, top) = (of(x.0, self.width), of(y.0, self.height));
        Rect {
            x: self.x + left as i16,
            y: self.y + top as i16,
            width: of(x.1, self.width) - left,
            height: of(y.1, self.height) - top,
        }
    }

    /// Its centre.
    pub fn centre(self) -> (i16, i16) {
        let half = |at: i16, length: u16| at + (length / 2) as i16;
        (half(self.x, self.width), half(self.y, self.height))
    }
}

/// A picture of a part of the screen.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The part.
    pub rect: Rect,
    /// Row by row, four bytes each.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// The smallest part with all differences to another picture of the same part; `None` if they are equal.
    pub fn difference(&self, other: &Picture) -> Option<Rect> {
        let width = usize::from(self.rect.width);
        let pairs = self.pixels.chunks(4).zip(other.pixels.chunks(4));
        let different = pairs.enumerate().filter(|(_, (a, b))| a != b);
        let places = different.map(|(n, _)| (n % width, n / width));
        let bounds = places.fold(None, |bounds: Option<[usize; 4]>, (x, y)| {
            let [left, top, right, bottom] = bounds.unwrap_or([x, y, x, y]);
            Some([left.min(x), top.min(y), right.max(x), bottom.max(y)])
        });
        bounds.map(|[left, top, right, bottom]| Rect {
            x: self.rect.x + left as i16,
            y: self.rect.y + top as i16,
            width: (right - left + 1) as u16,
            height: (bottom - top + 1) as u16,
        })
    }

    /// Tells whether something is drawn: at least two hundred pixels are not of the commonest colour. A window that
    /// is only mapped has one colour, its background.
    pub fn has_content(&self) -> bool {
        let mut counts = std::collections::HashMap::new();
        for pixel in self.pixels.chunks(4) {
            *counts.entry(&pixel[..3]).or_insert(0_usize) += 1;
        }
        let commonest = counts.values().max().copied().unwrap_or(0);
        self.pixels.len() / 4 - commonest >= 200
    }
}
