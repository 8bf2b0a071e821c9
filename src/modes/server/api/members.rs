//! `GET /members`: the members who are present.

use crate::http::Response;

use super::Api;

impl Api {
    /// Answers `GET /members`.
    pub(super) fn members(&self) -> Response {
        Response::of_json(200, self.room.members_as_sent())
    }
}
