//! How intents and ends lie in the files: kind, length, CRC-32 of both and the message, the message.
//!
//! Both messages are a [`UsageRecord`]: an intent has the fields known before the answer, an end those known after, and
//! what they make together is the record.

use prosopa_contract::events::UsageRecord;
use prost::Message;

/// Bytes before the message.
const HEAD_LEN: usize = 9;

/// Most bytes of a message: a record is bounded by what is put into it, this bounds what a broken file claims.
const MESSAGE_LEN_MAX: usize = 64 * 1024;

/// What a frame tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A request was admitted.
    Intent,
    /// It is over.
    End,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Self::Intent => b'I',
            Self::End => b'E',
        }
    }

    const fn of_byte(byte: u8) -> Option<Self> {
        match byte {
            b'I' => Some(Self::Intent),
            b'E' => Some(Self::End),
            _ => None,
        }
    }
}

/// A frame that was read.
#[derive(Debug, PartialEq)]
pub(super) struct Frame<'a> {
    pub(super) kind: Kind,
    /// Of the request.
    pub(super) sequence: u64,
    /// Encoded. That of an end behind that of its intent is the record (protobuf: fields that come again are merged).
    pub(super) message: &'a [u8],
    /// Bytes it takes in the file.
    pub(super) len: usize,
}

/// What a reader has to know of a message.
#[derive(Clone, PartialEq, Message)]
struct Numbered {
    #[prost(uint64, tag = "1")]
    sequence: u64,
}

/// Bytes of the frame of a message.
pub(super) fn len_of(message: &UsageRecord) -> usize {
    HEAD_LEN + message.encoded_len()
}

/// Appends a frame.
pub(super) fn append(bytes: &mut Vec<u8>, kind: Kind, message: &UsageRecord) {
    let start = bytes.len();
    bytes.reserve(len_of(message));
    bytes.push(kind.byte());
    bytes.extend_from_slice(&u32::try_from(message.encoded_len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    message.encode_raw(bytes);
    let checksum = checksum(&bytes[start..]);
    bytes[start + 5..start + HEAD_LEN].copy_from_slice(&checksum.to_le_bytes());
}

/// The frame that `bytes` begin with; none if they do not begin with a whole and sound one.
pub(super) fn read(bytes: &[u8]) -> Option<Frame<'_>> {
    let head = bytes.get(..HEAD_LEN)?;
    let kind = Kind::of_byte(head[0])?;
    let message_len = usize::try_from(u32::from_le_bytes(head[1..5].try_into().ok()?)).ok()?;
    if message_len > MESSAGE_LEN_MAX {
        return None;
    }
    let len = HEAD_LEN + message_len;
    let whole = bytes.get(..len)?;
    if checksum(whole) != u32::from_le_bytes(head[5..].try_into().ok()?) {
        return None;
    }
    let message = &whole[HEAD_LEN..];
    Some(Frame { kind, sequence: Numbered::decode(message).ok()?.sequence, message, len })
}

/// Of everything but itself.
fn checksum(frame: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&frame[..5]);
    hasher.update(&frame[HEAD_LEN..]);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> UsageRecord {
        UsageRecord { sequence: 7, operation: "detection_create_detection".into(), ..UsageRecord::default() }
    }

    /// S12: the stored form, which newer programs read too.
    #[test]
    fn frames_keep_their_bytes() {
        let mut bytes = Vec::new();
        append(&mut bytes, Kind::Intent, &UsageRecord { sequence: 7, ..UsageRecord::default() });
        append(&mut bytes, Kind::End, &UsageRecord { sequence: 7, status: 201, ..UsageRecord::default() });
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, "490200000074518a57080745050000001405c159080760c901");
    }

    #[test]
    fn a_changed_or_cut_frame_is_none() {
        let mut bytes = Vec::new();
        append(&mut bytes, Kind::Intent, &message());
        let encoded = message().encode_to_vec();
        let frame = Frame { kind: Kind::Intent, sequence: 7, message: &encoded, len: bytes.len() };
        assert_eq!(read(&bytes), Some(frame));
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            assert_eq!(read(&changed), None, "byte {position}");
            assert_eq!(read(&bytes[..position]), None, "cut at {position}");
        }
    }

    #[test]
    fn a_length_beyond_all_bounds_is_no_frame() {
        let mut bytes = vec![b'I'];
        bytes.extend_from_slice(&u32::MAX.to_le_bytes());
        bytes.resize(1024, 0);
        assert_eq!(read(&bytes), None);
    }
}
