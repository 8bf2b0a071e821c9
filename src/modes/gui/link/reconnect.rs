//! The life of the link: wait for a login, hold its session through breaks and restarts, end when
//! told to.
//!
//! Up to four tasks run side by side on the one thread: taking commands, holding the present
//! session, asking for another one, and fetching ranges of the history.

use std::future::{Future, pending};
use std::pin::Pin;
use std::time::{Duration, Instant};

use async_std::channel::Receiver;
use async_std::future::timeout;
use async_std::task;
use futures_lite::future::or;

use super::authenticate::{LoginError, log_in, log_off, whose};
use super::backoff::{MAX_IMPOSED_DELAY, chance};
use super::ending::Ending;
use super::outbox::send_all;
use super::ranges::{self, MAX_QUERIES};
use super::{Reach, Shared, listen, presentable};
use crate::address::Address;
use crate::modes::gui::talk::{Field, LinkCommand, LinkState, Login, Report};
use crate::name::Name;
use crate::wire::Session;

/// A connection that held so long has lived: the next failure is a new one.
const LIVED: Duration = Duration::from_secs(3);
/// Time for unanswered messages at the end.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Time limit of logging off.
const LOG_OFF_TIMEOUT: Duration = Duration::from_millis(400);

/// The reason while the link leaves alone a room that accepts and forgets us.
const THROWN_OUT: &str = "the room accepts the login and then no longer knows it";

/// The next step of the link.
enum Next {
    Order(LinkCommand),
    /// The present session was refused for good.
    Over,
    /// Another login was accepted.
    Accepted(Login, Session),
    /// Another login was refused, as this reports.
    Refused(Report),
}

type Doing<'a> = Pin<Box<dyn Future<Output = Next> + 'a>>;

fn nothing<'a>() -> Doing<'a> {
    Box::pin(pending())
}

/// Carries out commands until told to quit.
pub(super) async fn run(shared: Shared, commands: Receiver<LinkCommand>) {
    let shared = &shared;
    // The login of the present session, and the login that the messages were written to.
    let (mut held, mut home): (Option<Login>, Option<Login>) = (None, None);
    // The room whose transcript the window shows.
    let mut room: Option<Address> = None;
    let mut listening: Doing = Box::pin(next_command(shared, &commands));
    let (mut holding, mut asking) = (nothing(), nothing());
    let mut answering: Doing = Box::pin(ranges::answer_all(shared));
    loop {
        let work = or(&mut holding, or(&mut asking, &mut answering));
        match or(&mut listening, work).await {
            Next::Order(LinkCommand::LogIn(new)) => {
                listening = Box::pin(next_command(shared, &commands));
                asking = nothing();
                match &held {
                    Some(old) if is_same(old, &new) => {
                        // Only faster: the token and everything else stay good.
                        shared.repeat_state().await;
                        if shared.reach.get() != Reach::There || old.key != new.key {
                            shared.hurry();
                            holding = Box::pin(hold(shared, new.clone()));
                        }
                        (held, home) = (Some(new.clone()), Some(new));
                    }
                    Some(old) if old.address == new.address && is_alike(old, &new) => {
                        // The room would take us for somebody else with a similar name.
                        holding = nothing();
                        shared.reach(Reach::Away);
                        if let Some(token) = shared.token.take() {
                            log_off(&old.address, &token, LOG_OFF_TIMEOUT).await;
                        }
                        asking = Box::pin(ask_in(shared, new, true));
                    }
                    Some(_) => asking = Box::pin(ask_in(shared, new, false)),
                    None => {
                        send_back(shared, home.as_ref(), &new).await;
                        home = Some(new.clone());
                        asking = Box::pin(ask_in(shared, new, true));
                    }
                }
            }
            Next::Order(_) => break,
            Next::Over => (holding, held) = (nothing(), None),
            Next::Refused(report) => {
                asking = nothing();
                shared.report(report).await;
                match &held {
                    // The session was logged off for the other name.
                    Some(old) if shared.token.borrow().is_none() => {
                        holding = Box::pin(hold(shared, old.clone()));
                    }
                    Some(_) => shared.repeat_state().await,
                    None => {}
                }
            }
            Next::Accepted(new, session) => {
                drop(holding);
                asking = nothing();
                let token = shared.token.take();
                if let (Some(old), Some(token)) = (&held, token) {
                    log_off(&old.address, &token, LOG_OFF_TIMEOUT).await;
                }
                send_back(shared, home.as_ref(), &new).await;
                let fresh = room.as_ref() != Some(&new.address);
                if fresh {
                    if room.is_some() {
                        drop(answering);
                        ranges::answer_none(shared).await;
                        answering = Box::pin(ranges::answer_all(shared));
                    }
                    shared.forget();
                }
                let place = shared.place.get().or(new.resume.place);
                shared.place.set(place);
                shared.address.replace(Some(new.address.clone()));
                shared.let_in(&new, session, fresh).await;
                room = Some(new.address.clone());
                holding = Box::pin(hold(shared, new.clone()));
                (held, home) = (Some(new.clone()), Some(new));
            }
        }
    }
    let Some(held) = held else {
        return;
    };
    // After the limit they stay in the file for the next window.
    let _ = timeout(LAST_WORDS, or(sent(shared), holding)).await;
    if let Some(token) = shared.token.take() {
        log_off(&held.address, &token, LOG_OFF_TIMEOUT).await;
    }
}

