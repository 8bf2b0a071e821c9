//! The way in for what is to be recorded.

use std::time::{Duration, Instant};

use async_std::channel::bounded;

use super::guards::{Hold, LateOrder};
use super::{Denied, Presence, Room, Verdict};
use crate::event::Key;
use crate::modes::server::console::ShownRequest;
use crate::modes::server::room::client::Client;
use crate::modes::server::room::order::{Command, Job, Order, Refused, Speaker};
use crate::modes::server::room::orders::NotQueued;
use crate::modes::server::room::presence::Change;
use crate::modes::server::room::turns::Sender;
use crate::name::Name;

/// Longest wait of a sender for an order that met a full queue.
const MAX_LATE_WAIT: Duration = Duration::from_secs(5);

impl Room {
    /// Says something as a member.
    ///
    /// # Errors
    /// Nothing was recorded: the session has ended ([`Denied::Ended`]), it sends too fast
    /// ([`Denied::TooFast`]), or the room or its log takes nothing.
    pub async fn say(
        &self,
        hold: &Hold,
        text: String,
        key: Option<Key>,
        request: Option<Box<ShownRequest>>,
    ) -> Result<Verdict, Denied> {
        let speak = |presence: &mut Presence| {
            let voice = presence.speak(hold.session, Instant::now())?;
            let sender = Sender::of_session(hold.session, voice.client);
            let command = Command::Say {
                speaker: sender.speaker.clone(),
                from: voice.name,
                text,
                key,
            };
            Ok((command, sender))
        };
        self.order(request, None, speak).await
    }

    /// Says something without a session: no join, no leave.
    ///
    /// # Errors
    /// Somebody else has the name, or nothing was recorded.
    pub async fn say_as(
        &self,
        name: &Name,
        client: Client,
        text: String,
        key: Option<Key>,
        request: Option<Box<ShownRequest>>,
    ) -> Result<Verdict, Denied> {
        self.names_known().await;
        let speak = |presence: &mut Presence| {
            presence.speak_as(name, client, Instant::now())?;
            let speaker = Speaker::Guest(name.folded().to_string());
            let command = Command::Say {
                speaker: speaker.clone(),
                from: name.as_str().to_string(),
                text,
                key,
            };
            let from = client.network();
            Ok((command, Sender { from, speaker }))
        };
        self.order(request, None, speak).await
    }

    /// Decides and queues in one step under the lock, so that the journal has what one sender asks
    /// for in the order in which it was decided, and nobody under a `name` before its guests; then
    /// waits for the outcome.
    pub(super) async fn order(
        &self,
        request: Option<Box<ShownRequest>>,
        name: Option<&Name>,
        decide: impl FnOnce(&mut Presence) -> Result<(Command, Sender), Denied>,
    ) -> Result<Verdict, Denied> {
        let (reply, answer) = bounded(1);
        let (queued, sender, undo) = {
            let mut state = self.state();
            if state.closing {
                return Err(Denied::Stopping);
            }
            let (command, sender) = decide(&mut state.presence)?;
            let undo = Change::undoing(&command);
            let order = Order {
                job: Job::Record(command),
                request,
                reply: Some(reply),
            };
            let name = name.map(Name::folded);
            (self.orders.push(sender.clone(), name, order), sender, undo)
        };
        let denied = match queued {
            Ok(queued) if queued.late => {
                let mut late = LateOrder {
                    room: self,
                    sender,
                    queued,
                    undo,
                };
                match async_std::future::timeout(MAX_LATE_WAIT, answer.recv()).await {
                    Ok(outcome) => {
                        let outcome = outcome.unwrap_or(Err(Refused::Unknown));
                        return outcome.map_err(Denied::from);
                    }
                    Err(_) if late.take_back() => return Err(Denied::Busy),
                    // It was taken just now.
                    Err(_) => None,
                }
            }
            Ok(_) => None,
            Err(NotQueued::Closed) => Some((Denied::Stopping, undo)),
            Err(NotQueued::TooMany) => Some((Denied::TooMany, undo)),
        };
        if let Some((denied, undo)) = denied {
            // What never reaches the committer is undone here; it undoes the rest itself.
            self.change(undo.as_slice());
            return Err(denied);
        }
        // The committer answers every order it took; if it is gone, nobody knows what it wrote.
        let outcome = answer.recv().await.unwrap_or(Err(Refused::Unknown));
        outcome.map_err(Denied::from)
    }
}
