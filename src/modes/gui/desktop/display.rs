//! The check for a display.
//!
//! FLTK ends the whole process if there is no display, so that is checked before FLTK is asked.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::failure::Failure;
use crate::system::x11;

/// Checks that the X server named by `DISPLAY` accepts connections.
///
/// # Errors
/// The sentence that the run ends with.
pub fn check(display: Option<&str>) -> Result<(), Failure> {
    let Some(name) = display.filter(|name| !name.is_empty()) else {
        return Err(none("DISPLAY is not set"));
    };
    let Some((host, number)) = parts(name) else {
        return Err(none(&format!(
            "DISPLAY is \"{name}\", which is not a display"
        )));
    };
    let found = match host {
        "" | "unix" => by_socket(number),
        host => by_network(host, number),
    };
    if found {
        Ok(())
    } else {
        Err(none(&format!("nothing answers at DISPLAY={name}")))
    }
}

/// The host and the number in `host:number.screen`.
fn parts(name: &str) -> Option<(&str, u16)> {
    let (host, rest) = name.rsplit_once(':')?;
    let number = rest.split('.').next()?.parse().ok()?;
    let host = host.strip_prefix('[').unwrap_or(host);
    Some((host.strip_suffix(']').unwrap_or(host), number))
}

fn by_socket(number: u16) -> bool {
    x11::answers(number) || by_network("localhost", number)
}

fn by_network(host: &str, number: u16) -> bool {
    let Some(port) = number.checked_add(6000) else {
        return false;
    };
    let Ok(addresses) = (host, port).to_socket_addrs() else {
        return false;
    };
    let limit = Duration::from_secs(3);
    addresses
        .into_iter()
        .any(|address| TcpStream::connect_timeout(&address, limit).is_ok())
}

fn none(why: &str) -> Failure {
    Failure::new(format!(
        "There is no display: {why}. Start the window from a desktop or set DISPLAY, or join \
         without a window: curl -N http://ADDR:1337/events"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_display_there_is_a_sentence() {
        for missing in [None, Some(""), Some("nonsense"), Some(":x"), Some(":59999")] {
            let failure = check(missing).expect_err("no display");
            assert!(
                failure.to_string().starts_with("There is no display: "),
                "{failure}"
            );
        }
    }

    #[test]
    fn a_display_is_a_host_and_a_number() {
        assert_eq!(parts(":0"), Some(("", 0)));
        assert_eq!(parts("a.b:10.0"), Some(("a.b", 10)));
        assert_eq!(parts("[::1]:1"), Some(("::1", 1)));
        assert_eq!(parts("0"), None);
    }
}
