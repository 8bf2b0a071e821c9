//! Datagrams to the supervisor that started this process, and the stream that it reads.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use super::files::FileId;

/// Sends a message to a socket by its path, or by its abstract name, which begins with `@`. A receiver
/// that does not read is waited for no longer than `patience`.
///
/// # Errors
/// Nothing listens there, or what does did not read in time.
pub(crate) fn send(address: &OsStr, message: &str, patience: Duration) -> io::Result<()> {
    let address = match address.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(address)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(patience))?;
    socket.send_to_addr(message.as_bytes(), &address).map(drop)
}

/// Tells whether standard error is the stream that `device:inode` names. A process that inherits such a name
/// may write elsewhere.
pub(crate) fn is_standard_error(stream: &str) -> bool {
    FileId::of_open(io::stderr()).is_ok_and(|id| id.to_string() == stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_supervisor_that_does_not_listen_is_waited_for_but_not_for_ever() {
        let patience = Duration::from_millis(20);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let send = |text| send(path.as_os_str(), text, patience);
        assert!(send("READY=1").is_err(), "nobody is there");
        let _deaf = UnixDatagram::bind(&path).expect("a socket");
        // Until it is full, everything arrives; then the wait ends.
        while send("STATUS=again").is_ok() {}
        for wrong in ["", "@", "no such path"] {
            let _ = super::send(OsStr::new(wrong), "READY=1", patience);
        }
    }

    #[test]
    fn standard_error_is_known_by_its_device_and_inode() {
        let ours = FileId::of_open(io::stderr())
            .expect("its state")
            .to_string();
        assert!(is_standard_error(&ours));
        let other = tempfile::tempfile().expect("a file");
        let other = FileId::of_open(&other).expect("its state").to_string();
        assert!(!is_standard_error(&other));
        assert!(!is_standard_error(""));
    }
}
