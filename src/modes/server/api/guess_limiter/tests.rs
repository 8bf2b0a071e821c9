use super::*;

fn client(number: u32) -> Client {
    std::net::IpAddr::from(number.to_be_bytes()).into()
}

const ONE: u32 = 0x0a00_0001;

/// A minute and more in which the same client tries wrong keys as fast as it is let: when each was
/// answered.
fn hammer(
    guesses: &mut GuessLimiter<()>,
    from: Client,
    start: Instant,
    length: Duration,
) -> Vec<Instant> {
    let mut answered = Vec::new();
    let mut now = start;
    while now < start + length {
        for first in [true, false] {
            match guesses.ask(from, first, (), now) {
                Admission::Now(()) => {
                    guesses.wrong(from, now);
                    answered.push(now);
                }
                Admission::Waits(_) | Admission::Refused => {}
            }
        }
        while guesses.draw(from, 7, now).is_some() {
            guesses.wrong(from, now);
            answered.push(now);
        }
        now += Duration::from_millis(10);
    }
    answered
}

#[test]
fn no_more_than_sixty_are_answered_in_any_minute() {
    let mut guesses = GuessLimiter::default();
    let start = Instant::now();
    let answered = hammer(&mut guesses, client(ONE), start, Duration::from_secs(400));
    for (at, from) in answered.iter().enumerate() {
        let within = answered[at..]
            .iter()
            .take_while(|then| **then < *from + MINUTE);
        assert!(within.count() <= A_MINUTE);
    }
    let first = answered.iter().filter(|then| **then < start + PAUSE);
    assert_eq!(first.count(), AT_ONCE);
    // And there is no long pause either.
    let pause = answered.windows(2).map(|two| two[1] - two[0]).max();
    assert!(pause < Some(Duration::from_secs(2)), "{pause:?}");
    assert!(answered.len() > 300, "{}", answered.len());
}

#[test]
fn a_right_key_waits_a_little_and_a_connections_first_goes_before_later_ones() {
    let mut guesses = GuessLimiter::default();
    let start = Instant::now();
    for _ in 0..AT_ONCE {
        assert_eq!(
            guesses.ask(client(ONE), true, "wrong", start),
            Admission::Now("wrong")
        );
        guesses.wrong(client(ONE), start);
    }
    // As many connections that go on as there may be: their keys are no longer first ones.
    for number in 0..MAX_WAITING + 10 {
        let asked = guesses.ask(client(ONE), false, "wrong", start);
        assert_eq!(
            asked == Admission::Refused,
            number >= MAX_WAITING,
            "{number}"
        );
    }
    assert!(matches!(
        guesses.ask(client(ONE), true, "right", start),
        Admission::Waits(_)
    ));
    assert_eq!(
        guesses.draw(client(ONE), 0, start),
        None,
        "it is not time yet"
    );
    let due = start + guesses.due(client(ONE), start);
    assert!(due > start && due < start + Duration::from_secs(2));
    assert_eq!(guesses.draw(client(ONE), u64::MAX, due), Some("right"));
    // It was no wrong one, so the next is looked at at once, and then it is not time again.
    assert_eq!(guesses.draw(client(ONE), 0, due), Some("wrong"));
    guesses.wrong(client(ONE), due);
    assert_eq!(guesses.draw(client(ONE), 0, due), None);
    // Others are not concerned.
    assert_eq!(
        guesses.ask(client(ONE + 1), true, "right", due),
        Admission::Now("right")
    );
}

