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
    /// The colour that they stand on.
    pub ground: Colour,
}

/// A part of a picture: left, top, width, height.
pub type Area = (usize, usize, usize, usize);

/// A picture of a window.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// In pixels.
    pub width: i32,
    /// In pixels.
    pub height: i32,
    /// Row by row.
    pixels: Vec<Colour>,
}

/// The shape of some words.
pub struct Shape {
    width: usize,
    height: usize,
    ink: Vec<bool>,
}

impl Picture {
    /// A picture of that size. `None` if it has not as many pixels, of three bytes each.
    pub fn new((width, height): (i32, i32), bytes: &[u8]) -> Option<Picture> {
        let pixels = bytes.chunks_exact(3).map(|p| [p[0], p[1], p[2]]);
        (bytes.len() == (width * height * 3) as usize).then(|| Picture {
            width,
            height,
            pixels: pixels.collect(),
        })
    }

    /// The part from one column and row to before others; negative numbers count from the right
    /// and the bottom, and an end of 0 is the edge.
    pub fn part(&self, x: (i32, i32), y: (i32, i32)) -> Picture {
        let clip = |(start, end): (i32, i32), size: i32| {
            let start = if start < 0 { size + start } else { start };
            let end = if end <= 0 { size + end } else { end };
            start.clamp(0, size)..end.clamp(0, size)
        };
        let (x, y) = (clip(x, self.width), clip(y, self.height));
        let row = |row: i32| {
            let from = (row * self.width + x.start) as usize;
            self.pixels[from..from + x.len()].to_vec()
        };
        Picture {
            width: x.len() as i32,
            height: y.len() as i32,
            pixels: y.flat_map(row).collect(),
        }
    }

    /// All of it.
    pub fn all(&self) -> Area {
        (0, 0, self.width as usize, self.height as usize)
    }

    /// A pixel; black outside of the picture.
    pub fn at(&self, x: usize, y: usize) -> Colour {
        let at = y * self.width as usize + x;
        self.pixels.get(at).copied().unwrap_or_default()
    }

    /// The pixels of an area, row by row.
    pub fn pixels(&self, (left, top, width, height): Area) -> impl Iterator<Item = Colour> + '_ {
        (top..top + height).flat_map(move |y| (left..left + width).map(move |x| self.at(x, y)))
    }

    /// Counts the pixels of exactly this colour.
    pub fn count(&self, colour: Colour) -> usize {
        self.count_in(self.all(), colour)
    }

    /// Counts the pixels of exactly this colour in an area.
    pub fn count_in(&self, area: Area, colour: Colour) -> usize {
        self.pixels(area).filter(|pixel| *pixel == colour).count()
    }

    /// The horizontal lines of exactly this colour and at least so many pixels, from top to bottom
    /// and left to right: left, top and length.
    pub fn lines(&self, colour: Colour, least: usize) -> Vec<(usize, usize, usize)> {
        self.lines_in(self.all(), colour, least)
    }

    /// The horizontal lines, as [`Picture::lines`] has them, in an area.
    pub fn lines_in(&self, area: Area, colour: Colour, least: usize) -> Vec<(usize, usize, usize)> {
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
