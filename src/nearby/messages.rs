//! Messages of mDNS as they are read and written, for one service type.
//!
//! What was read is plain values; a message that is damaged is none. The bytes of a message are
//! never trusted: `simple_dns` bounds names and follows pointers backwards only, and what is kept of
//! a text is cleaned first.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use simple_dns::rdata::{A, AAAA, PTR, RData, SRV, TXT};
use simple_dns::{CLASS, Label, Name, Packet, PacketFlag, QTYPE, Question, ResourceRecord, TYPE};

use crate::name::is_hidden;

/// The longest message that is sent, so that it fits into one packet everywhere (RFC 6762 section
/// 17).
pub const LONGEST: usize = 1_440;
/// The longest label (RFC 1035).
const LABEL: usize = 63;
/// The longest `room` in a TXT record: 255 bytes with its key and the sign between.
const ROOM: usize = 255 - "room=".len();

/// A name as it is compared: without case (RFC 6762 section 16).
pub type Folded = Vec<u8>;

/// `name` without case.
pub fn folded(name: &Name) -> Folded {
    let mut bytes = Vec::with_capacity(name.get_labels().len() * 16);
    for label in name.as_bytes() {
        bytes.push(u8::try_from(label.len()).unwrap_or(u8::MAX));
        bytes.extend(label.iter().map(u8::to_ascii_lowercase));
    }
    bytes
}

/// The name with these labels.
pub fn name(labels: &[&str]) -> Name<'static> {
    let labels: Vec<Label<'static>> = labels
        .iter()
        .map(|label| Label::new_unchecked(label.as_bytes().to_vec()))
        .collect();
    Name::new_with_labels(&labels)
}

/// The service type's name.
pub fn service() -> Name<'static> {
    name(&["_chatroom", "_tcp", "local"])
}

/// Under which all service types are listed (RFC 6763 section 9).
pub fn types() -> Name<'static> {
    name(&["_services", "_dns-sd", "_udp", "local"])
}

/// As much of `text` as fits into that many bytes, cut where a character begins.
pub fn cut(text: &str, bytes: usize) -> &str {
    let fits = |at: &usize| text.is_char_boundary(*at);
    &text[..(0..=bytes.min(text.len())).rfind(fits).unwrap_or(0)]
}

/// The label of a room: what people see who list services with another program. `unique` keeps
/// rooms of the same name apart.
pub fn label(room: &str, unique: &str) -> String {
    let room = cut(room, LABEL - 1 - unique.len()).trim_end();
    format!("{room} {unique}")
}

/// The TXT record of a room.
pub fn txt(room: &str, id: &str, key: bool) -> TXT<'static> {
    let version = env!("CARGO_PKG_VERSION");
    let strings = [
        Some(format!("room={}", cut(room, ROOM))),
        Some(format!("id={id}")),
        Some(format!("version={version}")),
        key.then(|| "key=1".to_string()),
    ];
    let mut txt = TXT::new();
    for text in strings.into_iter().flatten() {
        // Each is short enough: the room's name was cut, and the rest is ours.
        if let Ok(text) = simple_dns::CharacterString::try_from(text) {
            txt.add_char_string(text);
        }
    }
    txt
}

/// What a TXT record says of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordText {
    /// Its name, cleaned.
    pub room: String,
    /// The id of its log.
    pub id: String,
    /// Whether it has a key.
    pub key: bool,
}

