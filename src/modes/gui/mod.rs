//! x
use crate::failure::Failure;
use std::process::ExitCode;
/// x
pub fn run<T>(_: T) -> Result<ExitCode, Failure> {
    unimplemented!()
}
