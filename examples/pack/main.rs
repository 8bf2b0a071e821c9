//! Packs one executable behind another, as scripts/dist.sh makes the file that is downloaded:
//! `cargo run --example pack -- EXECUTABLE OTHER RESULT`.

use std::error::Error;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use chatroom::carried::parcel;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [executable, other, result] = arguments.as_slice() else {
        return Err("Say what to pack: pack EXECUTABLE OTHER RESULT".into());
    };
    let packed = parcel::pack(&fs::read(executable)?, &fs::read(other)?)?;
    fs::write(result, packed)?;
    fs::set_permissions(result, Permissions::from_mode(0o755))?;
    Ok(())
}
