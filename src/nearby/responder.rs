//! The messages about a room, their times and recipients: RFC 6762 sections 6 to 8 and 10, without a
//! socket and without a clock.
//!
//! Each start has unique names, so there are no conflicts and no probing (section 8.1). Every query
//! about the room is answered with all of its records: they fit into one packet.

use std::time::{Duration, Instant};

use simple_dns::rdata::{PTR, RData, TXT};
use simple_dns::{Name, OPCODE, Packet, PacketFlag, QTYPE, Question, ResourceRecord, TYPE};

use super::interfaces::Interface;
use super::messages::{self, Folded, folded};
use super::net::{Incoming, Outgoing, PORT, Party};

/// The time to live of records with the host's name, in seconds (section 10).
const HOST_TTL: u32 = 120;
/// The time to live of all other records, in seconds.
const OTHER_TTL: u32 = 4_500;
/// The highest time to live for a conventional resolver, in seconds (section 6.7).
const LEGACY_TTL: u32 = 10;
/// The times of the unsolicited announcements after a network appeared.
const ANNOUNCEMENTS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(3),
];
/// The shortest time between two multicast messages on a network (section 6).
const RATE: Duration = Duration::from_secs(1);
/// The most answers to conventional resolvers on one network in that time.
const LEGACY_RATE: u32 = 20;
/// The most questions of a conventional query that are answered, since the answer repeats them.
const QUESTIONS: usize = 4;

/// The responder for one room.
#[derive(Debug)]
pub struct Responder {
    instance: Name<'static>,
    host: Name<'static>,
    txt: TXT<'static>,
    port: u16,
    service_key: Folded,
    types_key: Folded,
    instance_key: Folded,
    host_key: Folded,
    speaking: Vec<Speaking>,
    replies: Vec<Outgoing>,
}

/// The subject of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Room,
    /// The list of service types (RFC 6763, section 9).
    ServiceTypes,
}

/// The kind of a response.
#[derive(Clone, Copy, Debug)]
enum ResponseKind {
    /// To everybody: an announcement or an answer.
    Multicast { lists_types: bool },
    /// To one conventional resolver.
    Legacy { lists_types: bool },
    /// The room is gone.
    Goodbye,
}

impl ResponseKind {
    /// The highest time to live, in seconds.
    fn ttl(self) -> u32 {
        match self {
            ResponseKind::Multicast { .. } => u32::MAX,
            ResponseKind::Legacy { .. } => LEGACY_TTL,
            ResponseKind::Goodbye => 0,
        }
    }

    /// Returns whether the room's own records replace those in others' caches; a conventional resolver does not
    /// know that bit.
    fn flushes_caches(self) -> bool {
        !matches!(self, ResponseKind::Legacy { .. })
    }

    fn lists_types(self) -> bool {
        match self {
            ResponseKind::Multicast { lists_types } | ResponseKind::Legacy { lists_types } => {
                lists_types
            }
            ResponseKind::Goodbye => false,
        }
    }
}

/// The state of the responder on one network.
#[derive(Debug)]
struct Speaking {
    interface: Interface,
    since: Instant,
    announced: usize,
    /// The time of the pending answer, if there was a query.
    answer: Option<Instant>,
    /// The query was for the list of service types as well.
    lists_types: bool,
    sent: Option<Instant>,
    /// The start of the current period, and the number of conventional answers in it.
    replied: (Instant, u32),
}

impl Speaking {
    fn due(&self) -> Option<Instant> {
        let own = ANNOUNCEMENTS
            .get(self.announced)
            .map(|after| self.since + *after);
        let asked = self
            .answer
            .map(|at| self.sent.map_or(at, |sent| at.max(sent + RATE)));
        own.into_iter().chain(asked).min()
    }
}

impl Responder {
    /// A responder for the room `room` with the log `id` that listens on `port`; `unique` is a word
    /// that no other start has.
    pub fn new(room: &str, id: &str, key: bool, port: u16, unique: &str) -> Responder {
        let label = messages::label(room, &format!("{id}-{unique}"));
        let instance = messages::name(&[&label, "_chatroom", "_tcp", "local"]);
        let host = messages::name(&[&format!("chatroom-{id}-{unique}"), "local"]);
        Responder {
            service_key: folded(&messages::service()),
            types_key: folded(&messages::types()),
            instance_key: folded(&instance),
            host_key: folded(&host),
            instance,
            host,
            txt: messages::txt(room, id, key),
            port,
            speaking: Vec::new(),
            replies: Vec::new(),
        }
    }

