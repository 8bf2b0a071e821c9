//! The life of the link: it waits for a login, keeps its session through breaks and restarts, and
//! ends when told to.
//!
//! Up to four tasks run side by side on the one thread: taking commands, keeping the present
//! session, asking for another one, and fetching ranges of the history.

use std::future::{Future, pending};
use std::pin::Pin;
use std::time::{Duration, Instant};

use async_std::channel::Receiver;
use async_std::future::timeout;
use async_std::task;
use futures_lite::future::or;

use super::authenticate::{LoginError, log_in, log_off, session_of};
use super::backoff::{MAX_IMPOSED_DELAY, chance};
use super::ending::Ending;
use super::outbox::send_all;
use super::ranges::{self, MAX_QUERIES};
use super::{Reach, Shared, listen, presentable};
use crate::address::Address;
use crate::modes::gui::talk::{Field, LinkCommand, LinkState, Login, Report};
use crate::name::Name;
use crate::wire::Session;

/// Age of a stream from which on its end is a new failure, with the shortest delay.
const LASTING: Duration = Duration::from_secs(3);
/// Time for unanswered messages at the end.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Time limit of logging off.
const LOG_OFF_TIMEOUT: Duration = Duration::from_millis(400);

/// The reason for a pause before a room that accepts the login and forgets it again.
const THROWN_OUT: &str = "the room accepts the login and then no longer knows it";

/// The next step of the link.
enum Next {
    /// The user wants to log in.
    LogIn(Login),
    /// The user quits, or the window is gone.
    Quit,
    /// The present session was refused for good.
    Over,
    /// The requested login was accepted.
    Accepted(Login, Session),
    /// The requested login was refused, as this reports.
    Refused(Report),
}

/// A task of the link.
type Task<'a> = Pin<Box<dyn Future<Output = Next> + 'a>>;

fn nothing<'a>() -> Task<'a> {
    Box::pin(pending())
}

/// Carries out commands until told to quit.
pub(super) async fn run(shared: Shared, commands: Receiver<LinkCommand>) {
    let mut commanded: Task = Box::pin(next_command(&shared, &commands));
    let mut sessions = Sessions::new(&shared);
    loop {
        match or(&mut commanded, sessions.next()).await {
            Next::LogIn(login) => {
                commanded = Box::pin(next_command(&shared, &commands));
                sessions.request(login).await;
            }
            Next::Quit => break,
            Next::Over => sessions.end(),
            Next::Accepted(login, session) => sessions.enter(login, session).await,
            Next::Refused(report) => sessions.stay(report).await,
        }
    }
    sessions.close().await;
}

/// The present session and the requested one, with their tasks.
struct Sessions<'a> {
    shared: &'a Shared,
    /// The login of the present session.
    present: Option<Login>,
    /// The login under which the messages in the outbox were written.
    author: Option<Login>,
    /// The room whose transcript the window shows.
    shown: Option<Address>,
    /// Keeps the present session.
    keeping: Task<'a>,
    /// Asks for the requested session.
    asking: Task<'a>,
    /// Answers the queries for ranges of the history.
    answering: Task<'a>,
}

