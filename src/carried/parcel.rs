//! The format in which one executable carries another.
//!
//! After the end given by an executable's own headers comes a head of 40 bytes, then the other
//! executable as one LZ4 block (among formats that are small enough it unpacks fastest, which delays
//! each start). The head is `chatroom window\n`, the lengths of the block and of its contents (8 bytes
//! each), the CRC-32C of the contents (4 bytes) and of these 36 bytes (4 bytes), little-endian. A file
//! that is longer than its own headers say and has no such head, or has another length than the head
//! says, is not complete.

use std::fs::File;
use std::io;

use crc32c::crc32c;
use lz4_flex::block::{compress, decompress_into};

use crate::system::files::Positional as _;

const MAGIC: &[u8; 16] = b"chatroom window\n";
const HEAD: usize = 40;
/// An upper bound for the unpacked size, in bytes, above that of any build; it bounds the memory used.
const MOST: u64 = 1 << 30;

/// The place of the carried executable in a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Parcel {
    at: u64,
    packed: u64,
    length: u64,
    sum: u32,
}

/// The reason why a file's carried executable cannot be found or unpacked.
#[derive(Debug)]
pub enum Error {
    /// An error while reading.
    Read(io::Error),
    /// A file that ends too early.
    Cut {
        /// The actual length, in bytes.
        has: u64,
        /// The full length, in bytes.
        of: u64,
    },
    /// Bytes after the executable that are not a valid parcel.
    Damaged,
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Read(error)
    }
}

/// Finds the parcel in `file`, if there is one. Reads two heads, whatever the length.
///
/// # Errors
/// See [`Error`]. The carried bytes are verified by [`Parcel::unpack`].
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
        packed: u64::from_le_bytes(fixed(&told[16..24])),
        length: u64::from_le_bytes(fixed(&told[24..32])),
        sum: u32::from_le_bytes(fixed(&told[32..36])),
    };
    let of = parcel.at.saturating_add(parcel.packed);
    match has {
        _ if has < of => Err(Error::Cut { has, of }),
        _ if has > of => Err(Error::Damaged),
        _ => Ok(Some(parcel)),
    }
}

impl Parcel {
    /// Unpacks the carried executable from the `file` in which it was found.
    ///
    /// # Errors
    /// [`Error::Damaged`] if the bytes are not those that were packed, [`Error::Read`] if they
    /// cannot be read.
    pub fn unpack(&self, file: &File) -> Result<Vec<u8>, Error> {
        if self.packed.max(self.length) > MOST {
            return Err(Error::Damaged);
        }
        let mut packed = vec![0; self.packed as usize];
        file.read_exact_at(&mut packed, self.at)?;
        let mut whole = vec![0; self.length as usize];
        let length = decompress_into(&packed, &mut whole).map_err(|_| Error::Damaged)?;
        if length != whole.len() || crc32c(&whole) != self.sum {
            return Err(Error::Damaged);
        }
        Ok(whole)
    }
}

/// Makes the bytes of an executable that carries `other`.
///
/// # Errors
/// A sentence if `executable` is not an executable, or carries something already.
pub fn pack(executable: &[u8], other: &[u8]) -> Result<Vec<u8>, &'static str> {
    let end = executable.first_chunk().and_then(own_end);
    match end {
        None => {
            return Err(
                "This is not a 64-bit ELF executable; only those can contain another \
                            one.",
            );
        }
        Some(end) if end != executable.len() as u64 => {
            return Err("This executable already contains another one, or is incomplete.");
        }
        Some(_) => {}
    }
    let packed = compress(other);
    let mut head = MAGIC.to_vec();
    head.extend((packed.len() as u64).to_le_bytes());
    head.extend((other.len() as u64).to_le_bytes());
    head.extend(crc32c(other).to_le_bytes());
    head.extend(crc32c(&head).to_le_bytes());
    Ok([executable, &head, &packed].concat())
}

/// The end of an executable by its own headers: the end of the section table, which linkers and
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

/// Reads until `into` is full or the file ends, and returns the number of bytes.
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

    /// The smallest file with the head of an executable: its section table, one byte long, is last.
    fn executable() -> Vec<u8> {
        let mut bytes = vec![0; 101];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[0x28] = 100;
        bytes[0x3a] = 1;
        bytes[0x3c] = 1;
        bytes
    }

    fn file(bytes: &[u8]) -> File {
        let file = tempfile::tempfile().expect("a file");
        file.write_all_at(bytes, 0).expect("written");
        file
    }

    fn carried(bytes: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let file = file(bytes);
        find(&file)?.map(|parcel| parcel.unpack(&file)).transpose()
    }

    #[test]
    fn what_is_packed_is_found() {
        let other: Vec<u8> = (0..100_000_u32)
            .map(|i| (i.wrapping_mul(i) >> 7) as u8)
            .collect();
        let packed = pack(&executable(), &other).expect("packed");
        assert_eq!(carried(&packed).expect("whole"), Some(other));
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
            // A bit that LZ4 ignores changes nothing.
            let harmless =
                carried(&changed).map_or(true, |got| got.as_deref() == Some(b"the other"));
            assert!(harmless, "byte {at} was changed");
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
    fn nothing_is_packed_twice_or_onto_anything_but_an_executable() {
        let packed = pack(&executable(), b"the other").expect("packed");
        assert!(pack(&packed, b"one more").is_err());
        assert!(pack(b"#!/bin/sh\n", b"the other").is_err());
    }
}