    /// All records of the room on `interface`, for a response of that kind.
    fn records(&self, interface: &Interface, kind: ResponseKind) -> Vec<ResourceRecord<'static>> {
        let (long, short) = (OTHER_TTL.min(kind.ttl()), HOST_TTL.min(kind.ttl()));
        let pointer = |to: Name<'static>| RData::PTR(PTR(to));
        let instance = || self.instance.clone();
        // A record that only this room has.
        let own = |name, ttl, data| {
            messages::record(name, ttl, data).with_cache_flush(kind.flushes_caches())
        };
        let place = messages::at(self.host.clone(), self.port);
        let mut records = vec![
            messages::record(messages::service(), long, pointer(instance())),
            own(instance(), short, place),
            own(instance(), long, RData::TXT(self.txt.clone())),
        ];
        if kind.lists_types() {
            let listed = pointer(messages::service());
            records.push(messages::record(messages::types(), long, listed));
        }
        let addresses = interface.addresses().map(messages::address);
        records.extend(addresses.map(|address| own(self.host.clone(), short, address)));
        records
    }

    /// The subject of a question, if it is about this room.
    fn asks(&self, question: &Question) -> Option<Asked> {
        let QTYPE::TYPE(kind) = question.qtype else {
            let any = question.qtype == QTYPE::ANY;
            let key = folded(&question.qname);
            let ours = [&self.service_key, &self.instance_key, &self.host_key];
            return if any && key == self.types_key {
                Some(Asked::ServiceTypes)
            } else {
                (any && ours.contains(&&key)).then_some(Asked::Room)
            };
        };
        let key = folded(&question.qname);
        match kind {
            TYPE::PTR if key == self.types_key => Some(Asked::ServiceTypes),
            TYPE::PTR => (key == self.service_key).then_some(Asked::Room),
            TYPE::SRV | TYPE::TXT => (key == self.instance_key).then_some(Asked::Room),
            TYPE::A | TYPE::AAAA => (key == self.host_key).then_some(Asked::Room),
            _ => None,
        }
    }

    /// Tells whether the query lists this room as known (section 7.1).
    fn known(&self, packet: &Packet) -> bool {
        packet.answers.iter().any(|record| match &record.rdata {
            RData::PTR(PTR(instance)) => {
                record.ttl >= OTHER_TTL / 2
                    && folded(&record.name) == self.service_key
                    && folded(instance) == self.instance_key
            }
            _ => false,
        })
    }
}

impl Party for Responder {
    fn interfaces(&mut self, interfaces: &[Interface], now: Instant, _delay: Duration) {
        let mut before = std::mem::take(&mut self.speaking);
        for interface in interfaces {
            let same = before
                .iter()
                .position(|speaking| speaking.interface == *interface);
            self.speaking.push(match same {
                Some(at) => before.swap_remove(at),
                None => Speaking {
                    interface: interface.clone(),
                    since: now,
                    announced: 0,
                    answer: None,
                    lists_types: false,
                    sent: None,
                    replied: (now, 0),
                },
            });
        }
    }

    fn heard(&mut self, heard: &Incoming, now: Instant) {
        let Ok(packet) = Packet::parse(heard.bytes) else {
            return;
        };
        if packet.has_flags(PacketFlag::RESPONSE) || packet.opcode() != OPCODE::StandardQuery {
            return;
        }
        let known = self.known(&packet);
        let asked: Vec<(&Question, Asked)> = packet
            .questions
            .iter()
            .filter_map(|question| Some((question, self.asks(question)?)))
            .filter(|(question, _)| !(known && folded(&question.qname) == self.service_key))
            .collect();
        let lists_types = asked.iter().any(|(_, asked)| *asked == Asked::ServiceTypes);
        let Some(at) = self
            .speaking
            .iter()
            .position(|speaking| speaking.interface.index == heard.interface.index)
        else {
            return;
        };
        if asked.is_empty() {
            return;
        }
        if heard.from.port() == PORT {
            let speaking = &mut self.speaking[at];
            speaking.lists_types |= lists_types;
            speaking.answer.get_or_insert(now + heard.delay);
            return;
        }
        // A conventional resolver, such as `dig`, gets its own answer, at a limited rate, and only if
        // it is on this very network (sections 6.7 and 11).
        let replied = &mut self.speaking[at].replied;
        if now.duration_since(replied.0) >= RATE {
            *replied = (now, 0);
        }
        if !heard.interface.holds(heard.from.ip()) || replied.1 >= LEGACY_RATE {
            return;
        }
        replied.1 += 1;
        let questions = asked.iter().take(QUESTIONS);
        let questions = questions.map(|(question, _)| (*question).clone().into_owned());
        let records = self.records(heard.interface, ResponseKind::Legacy { lists_types });
        self.replies.push(Outgoing {
            interface: heard.interface.index,
            to: Some(heard.from),
            bytes: messages::response(records, Some((packet.id(), questions.collect()))),
        });
    }

    fn due(&mut self, now: Instant) -> Vec<Outgoing> {
        let mut outgoing = std::mem::take(&mut self.replies);
        for at in 0..self.speaking.len() {
            let speaking = &self.speaking[at];
            if speaking.due().is_none_or(|due| due > now) {
                continue;
            }
            let lists_types = speaking.lists_types;
            let records =
                self.records(&speaking.interface, ResponseKind::Multicast { lists_types });
            outgoing.push(Outgoing {
                interface: speaking.interface.index,
                to: None,
                bytes: messages::response(records, None),
            });
            let speaking = &mut self.speaking[at];
            let own = ANNOUNCEMENTS.get(speaking.announced);
            if own.is_some_and(|after| speaking.since + *after <= now) {
                speaking.announced += 1;
            }
            (speaking.answer, speaking.lists_types, speaking.sent) = (None, false, Some(now));
        }
        outgoing
    }

    fn next(&self) -> Option<Instant> {
        self.speaking.iter().filter_map(Speaking::due).min()
    }

    fn farewell(&mut self) -> Vec<Outgoing> {
        let bye = |speaking: &Speaking| Outgoing {
            interface: speaking.interface.index,
            to: None,
            bytes: messages::response(
                self.records(&speaking.interface, ResponseKind::Goodbye),
                None,
            ),
        };
        self.speaking.iter().map(bye).collect()
    }
}

#[cfg(test)]
mod tests;
