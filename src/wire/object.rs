//! The JSON of [`Wire`]: one flat object, its `type` first, then id, time and the rest.
//!
//! What always holds: an object survives being written and read; a type that this version does not
//! know is [`Wire::Unknown`], and a known type that lacks a member is an error.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Wire;
use crate::event::{Body, Elapsed, Id, Key, Recorded, Stamp};

/// The JSON form of an object.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Object<'a> {
    Hello {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<Id>,
        now: Stamp,
        heartbeat: u64,
    },
    Message {
        id: Id,
        at: Stamp,
        from: Cow<'a, str>,
        elapsed: Elapsed,
        text: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<Cow<'a, Key>>,
    },
    Join {
        id: Id,
        at: Stamp,
        name: Cow<'a, str>,
    },
    Leave {
        id: Id,
        at: Stamp,
        name: Cow<'a, str>,
    },
    Opened {
        id: Id,
        at: Stamp,
        version: Cow<'a, str>,
    },
    Closed {
        id: Id,
        at: Stamp,
    },
    Notice {
        id: Id,
        at: Stamp,
        text: Cow<'a, str>,
    },
    Erased {
        id: Id,
        at: Stamp,
    },
    Other {
        id: Id,
        at: Stamp,
        text: Cow<'a, str>,
    },
    Damaged {
        id: Id,
        message: Cow<'a, str>,
    },
    Gap {
        message: Cow<'a, str>,
    },
    Reset {
        message: Cow<'a, str>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        earlier: Option<Cow<'a, str>>,
    },
    Bye {
        message: Cow<'a, str>,
    },
    #[serde(other, skip_serializing)]
    Unknown,
}

impl<'a> From<&'a Wire> for Object<'a> {
    fn from(wire: &'a Wire) -> Object<'a> {
        match wire {
            Wire::Hello { id, now, heartbeat } => Object::Hello {
                id: *id,
                now: *now,
                heartbeat: *heartbeat,
            },
            Wire::Recorded(recorded) => Object::from(recorded),
            Wire::Damaged { id, message } => Object::Damaged {
                id: *id,
                message: message.into(),
            },
            Wire::Gap { message } => Object::Gap {
                message: message.into(),
            },
            Wire::Reset { message, earlier } => Object::Reset {
                message: message.into(),
                earlier: earlier.as_ref().map(Cow::from),
            },
            Wire::Bye { message } => Object::Bye {
                message: message.into(),
            },
            Wire::Unknown => Object::Unknown,
        }
    }
}

impl<'a> From<&'a Recorded> for Object<'a> {
    fn from(recorded: &'a Recorded) -> Object<'a> {
        let (id, at) = (recorded.id, recorded.at);
        match &recorded.body {
            Body::Message {
                from,
                elapsed,
                text,
                key,
            } => Object::Message {
                id,
                at,
                from: from.into(),
                elapsed: *elapsed,
                text: text.into(),
                key: key.as_ref().map(Cow::Borrowed),
            },
            Body::Join { name } => Object::Join {
                id,
                at,
                name: name.into(),
            },
            Body::Leave { name } => Object::Leave {
                id,
                at,
                name: name.into(),
            },
            Body::Opened { version, .. } => Object::Opened {
                id,
                at,
                version: version.into(),
            },
            Body::Closed => Object::Closed { id, at },
            Body::Notice { text } => Object::Notice {
                id,
                at,
                text: text.into(),
            },
            Body::Erased { .. } => Object::Erased { id, at },
            Body::Other { text } => Object::Other {
                id,
                at,
                text: text.into(),
            },
        }
    }
}

impl From<Object<'_>> for Wire {
    fn from(object: Object<'_>) -> Wire {
        let recorded = |id, at, body| Wire::Recorded(Recorded { id, at, body });
        match object {
            Object::Hello { id, now, heartbeat } => Wire::Hello { id, now, heartbeat },
            Object::Message {
                id,
                at,
                from,
                elapsed,
                text,
                key,
            } => {
                let (from, text) = (from.into_owned(), text.into_owned());
                let key = key.map(Cow::into_owned);
                let body = Body::Message {
                    from,
                    elapsed,
                    text,
                    key,
                };
                recorded(id, at, body)
            }
            Object::Join { id, at, name } => {
                let name = name.into_owned();
                recorded(id, at, Body::Join { name })
            }
            Object::Leave { id, at, name } => {
                let name = name.into_owned();
                recorded(id, at, Body::Leave { name })
            }
            Object::Opened { id, at, version } => {
                let body = Body::Opened {
                    version: version.into_owned(),
                    random: String::new(),
                    after: None,
                };
                recorded(id, at, body)
            }
            Object::Closed { id, at } => recorded(id, at, Body::Closed),
            Object::Notice { id, at, text } => {
                let text = text.into_owned();
                recorded(id, at, Body::Notice { text })
            }
            Object::Erased { id, at } => recorded(id, at, Body::Erased { padding: 0 }),
            Object::Other { id, at, text } => {
                let text = text.into_owned();
                recorded(id, at, Body::Other { text })
            }
            Object::Damaged { id, message } => Wire::Damaged {
                id,
                message: message.into_owned(),
            },
            Object::Gap { message } => Wire::Gap {
                message: message.into_owned(),
            },
            Object::Reset { message, earlier } => Wire::Reset {
                message: message.into_owned(),
                earlier: earlier.map(Cow::into_owned),
            },
            Object::Bye { message } => Wire::Bye {
                message: message.into_owned(),
            },
            Object::Unknown => Wire::Unknown,
        }
    }
}

impl Serialize for Wire {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Object::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Wire {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Wire, D::Error> {
        Object::deserialize(deserializer).map(Wire::from)
    }
}
