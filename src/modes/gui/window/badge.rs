//! The number on the window's icon: of mentions, or of unread messages.

/// The digits 0 to 9 and `+`, 3 pixels wide and 5 high; a row is 3 bits, the left pixel the highest.
const GLYPHS: [[u8; 5]; 11] = [
    [0b111, 0b101, 0b101, 0b101, 0b111],
    [0b010, 0b110, 0b010, 0b010, 0b111],
    [0b111, 0b001, 0b111, 0b100, 0b111],
    [0b111, 0b001, 0b111, 0b001, 0b111],
    [0b101, 0b101, 0b111, 0b001, 0b001],
    [0b111, 0b100, 0b111, 0b001, 0b111],
    [0b111, 0b100, 0b111, 0b101, 0b111],
    [0b111, 0b001, 0b010, 0b010, 0b010],
    [0b111, 0b101, 0b111, 0b101, 0b111],
    [0b111, 0b101, 0b111, 0b001, 0b111],
    [0b000, 0b010, 0b111, 0b010, 0b000],
];
const PLUS: usize = 10;

/// The dot for unread messages. Dark enough for white digits.
pub const ORANGE: [u8; 3] = [0xC2, 0x57, 0x0C];
/// The dot for mentions.
pub const RED: [u8; 3] = [0xC6, 0x1F, 0x1F];
const WHITE: [u8; 3] = [0xFF, 0xFF, 0xFF];

/// Returns the icon with a dot in its lower right corner: red with the number of mentions if there
/// are any, otherwise orange with that of unread messages, otherwise without a dot. More than 99 is
/// `99+`.
///
/// `icon` is `width` times `height` pixels of red, green, blue and opacity, a byte each; one of
/// another length is returned unchanged.
pub fn badge(icon: &[u8], width: usize, height: usize, unread: usize, mentions: usize) -> Vec<u8> {
    let mut pixels = icon.to_vec();
    let (count, colour) = match (unread, mentions) {
        (0, 0) => return pixels,
        (unread, 0) => (unread, ORANGE),
        (_, mentions) => (mentions, RED),
    };
    if width
        .checked_mul(height)
        .and_then(|area| area.checked_mul(4))
        != Some(icon.len())
    {
        return pixels;
    }
    let glyphs: Vec<usize> = match count {
        0..=9 => vec![count],
        10..=99 => vec![count / 10, count % 10],
        _ => vec![9, 9, PLUS],
    };
    // In units of a glyph's pixel: the digits, a space between each two, and a margin.
    let wide = glyphs.len() * 4 - 1;
    let side = width.min(height);
    let unit = (side * 2 / 3 / 11).max(1);
    let tall = unit * 9;
    let long = (unit * (wide + 4)).max(tall);
    let (left, top) = (width.saturating_sub(long), height.saturating_sub(tall));
    let mut paint = |x: usize, y: usize, colour: [u8; 3], cover: f64| {
        if x >= width || y >= height || cover <= 0.0 {
            return;
        }
        let pixel = &mut pixels[(y * width + x) * 4..][..4];
        for (old, new) in pixel.iter_mut().zip(colour.into_iter().chain([0xFF])) {
            let mixed = f64::from(*old) * (1.0 - cover) + f64::from(new) * cover;
            *old = mixed.round() as u8;
        }
    };
    // A pill: within half its height of its middle line, with a smoothed edge.
    let radius = tall as f64 / 2.0;
    let (from, to) = (left as f64 + radius, (left + long) as f64 - radius);
    let middle = top as f64 + radius;
    for y in top..top + tall {
        for x in left..left + long {
            let (across, down) = (x as f64 + 0.5, y as f64 + 0.5);
            let nearest = across.clamp(from, to);
            let distance = (across - nearest).hypot(down - middle);
            paint(x, y, colour, (radius + 0.5 - distance).clamp(0.0, 1.0));
        }
    }
    let first = left + (long - unit * wide) / 2;
    for (place, glyph) in glyphs.into_iter().enumerate() {
        for (row, bits) in GLYPHS[glyph].into_iter().enumerate() {
            for column in (0..3).filter(|column| bits >> (2 - column) & 1 == 1) {
                let x = first + unit * (place * 4 + column);
                let y = top + unit * (row + 2);
                for (dx, dy) in (0..unit).flat_map(|dx| (0..unit).map(move |dy| (dx, dy))) {
                    paint(x + dx, y + dy, WHITE, 1.0);
                }
            }
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lower right part of a transparent icon of 64 by 64, one sign for each 3 by 3 pixels: `#`
    /// for white, `o` for the dot, a space for nothing.
    fn seen(unread: usize, mentions: usize, dot: [u8; 3]) -> Vec<String> {
        let pixels = badge(&[0; 64 * 64 * 4], 64, 64, unread, mentions);
        let sign = |x: usize, y: usize| match &pixels[(y * 64 + x) * 4..][..4] {
            [0xFF, 0xFF, 0xFF, 0xFF] => '#',
            [r, g, b, 0xFF] if [*r, *g, *b] == dot => 'o',
            _ => ' ',
        };
        let rows = (64 - 27..64).step_by(3);
        rows.map(|y| {
            let row = (64 - 45..64).step_by(3).map(|x| sign(x + 1, y + 1));
            row.collect::<String>().trim_end().to_string()
        })
        .collect()
    }

    #[test]
    fn the_dot_tells_how_many() {
        assert_eq!(
            seen(7, 0, ORANGE),
            [
                "         ooo",
                "       ooooooo",
                "       oo###oo",
                "      ooooo#ooo",
                "      oooo#oooo",
                "      oooo#oooo",
                "       ooo#ooo",
                "       ooooooo",
                "         ooo"
            ]
        );
    }

    #[test]
    fn mentions_are_red_and_come_first() {
        let red = seen(1000, 12, RED);
        assert!(red.concat().contains('#') && red.concat().contains('o'));
        assert_eq!(red, seen(0, 12, RED));
        assert_ne!(red, seen(0, 13, RED));
        assert!(!seen(1000, 12, ORANGE).concat().contains('o'));
        assert_eq!(seen(100, 0, ORANGE), seen(123_456, 0, ORANGE));
        assert_ne!(seen(99, 0, ORANGE), seen(100, 0, ORANGE));
    }

    #[test]
    fn nothing_new_is_the_icon_as_it_is() {
        let icon: Vec<u8> = (0..16 * 16 * 4).map(|n| n as u8).collect();
        assert_eq!(badge(&icon, 16, 16, 0, 0), icon);
        assert_ne!(badge(&icon, 16, 16, 1, 0), icon);
    }

    #[test]
    fn any_size_is_painted_within_its_bounds() {
        for (width, height) in [(0, 0), (1, 1), (3, 40), (40, 3), (16, 16), (256, 128)] {
            let icon = vec![9; width * height * 4];
            for count in [1, 10, 100] {
                let painted = badge(&icon, width, height, count, 0);
                assert_eq!(painted.len(), icon.len());
            }
        }
        assert_eq!(badge(&[1, 2, 3], 16, 16, 5, 5), [1, 2, 3]);
        assert_eq!(badge(&[1], usize::MAX, 2, 5, 5), [1]);
    }
}
