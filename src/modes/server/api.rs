//! What each request does: the table of endpoints and their answers.

pub(super) mod access;
pub(super) mod browser;
pub(super) mod connection;
pub(super) mod door;
pub(super) mod guess_limiter;
pub(super) mod idle;
pub(super) mod key_check;
pub(super) mod log_file;
pub(super) mod login;
pub(super) mod parameters;
pub(super) mod proxies;
pub(super) mod ranges;
pub(super) mod refusals;
mod told;

use std::sync::Arc;

use crate::event::{self, Id, Key, Stamp};
use crate::http::{Head, Response};
use crate::journal::Reader;
use crate::sse::{Encoding, Form};
use crate::wire::Session;
use crate::wire::endpoint::{Endpoint, Method};

use super::console::Request;
use super::room::{Hold, Room};
use crate::modes::server::api::access::Access;
use crate::modes::server::api::access::Caller;
use crate::modes::server::api::access::Ticket;
use crate::modes::server::api::access::unauthorized;
use crate::modes::server::api::browser::Hosts;
use crate::modes::server::api::idle::Idle;
use crate::modes::server::api::key_check::Asker;
use crate::modes::server::api::log_file::FileRange;
use crate::modes::server::api::proxies::Proxies;
use crate::modes::server::api::ranges::RangeQuery;
use crate::modes::server::api::ranges::StreamQuery;
use crate::modes::server::api::ranges::StreamStart;
use crate::modes::server::api::refusals::denied;
use crate::modes::server::api::refusals::journal_unreadable;
use crate::modes::server::api::refusals::name_refused;
use crate::modes::server::api::refusals::not_logged_in;
use crate::modes::server::api::refusals::not_yet;
use crate::modes::server::api::refusals::order_refused;
use crate::modes::server::api::refusals::text_refused;
use crate::modes::server::fanout::{Fanout, cold};
use crate::modes::server::room::client::Client;
use crate::modes::server::room::order::Verdict;
use crate::modes::server::room::presence::Denied;
use crate::modes::server::room::quotas::Connections;

/// Everything an answer is made from.
#[derive(Debug)]
pub struct Api {
    /// The room.
    pub room: Arc<Room>,
    /// Its listeners.
    pub fanout: Arc<Fanout>,
    /// Who may do what.
    pub access: Access,
    /// The names the server goes by.
    pub hosts: Hosts,
    /// Who is believed about whose a request is.
    pub proxies: Proxies,
    /// The connections of which no request is under way.
    pub idle: Idle,
    /// The connections of each address.
    pub connections: Arc<Connections>,
}

/// One request, read whole.
#[derive(Debug)]
pub struct Asked {
    /// Its head.
    pub head: Head,
    /// Its body.
    pub body: Vec<u8>,
    /// Whose it is.
    pub from: Asker,
    /// It came to a proxy by TLS.
    pub encrypted: bool,
    /// How it came, if the console shows that.
    pub request: Option<Box<Request>>,
}

/// What the connection is to know of who asked.
#[derive(Debug, Default)]
pub struct About {
    /// The owner of a session did.
    pub member: bool,
}

/// What is to be sent back.
#[derive(Debug)]
pub enum Answer {
    /// This.
    Whole(Response),
    /// An event stream.
    Follow(Box<Follow>),
    /// A part of the journal as it is.
    LogFile(FileRange),
}

/// A listener that was let in.
#[derive(Debug)]
pub struct Follow {
    /// How it is sent the events.
    pub encoding: Encoding,
    /// Whether it takes compressed answers, so that a proxy on the way may be about to compress this one.
    pub takes_codings: bool,
    /// Where it starts.
    pub start: StreamStart,
    /// Up to where, if it only polls.
    pub until: Option<u64>,
    /// Keeps its member present.
    pub hold: Option<Hold>,
}

/// What went wrong is the answer.
type Answered<T> = Result<T, Response>;