/// Returns once every message is answered.
async fn sent(shared: &Shared) -> Next {
    while !shared.outbox.borrow().is_empty() {
        task::sleep(Duration::from_millis(10)).await;
    }
    Next::Over
}

fn is_same(old: &Login, new: &Login) -> bool {
    old.address == new.address && old.name == new.name
}

/// Returns whether a room refuses one of these names while a member has the other.
fn is_alike(old: &Login, new: &Login) -> bool {
    let name = |login: &Login| Name::new(&login.name, usize::MAX).ok();
    match (name(old), name(new)) {
        (Some(old), Some(new)) => old.is_same(&new) || old.is_confusable_with(&new),
        _ => false,
    }
}

/// Carries out the commands that need no decision; returns the next of another kind.
async fn next_command(shared: &Shared, commands: &Receiver<LinkCommand>) -> Next {
    loop {
        match commands.recv().await {
            Ok(LinkCommand::Send(message)) => shared.take_message(message).await,
            Ok(LinkCommand::TryNow) => shared.hurry(),
            Ok(LinkCommand::Fetch(query)) => {
                let full = shared.queries.borrow().len() >= MAX_QUERIES;
                if full {
                    let why = "Too many messages are being loaded. Try again when they are here.";
                    let range = Err(why.to_string());
                    shared.report(Report::Range { query, range }).await;
                } else {
                    shared.queries.borrow_mut().push_back(query);
                    shared.change.notify(usize::MAX);
                }
            }
            Ok(command) => return Next::Order(command),
            // The window is gone.
            Err(_) => return Next::Order(LinkCommand::Quit),
        }
    }
}

/// Refuses the messages that were written to another login.
async fn send_back(shared: &Shared, old: Option<&Login>, new: &Login) {
    if old.is_none_or(|old| is_same(old, new)) {
        return;
    }
    loop {
        let key = shared.outbox.borrow().first();
        let Some(key) = key else {
            return;
        };
        let why = "You logged in as someone else before the room received it.".to_string();
        shared.answered(key, Err(why)).await;
    }
}

/// Asks for a session until it is accepted or refused. `alone` says that there is no other one
/// whose state the window would rather know.
async fn ask_in(shared: &Shared, login: Login, alone: bool) -> Next {
    let mut token = login.resume.token.clone();
    loop {
        if alone {
            shared.reach(Reach::Coming);
            shared.state(LinkState::Connecting).await;
        }
        let asked = match &token {
            None => log_in(shared, &login).await,
            Some(kept) => match whose(shared, &login, kept).await {
                Ok(Some(session)) => Ok(session),
                Ok(None) => {
                    token = None;
                    continue;
                }
                Err(not_in) => Err(not_in),
            },
        };
        let (why, again) = match asked {
            Ok(session) => return Next::Accepted(login, session),
            Err(LoginError::Hurried) => continue,
            // The earlier window's session still holds the name for a moment.
            Err(LoginError::Refused {
                sentence,
                again: Some(again),
                ..
            }) if login.resume.token.is_some() => (sentence, Some(again)),
            Err(LoginError::Later { why, again, .. }) if login.persist => (why, again),
            Err(not_in) => {
                if alone {
                    shared.reach(Reach::Away);
                }
                return Next::Refused(refusal(&login, not_in));
            }
        };
        if alone {
            shared.reach(Reach::Away);
        }
        wait(shared, why, again, alone).await;
    }
}

