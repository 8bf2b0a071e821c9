//! One event body of every kind, for tests that none may escape.

use super::Body;

/// Makes [`every_kind`] from a list of patterns and bodies. A kind without a pattern does not compile, and a pattern
/// has a body.
macro_rules! every_kind {
    ($($pattern:pat => $body:expr,)*) => {
        /// One body of every kind, with the words that the documents have in the places of names and texts.
        pub(crate) fn every_kind() -> Vec<Body> {
            let is_listed = |body: &Body| match body {
                $($pattern => true,)*
            };
            let all = vec![$($body),*];
            assert!(all.iter().all(is_listed));
            all
        }
    };
}

every_kind! {
    Body::Message { .. } => Body::message("name", "text"),
    Body::Join { .. } => Body::join("name"),
    Body::Leave { .. } => Body::leave("name"),
    Body::Opened { .. } => Body::opened("version", "random"),
    Body::Closed => Body::Closed,
    Body::Notice { .. } => Body::notice("text"),
    Body::Erased { .. } => Body::Erased { padding: 0 },
    Body::Other { .. } => Body::Other { text: "* Something of a newer version".into() },
}