impl<'a> Sessions<'a> {
    fn new(shared: &'a Shared) -> Sessions<'a> {
        Sessions {
            shared,
            present: None,
            author: None,
            shown: None,
            keeping: nothing(),
            asking: nothing(),
            answering: Box::pin(ranges::answer_all(shared)),
        }
    }

    /// Runs the tasks until one of them ends.
    async fn next(&mut self) -> Next {
        let others = or(&mut self.asking, &mut self.answering);
        or(&mut self.keeping, others).await
    }

    /// Begins to carry out a login. The present session continues until this one is accepted, unless
    /// its name would be in the way.
    async fn request(&mut self, new: Login) {
        let shared = self.shared;
        self.asking = nothing();
        match &self.present {
            Some(old) if is_same(old, &new) => self.renew(new).await,
            Some(old) if old.address == new.address && is_alike(old, &new) => {
                // The room would take us for somebody else with a similar name.
                self.keeping = nothing();
                shared.set_reach(Reach::Away);
                self.log_off().await;
                self.asking = Box::pin(ask_in(shared, new, Beside::Nothing));
            }
            Some(_) => self.asking = Box::pin(ask_in(shared, new, Beside::Session)),
            None => {
                send_back(shared, self.author.as_ref(), &new).await;
                self.author = Some(new.clone());
                self.asking = Box::pin(ask_in(shared, new, Beside::Nothing));
            }
        }
    }

    /// Keeps the present session, whose login is the same but for its key, and connects at once unless
    /// connected. The token and everything else stay good.
    async fn renew(&mut self, new: Login) {
        let shared = self.shared;
        shared.repeat_state().await;
        let same_key = self.present.as_ref().is_some_and(|old| old.key == new.key);
        if shared.reach.get() != Reach::There || !same_key {
            shared.hurry();
            self.keeping = Box::pin(keep_session(shared, new.clone()));
        }
        (self.present, self.author) = (Some(new.clone()), Some(new));
    }

    /// Forgets the present session, which was refused for good.
    fn end(&mut self) {
        (self.keeping, self.present) = (nothing(), None);
    }

    /// Leaves the present session for one that was accepted.
    async fn enter(&mut self, new: Login, session: Session) {
        let shared = self.shared;
        (self.keeping, self.asking) = (nothing(), nothing());
        self.log_off().await;
        send_back(shared, self.author.as_ref(), &new).await;
        let fresh = self.shown.as_ref() != Some(&new.address);
        if fresh {
            if self.shown.is_some() {
                self.answering = nothing();
                ranges::refuse_all(shared).await;
                self.answering = Box::pin(ranges::answer_all(shared));
            }
            shared.forget_stream();
        }
        let after = shared.resume_after.get().or(new.resume.after);
        shared.resume_after.set(after);
        shared.address.replace(Some(new.address.clone()));
        shared.report_login(&new, session, fresh).await;
        self.shown = Some(new.address.clone());
        self.keeping = Box::pin(keep_session(shared, new.clone()));
        (self.present, self.author) = (Some(new.clone()), Some(new));
    }

    /// Stays in the present session, since the requested login was refused.
    async fn stay(&mut self, refusal: Report) {
        let shared = self.shared;
        self.asking = nothing();
        shared.report(refusal).await;
        match &self.present {
            // The session was logged off for the other name.
            Some(old) if shared.token.borrow().is_none() => {
                self.keeping = Box::pin(keep_session(shared, old.clone()));
            }
            Some(_) => shared.repeat_state().await,
            None => {}
        }
    }

    /// Waits a moment for the answers to the messages, and logs off.
    async fn close(mut self) {
        if self.present.is_none() {
            return;
        }
        // After the limit they stay in the file for the next window.
        let sending = or(outbox_emptied(self.shared), &mut self.keeping);
        let _ = timeout(LAST_WORDS, sending).await;
        self.keeping = nothing();
        self.log_off().await;
    }

    /// Ends the present session at the server, if there is one.
    async fn log_off(&self) {
        let token = self.shared.token.take();
        if let (Some(present), Some(token)) = (&self.present, token) {
            log_off(&present.address, &token, LOG_OFF_TIMEOUT).await;
        }
    }
}

/// Returns once every message is answered.
async fn outbox_emptied(shared: &Shared) -> Next {
    while !shared.outbox.borrow().is_empty() {
        task::sleep(Duration::from_millis(10)).await;
    }
    Next::Over
}

/// Returns whether both are to the same room under the same name.
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
            Ok(LinkCommand::LogIn(login)) => return Next::LogIn(login),
            // An error means that the window is gone.
            Ok(LinkCommand::Quit) | Err(_) => return Next::Quit,
        }
    }
}

/// Refuses the messages that were written under another login.
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
        shared.report_answer(key, Err(why)).await;
    }
}

/// The session that continues while another one is asked for.
#[derive(Clone, Copy, PartialEq)]
enum Beside {
    /// None: the window is shown the state of the login.
    Nothing,
    /// The present one, whose state the window goes on showing.
    Session,
}

