//! Line ends that another program changed: a Windows editor, FTP in text mode and git all turn a log's
//! line feeds into CR LF. Nothing is lost by it, since a line itself contains no CR.

use super::split;

/// The byte order mark that an editor may put before the first line.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Tells whether a file that begins with `head` is a room's log whose line feeds became CR LF: its
/// first line is whole without the CR, or others are and none is whole with its line feed alone.
pub fn has_windows_ends(head: &[u8]) -> bool {
    let whole = memchr::memrchr(b'\n', head).map_or(&[][..], |end| &head[..end]);
    let mut changed = false;
    for (n, line) in whole.split(|b| *b == b'\n').enumerate() {
        match undone(line) {
            Some(undone) if split(undone).is_ok() && n == 0 => return true,
            Some(undone) => changed |= split(undone).is_ok(),
            None if split(line).is_ok() => return false,
            None => {}
        }
    }
    changed
}

/// A line without the CR and the mark that were added to it, given without its `\n`; `None` if it has no CR.
fn undone(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\r")?;
    Some(line.strip_prefix(MARK).unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Body, Event, Stamp};

    fn lines(count: usize, end: &str) -> Vec<u8> {
        let mut out = Vec::new();
        for n in 0..count {
            let at = Stamp::from_micros(n as i64);
            let body = Body::notice(format!("{n}\r\n"));
            super::super::to_line(&Event { at, body }, &mut out);
            out.pop();
            out.extend_from_slice(end.as_bytes());
        }
        out
    }

    #[test]
    fn a_log_with_windows_ends_is_known_and_no_other() {
        let windows = lines(5, "\r\n");
        assert!(has_windows_ends(&windows));
        assert!(has_windows_ends(&[MARK, &windows].concat()));
        // The head may end anywhere.
        assert!(has_windows_ends(&windows[..windows.len() - 9]));
        let mut damaged = windows.clone();
        damaged[30] ^= 1;
        assert!(has_windows_ends(&damaged), "the first line is damaged, too");
        // A room continued writing to the changed log.
        assert!(has_windows_ends(&[windows, lines(5, "\n")].concat()));
        let whole = lines(5, "\n");
        assert!(!has_windows_ends(&whole));
        assert!(!has_windows_ends(&[whole, lines(1, "\r\n")].concat()));
        for other in [
            &b""[..],
            b"\r\n",
            b"Dear all,\r\nhello\r\n",
            b"\n\n",
            b"\0\0",
        ] {
            assert!(!has_windows_ends(other), "{other:?}");
        }
    }
}
