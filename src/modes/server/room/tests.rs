use super::*;
use crate::event::{Body, Elapsed, Event as Recorded};
use crate::journal::Journal;
use crate::modes::server::room::client::Client;
use crate::modes::server::room::order::{Command, Job, Mark, Order, Refused, Speaker};
use crate::modes::server::room::orders;
use crate::modes::server::room::orders::Taker;
use crate::modes::server::room::presence::Claim;
use crate::modes::server::room::turns::Sender;
use crate::name::Name;
use crate::wire::Said;
use async_std::task;
use futures_lite::future::{block_on, poll_once, zip};

fn at() -> Stamp {
    Stamp::from_micros(0)
}

/// A room whose orders this test answers.
pub fn room(grace: Duration) -> (tempfile::TempDir, Arc<Room>, Taker) {
    let dir = tempfile::tempdir().expect("a folder");
    let body = Body::opened("chatroom test", "6f1d0c5be2a94c07");
    let journal = Journal::open(&dir.path().join("log.txt"))
        .and_then(|opening| opening.begin(&Recorded { at: at(), body }))
        .expect("a journal");
    let last = journal.reader().id_before(journal.end());
    let last = last.expect("read").expect("an id");
    let rules = Rules {
        room: "test".into(),
        max_name: 8,
        grace,
        max_rate: 0,
        address_limits: AddressLimits::Kept,
    };
    let (orders, taker) = Orders::new(AddressLimits::Kept);
    let (reader, end) = (journal.reader(), journal.end());
    let room = Room::new(rules, reader, orders, end, last);
    (dir, Arc::new(room), taker)
}

fn here() -> Client {
    std::net::IpAddr::from([127, 0, 0, 1]).into()
}

/// The next order, once there is one.
async fn next(taker: &Taker) -> Order {
    loop {
        if let Some(order) = taker.take() {
            return order;
        }
        task::yield_now().await;
    }
}

/// The log's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// There is space.
    Free,
    /// There is none.
    Full,
}

/// Answers the next order as a committer does whose log is on this disk; what it was.
pub async fn commit(room: &Room, taker: &Taker, disk: Disk) -> Command {
    let order = next(taker).await;
    let Job::Record(command) = order.job else {
        panic!("{:?}", order.job)
    };
    let change = match (&command, disk) {
        (Command::Join(session, ..), Disk::Free) => Some(Change::Joined(*session, at())),
        (Command::Join(session, ..), Disk::Full) => Some(Change::JoinFailed(*session)),
        (Command::End(mark, _), Disk::Free) => Some(Change::Ended(*mark, at())),
        (Command::End(mark, _), Disk::Full) => Some(Change::EndFailed(*mark)),
        (Command::Leave(session, ..), Disk::Free) => Some(Change::Left(*session)),
        (Command::Leave(session, ..), Disk::Full) => Some(Change::LeaveFailed(*session)),
        (Command::Say { .. } | Command::Close, _) => None,
    };
    room.change(change.as_slice());
    let (at, elapsed) = (at(), Elapsed(0));
    let id = room.state().last;
    let outcome = match disk {
        Disk::Full => Err(Refused::Full),
        Disk::Free => Ok(Verdict::Recorded(Said { id, at, elapsed })),
    };
    let reply = order.reply.expect("somebody waits");
    reply.try_send(outcome).expect("answered");
    command
}

fn claim(session: u8) -> Claim {
    Claim {
        session: [session; 16],
        issued: at(),
        mark: Mark(session.into()),
    }
}

async fn joined(room: &Arc<Room>, taker: &Taker, session: u8, name: &str) -> Hold {
    let name = Name::new(name, 8).expect("a name");
    let (hold, _) = zip(
        room.hold(&claim(session), &name, here()),
        commit(room, taker, Disk::Free),
    )
    .await;
    hold.expect("held")
}

