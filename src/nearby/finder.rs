//! The rooms on the local network, collected from messages: RFC 6762 sections 5, 8 and 10, without a
//! socket and without a clock.
//!
//! An instance counts as a room only if it leads to an address on the network where it was announced.
//! Memory is bounded: a limited number of instances, and of addresses for each, each kept for at most
//! its time to live.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use simple_dns::rdata::{PTR, RData};
use simple_dns::{Name, Question, ResourceRecord, TYPE};

use crate::address::Address;

use super::FoundRoom;
use super::interfaces::{ADDRESSES, Interface};
use super::messages::{self, Folded, Record, RecordData, RecordText, folded};
use super::net::{Incoming, Outgoing, Party};

/// The largest number of rooms kept.
pub const ROOMS: usize = 256;
/// The largest number of records processed in one message.
const RECORDS: usize = 512;
/// The largest number of addresses shown for a room.
const SHOWN: usize = 8;
/// The upper limit for every time to live.
const LONGEST: Duration = Duration::from_secs(4_500);
/// The remaining time of a record after its good-bye (RFC 6762 section 10.1).
const BYE: Duration = Duration::from_secs(1);
/// The pause after the second query for all rooms, and the longest pause (section 5.2).
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(3_600);
/// The times of the queries that refresh a record, in percent of its time to live (section 5.2).
const REFRESH: [u32; 4] = [80, 85, 90, 95];
/// The number of queries for a missing record, and the time in which it may arrive unasked before the first.
const TRIES: u32 = 5;
const SOON: Duration = Duration::from_millis(100);
/// The number of known rooms listed in one query for all, and of rooms asked about in one query.
const IN_ONE: usize = 8;

/// The period for which a record is valid.
#[derive(Clone, Copy, Debug)]
struct Life {
    since: Instant,
    length: Duration,
}

impl Life {
    fn of(ttl: u32, now: Instant) -> Life {
        let length = match ttl {
            0 => BYE,
            ttl => Duration::from_secs(ttl.into()).min(LONGEST),
        };
        Life { since: now, length }
    }

    fn end(self) -> Instant {
        self.since + self.length
    }

    fn percent(self, percent: u32) -> Instant {
        self.since + self.length * percent / 100
    }
}

/// The index of the network on which a record was received, and the record's name.
type RecordName = (u32, Folded);

/// An address of a room, preceded by its sort keys: preference, network, IP address.
type SortedAddress = (u8, u32, IpAddr, Address);

#[derive(Debug)]
struct Instance {
    name: Name<'static>,
    life: Life,
    /// The host's name, its key in `hosts`, the port, and the validity of all three.
    at: Option<(Name<'static>, RecordName, u16, Life)>,
    told: Option<(RecordText, Life)>,
    /// The number of queries since the instance was last heard from; `asked` is the time of the last one.
    tries: u32,
    asked: Instant,
}

/// The collected records, and the schedule of queries.
#[derive(Debug)]
pub struct Finder {
    interfaces: Vec<Interface>,
    instances: BTreeMap<RecordName, Instance>,
    hosts: BTreeMap<RecordName, Vec<(IpAddr, Life)>>,
    /// The time of the next query for all rooms; `pause` is the time between it and the one after.
    ask: Option<Instant>,
    pause: Duration,
    service: Folded,
}

impl Default for Finder {
    fn default() -> Finder {
        Finder {
            interfaces: Vec::new(),
            instances: BTreeMap::new(),
            hosts: BTreeMap::new(),
            ask: None,
            pause: FIRST_PAUSE,
            service: folded(&messages::service()),
        }
    }
}

impl Finder {
    /// The rooms found so far, by id.
    pub fn rooms(&self) -> BTreeMap<String, FoundRoom> {
        let mut found: BTreeMap<&str, (FoundRoom, Vec<SortedAddress>)> = BTreeMap::new();
        for ((index, _), instance) in &self.instances {
            let (Some((_, host, port, _)), Some((told, _))) = (&instance.at, &instance.told) else {
                continue;
            };
            let Some(interface) = self
                .interfaces
                .iter()
                .find(|interface| interface.index == *index)
            else {
                continue;
            };
            let addresses = self.hosts.get(host).map_or(&[][..], Vec::as_slice);
            if addresses.is_empty() {
                continue;
            }
            let (room, all) = found.entry(&told.id).or_insert_with(|| {
                let room = FoundRoom {
                    id: told.id.clone(),
                    name: told.room.clone(),
                    addresses: Vec::new(),
                    key: told.key,
                };
                (room, Vec::new())
            });
            room.key |= told.key;
            all.extend(addresses.iter().map(|(ip, _)| {
                let address = Address::of_ip(*ip, *port, &interface.name);
                (preference(*ip), *index, *ip, address)
            }));
        }
        let sorted = found.into_values().map(|(mut room, mut all)| {
            all.sort_by_key(|(rank, index, ip, _)| (*rank, *index, *ip));
            for (.., address) in all {
                if !room.addresses.contains(&address) && room.addresses.len() < SHOWN {
                    room.addresses.push(address);
                }
            }
            (room.id.clone(), room)
        });
        sorted.collect()
    }

