//! The window.
pub mod address;
pub mod link;
pub mod settings;
pub mod talk;
use crate::failure::Failure;
use std::process::ExitCode;
/// x
pub fn run<T>(_: T) -> Result<ExitCode, Failure> {
    unimplemented!()
}
