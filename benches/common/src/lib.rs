//! The parts that the benchmarks share: options, servers under test and the wire of each, the resources that
//! processes use, reports of the figures, and Ctrl-C.

pub mod options;
pub mod protocol;
pub mod report;
pub mod servers;
pub mod stop;
pub mod usage;

/// The result of a step; an error is a sentence.
pub type Res<T> = Result<T, Box<dyn std::error::Error>>;
