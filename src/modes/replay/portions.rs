//! Bytes that are handed on in portions of whatever size the reader takes.

/// Copies to `into` what is left of `bytes`, of which `given` were handed out before, and returns how many.
pub fn hand_out(bytes: &[u8], given: &mut usize, into: &mut [u8]) -> usize {
    let rest = &bytes[*given..];
    let count = rest.len().min(into.len());
    into[..count].copy_from_slice(&rest[..count]);
    *given += count;
    count
}
