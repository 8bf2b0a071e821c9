//! The wire of the bare loop: it sends each line that it reads to every listener.

use super::Protocol;

/// The bare loop of the fan-out benchmark.
pub struct Bare;

impl Protocol for Bare {
    fn listen(&self, _: usize) -> Vec<u8> {
        b"HEAR\n".to_vec()
    }

    fn listens(&self, seen: &[u8]) -> bool {
        seen.ends_with(b"ok\n")
    }

    fn enter(&self, _: usize) -> Vec<u8> {
        b"SAY\n".to_vec()
    }

    fn entered(&self, seen: &[u8]) -> Option<String> {
        seen.ends_with(b"ok\n").then(String::new)
    }

    fn say(&self, _: &str, text: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(text);
        out.push(b'\n');
    }
}