    fn take(&mut self, interface: &Interface, records: &[Record], now: Instant) {
        // An instance, then its host and port, then the host's addresses: each is kept only if its
        // predecessor is known, and they come in any order.
        for record in records {
            if let RecordData::Instance(instance) = &record.says
                && folded(&record.name) == self.service
            {
                self.instance(interface, instance, record.ttl, now);
            }
        }
        for record in records {
            let key = (interface.index, folded(&record.name));
            let life = Life::of(record.ttl, now);
            match &record.says {
                RecordData::At { host, port } if *port > 0 => {
                    if let Some(instance) = self.instances.get_mut(&key) {
                        let at = (interface.index, folded(host));
                        self.hosts.entry(at.clone()).or_default();
                        instance.at = Some((host.clone(), at, *port, life));
                        instance.tries = 0;
                    }
                }
                RecordData::Of(told) => {
                    if let Some(instance) = self.instances.get_mut(&key) {
                        instance.told = told.clone().map(|told| (told, life));
                        instance.tries = 0;
                    }
                }
                _ => {}
            }
        }
        for record in records {
            if let RecordData::Address(ip) = record.says
                && interface.holds(ip)
            {
                self.address(interface.index, record, ip, now);
            }
        }
    }

    fn instance(&mut self, interface: &Interface, name: &Name<'static>, ttl: u32, now: Instant) {
        let key = (interface.index, folded(name));
        let life = Life::of(ttl, now);
        if let Some(instance) = self.instances.get_mut(&key) {
            instance.life = life;
            instance.tries = 0;
        } else if ttl > 0 && self.instances.len() < ROOMS && key.1.ends_with(&self.service) {
            let instance = Instance {
                name: name.clone(),
                life,
                at: None,
                told: None,
                tries: 0,
                asked: now,
            };
            self.instances.insert(key, instance);
        }
    }

    fn address(&mut self, index: u32, record: &Record, ip: IpAddr, now: Instant) {
        let Some(known) = self.hosts.get_mut(&(index, folded(&record.name))) else {
            return;
        };
        if record.flush {
            // Addresses from the same message stay, whatever their order.
            known.retain(|(old, life)| old.is_ipv4() != ip.is_ipv4() || life.since == now);
        }
        let life = Life::of(record.ttl, now);
        match known.iter().position(|(old, _)| *old == ip) {
            Some(at) => known[at].1 = life,
            None if record.ttl == 0 || known.len() == ADDRESSES => {}
            None => known.push((ip, life)),
        }
    }

    /// Drops expired records.
    fn forget(&mut self, now: Instant) {
        for instance in self.instances.values_mut() {
            instance.at = instance.at.take().filter(|at| at.3.end() > now);
            instance.told = instance.told.take().filter(|told| told.1.end() > now);
        }
        let here: BTreeSet<u32> = self
            .interfaces
            .iter()
            .map(|interface| interface.index)
            .collect();
        self.instances
            .retain(|key, instance| instance.life.end() > now && here.contains(&key.0));
        let used: BTreeSet<&RecordName> = self
            .instances
            .values()
            .filter_map(|i| Some(&i.at.as_ref()?.1))
            .collect();
        self.hosts.retain(|key, addresses| {
            addresses.retain(|(_, life)| life.end() > now);
            used.contains(key)
        });
    }

    /// The shortest validity among the records that make `instance` a room; `None` if one is missing.
    fn weakest(&self, instance: &Instance) -> Option<Life> {
        let (_, host, _, at) = instance.at.as_ref()?;
        let (_, told) = instance.told.as_ref()?;
        let addresses = self.hosts.get(host)?.iter().map(|(_, life)| *life);
        // A room with two addresses stays while either is valid.
        let address = addresses.max_by_key(|life| life.end())?;
        [instance.life, *at, *told, address]
            .into_iter()
            .min_by_key(|life| life.end())
    }

    /// The time of the next query about `instance` alone.
    fn ask_about(&self, instance: &Instance) -> Option<Instant> {
        match self.weakest(instance) {
            Some(life) if life.length > BYE => REFRESH
                .get(instance.tries as usize)
                .map(|percent| life.percent(*percent)),
            Some(_) => None,
            None if instance.life.length <= BYE || instance.tries >= TRIES => None,
            None if instance.tries == 0 => Some(instance.asked + SOON),
            None => Some(instance.asked + FIRST_PAUSE * 2_u32.pow(instance.tries)),
        }
    }