impl Api {
    /// Answers one request.
    pub async fn answer(&self, asked: Asked, about: &mut About) -> Answer {
        match self.route(asked, about).await {
            Ok(answer) => answer,
            Err(refusal) => {
                // Whoever was refused as somebody is nobody.
                about.member &= refusal.status() != 401;
                Answer::Whole(refusal)
            }
        }
    }

    async fn route(&self, asked: Asked, about: &mut About) -> Answered<Answer> {
        self.hosts.check(&asked.head, asked.encrypted)?;
        let endpoint = match Endpoint::parse(&asked.head.method, &asked.head.path) {
            Ok(endpoint) => endpoint,
            Err(unrouted) => return Err(refusals::unrouted(unrouted, &asked.head.path)),
        };
        parameters::check(endpoint, &asked.head)?;
        let client = asked.from.client;
        let response = match endpoint {
            Endpoint::LogIn => self.log_in(asked).await?,
            Endpoint::Health => self.health(&asked).await,
            Endpoint::Events => return self.listen(asked, about).await,
            Endpoint::LogFile => {
                let (_, _hold) = self.caller(endpoint, &asked, about).await?;
                return self.log_file(&asked).await;
            }
            Endpoint::Guide => {
                let (_, _hold) = self.caller(endpoint, &asked, about).await?;
                self.how_to_join(&asked.head, asked.encrypted)
            }
            Endpoint::Members => {
                let (_, _hold) = self.caller(endpoint, &asked, about).await?;
                Response::of_json(200, self.room.members_as_sent())
            }
            Endpoint::OwnSession => {
                let (caller, _hold) = self.caller(endpoint, &asked, about).await?;
                self.whose(caller, client).await?
            }
            Endpoint::LogOut => {
                let (caller, _) = self.caller(endpoint, &asked, about).await?;
                self.log_out(caller, client).await?
            }
            Endpoint::PostMessage => {
                let (caller, _) = self.caller(endpoint, &asked, about).await?;
                self.say(caller, asked).await?
            }
            Endpoint::History => {
                let (_, _hold) = self.caller(endpoint, &asked, about).await?;
                self.page(&asked).await?
            }
            Endpoint::OneEvent => {
                let (_, _hold) = self.caller(endpoint, &asked, about).await?;
                let id = endpoint.id_in(&asked.head.path).unwrap_or_default();
                self.event(id, client).await?
            }
        };
        Ok(Answer::Whole(response))
    }

    /// Who sent a request, and what keeps them present while they read.
    async fn caller(
        &self,
        endpoint: Endpoint,
        asked: &Asked,
        about: &mut About,
    ) -> Answered<(Caller, Option<Hold>)> {
        let caller = self.access.caller(&asked.head, None, asked.from).await?;
        about.member = matches!(caller, Caller::Member(..));
        let hold = match endpoint.method() {
            Method::Get => self.reader(&caller, asked.from.client).await?,
            Method::Post | Method::Delete => None,
        };
        Ok((caller, hold))
    }

    async fn log_in(&self, asked: Asked) -> Answered<Response> {
        let (name, key) = login::credentials(&asked.head, &asked.body)?;
        // The key may also come as Basic credentials, as it does everywhere else. A token is none:
        // its session may be over.
        let shown = key.is_none()
            && matches!(
                self.access.caller(&asked.head, None, asked.from).await?,
                Caller::Guest(_)
            );
        if !shown {
            self.access.check_key(key.as_deref(), asked.from).await?;
        }
        let name = self
            .room
            .names
            .name(&name)
            .map_err(|error| name_refused(&error))?;
        let session = access::new_session().map_err(|error| {
            Response::refusal(
                500,
                "no_randomness",
                format!("The server cannot make a secret token: {error}."),
            )
        })?;
        let claim = self.access.claim(Ticket {
            session,
            // It has none before its line is written.
            issued: Stamp::from_micros(0),
        });
        let joined = self
            .room
            .join(&claim, &name, asked.from.client)
            .await
            .map_err(denied)?;
        let issued = joined.at;
        Ok(self.session(201, Ticket { session, issued }, name.as_str(), joined.id))
    }

