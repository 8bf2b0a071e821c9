//! `POST /session`, `GET /session` and `DELETE /session`, and the presence of a session's member.

use crate::event::{Id, Stamp};
use crate::http::Response;
use crate::modes::server::room::Hold;
use crate::modes::server::room::presence::{Claim, Denied};
use crate::wire::Session;

use super::Api;
use super::caller::Caller;
use super::rejection::Rejection;
use super::tokens::{self, Owner};

impl Api {
    /// Answers `POST /session`: lets a newcomer in.
    pub(super) async fn log_in(&self, caller: &Caller) -> Result<Response, Rejection> {
        let name = self.room.names.name(caller.name()?)?;
        let session = tokens::new_session().map_err(Rejection::NoRandomness)?;
        // The session has no time before its line is written.
        let claim = self.callers.tokens().claim(session, Stamp::from_micros(0));
        let joined = self.room.join(&claim, &name, caller.client).await?;
        let owner = Owner {
            session,
            issued: joined.at,
            name: name.as_str().to_string(),
        };
        Ok(self.session(201, &owner, joined.id))
    }

    /// Answers `GET /session`: a client that kept a token learns whether it is still good, and its member
    /// is present again.
    pub(super) async fn own_session(
        &self,
        caller: &Caller,
        owner: &Owner,
    ) -> Result<Response, Rejection> {
        let _hold = self.hold(caller).await?;
        Ok(self.session(200, owner, self.room.last()))
    }

    fn session(&self, status: u16, owner: &Owner, id: Id) -> Response {
        let session = Session {
            name: owner.name.clone(),
            token: self.callers.tokens().token(owner),
            room: self.room.rules.room.clone(),
            id,
            version: Some(env!("CARGO_PKG_VERSION").to_string()),
        };
        Response::json(status, &session)
    }

    /// Answers `DELETE /session`: ends the session for good.
    pub(super) async fn log_out(
        &self,
        caller: &Caller,
        owner: &Owner,
    ) -> Result<Response, Rejection> {
        let claim = self.claim(owner);
        self.room.quit(&claim, &owner.name, caller.client).await?;
        Ok(Response::new(204))
    }

    fn claim(&self, owner: &Owner) -> Claim {
        self.callers.tokens().claim(owner.session, owner.issued)
    }

    /// Keeps the caller's member present, if the caller has a session. A member that is not here comes in
    /// again.
    ///
    /// # Errors
    /// The member cannot come in.
    pub(super) async fn hold(&self, caller: &Caller) -> Result<Option<Hold>, Rejection> {
        let Some(owner) = caller.session() else {
            return Ok(None);
        };
        // Only coming in needs the name.
        let here = self.room.hold_here(owner.session);
        let held = match here.transpose() {
            Some(held) => held,
            None => {
                let name = self.room.names.name(&owner.name);
                let name = name.map_err(Rejection::NameUnfit)?;
                let claim = self.claim(owner);
                self.room.hold(&claim, &name, caller.client).await
            }
        };
        held.map(Some).map_err(|denied| match denied {
            Denied::Ended => Rejection::SessionEnded,
            Denied::Taken(_) | Denied::Confusable(_) | Denied::Already | Denied::NotYet => {
                Rejection::NameLost
            }
            denied => Rejection::Room(denied),
        })
    }

    /// Keeps the member of a caller that reads present. A caller need not be a member to read, so only the end of its
    /// session stops it.
    ///
    /// # Errors
    /// The session is over.
    pub(super) async fn hold_reader(&self, caller: &Caller) -> Result<Option<Hold>, Rejection> {
        match self.hold(caller).await {
            Err(rejection) if rejection.status() != 401 => Ok(None),
            held => held,
        }
    }
}