    /// The time at which the next record expires.
    fn first_end(&self) -> Option<Instant> {
        let hosts = self.hosts.values().flatten().map(|(_, life)| life.end());
        let instances = self.instances.values().flat_map(|instance| {
            let at = instance.at.iter().map(|at| at.3.end());
            let told = instance.told.iter().map(|told| told.1.end());
            at.chain(told).chain([instance.life.end()])
        });
        hosts.chain(instances).min()
    }

    /// The queries for all rooms, one for each network.
    fn ask_all(&self, now: Instant) -> Vec<Outgoing> {
        let ask = |interface: &Interface| {
            let known = self.instances.iter().filter(|((index, _), instance)| {
                // A room whose record is past half of its time has to answer, so it is not listed as
                // known (section 7.1).
                *index == interface.index
                    && self.weakest(instance).is_some()
                    && instance.life.percent(50) > now
            });
            let known: Vec<ResourceRecord> = known
                .take(IN_ONE)
                .map(|(_, instance)| {
                    let left = instance.life.end().duration_since(now).as_secs();
                    let pointer = RData::PTR(PTR(instance.name.clone()));
                    messages::record(
                        messages::service(),
                        u32::try_from(left).unwrap_or(u32::MAX),
                        pointer,
                    )
                })
                .collect();
            Outgoing {
                interface: interface.index,
                to: None,
                bytes: messages::query(
                    vec![messages::question(messages::service(), TYPE::PTR)],
                    known,
                ),
            }
        };
        self.interfaces.iter().map(ask).collect()
    }

    /// The due queries about single rooms.
    fn ask_single(&mut self, now: Instant) -> Vec<Outgoing> {
        let due = |finder: &Finder, instance: &Instance| {
            finder.ask_about(instance).is_some_and(|at| at <= now)
        };
        let due: Vec<RecordName> = self
            .instances
            .iter()
            .filter(|(_, instance)| due(self, instance))
            .map(|(key, _)| key.clone())
            .collect();
        let mut outgoing = Vec::new();
        for interface in &self.interfaces {
            let here: Vec<&RecordName> =
                due.iter().filter(|key| key.0 == interface.index).collect();
            for some in here.chunks(IN_ONE) {
                let mut questions: Vec<Question<'static>> = Vec::new();
                for key in some {
                    let Some(instance) = self.instances.get_mut(*key) else {
                        continue;
                    };
                    instance.tries += 1;
                    instance.asked = now;
                    let name = || instance.name.clone();
                    questions.push(messages::question(name(), TYPE::SRV));
                    questions.push(messages::question(name(), TYPE::TXT));
                    if let Some((host, ..)) = &instance.at {
                        questions.push(messages::question(host.clone(), TYPE::A));
                        questions.push(messages::question(host.clone(), TYPE::AAAA));
                    }
                }
                outgoing.push(Outgoing {
                    interface: interface.index,
                    to: None,
                    bytes: messages::query(questions, Vec::new()),
                });
            }
        }
        outgoing
    }
}

/// The order in which addresses are tried: IPv4, then IPv6, then link-local ones.
fn preference(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(ip) if !ip.is_link_local() => 0,
        IpAddr::V6(ip) if !ip.is_unicast_link_local() => 1,
        IpAddr::V4(_) => 2,
        IpAddr::V6(_) => 3,
    }
}

impl Party for Finder {
    fn interfaces(&mut self, interfaces: &[Interface], now: Instant, delay: Duration) {
        self.interfaces = interfaces.to_vec();
        self.forget(now);
        self.ask = Some(now + delay);
        self.pause = FIRST_PAUSE;
    }

    fn heard(&mut self, heard: &Incoming, now: Instant) {
        // A response from another port is ignored (section 6).
        if heard.from.port() != super::net::PORT {
            return;
        }
        if let Some(mut records) = messages::read(heard.bytes) {
            records.truncate(RECORDS);
            self.take(heard.interface, &records, now);
        }
    }

    fn due(&mut self, now: Instant) -> Vec<Outgoing> {
        self.forget(now);
        let mut outgoing = Vec::new();
        if self.ask.is_some_and(|at| at <= now) {
            outgoing = self.ask_all(now);
            self.ask = Some(now + self.pause);
            self.pause = (self.pause * 2).min(LAST_PAUSE);
        }
        outgoing.extend(self.ask_single(now));
        outgoing
    }

    fn next(&self) -> Option<Instant> {
        let about = self.instances.values().filter_map(|i| self.ask_about(i));
        about.chain(self.ask).chain(self.first_end()).min()
    }
}

#[cfg(test)]
mod tests;
