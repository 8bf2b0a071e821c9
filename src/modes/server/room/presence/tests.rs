//! Who may come in, stays and leaves, without clocks, locks or I/O.

use super::*;

const ANN: SessionId = [1; 16];
const BOB: SessionId = [2; 16];

fn here() -> Client {
    std::net::IpAddr::from([127, 0, 0, 1]).into()
}

fn name(text: &str) -> Name {
    Name::new(text, 8).expect("a name")
}

fn names(presence: &Presence, now: Instant) -> Vec<String> {
    presence.list(now).into_iter().map(|m| m.name).collect()
}

#[test]
fn a_member_is_shown_between_its_commits_and_its_name_held_a_little_longer() {
    let (start, at) = (Instant::now(), Stamp::from_micros(7));
    let mut presence = Presence::new(Duration::from_secs(5), 0);
    presence
        .admit(ANN, &name("ann"), here(), start)
        .expect("free");
    assert!(names(&presence, start).is_empty());
    let taken = presence.admit(BOB, &name("ANN"), here(), start);
    assert_eq!(taken, Err(Denied::Taken(None)));
    presence.apply(&[Change::Joined(ANN, at)], start);
    assert_eq!(names(&presence, start), ["ann"]);
    assert_eq!(presence.list(start)[0].since, at);

    let later = start + Duration::from_secs(4);
    let held = presence.admit(BOB, &name("ann"), here(), later);
    assert_eq!(held, Err(Denied::Taken(Some(Duration::from_secs(1)))));
    assert!(presence.leavers(later).is_empty());
    assert_eq!(presence.go(ANN, later), Err(Denied::Already));
    let over = start + Duration::from_secs(5);
    assert_eq!(presence.leavers(over), [ANN]);
    assert_eq!(presence.go(ANN, over), Ok(("ann".into(), None, here())));
    assert_eq!(
        presence.go(ANN, over),
        Err(Denied::Already),
        "it leaves once"
    );
    assert_eq!(names(&presence, over), ["ann"], "until it is written");
    presence.apply(&[Change::Left(ANN)], over);
    assert!(names(&presence, over).is_empty());
    assert_eq!(presence.admit(BOB, &name("ann"), here(), over), Ok(()));
}

#[test]
fn who_is_held_does_not_leave_and_a_failed_leave_is_asked_for_again() {
    let now = Instant::now();
    let mut presence = Presence::new(Duration::ZERO, 0);
    presence
        .admit(ANN, &name("ann"), here(), now)
        .expect("free");
    presence.apply(&[Change::Joined(ANN, Stamp::from_micros(0))], now);
    assert_eq!(presence.hold(ANN), Ok(HoldAttempt::Here));
    assert!(presence.leavers(now).is_empty());
    presence.release(ANN, now);
    assert_eq!(presence.go(ANN, now), Ok(("ann".into(), None, here())));
    assert_eq!(presence.hold(ANN), Ok(HoldAttempt::ComingOrGoing));
    presence.apply(&[Change::LeaveFailed(ANN)], now);
    assert_eq!(presence.leavers(now), [ANN]);
}

/// The token of that session, which came in at that time.
fn claim(session: SessionId, issued: i64) -> Claim {
    Claim {
        session,
        issued: Stamp::from_micros(issued),
        mark: Mark(u64::from(session[0])),
    }
}

#[test]
fn a_session_that_quit_stays_dead() {
    let (now, at) = (Instant::now(), Stamp::from_micros(7));
    let mut presence = Presence::new(Duration::ZERO, 0);
    let ann = claim(ANN, 7);
    presence
        .admit(ANN, &name("ann"), here(), now)
        .expect("free");
    presence.apply(&[Change::Joined(ANN, at)], now);
    assert_eq!(presence.quit(&ann), Ok(Quitting::Here));
    assert_eq!(presence.speak(ANN, now), Err(Denied::Ended));
    assert_eq!(
        presence.go(ANN, now),
        Ok(("ann".into(), Some(ann.mark), here()))
    );
    assert_eq!(presence.quit(&ann), Ok(Quitting::ComingOrGoing));
    assert!(!presence.has_left(ANN), "it is not written yet");
    presence.apply(&[Change::Left(ANN), Change::Ended(ann.mark, at)], now);
    assert!(presence.has_left(ANN));
    assert_eq!(presence.quit(&ann), Ok(Quitting::Gone));
    assert_eq!(presence.hold(ANN), Ok(HoldAttempt::Absent));
    let back = presence.readmit(&ann, &name("ann"), here(), now);
    assert_eq!(back, Err(Denied::Ended));
    assert_eq!(presence.speak(ANN, now), Err(Denied::Ended));
}

