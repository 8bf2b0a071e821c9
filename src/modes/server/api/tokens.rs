//! Tokens: proofs of sessions that the server signs and does not keep.

use std::{fmt, io};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::event::Stamp;
use crate::remembered::Remembered;

use crate::modes::server::room::order::Mark;
use crate::modes::server::room::order::SessionId;
use crate::modes::server::room::presence::Claim;

/// The first byte of every token, so that another form can follow one day. (The first form did not
/// say since when a session is.)
const TOKEN_FORM: u8 = 2;
/// The length of the signature in a token, in bytes.
const SIGNATURE: usize = 32;
/// The longest token that is remembered, in characters.
const LONGEST: usize = 512;

/// The owner of a session, as a token names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// The session.
    pub(super) session: SessionId,
    /// The time of the session's first join in the log.
    pub(super) issued: Stamp,
    /// The name of the session's member.
    pub(super) name: String,
}

/// Signs tokens and reads them.
pub(super) struct Tokens {
    secret: [u8; 32],
    /// The room's key, or nothing.
    key: String,
    /// Tokens that were found right: to check a signature takes as long as all the rest of a post. Nobody
    /// can ask for one of these without having it.
    owners: Remembered<Owner>,
}

impl fmt::Debug for Tokens {
    /// Leaves out the secret, the room's key and the tokens themselves.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    /// `secret` signs the tokens, `key` is the room's.
    pub(super) fn new(secret: [u8; 32], key: Option<String>) -> Tokens {
        Tokens {
            secret,
            key: key.unwrap_or_default(),
            owners: Remembered::default(),
        }
    }

    fn sign(&self, payload: &[u8]) -> Hmac<Sha256> {
        let mut mac = signer(&self.secret);
        mac.update(payload);
        // Where one ends and the other begins must be signed, or a name's end could pass for a key's start.
        mac.update(&payload.len().to_be_bytes());
        // A new room key ends the tokens that were given out under the old one.
        mac.update(self.key.as_bytes());
        mac
    }

    /// The token that proves a session. It needs no memory here, so it outlives a restart.
    pub(super) fn token(&self, owner: &Owner) -> String {
        let mut token = vec![TOKEN_FORM];
        token.extend_from_slice(&owner.session);
        token.extend_from_slice(&owner.issued.micros().to_be_bytes());
        token.extend_from_slice(owner.name.as_bytes());
        let signature = self.sign(&token).finalize().into_bytes();
        token.extend_from_slice(&signature);
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The owner of a token, if it is one of this room's.
    pub(super) fn owner(&self, token: &str) -> Option<Owner> {
        if let Some(known) = self.owners.get(token) {
            return Some(known);
        }
        let owner = self.read(token)?;
        if token.len() <= LONGEST {
            self.owners.keep(token, owner.clone());
        }
        Some(owner)
    }

    fn read(&self, token: &str) -> Option<Owner> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (payload, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE)?)?;
        self.sign(payload).verify_slice(signature).ok()?;
        let (form, rest) = payload.split_first()?;
        let (session, rest) = rest.split_first_chunk::<16>()?;
        let (issued, name) = rest.split_first_chunk::<8>()?;
        let name = std::str::from_utf8(name).ok()?;
        (*form == TOKEN_FORM).then(|| Owner {
            session: *session,
            issued: Stamp::from_micros(i64::from_be_bytes(*issued)),
            name: name.to_string(),
        })
    }

    /// The claim of a session that was issued then, with which it comes back or ends.
    pub(super) fn claim(&self, session: SessionId, issued: Stamp) -> Claim {
        // Not under the room key: one that is changed back must not bring it back.
        let mut mac = signer(&self.secret);
        mac.update(b"ended session");
        mac.update(&session);
        let mark = mac.finalize().into_bytes();
        let mark = mark.first_chunk().copied().unwrap_or_default();
        Claim {
            session,
            issued,
            mark: Mark(u64::from_be_bytes(mark)),
        }
    }
}

/// The server's signature, before anything is signed.
pub(super) fn signer(secret: &[u8; 32]) -> Hmac<Sha256> {
    // infallible: HMAC takes a key of any length.
    <Hmac<Sha256> as KeyInit>::new_from_slice(secret).unwrap_or_else(|_| unreachable!())
}

/// A session id that nobody can guess.
///
/// # Errors
/// The system has no random numbers.
pub(super) fn new_session() -> io::Result<SessionId> {
    let mut session = SessionId::default();
    getrandom::fill(&mut session).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(name: &str) -> Owner {
        Owner {
            session: [3; 16],
            issued: Stamp::from_micros(1_795_473_297_180_845),
            name: name.into(),
        }
    }

    fn tokens(key: Option<&str>) -> Tokens {
        Tokens::new([7; 32], key.map(str::to_string))
    }

    #[test]
    fn a_token_proves_its_session_and_no_other_string_does() {
        let open = tokens(None);
        let token = open.token(&owner("uthira"));
        // The second time it is known already.
        for _ in 0..2 {
            assert_eq!(open.owner(&token), Some(owner("uthira")));
        }
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("ASCII");
            assert_eq!(open.owner(&forged), None, "{forged}");
        }
        assert_eq!(open.owner(""), None);
        // One from before tokens said since when a session is.
        let mut old = [&[1][..], &[3; 16], b"uthira"].concat();
        let signature = open.sign(&old).finalize().into_bytes();
        old.extend_from_slice(&signature);
        assert_eq!(open.owner(&URL_SAFE_NO_PAD.encode(old)), None);
        // The room key's start does not pass for the name's end.
        let (old, new) = (tokens(Some("abc")), tokens(Some("bc")));
        let signature = |tokens: &Tokens, name: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(tokens.token(&owner(name)));
            bytes.map(|bytes| bytes[bytes.len() - SIGNATURE..].to_vec())
        };
        assert_ne!(signature(&old, "x"), signature(&new, "xa"));
        assert_eq!(tokens(Some("a new room key")).owner(&token), None);
    }
}