/// Asks for a session until it is accepted or refused.
async fn ask_in(shared: &Shared, login: Login, beside: Beside) -> Next {
    let reports = beside == Beside::Nothing;
    let mut token = login.resume.token.clone();
    loop {
        if reports {
            shared.set_reach(Reach::Coming);
            shared.report_state(LinkState::Connecting).await;
        }
        let asked = match &token {
            None => log_in(shared, &login).await,
            Some(saved) => match session_of(shared, &login, saved).await {
                Ok(Some(session)) => Ok(session),
                Ok(None) => {
                    token = None;
                    continue;
                }
                Err(error) => Err(error),
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
            Err(error) => {
                if reports {
                    shared.set_reach(Reach::Away);
                }
                return Next::Refused(refusal(&login, error));
            }
        };
        if reports {
            wait_offline(shared, why, again).await;
        } else {
            wait_quietly(shared, again).await;
        }
    }
}

/// The report about a refused login.
fn refusal(login: &Login, error: LoginError) -> Report {
    let (field, sentence, limit) = match error {
        LoginError::Refused {
            field,
            sentence,
            limit,
            ..
        } => (field, sentence, limit),
        LoginError::Later {
            why, heard: true, ..
        } => (Field::Name, why, None),
        LoginError::Later { why, .. } => (Field::Address, no_answer(login, &why), None),
        LoginError::Hurried => (Field::Address, no_answer(login, "it took too long"), None),
    };
    Report::LoginRefused {
        field,
        sentence,
        limit,
    }
}

/// Keeps a session through breaks and restarts, by its token or by logging in again. Returns when
/// it was refused for good.
async fn keep_session(shared: &Shared, login: Login) -> Next {
    // The room forgot us a moment ago, and has accepted us since.
    let mut thrown_out = false;
    loop {
        shared.set_reach(Reach::Coming);
        shared.report_state(LinkState::Connecting).await;
        let token = shared.token.borrow().clone();
        let end = match token {
            Some(token) => connected(shared, &login, &token).await,
            None => match log_in(shared, &login).await {
                Ok(session) => {
                    // The transcript goes on.
                    let fresh = false;
                    shared.report_login(&login, session, fresh).await;
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
                Err(error) => {
                    shared.set_reach(Reach::Away);
                    shared.report(refusal(&login, error)).await;
                    return Next::Over;
                }
            },
        };
        if shared.lasted.get() {
            thrown_out = false;
        }
        match end {
            Ending::Hurried => {}
            Ending::Broken { why, again } => wait_offline(shared, why, again).await,
            // Another room may be at this address by now, or it was restarted: logging in again
            // helps. A room that accepts us only to forget us is not asked without a pause.
            Ending::LoggedOut => {
                shared.token.replace(None);
                shared.lasted.set(false);
                if std::mem::replace(&mut thrown_out, true) {
                    wait_offline(shared, THROWN_OUT.to_string(), None).await;
                }
            }
        }
    }
}

/// Listens and sends until one of the two ends.
async fn connected(shared: &Shared, login: &Login, token: &str) -> Ending {
    shared.caught_up.set(false);
    shared.lasted.set(false);
    let opening = listen::open(shared, &login.address, token);
    let stream = match shared.unless_hurried(opening).await {
        Some(Ok(stream)) => stream,
        Some(Err(end)) => return end,
        None => return Ending::Hurried,
    };
    let begun = Instant::now();
    shared.streamed_before.set(true);
    shared.set_reach(Reach::There);
    shared.report_state(LinkState::Connected).await;
    let end = or(
        listen::follow(shared, stream),
        send_all(shared, &login.address, token),
    )
    .await;
    if begun.elapsed() > LASTING {
        shared.lasted.set(true);
        shared.backoff.borrow_mut().reset();
    }
    end
}

/// Tells the window that there is no connection, and waits for the next attempt, or until the user
/// wants one.
async fn wait_offline(shared: &Shared, why: String, asked: Option<Duration>) {
    shared.set_reach(Reach::Away);
    let hurried = shared.hurried.listen();
    let again = next_delay(shared, asked);
    let state = LinkState::Offline { why, again };
    shared.report_state(state).await;
    or(task::sleep(again), hurried).await;
}

/// Waits for the next attempt, or until the user wants one, without telling the window.
async fn wait_quietly(shared: &Shared, asked: Option<Duration>) {
    let hurried = shared.hurried.listen();
    or(task::sleep(next_delay(shared, asked)), hurried).await;
}

/// The delay before the next attempt: the usual one, or that which the server asked for if it is
/// longer.
fn next_delay(shared: &Shared, asked: Option<Duration>) -> Duration {
    let delay = shared.backoff.borrow_mut().delay(chance());
    asked.map_or(delay, |asked| asked.max(delay).min(MAX_IMPOSED_DELAY))
}

/// The sentence for a room that did not answer.
fn no_answer(login: &Login, why: &str) -> String {
    format!(
        "No chatroom answers at {}: {}. Is its server running there? Check the address, then \
         press Log in again.",
        login.address,
        presentable(why.trim_end_matches('.'))
    )
}