#[test]
fn an_ended_session_stays_dead_however_many_end_after_it() {
    let now = Instant::now();
    let mut presence = Presence::new(Duration::ZERO, 0);
    let ann = claim(ANN, 7);
    let mut recent = claim(BOB, 200_007);
    recent.mark = Mark(u64::MAX);
    for n in 0..100_001 {
        let at = Stamp::from_micros(n + 8);
        presence.apply(&[Change::Ended(Mark(n as u64 + 1000), at)], now);
        if n == 0 {
            presence.apply(&[Change::Ended(ann.mark, at)], now);
        }
    }
    let back = presence.readmit(&ann, &name("ann"), here(), now);
    assert_eq!(back, Err(Denied::TooOld));
    assert_eq!(presence.readmit(&recent, &name("bob"), here(), now), Ok(()));
}

#[test]
fn who_was_here_before_is_held_for_the_grace_and_comes_back() {
    let now = Instant::now();
    let (mut presence, until) = (
        Presence::new(Duration::ZERO, 0),
        now + Duration::from_secs(5),
    );
    presence.past.read_back();
    assert_eq!(
        presence.admit(BOB, &name("bob"), here(), now),
        Err(Denied::NotYet)
    );
    let seen = PastSessions {
        ended: vec![(Mark(2), Stamp::from_micros(60))],
        names_known: true,
        oldest: Some(Stamp::from_micros(50)),
        ..PastSessions::default()
    };
    presence
        .past
        .recall(&seen, vec![(name("ann"), None)], until);
    // A stranger is refused as after a client's death.
    let held = Some(Duration::from_secs(5));
    assert_eq!(
        presence.admit(BOB, &name("Ann"), here(), now),
        Err(Denied::Taken(held))
    );
    assert_eq!(
        presence.speak_as(&name("ann"), here(), now),
        Err(Denied::Taken(held))
    );
    assert!(names(&presence, now).is_empty(), "nobody is here for that");
    // Of who came in later than what was looked through all is known, of others not yet.
    let ann = |issued| claim(ANN, issued);
    let back = presence.readmit(&ann(50), &name("ann"), here(), now);
    assert_eq!(back, Err(Denied::NotYet));
    let ended = presence.readmit(&claim(BOB, 55), &name("bob"), here(), now);
    assert_eq!(ended, Err(Denied::Ended));
    assert_eq!(
        presence.readmit(&ann(51), &name("ann"), here(), now),
        Ok(())
    );
    presence.apply(&[Change::Joined(ANN, Stamp::from_micros(70))], now);
    // Once it leaves for good the name is free.
    assert_eq!(presence.quit(&ann(51)), Ok(Quitting::Here));
    presence.go(ANN, now).expect("it leaves");
    presence.apply(&[Change::Left(ANN)], now);
    assert_eq!(presence.admit(BOB, &name("ann"), here(), now), Ok(()));
    // What was not looked through is not honoured.
    let last = PastSessions {
        all: true,
        oldest: Some(Stamp::from_micros(40)),
        ..PastSessions::default()
    };
    presence.past.recall(&last, Vec::new(), until);
    let eve = |issued| claim([3; 16], issued);
    let too_old = presence.readmit(&eve(40), &name("eve"), here(), now);
    assert_eq!(too_old, Err(Denied::TooOld));
    assert_eq!(
        presence.readmit(&eve(41), &name("eve"), here(), now),
        Ok(())
    );
}

