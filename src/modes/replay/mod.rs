//! x
use crate::failure::Failure;
use std::process::ExitCode;
/// x
pub fn run<T>(_: T) -> Result<ExitCode, Failure> {
    unimplemented!()
}

use std::io::Write;
use std::path::Path;
/// x
pub fn print_history(
    _path: &Path,
    _end: u64,
    _newest: Option<usize>,
    _out: &mut dyn Write,
    _colour: bool,
) -> Result<u64, Failure> {
    Ok(0)
}