/// Reads a TXT record. `None` if it is not that of a room, or has a name of which nothing can be
/// shown.
pub fn told(txt: &TXT) -> Option<RecordText> {
    // Of keys that come twice the first counts (RFC 6763 section 6.4).
    let value = |wanted: &str| {
        let mut all = txt.iter_raw();
        let found = all.find(|(key, _)| key.eq_ignore_ascii_case(wanted.as_bytes()));
        found.map(|(_, value)| value.unwrap_or_default())
    };
    let id = std::str::from_utf8(value("id")?).ok()?;
    let fits = (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    let room = clean(&String::from_utf8_lossy(value("room")?));
    (fits && !room.is_empty()).then(|| RecordText {
        room,
        id: id.to_ascii_lowercase(),
        key: value("key").is_some_and(|value| value == b"1"),
    })
}

/// A room's name from the network as it may be shown: on one line, and without characters that
/// show nothing, or hide or turn round what stands beside them.
fn clean(text: &str) -> String {
    // Joiners make outgoing and emoji what they are, and move nothing.
    let shown = |c: &char| matches!(c, '\u{200c}' | '\u{200d}') || !is_hidden(*c);
    let text: String = text.chars().filter(shown).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    match text.chars().any(|c| !matches!(c, '\u{200c}' | '\u{200d}')) {
        true => cut(&text, ROOM).to_string(),
        false => String::new(),
    }
}

/// A record of the types that matter here.
#[derive(Clone, Debug)]
pub struct Record {
    /// Whose it is.
    pub name: Name<'static>,
    /// How long it holds, in seconds; 0 is a good-bye.
    pub ttl: u32,
    /// Whether it replaces what was said of that name and type before.
    pub flush: bool,
    /// What it says.
    pub says: RecordData,
}

/// What a record says.
#[derive(Clone, Debug)]
pub enum RecordData {
    /// There is an instance of the service.
    Instance(Name<'static>),
    /// Where an instance is.
    At {
        /// The host's name.
        host: Name<'static>,
        /// The port.
        port: u16,
    },
    /// What a room tells of itself; `None` if that makes no sense.
    Of(Option<RecordText>),
    /// A host's address.
    Address(IpAddr),
}

/// The records of a response, all sections together. `None` if it is no response.
pub fn read(bytes: &[u8]) -> Option<Vec<Record>> {
    let packet = Packet::parse(bytes).ok()?;
    if !packet.has_flags(PacketFlag::RESPONSE) {
        return None;
    }
    let all = packet.answers.iter().chain(&packet.additional_records);
    Some(all.filter_map(record).collect())
}

fn record(record: &ResourceRecord) -> Option<Record> {
    let says = match &record.rdata {
        RData::PTR(PTR(instance)) => RecordData::Instance(instance.clone().into_owned()),
        RData::SRV(srv) => RecordData::At {
            host: srv.target.clone().into_owned(),
            port: srv.port,
        },
        RData::TXT(txt) => RecordData::Of(told(txt)),
        RData::A(a) => RecordData::Address(IpAddr::V4(Ipv4Addr::from(a.address))),
        RData::AAAA(aaaa) => RecordData::Address(IpAddr::V6(Ipv6Addr::from(aaaa.address))),
        _ => return None,
    };
    Some(Record {
        name: record.name.clone().into_owned(),
        ttl: record.ttl,
        flush: record.cache_flush,
        says,
    })
}

/// A question.
pub fn question(name: Name<'static>, kind: TYPE) -> Question<'static> {
    Question::new(name, QTYPE::TYPE(kind), CLASS::IN.into(), false)
}

/// A record to be sent.
pub fn say(
    name: Name<'static>,
    ttl: u32,
    flush: bool,
    says: RData<'static>,
) -> ResourceRecord<'static> {
    ResourceRecord::new(name, CLASS::IN, ttl, says).with_cache_flush(flush)
}

/// An address as a record says it.
pub fn address(ip: IpAddr) -> RData<'static> {
    match ip {
        IpAddr::V4(ip) => RData::A(A { address: ip.into() }),
        IpAddr::V6(ip) => RData::AAAA(AAAA { address: ip.into() }),
    }
}

/// Where an instance is, as a record says it.
pub fn at(host: Name<'static>, port: u16) -> RData<'static> {
    RData::SRV(SRV {
        priority: 0,
        weight: 0,
        port,
        target: host,
    })
}

/// A query for all of `questions`, which says what is known already.
pub fn query(questions: Vec<Question<'static>>, known: Vec<ResourceRecord<'static>>) -> Vec<u8> {
    let mut packet = Packet::new_query(0);
    packet.questions = questions;
    packet.answers = known;
    bytes(&mut packet)
}

/// A response with these records; to a resolver that is no mDNS one with its id and questions.
pub fn response(
    records: Vec<ResourceRecord<'static>>,
    to: Option<(u16, Vec<Question<'static>>)>,
) -> Vec<u8> {
    let (id, questions) = to.unwrap_or_default();
    let mut packet = Packet::new_reply(id);
    packet.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
    packet.questions = questions;
    packet.answers = records;
    bytes(&mut packet)
}

/// The message; with fewer records, and then questions, where all would not fit, the last ones first.
fn bytes(packet: &mut Packet) -> Vec<u8> {
    loop {
        let bytes = packet.build_bytes_vec_compressed().unwrap_or_default();
        if bytes.len() <= LONGEST {
            return bytes;
        }
        if packet.answers.pop().is_none() && packet.questions.pop().is_none() {
            return Vec::new();
        }
    }
}

#[cfg(test)]
mod tests;
