//! The checksum of a line and the test for plain bytes, computed together.
//!
//! Most lines are shorter than two hundred bytes. Their checksum costs more for the odd bytes at both
//! ends and for unpredictable branches than for the bytes between. A line is therefore first copied to
//! the end of a zeroed buffer of constant length, on which all work is free of branches. What always
//! holds: the result is that of `crc32c`.

use super::escape;

/// The state of the checksum's register before the first byte (RFC 3720 section 12.1), advanced over
/// as many zero bytes as the index. Zeros do not change a register of zero, so the checksum of a
/// zero-padded line that began with a zero register lacks exactly this term: the checksum is linear.
const BEGINNINGS: [u32; FAR + 1] = beginnings();
/// Castagnoli's polynomial, its bits in the order of transmission.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// The lengths of the two buffers, in bytes: three of four lines fit into the first, nearly all
/// into the second.
const NEAR: usize = 128;
const FAR: usize = 256;

const fn beginnings() -> [u32; FAR + 1] {
    let mut all = [u32::MAX; FAR + 1];
    let mut at = 1;
    while at <= FAR {
        let (mut register, mut bit) = (all[at - 1], 0);
        while bit < 8 {
            register = (register >> 1) ^ ((register & 1) * POLYNOMIAL);
            bit += 1;
        }
        all[at] = register;
        at += 1;
    }
    all
}

/// Computes the checksum of the covered bytes (with their TAB) and the key after it, and tells whether
/// all of them are plain: ASCII that is written as itself in every text, except for that one TAB.
#[inline(always)]
pub(super) fn sum(covered: &[u8], key: &[u8]) -> (u32, bool) {
    let length = covered.len() + key.len();
    if length <= NEAR {
        return in_field::<NEAR>(covered, key);
    }
    if length <= FAR {
        return in_field::<FAR>(covered, key);
    }
    let text = covered.split_last().map_or(covered, |(_, text)| text);
    let plain = escape::is_plain(text) && escape::is_plain(key);
    let sum = crc32c::crc32c_append(crc32c::crc32c(covered), key);
    (sum, plain)
}

/// A buffer aligned so that words of eight bytes can be read directly.
#[repr(align(64))]
struct Field<const SIZE: usize>([u8; SIZE]);

fn in_field<const SIZE: usize>(covered: &[u8], key: &[u8]) -> (u32, bool) {
    let length = covered.len() + key.len();
    let zeros = SIZE - length;
    let mut field = Field([0; SIZE]);
    let (front, back) = field.0[zeros..].split_at_mut(covered.len());
    front.copy_from_slice(covered);
    back.copy_from_slice(key);
    // The zeros are not plain, nor is the TAB. (The count never has to reach 256: a buffer of zeros
    // with one TAB is no line.)
    let count = |sum: u8, byte: &u8| sum.wrapping_add(u8::from(!escape::is_plain_byte(*byte)));
    let plain = field.0.iter().fold(0, count) == (zeros as u8).wrapping_add(1);
    let sum = crc32c::crc32c_append(u32::MAX, &field.0) ^ BEGINNINGS[length];
    (sum, plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_checksum_and_plain_is_what_has_nothing_in_it(
            text in proptest::collection::vec(prop_oneof![20 => 0x20u8..0x7f, 1 => any::<u8>()], 0..400),
            key in "[!-~]{0,64}",
        ) {
            let covered = [&text[..], b"\t"].concat();
            let (found, plain) = sum(&covered, key.as_bytes());
            let all = [&covered[..], key.as_bytes()].concat();
            prop_assert_eq!(found, crc32c::crc32c(&all));
            let good = |bytes: &[u8]| bytes.iter().all(|b| (0x20..0x7f).contains(b) && *b != b'\\');
            prop_assert_eq!(plain, good(&text) && good(key.as_bytes()));
        }
    }
}