#[test]
fn beyond_what_may_wait_nobody_does_and_who_leaves_makes_room() {
    let mut guesses = GuessLimiter::default();
    let now = Instant::now();
    for _ in 0..AT_ONCE {
        guesses.wrong(client(ONE), now);
    }
    let mut tickets = Vec::new();
    for _ in 0..MAX_WAITING {
        match guesses.ask(client(ONE), true, (), now) {
            Admission::Waits(ticket) => tickets.push(ticket),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(guesses.ask(client(ONE), true, (), now), Admission::Refused);
    guesses.leave(client(ONE), tickets[5]);
    assert!(matches!(
        guesses.ask(client(ONE), true, (), now),
        Admission::Waits(_)
    ));
}

/// How many of five guessers' connections there are, forty each.
const GUESSING: usize = 200;

/// Five guessers with forty connections each that ask again as soon as they are answered, on a new
/// connection each time or on the same, and some honest ones who have just come: like a window they
/// lose patience after ten seconds, and come again when they are told to. How many of those came in
/// within a minute, and how many guesses were answered.
fn siege(seed: u64, new_connections: bool, honest: usize) -> (usize, usize) {
    let mut chance = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = || {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        chance
    };
    let mut guesses = GuessLimiter::default();
    let start = Instant::now();
    let (patience, pause) = (Duration::from_secs(10), Duration::from_secs(1));
    // Of each connection: whether it gave a key before, and what it waits for since when.
    let mut before = [false; GUESSING];
    let mut waits: HashMap<usize, (u64, Instant)> = HashMap::new();
    let (mut now, mut answered, mut came) = (start, 0, BTreeSet::new());
    let mut again: Vec<Instant> = (0..honest as u32)
        .map(|number| start + PAUSE + pause / 7 * number)
        .collect();
    while came.len() < honest && now < start + MINUTE {
        for who in 0..GUESSING + honest {
            let number = who.checked_sub(GUESSING);
            if number.is_some_and(|number| came.contains(&number) || now < again[number]) {
                continue;
            }
            if let Some((ticket, since)) = waits.get(&who).copied() {
                if now < since + patience {
                    continue;
                }
                guesses.leave(client(ONE), ticket);
                waits.remove(&who);
                if let Some(number) = number {
                    again[number] = now + pause;
                    continue;
                }
            }
            let again_on_it = |before: &mut bool| std::mem::replace(before, true);
            let first = new_connections || !before.get_mut(who).is_some_and(again_on_it);
            match (guesses.ask(client(ONE), first, who, now), number) {
                (Admission::Now(_), Some(number)) => drop(came.insert(number)),
                (Admission::Now(_), None) => {
                    guesses.wrong(client(ONE), now);
                    answered += 1;
                }
                (Admission::Waits(ticket), _) => drop(waits.insert(who, (ticket, now))),
                (Admission::Refused, _) => panic!("all may wait"),
            }
        }
        while let Some(who) = guesses.draw(client(ONE), random(), now) {
            waits.remove(&who);
            if who < GUESSING {
                guesses.wrong(client(ONE), now);
                answered += 1;
                continue;
            }
            // The honest have the same key.
            for who in guesses.alike(client(ONE), |who| *who >= GUESSING) {
                waits.remove(&who);
                came.insert(who - GUESSING);
            }
            came.insert(who - GUESSING);
        }
        now += Duration::from_millis(100);
    }
    (came.len(), answered)
}

#[test]
fn five_guessers_do_not_keep_the_class_out() {
    for seed in 0..20 {
        let (came, answered) = siege(seed, false, 1);
        assert_eq!(came, 1, "seed {seed}: nobody came in within a minute");
        assert!(answered <= A_MINUTE);
    }
}

/// The odds of one caller among two hundred that look alike, of whom sixty may be answered: no rule can
/// mend them.
#[test]
fn guessers_who_come_anew_for_each_key_delay_one_and_hardly_a_class() {
    for (honest, many, least) in [(1, 60, 10), (5, 12, 50), (20, 6, 85)] {
        let mut came = 0;
        for seed in 0..many {
            let (in_time, answered) = siege(seed, true, honest);
            came += in_time;
            assert!(answered <= A_MINUTE);
        }
        let percent = came * 100 / (many as usize * honest);
        assert!(
            percent >= least,
            "{honest} together: {percent} of a hundred"
        );
    }
}

#[test]
fn with_a_right_key_all_the_same_are_let_in_and_wrong_ones_wait_on() {
    let mut guesses = GuessLimiter::default();
    let now = Instant::now();
    for _ in 0..AT_ONCE {
        guesses.wrong(client(ONE), now);
    }
    for key in ["right", "wrong", "right", "wrong", "other"] {
        let asked = guesses.ask(client(ONE), true, key, now);
        assert!(matches!(asked, Admission::Waits(_)));
    }
    let alike = guesses.alike(client(ONE), |key| *key == "right");
    assert_eq!(alike, ["right", "right"]);
    assert_eq!(guesses.alike(client(ONE + 1), |_| true), [""; 0]);
    let rest: Vec<&str> =
        std::iter::from_fn(|| guesses.draw(client(ONE), 0, now + MINUTE)).collect();
    assert_eq!(rest.len(), 3);
}

#[test]
fn other_addresses_do_not_wipe_what_is_counted() {
    let mut guesses = GuessLimiter::default();
    let start = Instant::now();
    for _ in 0..AT_ONCE {
        guesses.wrong(client(ONE), start);
    }
    for other in 0..2 * MAX_WATCHED as u32 {
        guesses.wrong(
            client(0x1400_0000 + other),
            start + Duration::from_millis(1),
        );
    }
    assert!(guesses.watched.len() <= MAX_WATCHED);
    assert_eq!(guesses.forgettable.len(), guesses.watched.len());
    let asked = guesses.ask(client(ONE), true, (), start + Duration::from_millis(2));
    assert!(matches!(asked, Admission::Waits(_)));
    guesses.leave(client(ONE), 1);
    // A newcomer is counted, though all others guessed more than it.
    let mut full = GuessLimiter::<()>::default();
    for other in 0..MAX_WATCHED as u32 {
        full.wrong(client(other), start);
        full.wrong(client(other), start);
    }
    for _ in 0..AT_ONCE {
        full.wrong(client(u32::MAX), start);
    }
    assert!(matches!(
        full.ask(client(u32::MAX), true, (), start),
        Admission::Waits(_)
    ));
    // When the minute is over nobody is watched any more.
    full.wrong(client(ONE), start + MINUTE + PAUSE);
    assert!(full.watched.len() <= 2, "{}", full.watched.len());
}

#[test]
fn the_wrong_keys_of_the_last_minute_are_counted() {
    let mut guesses = GuessLimiter::<()>::default();
    let start = Instant::now();
    for many in 1..=AT_ONCE {
        assert_eq!(guesses.wrong(client(1), start), many);
    }
    assert_eq!(guesses.wrong(client(2), start), 1);
    assert_eq!(guesses.wrong(client(1), start + MINUTE), 1);
}
