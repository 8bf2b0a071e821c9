//! How an executable carries another: the form, and nothing about running it.
//!
//! Behind the end that an executable's own headers tell stands a head of 32 bytes, then the other
//! executable as it is. Not packed: both together are smaller than they may be, and reading costs less
//! time than unpacking. The head is `chatroom window\n`, the other's length (8 bytes), its CRC-32C
//! (4 bytes) and the CRC-32C of these 28 bytes (4 bytes), little-endian. What is longer than its own
//! headers say and has no such head, or another length than the head says, is not whole.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use crc32c::{crc32c, crc32c_append};

const MAGIC: &[u8; 16] = b"chatroom window\n";
const HEAD: usize = 32;
/// What is read at once.
const PIECE: usize = 256 * 1024;

/// Where in a file the other executable is.
#[derive(Debug, PartialEq, Eq)]
pub struct Parcel {
    at: u64,
    length: u64,
    sum: u32,
}

/// Why nothing can be said of what a file carries.
#[derive(Debug)]
pub enum Error {
    /// It could not be read.
    Read(io::Error),
    /// The file ends too early: the bytes it has, and the bytes it had.
    Cut {
        /// How long it is.
        has: u64,
        /// How long it should be.
        of: u64,
    },
    /// What stands behind the executable is nothing that was put there.
    Damaged,
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Read(error)
    }
}

/// What `file` carries, if it does. Reads two heads, whatever the length.
///
/// # Errors
/// See [`Error`]. Whether the carried bytes are the right ones is told by [`Parcel::copy`].
pub fn find(file: &File) -> Result<Option<Parcel>, Error> {
    let has = file.metadata()?.len();
    let mut own = [0; 64];
    let Some(end) = (match read_up_to(file, &mut own, 0)? {
        64 => own_end(&own),
        _ => None,
    }) else {
        return Ok(None);
    };
    if has <= end {
        return Ok(None);
    }
    let mut head = [0; HEAD];
    if read_up_to(file, &mut head, end)? < HEAD {
        return Err(Error::Damaged);
    }
    let (told, sum) = head.split_at(HEAD - 4);
    if &told[..16] != MAGIC || sum != crc32c(told).to_le_bytes() {
        return Err(Error::Damaged);
    }
    let parcel = Parcel {
        at: end + HEAD as u64,
        length: u64::from_le_bytes(fixed(&told[16..24])),
        sum: u32::from_le_bytes(fixed(&told[24..28])),
    };
    let of = parcel.at.saturating_add(parcel.length);
    match has {
        _ if has < of => Err(Error::Cut { has, of }),
        _ if has > of => Err(Error::Damaged),
        _ => Ok(Some(parcel)),
    }
}

impl Parcel {
    /// Copies the carried executable out of `from`, and says whether it is the one that was packed.
    ///
    /// # Errors
    /// What reading or writing said.
    pub fn copy(&self, from: &File, to: &mut impl Write) -> io::Result<bool> {
        let mut piece = vec![0; PIECE];
        let (mut done, mut sum) = (0, 0);
        while done < self.length {
            let wanted = usize::try_from(self.length - done).map_or(PIECE, |left| left.min(PIECE));
            let piece = &mut piece[..wanted];
            from.read_exact_at(piece, self.at + done)?;
            sum = crc32c_append(sum, piece);
            to.write_all(piece)?;
            done += wanted as u64;
        }
        Ok(sum == self.sum)
    }
}

/// The bytes of an executable that carries `other`.
///
/// # Errors
/// A sentence where `executable` is none, or carries something already.
pub fn pack(executable: &[u8], other: &[u8]) -> Result<Vec<u8>, &'static str> {
    let end = executable.first_chunk().and_then(own_end);
    match end {
        None => return Err("This is no 64-bit ELF executable, which alone can carry another."),
        Some(end) if end != executable.len() as u64 => {
            return Err("This executable carries something already, or is not whole.");
        }
        Some(_) => {}
    }
    let mut head = MAGIC.to_vec();
    head.extend((other.len() as u64).to_le_bytes());
    head.extend(crc32c(other).to_le_bytes());
    head.extend(crc32c(&head).to_le_bytes());
    Ok([executable, &head, other].concat())
}

/// Where an executable ends by its own account: behind the table of its sections, which linkers and
/// `strip` put last (ELF-64 Object File Format, "File Header").
fn own_end(head: &[u8; 64]) -> Option<u64> {
    const ELF_64_LITTLE: &[u8] = b"\x7fELF\x02\x01";
    let table = u64::from_le_bytes(fixed(&head[0x28..0x30]));
    let size = u16::from_le_bytes(fixed(&head[0x3a..0x3c]));
    let count = u16::from_le_bytes(fixed(&head[0x3c..0x3e]));
    let end = table.checked_add(u64::from(size) * u64::from(count))?;
    (head.starts_with(ELF_64_LITTLE) && table > 0).then_some(end)
}

fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut fixed = [0; N];
    fixed.copy_from_slice(bytes);
    fixed
}

/// Reads until `into` is full or the file ends, and says how much there was.
fn read_up_to(file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < into.len() {
        match file.read_at(&mut into[done..], at + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest thing that has the head of an executable: its table of sections, one byte, is last.
    fn executable() -> Vec<u8> {
        let mut bytes = vec![0; 101];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[0x28] = 100;
        bytes[0x3a] = 1;
        bytes[0x3c] = 1;
        bytes
    }

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("written");
        file
    }

    fn carried(bytes: &[u8]) -> Result<Option<(Vec<u8>, bool)>, Error> {
        let file = file(bytes);
        let parcel = find(&file)?;
        Ok(parcel.map(|parcel| {
            let mut copy = Vec::new();
            let whole = parcel.copy(&file, &mut copy).expect("copied");
            (copy, whole)
        }))
    }

    #[test]
    fn what_is_packed_is_found() {
        let other = vec![7; PIECE + 3];
        let packed = pack(&executable(), &other).expect("packed");
        assert_eq!(carried(&packed).expect("whole"), Some((other, true)));
    }

    #[test]
    fn an_executable_alone_carries_nothing() {
        for alone in [executable(), b"#!/bin/sh\n".to_vec(), Vec::new()] {
            assert_eq!(carried(&alone).expect("whole"), None);
        }
    }

    #[test]
    fn a_cut_or_changed_file_is_told_at_every_byte() {
        let packed = pack(&executable(), b"the other").expect("packed");
        for length in executable().len() + 1..packed.len() {
            let cut = carried(&packed[..length]);
            assert!(cut.is_err(), "{length} bytes pass for {}", packed.len());
        }
        for at in executable().len()..packed.len() {
            let mut changed = packed.clone();
            changed[at] ^= 1;
            let whole = matches!(carried(&changed), Ok(Some((_, true)) | None));
            assert!(!whole, "byte {at} was changed");
        }
        let longer = [packed.as_slice(), b"\n"].concat();
        assert!(matches!(carried(&longer), Err(Error::Damaged)));
    }

    #[test]
    fn a_cut_file_says_how_much_is_there() {
        let packed = pack(&executable(), b"the other").expect("packed");
        match carried(&packed[..packed.len() - 2]) {
            Err(Error::Cut { has, of }) => {
                assert_eq!((has, of), (packed.len() as u64 - 2, packed.len() as u64));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_is_packed_twice_or_behind_something_else() {
        let packed = pack(&executable(), b"the other").expect("packed");
        assert!(pack(&packed, b"one more").is_err());
        assert!(pack(b"#!/bin/sh\n", b"the other").is_err());
    }
}
