//! The state of a copy: how much it has, and what a room is asked for to go on from there.

use crate::journal::Fingerprint;

/// What a copy has.
#[derive(Clone, Debug, Default)]
pub struct CopyState {
    /// Where its whole lines end.
    pub end: u64,
    /// The same, as the room names it; `None` of an empty copy.
    pub fingerprint: Option<Fingerprint>,
    /// From where on the end is compared.
    pub from: u64,
    /// Its first line.
    pub first: Vec<u8>,
}
