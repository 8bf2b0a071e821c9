//! The endpoints of the HTTP API: one table of methods, paths, callers and parameters.
//! The server routes by it, and clients take their paths from it.
//!
//! What always holds: a path and a method that stand in no row of [`Endpoint`] reach no handler.

use std::fmt;

use crate::event::MAX_TEXT;

/// The page for people.
pub const HOME: &str = "/";
/// The state of the server.
pub const HEALTH: &str = "/health";
/// The event stream.
pub const EVENTS: &str = "/events";
/// The present members.
pub const MEMBERS: &str = "/members";
/// The log as it is on disk.
pub const LOG_FILE: &str = "/log.txt";
/// Logins, and what a token stands for.
pub const SESSION: &str = "/session";
/// The messages of the room.
pub const MESSAGES: &str = "/messages";

/// The longest body of any request, in bytes. A body that an endpoint does not need is read and ignored.
pub const MAX_BODY: usize = MAX_TEXT;

/// The methods that the API uses. `HEAD` is `GET` without a body and has no row of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Adds.
    Post,
    /// Ends.
    Delete,
}

impl Method {
    /// The method as a request line has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        }
    }
}

/// The callers that an endpoint is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody. Missing or wrong credentials are not refused, but may get a shorter answer.
    Anybody,
    /// A newcomer: the body has a name and the room's key, or the key comes as Basic credentials.
    Newcomer,
    /// A session, a guest with the room's key, or anybody in a room without a key.
    Reader,
    /// A session or a guest with the room's key: somebody with a name.
    Speaker,
    /// The owner of a session.
    Session,
}

/// The parameters that an endpoint takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameters {
    /// Any, all ignored: links are passed on by programs that append their own.
    Ignored,
    /// These, each at most once.
    Known(&'static [&'static str]),
}

/// The parameters that replace the header `Last-Event-ID` for clients that cannot set one: the
/// spelling of `event-source-polyfill`, and the common one.
pub const LAST_EVENT_ID: [&str; 2] = ["lastEventId", "last_event_id"];
/// The parameters of an endpoint that takes none.
const NONE: Parameters = Parameters::Known(&[]);
const OF_EVENTS: Parameters = Parameters::Known(&[
    "since",
    "last",
    "max",
    "poll",
    "token",
    LAST_EVENT_ID[0],
    LAST_EVENT_ID[1],
]);
const OF_HISTORY: Parameters = Parameters::Known(&["before", "since", "find", "limit"]);

/// Makes the variables and their words from one list.
macro_rules! variables {
    ($($(#[$about:meta])* $name:ident $word:literal;)*) => {
        /// The last segment of a path, if requests choose it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Variable {
            $($(#[$about])* $name,)*
        }

        impl Variable {
            /// The word that stands for it in documents.
            pub fn word(self) -> &'static str {
                match self {
                    $(Variable::$name => $word,)*
                }
            }
        }
    };
}

variables! {
    /// The id of an event, percent-encoded.
    Id "ID";
}

/// The path of an endpoint. Its text, as in `/messages/ID`, has a word for the variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// The path, or all of it before the variable's slash.
    fixed: &'static str,
    variable: Option<Variable>,
}

impl Path {
    /// Tells whether a request with this path is one for it.
    fn takes(self, path: &str) -> bool {
        match self.variable {
            Some(variable) => self.value(variable, path).is_some(),
            None => path == self.fixed,
        }
    }

    /// The value of the variable in a request's path: all that comes after the fixed part and a slash, further
    /// slashes included. `None` if this path has no such variable, or the request's begins otherwise.
    fn value(self, variable: Variable, path: &str) -> Option<&str> {
        let rest = path.strip_prefix(self.fixed)?.strip_prefix('/')?;
        (self.variable == Some(variable)).then_some(rest)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.fixed)?;
        match self.variable {
            Some(variable) => write!(f, "/{}", variable.word()),
            None => Ok(()),
        }
    }
}

