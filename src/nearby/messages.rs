//! The mDNS messages for one service type, parsed and written.
//!
//! Parsed messages are plain values; a damaged message gives none. The bytes are never trusted: `simple_dns`
//! bounds names and follows pointers only backwards, and texts are cleaned before they are kept.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use simple_dns::rdata::{A, AAAA, PTR, RData, SRV, TXT};
use simple_dns::{CLASS, Label, Name, Packet, PacketFlag, QTYPE, Question, ResourceRecord, TYPE};

use crate::name::is_hidden;

/// The longest message that is sent, in bytes; it fits into one packet everywhere (RFC 6762 section 17).
pub const LONGEST: usize = 1_440;
/// The longest label, in bytes (RFC 1035).
const LABEL: usize = 63;
/// The longest `room` in a TXT record, in bytes: 255 less its key and the equals sign.
const ROOM: usize = 255 - "room=".len();

/// A name in the form for comparison: without case (RFC 6762 section 16).
pub type Folded = Vec<u8>;

/// Folds `name` for comparison.
pub fn folded(name: &Name) -> Folded {
    let mut bytes = Vec::with_capacity(name.get_labels().len() * 16);
    for label in name.as_bytes() {
        bytes.push(u8::try_from(label.len()).unwrap_or(u8::MAX));
        bytes.extend(label.iter().map(u8::to_ascii_lowercase));
    }
    bytes
}

/// Makes the name with these labels.
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

/// The name under which all service types are listed (RFC 6763 section 9).
pub fn types() -> Name<'static> {
    name(&["_services", "_dns-sd", "_udp", "local"])
}

/// The beginning of `text` that fits into that many bytes, cut between two characters.
pub fn cut(text: &str, bytes: usize) -> &str {
    let fits = |at: &usize| text.is_char_boundary(*at);
    &text[..(0..=bytes.min(text.len())).rfind(fits).unwrap_or(0)]
}

/// The label of a room, as other programs that list services show it. `unique` keeps rooms of the
/// same name apart.
pub fn label(room: &str, unique: &str) -> String {
    let room = cut(room, LABEL - 1 - unique.len()).trim_end();
    format!("{room} {unique}")
}

/// Makes the TXT record of a room.
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
        // Always short enough: the room's name was cut, and the other strings are short.
        if let Ok(text) = simple_dns::CharacterString::try_from(text) {
            txt.add_char_string(text);
        }
    }
    txt
}

/// The contents of a room's TXT record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordText {
    /// The room's name, cleaned.
    pub room: String,
    /// The id of the room's log.
    pub id: String,
    /// Tells whether the room has a key.
    pub key: bool,
}

/// Parses a TXT record. `None` if it is not a room's, or if nothing in its name can be shown.
pub fn told(txt: &TXT) -> Option<RecordText> {
    // If a key is repeated, the first one counts (RFC 6763 section 6.4).
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

/// A room's name from the network in a form that is safe to show: on one line, and without characters
/// that are invisible, or that hide or reverse their neighbours.
fn clean(text: &str) -> String {
    // Joiners are part of some scripts and emoji, and move nothing.
    let shown = |c: &char| matches!(c, '\u{200c}' | '\u{200d}') || !is_hidden(*c);
    let text: String = text.chars().filter(shown).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    if text.chars().any(|c| !matches!(c, '\u{200c}' | '\u{200d}')) {
        cut(&text, ROOM).to_string()
    } else {
        String::new()
    }
}

/// A record of one of the types that matter here.
#[derive(Clone, Debug)]
pub struct Record {
    /// The owner name.
    pub name: Name<'static>,
    /// The time to live, in seconds; 0 is a good-bye.
    pub ttl: u32,
    /// Tells whether it replaces earlier records of that name and type.
    pub flush: bool,
    /// The contents.
    pub says: RecordData,
}

/// The contents of a record.
#[derive(Clone, Debug)]
pub enum RecordData {
    /// PTR: an instance of the service.
    Instance(Name<'static>),
    /// SRV: the host and port of an instance.
    At {
        /// The host's name.
        host: Name<'static>,
        /// The port.
        port: u16,
    },
    /// TXT: a room's description; `None` if it is not valid.
    Of(Option<RecordText>),
    /// A or AAAA: an address of a host.
    Address(IpAddr),
}

/// Parses the records of a response, all sections together. `None` if it is not a response.
pub fn read(bytes: &[u8]) -> Option<Vec<Record>> {
    let packet = Packet::parse(bytes).ok()?;
    if !packet.has_flags(PacketFlag::RESPONSE) {
        return None;
    }
    let all = packet.answers.iter().chain(&packet.additional_records);
    Some(all.filter_map(read_record).collect())
}

fn read_record(record: &ResourceRecord) -> Option<Record> {
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

/// Makes a question.
pub fn question(name: Name<'static>, kind: TYPE) -> Question<'static> {
    Question::new(name, QTYPE::TYPE(kind), CLASS::IN.into(), false)
}

/// Makes a record to be sent, which others may have as well; `ttl` is in seconds.
pub fn record(name: Name<'static>, ttl: u32, data: RData<'static>) -> ResourceRecord<'static> {
    ResourceRecord::new(name, CLASS::IN, ttl, data)
}

/// The A or AAAA data of an address.
pub fn address(ip: IpAddr) -> RData<'static> {
    match ip {
        IpAddr::V4(ip) => RData::A(A { address: ip.into() }),
        IpAddr::V6(ip) => RData::AAAA(AAAA { address: ip.into() }),
    }
}

/// The SRV data of an instance.
pub fn at(host: Name<'static>, port: u16) -> RData<'static> {
    RData::SRV(SRV {
        priority: 0,
        weight: 0,
        port,
        target: host,
    })
}

/// Writes a query with all `questions` and the answers that are known already.
pub fn query(questions: Vec<Question<'static>>, known: Vec<ResourceRecord<'static>>) -> Vec<u8> {
    let mut packet = Packet::new_query(0);
    packet.questions = questions;
    packet.answers = known;
    bytes(&mut packet)
}

/// Writes a response with these records; for a conventional resolver with the id and questions of its query.
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

/// Writes the message; if it would be too long, with fewer records and then fewer questions,
/// dropped from the end.
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
