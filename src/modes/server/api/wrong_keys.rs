//! The operator's sentences about wrong room keys: state without a clock.
//!
//! What always holds: no sentence has a key in it. A client has at most one sentence a minute, and all
//! clients together [`MAX_LISTED`]; no more clients are remembered.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::guess_limiter::AT_ONCE;
use crate::modes::server::room::client::Client;

/// The shortest time between two sentences about one client, and between two warnings of guessers.
const MINUTE: Duration = Duration::from_secs(60);
/// The most clients that have a sentence of their own within a minute.
const MAX_LISTED: usize = 60;

/// The clients that had a sentence within the last minute.
#[derive(Debug, Default)]
pub(super) struct WrongKeys {
    /// The networks of those clients and when each had its sentence, oldest first.
    listed: VecDeque<(Client, Instant)>,
    /// The number of wrong keys since the last sentence that came from clients without one.
    unlisted: usize,
    /// The time of the last warning of a guesser.
    warned: Option<Instant>,
}

impl WrongKeys {
    /// Counts a wrong key, the last of `lately` within a minute from the client's network. Returns the
    /// sentence for the operator, if one is due.
    pub(super) fn count(&mut self, from: Client, lately: usize, now: Instant) -> Option<String> {
        let over = |then: Instant| now.saturating_duration_since(then) >= MINUTE;
        while self.listed.front().is_some_and(|(_, then)| over(*then)) {
            self.listed.pop_front();
        }
        if lately == AT_ONCE && self.warned.is_none_or(over) {
            self.warned = Some(now);
            let network = from.network();
            return Some(format!(
                "Too many wrong room keys came from {network}: {AT_ONCE} within a minute. From now \
                 on about one a second is checked. If nobody there should know the key, block the \
                 address with a firewall."
            ));
        }
        let network = from.network();
        if self.listed.iter().any(|(listed, _)| *listed == network) {
            return None;
        }
        if self.listed.len() >= MAX_LISTED {
            self.unlisted += 1;
            return None;
        }
        self.listed.push_back((network, now));
        let many = match lately {
            0 | 1 => String::new(),
            many => format!(" ({many} within a minute)"),
        };
        let before = match std::mem::take(&mut self.unlisted) {
            0 => String::new(),
            unlisted => format!(" Before that, {unlisted} from other addresses were not listed."),
        };
        Some(format!("A wrong room key came from {from}{many}.{before}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv6Addr};

    fn client(number: u32) -> Client {
        IpAddr::from(number.to_be_bytes()).into()
    }

    const ONE: u32 = 0x0a00_0001;

    #[test]
    fn a_client_has_a_line_a_minute_with_how_many_its_keys_were() {
        let mut wrong = WrongKeys::default();
        let start = Instant::now();
        let line = wrong.count(client(ONE), 1, start);
        assert_eq!(
            line.as_deref(),
            Some("A wrong room key came from 10.0.0.1.")
        );
        let almost = start + MINUTE - Duration::from_millis(1);
        for lately in 2..AT_ONCE {
            assert_eq!(wrong.count(client(ONE), lately, almost), None);
        }
        let other = wrong.count(client(ONE + 1), 1, almost);
        assert_eq!(
            other.as_deref(),
            Some("A wrong room key came from 10.0.0.2.")
        );
        let line = wrong.count(client(ONE), 19, start + MINUTE);
        assert_eq!(
            line.as_deref(),
            Some("A wrong room key came from 10.0.0.1 (19 within a minute).")
        );
    }

    #[test]
    fn another_address_of_a_network_has_no_line_of_its_own() {
        let mut wrong = WrongKeys::default();
        let now = Instant::now();
        let six = |last| IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last)).into();
        let line = wrong.count(six(7), 1, now);
        assert_eq!(
            line.as_deref(),
            Some("A wrong room key came from 2001:db8::7.")
        );
        assert_eq!(wrong.count(six(8), 2, now), None);
    }

    #[test]
    fn a_guesser_is_warned_of_once_a_minute() {
        let mut wrong = WrongKeys::default();
        let start = Instant::now();
        let mut warned = |number, now| {
            let said = (1..=AT_ONCE).filter_map(|lately| wrong.count(client(number), lately, now));
            said.filter(|said| said.starts_with("Too many wrong room keys"))
                .count()
        };
        assert_eq!(warned(1, start), 1);
        assert_eq!(warned(2, start), 0, "there was a warning just now");
        assert_eq!(warned(1, start + MINUTE), 1);
    }

    #[test]
    fn many_addresses_fill_neither_the_journal_nor_the_memory() {
        let mut wrong = WrongKeys::default();
        let start = Instant::now();
        let said = (0..10_000).filter_map(|number| wrong.count(client(number), 1, start));
        assert_eq!(said.count(), MAX_LISTED);
        assert!(wrong.listed.len() <= MAX_LISTED);
        let next = wrong.count(client(ONE), 1, start + MINUTE);
        assert_eq!(
            next.as_deref(),
            Some(
                "A wrong room key came from 10.0.0.1. Before that, 9940 from other addresses were \
                 not listed."
            )
        );
        let after = wrong.count(client(ONE + 1), 1, start + MINUTE);
        assert_eq!(
            after.as_deref(),
            Some("A wrong room key came from 10.0.0.2.")
        );
    }
}