/// One row of the table.
struct Route {
    method: Method,
    path: Path,
    access: Access,
    parameters: Parameters,
}

/// Makes the enum, its list and its rows from one table, so that none can lack another.
macro_rules! endpoints {
    (@variable) => { None };
    (@variable $variable:ident) => { Some(Variable::$variable) };
    ($($(#[$about:meta])* $name:ident: $method:ident $path:ident $(/ $variable:ident)?, $access:ident, $parameters:expr;)*) => {
        /// A request that a client can make: a method of a path.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Endpoint {
            $($(#[$about])* $name,)*
        }

        impl Endpoint {
            /// Every endpoint, in the order of the table.
            pub const ALL: &[Endpoint] = &[$(Endpoint::$name),*];

            const fn route(self) -> Route {
                match self {
                    $(Endpoint::$name => Route {
                        method: Method::$method,
                        path: Path {
                            fixed: $path,
                            variable: endpoints!(@variable $($variable)?),
                        },
                        access: Access::$access,
                        parameters: $parameters,
                    },)*
                }
            }
        }
    };
}

endpoints! {
    /// Gives a browser the page, and explains to anybody else how to join.
    Home:        Get HOME,        Anybody,  Parameters::Ignored;
    /// Reports the state of the server to operators and monitors.
    Health:      Get HEALTH,      Anybody,  NONE;
    /// Streams events.
    Events:      Get EVENTS,      Reader,   OF_EVENTS;
    /// Lists the present members.
    Members:     Get MEMBERS,     Reader,   NONE;
    /// Sends the log as it is on disk.
    LogFile:     Get LOG_FILE,    Reader,   NONE;
    /// Describes the session of a token.
    OwnSession:  Get SESSION,     Session,  NONE;
    /// Makes a session.
    LogIn:       Post SESSION,    Newcomer, NONE;
    /// Ends a session.
    LogOut:      Delete SESSION,  Session,  NONE;
    /// Returns a range of history.
    History:     Get MESSAGES,    Reader,   OF_HISTORY;
    /// Records a message.
    PostMessage: Post MESSAGES,   Speaker,  NONE;
    /// Returns one event.
    OneEvent:    Get MESSAGES/Id, Reader,   NONE;
}

/// The reason why a request has no endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unrouted {
    /// There is nothing at the path.
    NoSuchPath,
    /// The path has only these methods, listed as in the field `Allow`.
    MethodNotAllowed(String),
}

impl Endpoint {
    /// Returns the endpoint of a request.
    ///
    /// # Errors
    /// No row of the table has the path, or none of those that have it has the method.
    pub fn parse(method: &str, path: &str) -> Result<Endpoint, Unrouted> {
        let wanted = if method == "HEAD" { "GET" } else { method };
        let mut here = Endpoint::ALL.iter().filter(|one| one.is_at(path));
        if let Some(found) = here.clone().find(|one| one.method().as_str() == wanted) {
            return Ok(*found);
        }
        let allowed = |endpoint: &Endpoint| match endpoint.method() {
            Method::Get => "GET, HEAD",
            other => other.as_str(),
        };
        match here.next() {
            None => Err(Unrouted::NoSuchPath),
            Some(first) => {
                let all: Vec<&str> = std::iter::once(first).chain(here).map(allowed).collect();
                Err(Unrouted::MethodNotAllowed(all.join(", ")))
            }
        }
    }

    /// Tells whether any endpoint has the path.
    pub fn any_at(path: &str) -> bool {
        Endpoint::ALL.iter().any(|one| one.is_at(path))
    }

    /// The method.
    pub fn method(self) -> Method {
        self.route().method
    }

    /// The path.
    pub fn path(self) -> Path {
        self.route().path
    }

    /// The callers that may use it.
    pub fn access(self) -> Access {
        self.route().access
    }

    /// The parameters that it takes.
    pub fn parameters(self) -> Parameters {
        self.route().parameters
    }

    /// Tells whether it takes the parameter.
    pub fn takes(self, parameter: &str) -> bool {
        matches!(self.parameters(), Parameters::Known(known) if known.contains(&parameter))
    }

    /// The value of the variable in a request's path, still percent-encoded. `None` if the endpoint's path
    /// has no such variable.
    pub fn value(self, variable: Variable, path: &str) -> Option<&str> {
        self.path().value(variable, path)
    }

    fn is_at(self, path: &str) -> bool {
        self.path().takes(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_its_methods_and_no_others() {
        for (path, allowed) in [
            ("/", "GET, HEAD"),
            ("/health", "GET, HEAD"),
            ("/events", "GET, HEAD"),
            ("/members", "GET, HEAD"),
            ("/log.txt", "GET, HEAD"),
            ("/session", "GET, HEAD, POST, DELETE"),
            ("/messages", "GET, HEAD, POST"),
            ("/messages/1-2-3", "GET, HEAD"),
            ("/messages/", "GET, HEAD"),
            ("/messages/ID", "GET, HEAD"),
            ("/messages/a/b", "GET, HEAD"),
        ] {
            let wrong = Err(Unrouted::MethodNotAllowed(allowed.to_string()));
            for method in [
                "GET",
                "HEAD",
                "POST",
                "DELETE",
                "PUT",
                "OPTIONS",
                "get",
                "",
                "GET, HEAD",
            ] {
                let found = Endpoint::parse(method, path);
                if allowed.split(", ").any(|one| one == method) {
                    let found = found.expect(path);
                    assert!(found.is_at(path) && Endpoint::any_at(path), "{path}");
                    let own = found.method().as_str();
                    assert_eq!(own, if method == "HEAD" { "GET" } else { method });
                } else {
                    assert_eq!(found, wrong, "{method} {path}");
                }
            }
        }
        for path in [
            "",
            "//",
            "/event",
            "/events/",
            "/session/x",
            "/Health",
            "*",
            "/ID",
        ] {
            for method in ["GET", "POST", "OPTIONS"] {
                assert_eq!(Endpoint::parse(method, path), Err(Unrouted::NoSuchPath));
            }
            assert!(!Endpoint::any_at(path), "{path}");
        }
    }

    #[test]
    fn no_two_rows_are_of_the_same_requests() {
        for endpoint in Endpoint::ALL {
            let (method, path) = (endpoint.method().as_str(), endpoint.path().to_string());
            assert_eq!(Endpoint::parse(method, &path), Ok(*endpoint));
        }
    }

    #[test]
    fn a_variable_is_the_rest_of_its_path() {
        let value = |endpoint: Endpoint, path| endpoint.value(Variable::Id, path);
        assert_eq!(value(Endpoint::OneEvent, "/messages/1-2-3"), Some("1-2-3"));
        assert_eq!(value(Endpoint::OneEvent, "/messages/a/b"), Some("a/b"));
        assert_eq!(value(Endpoint::OneEvent, "/messages/"), Some(""));
        for path in ["/messages", "/messagesx", "/messagesx/1", "messages/1", ""] {
            assert_eq!(value(Endpoint::OneEvent, path), None, "{path}");
        }
        assert_eq!(value(Endpoint::History, "/messages/1"), None);
    }

    #[test]
    fn only_a_variable_takes_other_text_than_its_word() {
        let fixed = |fixed| Path {
            fixed,
            variable: None,
        };
        for path in ["/ID", "/messages/ID", "/GRID", "/NAME"] {
            assert!(fixed(path).takes(path), "{path}");
            assert!(!fixed(path).takes("/messages/1"), "{path}");
            assert!(!fixed(path).takes("/GR1"), "{path}");
            assert_eq!(fixed(path).to_string(), path);
        }
        let id = Path {
            fixed: "/ID",
            variable: Some(Variable::Id),
        };
        assert_eq!(id.to_string(), "/ID/ID");
        assert_eq!(id.value(Variable::Id, "/ID/1"), Some("1"));
        assert!(id.takes("/ID/ID") && !id.takes("/ID") && !id.takes("/1"));
    }
}
