//! The HTTP API: each request is routed by the table of [`endpoints`](crate::wire::endpoint), its caller is
//! resolved, and the endpoint's handler answers it.
//!
//! What always holds: a handler runs only for a request of this server's own pages or of no page, with the
//! parameters that its endpoint has, from a caller that its endpoint admits.

pub(super) mod browser;
mod caller;
pub(super) mod connection;
mod credentials;
pub(super) mod door;
mod events;
mod guess_limiter;
mod health;
mod home;
pub(super) mod idle;
mod key_check;
mod log_file;
mod members;
mod messages;
mod parameters;
pub(super) mod proxies;
mod ranges;
mod rejection;
mod session;
mod tokens;
mod wrong_keys;

use std::sync::Arc;

use crate::http::{Head, Response};
use crate::wire::endpoint::{Endpoint, Unrouted, Variable};

use super::addresses::JoinAddresses;
use super::console::ShownRequest;
use super::fanout::Fanout;
use super::room::Room;
use crate::modes::server::room::quotas::Connections;

use browser::Hosts;
pub(super) use caller::Callers;
use caller::{Caller, Source};
use events::Subscription;
use idle::Idle;
use log_file::FileRange;
use proxies::Proxies;
use rejection::Rejection;

/// Everything that answers are made from.
#[derive(Debug)]
pub struct Api {
    /// The room.
    pub room: Arc<Room>,
    /// The room's listeners.
    pub fanout: Arc<Fanout>,
    /// The judge of credentials.
    pub callers: Callers,
    /// The names of the server.
    pub hosts: Hosts,
    /// The trusted proxies.
    pub proxies: Proxies,
    /// The addresses that the server is reached at.
    pub addresses: Arc<JoinAddresses>,
    /// The connections of which no request is under way.
    pub idle: Idle,
    /// The connections of each address.
    pub connections: Arc<Connections>,
}

/// One request, read whole.
#[derive(Debug)]
struct ApiRequest {
    /// The head.
    head: Head,
    /// The body.
    body: Vec<u8>,
    /// The endpoint of method and path.
    endpoint: Result<Endpoint, Unrouted>,
    /// The source.
    source: Source,
    /// The request as it came, if the console shows it.
    shown: Option<Box<ShownRequest>>,
}

/// The answer to a request.
#[derive(Debug)]
struct Answer {
    /// The content.
    content: Content,
    /// True if the caller owns a session that has not ended.
    to_member: bool,
}

/// The content of an answer.
#[derive(Debug)]
enum Content {
    /// A response that is complete.
    Whole(Response),
    /// An event stream.
    Events(Box<Subscription>),
    /// A part of the log as it is.
    LogFile(FileRange),
}

impl Api {
    /// Answers one request.
    async fn answer(&self, request: ApiRequest) -> Answer {
        let (endpoint, caller) = match self.admit(&request).await {
            Ok(admitted) => admitted,
            Err(rejection) => {
                return Answer {
                    content: Content::Whole(rejection.response()),
                    to_member: false,
                };
            }
        };
        let content = match self.handle(endpoint, &caller, request).await {
            Ok(content) => content,
            Err(rejection) => Content::Whole(rejection.response()),
        };
        let refused = matches!(&content, Content::Whole(response) if response.status() == 401);
        Answer {
            content,
            to_member: caller.session().is_some() && !refused,
        }
    }

    /// Checks a request up to its handler: the page that sent it, its endpoint, its parameters, its caller.
    async fn admit(&self, request: &ApiRequest) -> Result<(Endpoint, Caller), Rejection> {
        let head = &request.head;
        self.hosts.check(head, request.source.encrypted)?;
        let endpoint = request
            .endpoint
            .clone()
            .map_err(|why| Rejection::Unrouted {
                why,
                path: head.path.clone(),
            })?;
        parameters::check(endpoint, head)?;
        let caller = self.callers.resolve(endpoint, request).await?;
        Ok((endpoint, caller))
    }

    /// Runs the handler of an endpoint.
    async fn handle(
        &self,
        endpoint: Endpoint,
        caller: &Caller,
        request: ApiRequest,
    ) -> Result<Content, Rejection> {
        // Members who read are present meanwhile; the others' handlers see to it themselves.
        let _hold = match endpoint {
            Endpoint::Members | Endpoint::LogFile | Endpoint::History | Endpoint::OneEvent => {
                self.hold_reader(caller).await?
            }
            Endpoint::Home
            | Endpoint::Health
            | Endpoint::Events
            | Endpoint::OwnSession
            | Endpoint::LogIn
            | Endpoint::LogOut
            | Endpoint::PostMessage => None,
        };
        let head = &request.head;
        Ok(Content::Whole(match endpoint {
            Endpoint::Home => self.home(caller, head, request.source.encrypted),
            Endpoint::Health => self.health(caller),
            Endpoint::Events => {
                let subscription = self.events(caller, head).await?;
                return Ok(Content::Events(Box::new(subscription)));
            }
            Endpoint::Members => self.members(),
            Endpoint::LogFile => return self.log_file(caller, head).await.map(Content::LogFile),
            Endpoint::OwnSession => self.own_session(caller, caller.owner(endpoint)?).await?,
            Endpoint::LogIn => self.log_in(caller).await?,
            Endpoint::LogOut => self.log_out(caller, caller.owner(endpoint)?).await?,
            Endpoint::History => self.history(caller, head).await?,
            Endpoint::PostMessage => self.post_message(caller, request).await?,
            Endpoint::OneEvent => {
                let id = endpoint.value(Variable::Id, &head.path).unwrap_or_default();
                self.one_event(caller, id).await?
            }
        }))
    }
}

#[cfg(test)]
pub(crate) mod tests;
