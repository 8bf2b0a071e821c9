//! Opening a URL in the browser: a process of its own, which outlives the window and inherits
//! nothing of the room.

use std::io;
use std::process::{Command, Stdio};
use std::thread;

use crate::room_key;
use crate::system::executable::in_own_group;

/// Has the desktop open this URL.
///
/// # Errors
/// None of the programs that could do it can be started.
pub fn open(address: &str) -> io::Result<()> {
    let mut trouble = io::Error::from(io::ErrorKind::NotFound);
    for mut command in open::commands(address) {
        match apart(&mut command).spawn() {
            Ok(mut child) => {
                // Waited for on a thread, so that it leaves no zombie; without a thread it stays
                // one until we end.
                let _ = thread::Builder::new()
                    .name("browser".to_string())
                    .spawn(move || child.wait());
                return Ok(());
            }
            Err(error) => trouble = error,
        }
    }
    Err(trouble)
}

/// Detaches the program: what ends the window does not end it, and it does not get the room key.
fn apart(command: &mut Command) -> &mut Command {
    in_own_group(command)
        .env_remove(room_key::VARIABLE)
        .env_remove(room_key::FILE_VARIABLE)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}
