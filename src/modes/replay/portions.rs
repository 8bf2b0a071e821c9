//! Bytes handed on in portions of the reader's size.

/// Copies to `into` the rest of `bytes`, of which `given` were handed out before, and returns the number of
/// copied bytes.
pub(super) fn hand_out(bytes: &[u8], given: &mut usize, into: &mut [u8]) -> usize {
    let rest = &bytes[*given..];
    let count = rest.len().min(into.len());
    into[..count].copy_from_slice(&rest[..count]);
    *given += count;
    count
}
