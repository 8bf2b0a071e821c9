//! Writes the sample conversation to stdout: `cargo run --example sample_log > log.txt`.

mod story;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().lock().write_all(&story::sample())
}
