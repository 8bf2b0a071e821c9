//! A link in the browser: a process of its own, which lives on without the window and is told
//! nothing of the room.

use std::io;
use std::process::{Command, Stdio};
use std::thread;

use crate::room_key;
use crate::system::executable::in_own_group;

/// Has the desktop show this address.
///
/// # Errors
/// None of the programs that could do it can be started.
pub fn open(address: &str) -> io::Result<()> {
    let mut trouble = io::Error::from(io::ErrorKind::NotFound);
    for mut command in open::commands(address) {
        match apart(&mut command).spawn() {
            Ok(mut child) => {
                // It ends when it likes. Without a thread to be had, its end is noted at ours.
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

/// Nothing that ends the window ends the browser, and the room's key is not its business.
fn apart(command: &mut Command) -> &mut Command {
    in_own_group(command)
        .env_remove(room_key::VARIABLE)
        .env_remove(room_key::FILE_VARIABLE)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}