    /// Whose the token is. A client that kept one learns whether it is still good, and is here again.
    async fn whose(&self, caller: Caller, from: Client) -> Answered<Response> {
        let _hold = self.hold(&caller, from).await?;
        match caller {
            Caller::Member(ticket, name) => Ok(self.session(200, ticket, &name, self.room.last())),
            _ => Err(unauthorized(
                "token_required",
                "Only a session is told about itself. Send its token as Authorization: Bearer.",
            )),
        }
    }

    fn session(&self, status: u16, ticket: Ticket, name: &str, id: Id) -> Response {
        let session = Session {
            name: name.to_string(),
            token: self.access.token(ticket, name),
            room: self.room.rules.room.clone(),
            id,
            version: Some(env!("CARGO_PKG_VERSION").to_string()),
        };
        Response::json(status, &session)
    }

    async fn log_out(&self, caller: Caller, from: Client) -> Answered<Response> {
        match caller {
            Caller::Member(ticket, name) => {
                let claim = self.access.claim(ticket);
                self.room
                    .quit((&claim, &name), from)
                    .await
                    .map_err(denied)?;
                Ok(Response::new(204))
            }
            _ => Err(unauthorized(
                "token_required",
                "Only a session can be ended. Send its token as Authorization: Bearer.",
            )),
        }
    }

    /// Keeps the caller's member present, if it is one.
    async fn hold(&self, caller: &Caller, from: Client) -> Answered<Option<Hold>> {
        let Caller::Member(ticket, name) = caller else {
            return Ok(None);
        };
        let over = |sentence: &str| unauthorized("session_over", sentence);
        // Only coming in needs the name.
        let here = self.room.hold_here(ticket.session);
        let held = match here.transpose() {
            Some(held) => held,
            None => {
                let name = self
                    .room
                    .names
                    .name(name)
                    .map_err(|error| over(&error.to_string()))?;
                let claim = self.access.claim(*ticket);
                self.room.hold((&claim, &name), from).await
            }
        };
        match held {
            Ok(hold) => Ok(Some(hold)),
            Err(Denied::Order(refused)) => Err(order_refused(refused)),
            Err(Denied::Ended) => Err(over(
                "This session was ended by its owner. Log in again with POST /session.",
            )),
            Err(refused @ (Denied::RoomFull | Denied::TooOld | Denied::Address(_))) => {
                Err(denied(refused))
            }
            Err(_) => Err(over(
                "Somebody took your name, or one very like it, while you were away. Log in again with POST /session.",
            )),
        }
    }

    /// Whoever reads with a token is here. Reading itself needs no place in the room, so nothing but
    /// a session that is over is in its way.
    async fn reader(&self, caller: &Caller, from: Client) -> Answered<Option<Hold>> {
        match self.hold(caller, from).await {
            Err(refusal) if refusal.status() != 401 => Ok(None),
            held => held,
        }
    }

