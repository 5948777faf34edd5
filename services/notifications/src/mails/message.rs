//! A letter as it travels: headers and both of its forms (RFC 5322, RFC 2046).

use std::time::{Duration, SystemTime};

use lettre::{
    Address, Message,
    message::{
        Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};
use uuid::Uuid;

use prosopa_model::Timestamp;

use super::letter::Letter;

/// Longest address, bytes (RFC 5321, section 4.5.3.1.3, without the angle brackets).
const ADDRESS_LEN_MAX: usize = 254;

/// Reads an address that mail may be sent to: one mailbox, nothing that ends a line or begins another.
pub(crate) fn read_address(text: &str) -> Option<Address> {
    let is_one_word =
        text.len() <= ADDRESS_LEN_MAX && !text.contains(|c: char| c.is_control() || c.is_whitespace());
    text.parse().ok().filter(|_| is_one_word)
}

/// Whom and when a letter goes to, and its name.
pub(crate) struct Envelope<'a> {
    pub(crate) id: Uuid,
    pub(crate) from: &'a Mailbox,
    pub(crate) to: Address,
    pub(crate) date: Timestamp,
}

/// Puts a letter into an envelope. The same letter in the same envelope is always the same bytes, so that a mail that
/// had to be sent twice is known as one.
pub(crate) fn build(envelope: Envelope<'_>, letter: &Letter) -> Result<Message, lettre::error::Error> {
    let Envelope { id, from, to, date } = envelope;
    let message_id = format!("<{id}@{}>", from.email.domain());
    // No robot is to answer it (RFC 3834, section 5).
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(readable(letter.to_text()));
    let html = SinglePart::html(letter.to_html());
    let parts = MultiPart::alternative().boundary(id.simple().to_string());
    Message::builder()
        .message_id(Some(message_id))
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(date.seconds()).unwrap_or_default()))
        .from(from.clone())
        .to(Mailbox::from(to))
        .subject(letter.subject)
        .raw_header(HeaderValue::new(name, "auto-generated".into()))
        .multipart(parts.singlepart(text).singlepart(html))
}

/// ASCII as it is, also in lines of more than 76 characters, of which a link must not be broken for who reads the file;
/// RFC 5322, section 2.1.1 allows 998.
fn readable(text: String) -> Body {
    let is_plain =
        |line: &str| line.len() <= 998 && line.bytes().all(|byte| matches!(byte, b'\t' | 32..=126));
    if text.split("\r\n").all(is_plain) {
        Body::dangerous_pre_encoded(text.into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_one_address_is_an_address() {
        for text in
            ["ada@example.org", "a.b+c@sub.example.org", "administrator@localhost", "müller@example.org"]
        {
            assert!(read_address(text).is_some(), "{text}");
        }
        let long = format!("ada@{}.org", "a".repeat(60)).repeat(4);
        for text in
            ["", "ada", "@example.org", "ada@", "ada@example.org,bob@example.org", "Ada <ada@a.org>", &long]
        {
            assert!(read_address(text).is_none(), "{text}");
        }
        for text in ["ada@example.org\r\nBcc: b@a.org", "ada@example.org\n", "\"a\r\nb\"@a.org", "a b@a.org"]
        {
            assert!(read_address(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn lines_that_mail_cannot_carry_are_encoded() {
        assert_eq!(readable("short\r\n".into()).encoding(), ContentTransferEncoding::SevenBit);
        assert_ne!(readable("a".repeat(999)).encoding(), ContentTransferEncoding::SevenBit);
        assert_ne!(readable("ü".into()).encoding(), ContentTransferEncoding::SevenBit);
        assert_eq!(readable("a\nb".into()).into_vec(), b"a\r\nb");
    }
}
