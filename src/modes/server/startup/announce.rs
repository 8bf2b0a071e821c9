//! Telling the local network about the room, and the operator about that.

use std::net::SocketAddr;

use crate::cli::ServerArgs;
use crate::event::LogId;
use crate::nearby::{self, Announced};

/// Announces the room that listens on `bound`, unless `--no-announce` forbids it. Returns the
/// announcement, which lasts as long as the value, and a sentence about it for the operator.
pub fn announce(
    args: &ServerArgs,
    log: LogId,
    has_key: bool,
    bound: SocketAddr,
) -> (Option<Announced>, Option<String>) {
    if args.no_announce {
        return (None, None);
    }
    match nearby::announce(&args.room, &log.to_string(), has_key, bound) {
        Ok(Some(announced)) => {
            let line = match (announced.networks(), announced.trouble()) {
                ([], Some(why)) => format!(
                    "Other computers on this network will not find it by themselves: {why}. Join with the address."
                ),
                ([], None) => {
                    "This machine is on no network yet: windows nearby will find the room once it \
                     is."
                    .to_string()
                }
                (networks, None) => {
                    format!(
                        "Windows nearby find it by themselves ({}).",
                        networks.join(", ")
                    )
                }
                (networks, Some(why)) => format!(
                    "Windows nearby find it by themselves ({}), elsewhere with the address: {why}.",
                    networks.join(", ")
                ),
            };
            (Some(announced), Some(line))
        }
        Ok(None) => (None, Some("Only this machine can join.".to_string())),
        Err(sentence) => (None, Some(sentence)),
    }
}
