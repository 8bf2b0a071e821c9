use super::*;
use crate::event::{Body, Elapsed, Event as Recorded};
use crate::journal::Journal;
use crate::modes::server::orders::{self, Taker};
use crate::modes::server::presence::Claim;
use crate::modes::server::scribe::Mark;
use crate::wire::Said;
use async_std::task;
use futures_lite::future::{block_on, poll_once, zip};

fn at() -> Stamp {
    Stamp::from_micros(0)
}

/// A room whose orders this test answers.
pub fn room(grace: Duration) -> (tempfile::TempDir, Arc<Room>, Taker) {
    let dir = tempfile::tempdir().expect("a folder");
    let body = Body::Opened {
        version: "chatroom test".into(),
        random: "6f1d0c5be2a94c07".into(),
        after: None,
    };
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
        address_limits: true,
    };
    let (orders, taken) = Orders::new(true);
    let (reader, end) = (journal.reader(), journal.end());
    let room = Room::new(rules, reader, Instant::now(), orders, end, last);
    (dir, Arc::new(room), taken)
}

fn here() -> Client {
    std::net::IpAddr::from([127, 0, 0, 1]).into()
}

/// The next order, once there is one.
async fn next(taken: &Taker) -> Order {
    loop {
        if let Some(order) = taken.take() {
            return order;
        }
        task::yield_now().await;
    }
}

/// Answers the next order as a committer does whose log is full or not; what it was.
pub async fn commit(room: &Room, taken: &Taker, full: bool) -> Command {
    let order = next(taken).await;
    let Job::Record(command) = order.job else {
        panic!("{:?}", order.job)
    };
    let change = match (&command, full) {
        (Command::Join(session, _), false) => Change::Joined(*session, at()),
        (Command::Join(session, _), true) => Change::JoinFailed(*session),
        (Command::End(mark, _), false) => Change::Ended(*mark, at()),
        (Command::Leave(session, ..), false) => Change::Left(*session),
        (Command::Leave(session, ..), true) => Change::LeaveFailed(*session),
        other => panic!("{other:?}"),
    };
    room.change(&[change]);
    let (at, elapsed) = (at(), Elapsed(0));
    let id = room.state().last;
    let outcome = if full {
        Err(Refused::Full)
    } else {
        Ok(Verdict::Recorded(Said { id, at, elapsed }))
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

async fn joined(room: &Arc<Room>, taken: &Taker, session: u8, name: &str) -> Hold {
    let name = Name::new(name, 8).expect("a name");
    let (hold, _) = zip(
        room.hold((&claim(session), &name), here()),
        commit(room, taken, false),
    )
    .await;
    hold.expect("held")
}

#[test]
fn who_quits_while_the_log_is_full_leaves_later_though_a_stream_is_open() {
    let (_dir, room, taken) = room(Duration::from_secs(3600));
    block_on(async {
        let hold = joined(&room, &taken, 1, "bob").await;
        let (quit, _) = zip(
            room.quit((&claim(1), "bob"), here()),
            commit(&room, &taken, true),
        )
        .await;
        assert_eq!(quit, Err(Denied::Order(Refused::Full)));
        assert_eq!(
            room.members().members.len(),
            1,
            "no leave is in the journal"
        );
        room.sweep();
        let left = commit(&room, &taken, false).await;
        assert_eq!(left, Command::Leave([1; 16], "bob".into(), Some(Mark(1))));
        assert!(room.members().members.is_empty());
        drop(hold);
    });
}

#[test]
fn a_crowd_that_leaves_together_is_asked_for_at_once() {
    let (_dir, room, taken) = room(Duration::ZERO);
    block_on(async {
        for (session, name) in [(1, "ann"), (2, "bob"), (3, "eve")] {
            drop(joined(&room, &taken, session, name).await);
        }
        room.sweep();
        // Nobody is answered before the last of them has come.
        let mut orders = Vec::new();
        for _ in 0..3 {
            orders.push(next(&taken).await);
        }
        room.sweep();
        assert!(taken.take().is_none(), "nobody leaves twice");
    });
}

#[test]
fn nothing_is_said_by_a_session_that_has_quit_meanwhile() {
    let (_dir, room, taken) = room(Duration::from_secs(3600));
    block_on(async {
        let hold = joined(&room, &taken, 1, "bob").await;
        let quit = task::spawn({
            let room = Arc::clone(&room);
            async move { room.quit((&claim(1), "bob"), here()).await }
        });
        let leave = next(&taken).await;
        let said = room.say(&hold, "hi".into(), None, None).await;
        assert_eq!(said, Err(Denied::Ended));
        drop((leave, quit));
    });
}

#[test]
fn who_stops_waiting_to_come_in_leaves_the_name_free() {
    let (_dir, room, taken) = room(Duration::from_secs(3600));
    let name = Name::new("eve", 8).expect("a name");
    for n in 0..orders::PLACES {
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
    let mut coming = Box::pin(room.join([77; 16], &name, here()));
    assert!(block_on(poll_once(coming.as_mut())).is_none());
    drop(coming);
    let mut again = Box::pin(room.join([78; 16], &name, here()));
    // It waits for the queue, not refused: nobody has the name.
    assert!(block_on(poll_once(again.as_mut())).is_none());
    drop(taken);
}
