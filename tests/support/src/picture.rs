//! Pictures of windows, and the colours, lines and words in them.
//!
//! Words are compared by their shape: a pixel belongs to a letter if it is nearer to the letters' colour than to the
//! background. One in a hundred such pixels may differ.

/// A colour, as red, green and blue.
pub type Colour = [u8; 3];

/// The colours of words: letters and background.
#[derive(Clone, Copy)]
pub struct Ink {
    /// The letters' colour.
    pub letters: Colour,
    /// The colour behind them.
    pub ground: Colour,
}

/// A part of a picture: left, top, width, height.
pub type Area = (usize, usize, usize, usize);

/// Pixels.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    pixels: Vec<u8>,
}

/// The shape of some words.
pub struct Shape {
    width: usize,
    height: usize,
    ink: Vec<bool>,
}

impl Picture {
    /// A picture of these pixels, three bytes each, in rows of this width.
    pub fn new(width: usize, pixels: Vec<u8>) -> Picture {
        Picture { width, pixels }
    }

    /// All of it.
    pub fn all(&self) -> Area {
        let row = 3 * self.width.max(1);
        (0, 0, self.width, self.pixels.len() / row)
    }

    /// A pixel.
    pub fn at(&self, x: usize, y: usize) -> Colour {
        let at = 3 * (y * self.width + x);
        let pixel = self.pixels.get(at..at + 3);
        pixel.map_or([0; 3], |p| [p[0], p[1], p[2]])
    }

    /// The pixels of an area, row by row.
    pub fn pixels(&self, (left, top, width, height): Area) -> impl Iterator<Item = Colour> + '_ {
        (top..top + height).flat_map(move |y| (left..left + width).map(move |x| self.at(x, y)))
    }

    /// Counts the pixels of exactly this colour in an area.
    pub fn count(&self, area: Area, colour: Colour) -> usize {
        self.pixels(area).filter(|pixel| *pixel == colour).count()
    }

    /// The horizontal lines of exactly this colour and at least so many pixels: left, top and length.
    pub fn lines(&self, area: Area, colour: Colour, least: usize) -> Vec<(usize, usize, usize)> {
        let (left, top, width, height) = area;
        let mut lines = Vec::new();
        for y in top..top + height {
            let mut from = left;
            for x in left..=left + width {
                if x < left + width && self.at(x, y) == colour {
                    continue;
                }
                if x - from >= least {
                    lines.push((from, y, x - from));
                }
                from = x + 1;
            }
        }
        lines
    }

    /// The shape of the words in an area in this ink, without the free space around them.
    pub fn shape(&self, area: Area, ink: Ink) -> Shape {
        let ink = self.ink(area, ink);
        let (width, height) = (area.2, area.3);
        let is_ink = |x: usize, y: usize| ink[y * width + x];
        let rows: Vec<usize> = (0..height)
            .filter(|y| (0..width).any(|x| is_ink(x, *y)))
            .collect();
        let columns: Vec<usize> = (0..width)
            .filter(|x| (0..height).any(|y| is_ink(*x, y)))
            .collect();
        let (Some(top), Some(left)) = (rows.first(), columns.first()) else {
            panic!("nothing stands in {area:?}");
        };
        let (bottom, right) = (rows[rows.len() - 1] + 1, columns[columns.len() - 1] + 1);
        let shape = (*top..bottom).flat_map(|y| (*left..right).map(move |x| is_ink(x, y)));
        Shape {
            width: right - left,
            height: bottom - top,
            ink: shape.collect(),
        }
    }

    fn ink(&self, area: Area, ink: Ink) -> Vec<bool> {
        let far = |a: Colour, b: Colour| -> i32 {
            let parts = a.iter().zip(b);
            parts
                .map(|(a, b)| (i32::from(*a) - i32::from(b)).pow(2))
                .sum()
        };
        let is_ink = |pixel| far(pixel, ink.letters) < far(pixel, ink.ground);
        self.pixels(area).map(is_ink).collect()
    }

    /// Finds these words in an area in this ink; returns the upper left corner of their ink.
    pub fn find(&self, words: &Shape, area: Area, ink: Ink) -> Option<(usize, usize)> {
        let ink = self.ink(area, ink);
        let (left, top, width, height) = area;
        let set: Vec<(usize, usize)> = (0..words.height)
            .flat_map(|y| (0..words.width).map(move |x| (x, y)))
            .filter(|(x, y)| words.ink[y * words.width + x])
            .collect();
        let allowed = set.len() / 100;
        // A few pixels spread over the shape rule out most places.
        let probes: Vec<_> = set.iter().step_by((set.len() / 24).max(1)).collect();
        let fits = |x: usize, y: usize| {
            let has = |&&(dx, dy): &&(usize, usize)| ink[(y + dy) * width + x + dx];
            let missing = probes.iter().filter(|probe| !has(probe)).count();
            if missing > 1.max(allowed / 8) {
                return false;
            }
            let mut wrong = 0;
            for dy in 0..words.height {
                for dx in 0..words.width {
                    let want = words.ink[dy * words.width + dx];
                    wrong += usize::from(ink[(y + dy) * width + x + dx] != want);
                }
            }
            wrong <= allowed
        };
        let places = (0..(height + 1).saturating_sub(words.height))
            .flat_map(|y| (0..(width + 1).saturating_sub(words.width)).map(move |x| (x, y)));
        let mut places = places.filter(|(x, y)| fits(*x, *y));
        places.next().map(|(x, y)| (left + x, top + y))
    }
}
