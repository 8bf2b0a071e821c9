use super::*;
use std::net::IpAddr;

fn client(last: u8) -> Client {
    IpAddr::from([10, 0, 0, last]).into()
}

/// One of the addresses of an IPv6 network.
fn neighbour(last: u16) -> Client {
    IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, last]).into()
}

#[test]
fn an_address_has_so_many_names() {
    let mut quotas = Quotas::new(AddressLimits::Kept, 5);
    for _ in 0..MAX_NAMES {
        assert_eq!(quotas.check(client(1)), Ok(()));
        quotas.came(client(1));
    }
    let over = Err(Over::Names(client(1), 256));
    assert_eq!(quotas.check(client(1)), over);
    assert_eq!(quotas.check(client(2)), Ok(()));
    quotas.went(client(1));
    assert_eq!(quotas.check(client(1)), Ok(()));
    for _ in 1..MAX_NAMES {
        quotas.went(client(1));
    }
    assert!(quotas.names.is_empty());
    let mut open = Quotas::new(AddressLimits::Lifted, 5);
    for _ in 0..2 * MAX_NAMES {
        assert_eq!(open.check(client(1)), Ok(()));
        open.came(client(1));
    }
}

#[test]
fn who_comes_in_too_fast_waits_for_their_turn() {
    let start = Instant::now();
    let mut quotas = Quotas::new(AddressLimits::Kept, 5);
    let each = Duration::from_millis(200);
    for _ in 0..120 {
        assert_eq!(quotas.book(client(1), start), Ok(Duration::ZERO));
    }
    // A class of two hundred, and twenty more.
    for turn in 1..=100 {
        assert_eq!(quotas.book(client(1), start), Ok(turn * each));
    }
    assert_eq!(quotas.book(client(1), start), Err(Over::Joins(each)));
    quotas.give_back(client(1));
    assert_eq!(quotas.book(client(1), start), Ok(100 * each));
    assert_eq!(quotas.book(client(2), start), Ok(Duration::ZERO));
    let mut open = Quotas::new(AddressLimits::Lifted, 5);
    assert!((0..1_000).all(|_| open.book(client(1), start) == Ok(Duration::ZERO)));
}

/// A school on one local network: each machine has what an address has, and all of them have more, but
/// not without end.
#[test]
fn a_network_has_eight_times_what_an_address_has() {
    let start = Instant::now();
    let mut quotas = Quotas::new(AddressLimits::Kept, 5);
    // One takes all it may; its neighbours do not notice.
    for _ in 0..220 {
        assert!(quotas.book(neighbour(1), start).is_ok());
    }
    assert!(quotas.book(neighbour(1), start).is_err());
    for machine in 2..=400 {
        assert_eq!(quotas.check(neighbour(machine)), Ok(()));
        assert_eq!(quotas.book(neighbour(machine), start), Ok(Duration::ZERO));
        quotas.came(neighbour(machine));
    }
    // Somebody takes thousands of addresses.
    for machine in 1_000..=1_000 + 8 * 256 - 400 {
        quotas.came(neighbour(machine));
    }
    let over = Err(Over::Names(neighbour(1).network(), 2_048));
    assert_eq!(quotas.check(neighbour(9_999)), over);
    let now = (1_000..9_000).filter(|machine| quotas.book(neighbour(*machine), start).is_ok());
    assert_eq!(now.count(), 8 * (120 + 100) - 220 - 399);
    let wait = Duration::from_millis(25);
    // Who is refused for the network has lost nothing of its own.
    assert_eq!(quotas.book(neighbour(9_999), start), Err(Over::Joins(wait)));
    assert!((0..300).all(|_| quotas.book(neighbour(9_999), start).is_err()));
    assert_eq!(quotas.joins.each.check(&neighbour(9_999), start), Ok(()));
    // Other networks do not notice either.
    assert_eq!(quotas.check(client(1)), Ok(()));
    assert_eq!(quotas.book(client(1), start), Ok(Duration::ZERO));
    for machine in 2..=400 {
        quotas.went(neighbour(machine));
    }
    for machine in 1_000..=1_000 + 8 * 256 - 400 {
        quotas.went(neighbour(machine));
    }
    assert!(quotas.names.is_empty());
    // Guests alike.
    let mut say = |from| {
        (0..9_000)
            .filter(|_| quotas.say(from, start).is_ok())
            .count()
    };
    assert_eq!(say(neighbour(1)), 500);
    let all: usize = (2..30).map(|machine| say(neighbour(machine))).sum();
    assert_eq!(all, 7 * 500);
    assert!(quotas.may_say(neighbour(40), start).is_err());
    assert_eq!(quotas.may_say(client(1), start), Ok(()));
}

