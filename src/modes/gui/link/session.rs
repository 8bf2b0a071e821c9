//! The link's life: wait for a login, hold it through breaks and restarts, end when told to.

use std::time::{Duration, Instant};

use async_std::channel::Receiver;
use async_std::future::timeout;
use async_std::task;
use futures_lite::future::or;

use super::Shared;
use super::backoff::{Backoff, chance};
use super::connection::Trouble;
use super::login::{NotIn, log_in, log_off};
use super::outbox::{Letter, send_all};
use super::{listen, presentable};
use crate::modes::gui::talk::{Answer, Command, Field, Login, Report, State};

/// A connection that held so long has lived: the next trouble is a new one.
const LIVED: Duration = Duration::from_secs(3);
/// The longest that a server can make us wait.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long what was said last may take to get out before we leave.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_millis(400);

/// Why a connection came to its end.
pub(super) enum End {
    /// The session is over: log in again.
    LoggedOut,
    /// It broke, or the server wants us later.
    Broken {
        why: String,
        again: Option<Duration>,
    },
}

impl End {
    pub(super) fn broken(trouble: &Trouble) -> End {
        End::refused(trouble.to_string(), None)
    }

    pub(super) fn refused(why: String, again: Option<Duration>) -> End {
        End::Broken { why, again }
    }
}

/// What the link does next.
enum Next {
    Command(Command),
    /// The login was refused for good.
    Refused,
}

/// Does what it is told until it is told to quit.
pub(super) async fn run(shared: Shared, commands: Receiver<Command>) {
    let mut login: Option<Login> = None;
    loop {
        let next = match &login {
            None => next_command(&shared, &commands).await,
            Some(login) => {
                or(next_command(&shared, &commands), async {
                    hold(&shared, login).await;
                    Next::Refused
                })
                .await
            }
        };
        match next {
            Next::Refused => login = None,
            Next::Command(Command::LogIn(new)) => {
                leave_for(&shared, login.as_ref(), &new).await;
                login = Some(new);
            }
            Next::Command(_) => break,
        }
    }
    let Some(login) = login else {
        return;
    };
    // Too late is as good as in time here: there is nobody left to tell.
    let _ = timeout(LAST_WORDS, or(sent(&shared), hold(&shared, &login))).await;
    if let Some(token) = shared.token.take() {
        log_off(&login.address, &token, GOODBYE).await;
    }
}

/// Returns once everything that was said is answered.
async fn sent(shared: &Shared) {
    while !shared.outbox.borrow().is_empty() {
        task::sleep(Duration::from_millis(10)).await;
    }
}

/// Takes in what is said, until there is a command of another kind.
async fn next_command(shared: &Shared, commands: &Receiver<Command>) -> Next {
    loop {
        match commands.recv().await {
            Ok(Command::Say { key, text }) => {
                shared.outbox.borrow_mut().push(Letter { key, text });
                shared.kick();
            }
            Ok(command) => return Next::Command(command),
            // The window is gone.
            Err(_) => return Next::Command(Command::Quit),
        }
    }
}

/// Ends what another login would mix up: the old name's session, and messages meant for elsewhere.
async fn leave_for(shared: &Shared, old: Option<&Login>, new: &Login) {
    let same_room = old.is_some_and(|old| old.address == new.address);
    if same_room && old.is_some_and(|old| old.name == new.name) {
        return; // Only in a hurry: the token and everything else stay good.
    }
    let token = shared.token.take();
    if let (Some(old), Some(token)) = (old, token) {
        log_off(&old.address, &token, GOODBYE).await;
    }
    let letters = shared.outbox.borrow_mut().empty();
    for letter in letters {
        let why = "You logged in differently before the room had it.".to_string();
        let answer = Answer::Refused(why);
        let key = letter.key;
        shared.report(Report::Answer { key, answer }).await;
    }
    if !same_room {
        shared.place.set(None);
    }
}

/// Holds a login through everything that can happen. Returns when it was refused for good.
async fn hold(shared: &Shared, login: &Login) {
    let mut backoff = Backoff::new();
    // A name that was in before is not given up because the server is away.
    let mut been_in = shared.token.borrow().is_some();
    loop {
        shared.report(Report::State(State::Connecting)).await;
        let token = shared.token.borrow().clone();
        let token = match token {
            Some(token) => token,
            None => match log_in(login).await {
                Ok(session) => {
                    been_in = true;
                    let token = session.token.clone();
                    shared.token.replace(Some(token.clone()));
                    let fresh = shared.place.get().is_none();
                    shared.report(Report::LoggedIn { session, fresh }).await;
                    token
                }
                Err(NotIn::Refused {
                    sentence,
                    again: Some(again),
                    ..
                }) if been_in => {
                    // The old session still holds the name for a moment.
                    wait(shared, sentence, Some(again), &mut backoff).await;
                    continue;
                }
                Err(NotIn::Later { why, again, .. }) if been_in || login.persist => {
                    wait(shared, why, again, &mut backoff).await;
                    continue;
                }
                Err(NotIn::Refused {
                    field, sentence, ..
                }) => {
                    return shared
                        .report(Report::LoginRefused { field, sentence })
                        .await;
                }
                Err(NotIn::Later { why, heard, .. }) => {
                    let (field, sentence) = match heard {
                        true => (Field::Name, why),
                        false => (Field::Address, nobody(login, &why)),
                    };
                    return shared
                        .report(Report::LoginRefused { field, sentence })
                        .await;
                }
            },
        };
        let begun = Instant::now();
        let end = connected(shared, login, &token).await;
        if begun.elapsed() > LIVED {
            backoff.reset();
        }
        match end {
            End::LoggedOut => {
                shared.token.replace(None);
                if begun.elapsed() <= LIVED {
                    // A server that lets us in only to throw us out is not asked in a circle.
                    task::sleep(backoff.delay(chance())).await;
                }
            }
            End::Broken { why, again } => wait(shared, why, again, &mut backoff).await,
        }
    }
}

/// Listens and sends until one of both ends.
async fn connected(shared: &Shared, login: &Login, token: &str) -> End {
    shared.caught_up.set(false);
    let stream = match listen::open(shared, &login.address, token).await {
        Ok(stream) => stream,
        Err(end) => return end,
    };
    shared.report(Report::State(State::Connected)).await;
    or(
        listen::follow(shared, stream),
        send_all(shared, &login.address, token),
    )
    .await
}

async fn wait(shared: &Shared, why: String, again: Option<Duration>, backoff: &mut Backoff) {
    let delay = backoff.delay(chance());
    let again = again.map_or(delay, |asked| asked.max(delay).min(PATIENCE));
    shared
        .report(Report::State(State::Offline { why, again }))
        .await;
    task::sleep(again).await;
}

fn nobody(login: &Login, why: &str) -> String {
    format!(
        "No chatroom answers at {}: {}. Is its server running there? Check the address, then \
         press Log in again.",
        login.address,
        presentable(why.trim_end_matches('.'))
    )
}
