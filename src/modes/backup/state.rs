//! The state of a copy, from which a room is asked for the rest.

use crate::journal::Fingerprint;

#[derive(Clone, Debug, Default)]
pub(super) struct CopyState {
    /// The end of its whole lines, in bytes.
    pub end: u64,
    /// Its fingerprint up to there, as the room states it in an ETag; `None` for an empty copy.
    pub fingerprint: Option<Fingerprint>,
    /// The offset from which the end is compared.
    pub from: u64,
    /// Its first line.
    pub first: Vec<u8>,
}