#[test]
fn who_quits_while_the_log_is_full_leaves_later_though_a_stream_is_open() {
    let (_dir, room, taker) = room(Duration::from_secs(3600));
    block_on(async {
        let hold = joined(&room, &taker, 1, "bob").await;
        let (quit, _) = zip(
            room.quit(&claim(1), "bob", here()),
            commit(&room, &taker, Disk::Full),
        )
        .await;
        assert_eq!(quit, Err(Denied::LogFull));
        assert_eq!(
            room.members().members.len(),
            1,
            "no leave is in the journal"
        );
        room.sweep();
        let left = commit(&room, &taker, Disk::Free).await;
        assert_eq!(left, Command::Leave([1; 16], "bob".into(), Some(Mark(1))));
        assert!(room.members().members.is_empty());
        drop(hold);
    });
}

#[test]
fn a_crowd_that_leaves_together_is_asked_for_at_once() {
    let (_dir, room, taker) = room(Duration::ZERO);
    block_on(async {
        for (session, name) in [(1, "ann"), (2, "bob"), (3, "eve")] {
            drop(joined(&room, &taker, session, name).await);
        }
        room.sweep();
        // Nobody is answered before the last of them has come.
        let mut orders = Vec::new();
        for _ in 0..3 {
            orders.push(next(&taker).await);
        }
        room.sweep();
        assert!(taker.take().is_none(), "nobody leaves twice");
    });
}

#[test]
fn nothing_is_said_by_a_session_that_has_quit_meanwhile() {
    let (_dir, room, taker) = room(Duration::from_secs(3600));
    block_on(async {
        let hold = joined(&room, &taker, 1, "bob").await;
        let quit = task::spawn({
            let room = Arc::clone(&room);
            async move { room.quit(&claim(1), "bob", here()).await }
        });
        let leave = next(&taker).await;
        let said = room.say(&hold, "hi".into(), None, None).await;
        assert_eq!(said, Err(Denied::Ended));
        drop((leave, quit));
    });
}

#[test]
fn who_stops_waiting_to_come_in_leaves_the_name_free() {
    let (_dir, room, taker) = room(Duration::from_secs(3600));
    let name = Name::new("eve", 8).expect("a name");
    for n in 0..orders::QUEUE_LENGTH {
        let sender = Sender {
            from: here(),
            speaker: Speaker::Guest(n.to_string()),
        };
        let order = Order {
            job: Job::Record(Command::Close),
            request: None,
            reply: None,
        };
        assert!(room.orders.push(sender, None, order).is_ok());
    }
    let (one, other) = (claim(77), claim(78));
    let mut coming = Box::pin(room.join(&one, &name, here()));
    assert!(block_on(poll_once(coming.as_mut())).is_none());
    drop(coming);
    let mut again = Box::pin(room.join(&other, &name, here()));
    // It waits for the queue, not refused: nobody has the name.
    assert!(block_on(poll_once(again.as_mut())).is_none());
    drop(taker);
}

#[test]
fn a_session_that_is_ended_many_times_at_once_is_written_off_once() {
    let (_dir, room, taker) = room(Duration::from_secs(3600));
    let (one, name) = (claim(1), Name::new("bob", 8).expect("a name"));
    let quit = || Box::pin(room.quit(&one, "bob", here()));
    let mut quits = [quit(), quit(), quit()];
    let mut back = Box::pin(room.hold(&one, &name, here()));
    block_on(async {
        for disk in [Disk::Full, Disk::Free] {
            let left = match disk {
                Disk::Full => &mut quits[..],
                Disk::Free => &mut quits[1..],
            };
            for quit in left {
                assert!(poll_once(quit.as_mut()).await.is_none());
            }
            // Nor does it come back meanwhile.
            assert!(poll_once(back.as_mut()).await.is_none());
            let ended = commit(&room, &taker, disk).await;
            assert_eq!(ended, Command::End(Mark(1), "bob".into()));
            assert!(taker.take().is_none(), "it is asked for once");
            if disk == Disk::Full {
                let first = poll_once(quits[0].as_mut()).await;
                assert_eq!(first, Some(Err(Denied::LogFull)));
            }
        }
        for quit in &mut quits[1..] {
            assert_eq!(poll_once(quit.as_mut()).await, Some(Ok(())));
        }
        let back = poll_once(back.as_mut()).await;
        assert_eq!(back.map(|held| held.err()), Some(Some(Denied::Ended)));
    });
}

