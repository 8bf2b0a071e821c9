//! Stub.
use super::log::Log;
use crate::cli::ReplayArgs;
use crate::failure::Failure;
use std::process::ExitCode;
/// Stub.
pub fn run(_log: Log, _args: &ReplayArgs) -> Result<ExitCode, Failure> {
    Err(Failure::new("not built yet"))
}