    async fn say(&self, caller: Caller, asked: Asked) -> Answered<Response> {
        let key = match asked.head.field("idempotency-key") {
            None => None,
            Some(text) => Some(Key::of_client(text).ok_or_else(|| {
                let message = format!(
                    "An Idempotency-Key is 1 to {} visible ASCII characters without spaces, and not a lone -.",
                    event::MAX_KEY
                );
                Response::refusal(400, "bad_key", message)
            })?),
        };
        let text = event::text(asked.body).map_err(text_refused)?;
        let verdict = match &caller {
            Caller::Member(..) => match self.hold(&caller, asked.from.client).await? {
                Some(hold) => self
                    .room
                    .say(&hold, text, key, asked.request)
                    .await
                    .map_err(denied)?,
                None => return Err(not_logged_in()),
            },
            Caller::Guest(name) => {
                let name = self
                    .room
                    .names
                    .name(name)
                    .map_err(|error| name_refused(&error))?;
                self.room
                    .say_as((&name, asked.from.client), text, key, asked.request)
                    .await
                    .map_err(denied)?
            }
            Caller::Nobody => return Err(not_logged_in()),
        };
        match verdict {
            Verdict::Recorded(said) => {
                Ok(Response::json(201, &said).field("Location", format!("/messages/{}", said.id)))
            }
            Verdict::Repeat(said) => Ok(Response::json(200, &said)
                .field("Content-Location", format!("/messages/{}", said.id))),
            Verdict::NotYet => Err(not_yet()),
            Verdict::KeyReused => Err(Response::refusal(
                409,
                "key_reused",
                "This Idempotency-Key was used for another text. Take a new key for every message.",
            )),
        }
    }

    async fn listen(&self, asked: Asked, about: &mut About) -> Answered<Answer> {
        let token = asked.head.parameter("token");
        let caller = self
            .access
            .caller(&asked.head, token.as_deref(), asked.from)
            .await?;
        about.member = matches!(caller, Caller::Member(..));
        let now = self.room.clock().wall;
        let wanted = StreamQuery::read(&asked.head, now)?;
        let polls = match asked.head.parameter("poll").as_deref() {
            None | Some("0") => false,
            Some("1") => true,
            Some(_) => {
                return Err(Response::refusal(
                    400,
                    "bad_parameter",
                    "poll must be 0 or 1.",
                ));
            }
        };
        // A HEAD request listens to nothing, so it keeps nobody present.
        let hold = if asked.head.method == "HEAD" {
            None
        } else {
            self.hold(&caller, asked.from.client).await?
        };
        let end = self.room.end();
        let find = move |reader: &Reader| wanted.find(reader, end, now);
        let start = cold::look(&self.room, asked.from.client.network().address(), find)
            .await
            .map_err(journal_unreadable)??;
        let form = Form::accepted(asked.head.field("accept"));
        Ok(Answer::Follow(Box::new(Follow {
            encoding: Encoding::to(form, asked.head.minor),
            takes_codings: asked.head.field("accept-encoding").is_some(),
            start,
            until: polls.then_some(end),
            hold,
        })))
    }

    async fn page(&self, asked: &Asked) -> Answered<Response> {
        let wanted = RangeQuery::read(&asked.head, self.room.clock().wall)?;
        let end = self.room.end();
        let searches = wanted.searches();
        // Made an answer there, too: a page of long events is megabytes.
        let read = move |reader: &Reader| {
            let page = wanted.page(reader, end)?;
            Ok(page.map(|page| Response::json(200, &page)))
        };
        let page = match searches {
            true => cold::search(&self.room, asked.from.client.network().address(), read).await,
            false => cold::look(&self.room, asked.from.client.network().address(), read).await,
        };
        page.map_err(journal_unreadable)?
    }

    async fn log_file(&self, asked: &Asked) -> Answered<Answer> {
        let (wanted, end) = (log_file::FileQuery::read(&asked.head), self.room.end());
        let find = move |reader: &Reader| wanted.find(reader, end);
        cold::look(&self.room, asked.from.client.network().address(), find)
            .await
            .map_err(journal_unreadable)?
            .map(Answer::LogFile)
    }

    async fn event(&self, id: &str, from: Client) -> Answered<Response> {
        let (end, id) = (self.room.end(), id.to_string());
        let find = move |reader: &Reader| ranges::event(reader, &id, end);
        let event = cold::look(&self.room, from.network().address(), find)
            .await
            .map_err(journal_unreadable)??;
        Ok(Response::json(200, &event))
    }
}

#[cfg(test)]
pub(crate) mod tests;