#[test]
fn a_name_that_is_held_for_nobody_is_free_after_the_grace() {
    let now = Instant::now();
    let (mut presence, until) = (
        Presence::new(Duration::ZERO, 0),
        now + Duration::from_secs(5),
    );
    let seen = PastSessions {
        all: true,
        beginning: true,
        ..PastSessions::default()
    };
    presence.past.read_back();
    presence
        .past
        .recall(&seen, vec![(name("ann"), None)], until);
    let alike = presence.admit(BOB, &name("Αnn"), here(), now);
    assert_eq!(alike, Err(Denied::Confusable("ann".into())));
    presence.past.let_go(until);
    assert_eq!(presence.admit(BOB, &name("ann"), here(), until), Ok(()));
}

#[test]
fn a_guest_refused_for_the_others_of_the_address_keeps_what_is_its_own() {
    let now = Instant::now();
    let mut presence = Presence::new(Duration::ZERO, 1);
    // Ten a second of an address, for ten seconds at once.
    for guest in 0..10 {
        let guest = name(&format!("g{guest}"));
        for _ in 0..10 {
            assert_eq!(presence.speak_as(&guest, here(), now), Ok(()));
        }
    }
    let last = name("last");
    for _ in 0..20 {
        assert!(presence.speak_as(&last, here(), now).is_err());
    }
    let elsewhere = std::net::IpAddr::from([192, 0, 2, 1]).into();
    for _ in 0..10 {
        assert_eq!(presence.speak_as(&last, elsewhere, now), Ok(()));
    }
    // Nor does one that is too fast itself take anything from the others.
    let later = now + Duration::from_secs(1);
    assert_eq!(presence.speak_as(&last, here(), later), Ok(()));
    for _ in 0..20 {
        assert!(presence.speak_as(&last, here(), later).is_err());
    }
    let others = ["o1", "o2", "o3", "o4", "o5", "o6", "o7", "o8", "o9"];
    for other in others.map(name) {
        assert_eq!(presence.speak_as(&other, here(), later), Ok(()));
    }
}

#[test]
fn a_name_is_held_for_the_session_that_had_it_last() {
    let now = Instant::now();
    let until = now + Duration::from_secs(5);
    let mut presence = Presence::new(Duration::ZERO, 0);
    let (first, last) = (claim(ANN, 50), claim(BOB, 60));
    let seen = PastSessions {
        all: true,
        beginning: true,
        ..PastSessions::default()
    };
    presence.past.read_back();
    let names = vec![(name("zoe"), Some(last.mark))];
    presence.past.recall(&seen, names, until);
    let held = Err(Denied::Taken(Some(Duration::from_secs(5))));
    let mut back = |claim, at| presence.readmit(claim, &name("zoe"), here(), at);
    assert_eq!(back(&first, now), held);
    assert_eq!(back(&last, now), Ok(()));
    presence.apply(&[Change::JoinFailed(BOB)], now);
    // Once it is held for nobody any more, the first to come has it.
    assert_eq!(
        presence.readmit(&first, &name("zoe"), here(), until),
        Ok(())
    );
}

#[test]
fn a_session_that_came_in_since_is_known_not_to_have_ended_before() {
    let now = Instant::now();
    let mut presence = Presence::new(Duration::ZERO, 0);
    let (used, unused, over) = (claim(ANN, 50), claim(BOB, 50), claim([3; 16], 50));
    let at = Stamp::from_micros;
    let seen = PastSessions {
        joined: vec![(over.mark, at(120)), (used.mark, at(110))],
        ended: vec![(over.mark, at(130))],
        oldest: Some(at(100)),
        all: true,
        ..PastSessions::default()
    };
    presence.past.read_back();
    presence.past.recall(&seen, Vec::new(), now);
    let mut back = |claim, text| presence.readmit(claim, &name(text), here(), now);
    assert_eq!(back(&used, "ann"), Ok(()));
    assert_eq!(back(&unused, "bob"), Err(Denied::TooOld));
    assert_eq!(back(&over, "eve"), Err(Denied::Ended));
    // What is forgotten later takes it along: it may have ended meanwhile.
    presence.apply(&[Change::Left(ANN)], now);
    for n in 0..100_001 {
        presence.apply(&[Change::Ended(Mark(n + 1000), at(200))], now);
    }
    let back = presence.readmit(&used, &name("ann"), here(), now);
    assert_eq!(back, Err(Denied::TooOld));
}
