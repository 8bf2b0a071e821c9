//! Being there.