#[test]
fn a_network_has_half_of_all_places() {
    let start = Instant::now();
    for (places, each, all) in [(10, 8, 8), (960, 240, 480), (1 << 20, 1_024, 8_192)] {
        let connections = Arc::new(Connections::new(AddressLimits::Kept, places));
        let mut held = Vec::new();
        let mut take = |from| {
            let come = (0..2 * MAX_CONNECTIONS).map_while(|_| open(&connections, from, start).ok());
            let come: Vec<_> = come.collect();
            held.push(come);
            held.last().map_or(0, Vec::len)
        };
        assert_eq!(take(neighbour(1)), each, "of {places}");
        let rest: usize = (2..30).map(|machine| take(neighbour(machine))).sum();
        assert_eq!(each + rest, all, "of {places}");
        // It makes room of its own.
        let asked = std::cell::Cell::new(None);
        let make_room = |whose| {
            asked.set(Some(whose));
            true
        };
        assert!(
            connections
                .open(neighbour(77), Arrival::Open, make_room, start)
                .is_ok()
        );
        assert_eq!(asked.get(), Some(neighbour(77).network()));
        assert_eq!(take(client(1)), each, "another network");
        drop(held);
        assert!(connections.state().each.is_empty());
    }
}

#[test]
fn the_guests_of_an_address_have_ten_times_what_a_session_has() {
    let start = Instant::now();
    let mut quotas = Quotas::new(AddressLimits::Kept, 5);
    let mut say = |from| {
        (0..1_000)
            .filter(|_| quotas.say(from, start).is_ok())
            .count()
    };
    assert_eq!(say(client(1)), 500);
    assert_eq!(say(client(2)), 500);
    for mut open in [
        Quotas::new(AddressLimits::Kept, 0),
        Quotas::new(AddressLimits::Lifted, 5),
    ] {
        assert!((0..1_000).all(|_| open.say(client(1), start).is_ok()));
    }
}

#[test]
fn the_documents_say_how_many_times_as_much_all_guests_have() {
    let words = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ];
    let times = format!("{} times", words[GUESTS as usize]);
    for path in [
        "docs/server.md",
        "docs/http.md",
        "man/chatroom-server.1",
        "assets/chatroom.default",
        "assets/completions/_chatroom",
        "assets/completions/chatroom.fish",
        "src/cli/server.rs",
    ] {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let text = std::fs::read_to_string(file).expect(path);
        let text: Vec<&str> = text
            .split_whitespace()
            .filter(|word| *word != "///")
            .collect();
        let text = text.join(" ");
        let mut before: Vec<&str> = text.split("all guests").collect();
        assert!(before.len() > 1, "{path}");
        before.pop();
        for before in before {
            let end: Vec<&str> = before.split(' ').rev().take(8).collect();
            let end: Vec<&str> = end.into_iter().rev().collect();
            assert!(end.join(" ").contains(&times), "{path}: {end:?}");
        }
    }
}

fn open(
    all: &Arc<Connections>,
    from: Client,
    now: Instant,
) -> Result<(Connected, Duration), Duration> {
    all.open(from, Arrival::New, |_| false, now)
}

#[test]
fn connections_are_counted_while_they_are_open() {
    let start = Instant::now();
    let all = Arc::new(Connections::new(AddressLimits::Kept, usize::MAX));
    let mut held: Vec<_> = (0..MAX_CONNECTIONS)
        .map(|_| open(&all, client(1), start).expect("there is room"))
        .collect();
    assert!(held.iter().all(|(_, wait)| wait.is_zero()));
    let second = start + Duration::from_secs(1);
    assert!(open(&all, client(1), second).is_err());
    assert!(open(&all, client(2), second).is_ok(), "another address");
    held.pop();
    assert!(open(&all, client(1), second).is_ok());
    // One of its own goes, and nobody else's.
    assert!(all.open(client(1), Arrival::New, |_| true, second).is_ok());
    drop(held);
    assert!(all.state().each.is_empty());
    let free = Arc::new(Connections::new(AddressLimits::Lifted, usize::MAX));
    let many = (0..2 * MAX_CONNECTIONS).map(|_| open(&free, client(1), start));
    assert!(many.collect::<Vec<_>>().iter().all(Result::is_ok));
}

#[test]
fn connections_that_come_too_fast_wait_for_their_turn() {
    let start = Instant::now();
    let all = Arc::new(Connections::new(AddressLimits::Kept, usize::MAX));
    let wait = |from| open(&all, from, start).map(|(_, wait)| wait);
    for _ in 0..MAX_CONNECTIONS {
        assert_eq!(wait(client(1)), Ok(Duration::ZERO));
    }
    let each = Duration::from_secs(1) / NEW_CONNECTIONS;
    for turn in 1..=200 {
        assert_eq!(wait(client(1)), Ok(turn * each));
    }
    assert_eq!(wait(client(1)), Err(each), "as many wait as may");
    assert_eq!(wait(client(2)), Ok(Duration::ZERO));
}

#[test]
fn an_address_has_no_more_than_a_quarter_of_all_places() {
    let start = Instant::now();
    for (places, most) in [(0, 8), (10, 8), (960, 240), (1 << 20, MAX_CONNECTIONS)] {
        let all = Arc::new(Connections::new(AddressLimits::Kept, places));
        let held: Vec<_> = (0..2 * MAX_CONNECTIONS)
            .map_while(|_| open(&all, client(1), start).ok())
            .collect();
        assert_eq!(held.len(), most, "of {places}");
    }
}