fn refusal(login: &Login, not_in: LoginError) -> Report {
    let (field, sentence, limit) = match not_in {
        LoginError::Refused {
            field,
            sentence,
            limit,
            ..
        } => (field, sentence, limit),
        LoginError::Later {
            why, heard: true, ..
        } => (Field::Name, why, None),
        LoginError::Later { why, .. } => (Field::Address, nobody(login, &why), None),
        LoginError::Hurried => (Field::Address, nobody(login, "it took too long"), None),
    };
    Report::LoginRefused {
        field,
        sentence,
        limit,
    }
}

/// Holds a session through breaks and restarts, by its token or by logging in again. Returns when
/// it was refused for good.
async fn hold(shared: &Shared, login: Login) -> Next {
    // The room forgot us a moment ago, and has accepted us since.
    let mut thrown_out = false;
    loop {
        shared.reach(Reach::Coming);
        shared.state(LinkState::Connecting).await;
        let token = shared.token.borrow().clone();
        let end = match token {
            Some(token) => connected(shared, &login, &token).await,
            None => match log_in(shared, &login).await {
                Ok(session) => {
                    shared.let_in(&login, session, false).await;
                    continue;
                }
                Err(LoginError::Hurried) => Ending::Hurried,
                // The old session still holds the name for a moment.
                Err(LoginError::Refused {
                    sentence,
                    again: Some(again),
                    ..
                }) => Ending::refused(sentence, Some(again)),
                Err(LoginError::Later { why, again, .. }) => Ending::refused(why, again),
                Err(not_in) => {
                    shared.reach(Reach::Away);
                    shared.report(refusal(&login, not_in)).await;
                    return Next::Over;
                }
            },
        };
        if shared.lived.get() {
            thrown_out = false;
        }
        match end {
            Ending::Hurried => {}
            Ending::Broken { why, again } => {
                shared.reach(Reach::Away);
                wait(shared, why, again, true).await;
            }
            // Another room may be at this address by now, or it was restarted: logging in again
            // helps. A room that accepts us only to forget us is not asked without a pause.
            Ending::LoggedOut => {
                shared.token.replace(None);
                shared.lived.set(false);
                if std::mem::replace(&mut thrown_out, true) {
                    shared.reach(Reach::Away);
                    wait(shared, THROWN_OUT.to_string(), None, true).await;
                }
            }
        }
    }
}

/// Listens and sends until one of the two ends.
async fn connected(shared: &Shared, login: &Login, token: &str) -> Ending {
    shared.caught_up.set(false);
    shared.lived.set(false);
    let opening = listen::open(shared, &login.address, token);
    let stream = match shared.unless_hurried(opening).await {
        Some(Ok(stream)) => stream,
        Some(Err(end)) => return end,
        None => return Ending::Hurried,
    };
    let begun = Instant::now();
    shared.streamed.set(true);
    shared.reach(Reach::There);
    shared.state(LinkState::Connected).await;
    let end = or(
        listen::follow(shared, stream),
        send_all(shared, &login.address, token),
    )
    .await;
    if begun.elapsed() > LIVED {
        shared.lived.set(true);
        shared.backoff.borrow_mut().reset();
    }
    end
}

/// Waits for the next attempt, or until the user wants one.
async fn wait(shared: &Shared, why: String, again: Option<Duration>, told: bool) {
    let hurried = shared.hurried.listen();
    let delay = shared.backoff.borrow_mut().delay(chance());
    let again = again.map_or(delay, |asked| asked.max(delay).min(MAX_IMPOSED_DELAY));
    if told {
        shared.state(LinkState::Offline { why, again }).await;
    }
    or(task::sleep(again), hurried).await;
}

fn nobody(login: &Login, why: &str) -> String {
    format!(
        "No chatroom answers at {}: {}. Is its server running there? Check the address, then \
         press Log in again.",
        login.address,
        presentable(why.trim_end_matches('.'))
    )
}