#[test]
fn a_stop_while_the_log_is_read_back_answers_whoever_waits_for_it() {
    let (_dir, room, taker) = room(Duration::from_secs(3600));
    room.read_back();
    let (one, name) = (claim(1), Name::new("eve", 8).expect("a name"));
    let mut joins = Box::pin(room.join(&one, &name, here()));
    let mut says = Box::pin(room.say_as(&name, here(), "hi".into(), None, None));
    let mut holds = Box::pin(room.hold(&one, &name, here()));
    let mut quits = Box::pin(room.quit(&one, "eve", here()));
    block_on(async {
        assert!(poll_once(joins.as_mut()).await.is_none());
        assert!(poll_once(says.as_mut()).await.is_none());
        assert!(poll_once(holds.as_mut()).await.is_none());
        assert!(poll_once(quits.as_mut()).await.is_none());
        room.stop_orders();
        let stopping = || Some(Some(Denied::Stopping));
        let joins = poll_once(joins.as_mut()).await;
        assert_eq!(joins.map(|joined| joined.err()), stopping());
        let says = poll_once(says.as_mut()).await;
        assert_eq!(says.map(|said| said.err()), stopping());
        let holds = poll_once(holds.as_mut()).await;
        assert_eq!(holds.map(|held| held.err()), stopping());
        let quits = poll_once(quits.as_mut()).await;
        assert_eq!(quits.map(|quit| quit.err()), stopping());
    });
    drop(taker);
}

/// As many have come in from here just now as may at once, and so many more wait for it.
pub fn crowded(room: &Arc<Room>, more: usize) {
    let name = Name::new("crowd", 8).expect("a name");
    for _ in 0..120 + more {
        let mut state = room.state();
        let booked = state.presence.book_join(&name, here(), Instant::now());
        booked.expect("a join");
    }
}

#[test]
fn who_comes_in_too_fast_waits_and_who_gives_up_makes_room() {
    let (_dir, room, taker) = room(Duration::from_secs(3600));
    crowded(&room, 0);
    block_on(async {
        let names: Vec<Name> = (0..=255)
            .map(|n| Name::new(&format!("n{n}"), 8).expect("a name"))
            .collect();
        let claims: Vec<Claim> = (0..=255).map(claim).collect();
        let mut waiting = Vec::new();
        // On a busy machine time passes meanwhile, and gives more joins.
        let refused = loop {
            let n = waiting.len();
            let mut join = Box::pin(room.join(&claims[n], &names[n], here()));
            match poll_once(&mut join).await {
                None => waiting.push(join),
                Some(ended) => break ended,
            }
        };
        assert!(waiting.len() >= 100, "{} wait", waiting.len());
        assert!(matches!(refused, Err(Denied::Address(_))), "{refused:?}");
        assert!(taker.take().is_none(), "nobody's turn has come");
        drop(waiting);
        // It is the next one's now.
        let book_join = || {
            let mut state = room.state();
            state
                .presence
                .book_join(&names[254], here(), Instant::now())
        };
        let wait = book_join();
        assert!(wait.expect("a join") <= Duration::from_millis(200));
        let join = room.join(&claims[255], &names[255], here());
        let (joined, _) = zip(join, commit(&room, &taker, Disk::Free)).await;
        assert!(joined.is_ok(), "{joined:?}");
    });
    assert_eq!(room.members().members[0].name, "n255");
}

#[test]
fn who_waits_to_come_in_hears_of_a_stop() {
    let (_dir, room, _taken) = room(Duration::ZERO);
    crowded(&room, 90);
    block_on(async {
        let (claim, name) = (claim(1), Name::new("bob", 8).expect("a name"));
        let mut join = Box::pin(room.join(&claim, &name, here()));
        assert!(poll_once(&mut join).await.is_none());
        room.stop_orders();
        let over = poll_once(&mut join).await;
        assert_eq!(over, Some(Err(Denied::Stopping)));
    });
}
