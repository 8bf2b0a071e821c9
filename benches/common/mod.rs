//! What the benchmarks share: servers started and ended, how they are spoken to, what processes use,
//! and tables of it all.
//!
//! A benchmark brings these modules to its top: `use common::{Res, report, servers, stop, usage};`.

pub mod protocol;
pub mod report;
pub mod servers;
pub mod stop;
pub mod usage;

/// The result of everything here: a failure is a sentence.
pub type Res<T> = Result<T, Box<dyn std::error::Error>>;
