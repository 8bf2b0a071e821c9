//! The parts that the benchmarks share: servers under test, the wire of each, what processes use, reports of
//! the figures, and Ctrl-C.

pub mod protocol;
pub mod report;
pub mod servers;
pub mod stop;
pub mod usage;

/// The result of a step; an error is a sentence.
pub type Res<T> = Result<T, Box<dyn std::error::Error>>;
