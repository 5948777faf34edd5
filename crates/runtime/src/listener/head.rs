//! Where each request of an HTTP/1 connection begins and ends, read strictly (RFC 9112).
//!
//! Two readers that disagree about the end of a message let one client speak in another's name. The server behind this
//! overlooks some of what readers disagree about (a line that ends without CR, `Content-Length` beside
//! `Transfer-Encoding`, a length that is said twice); here it is refused before the server sees it. What the server
//! refuses by itself, such as folded lines or bytes that no field may have, is left to it. Reads no field for its
//! meaning and does no input or output.

mod chunks;
#[cfg(test)]
mod tests;

use http::HeaderValue;

use self::chunks::Chunks;

/// How every connection with HTTP/2 begins (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Empty lines that may stand before a request (RFC 9112, section 2.2).
const BLANK_LINES_MAX: usize = 2;

/// What is wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It cannot be read, or be read in more than one way.
    Malformed(&'static str),
    /// Its target is too long.
    UriTooLong,
    /// Its fields are too many or too large.
    HeadTooLarge,
}

/// What a head may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeadLimits {
    /// Bytes of all its lines; over HTTP/2 of its fields.
    pub(super) head_bytes_max: usize,
    /// Bytes of its target.
    pub(super) uri_bytes_max: usize,
    /// Fields.
    pub(super) fields_max: usize,
}

/// Follows one connection.
pub(super) struct Scanner {
    limits: HeadLimits,
    state: State,
    is_first: bool,
}

enum State {
    Head(Head),
    /// A body of which so many bytes are to come.
    Sized(u64),
    Chunked(Chunks),
    /// HTTP/2, or what follows an upgrade: another protocol.
    Opaque,
}

impl Scanner {
    pub(super) fn new(limits: HeadLimits) -> Self {
        Self { limits, state: State::Head(Head::default()), is_first: true }
    }

    /// How many of `bytes`, which begin with what was not taken the last time, are good to be passed on; and what is
    /// wrong with those behind them. Without a fault, what is left is a head that is not complete.
    pub(super) fn take(&mut self, bytes: &[u8]) -> (usize, Option<Fault>) {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            match &mut self.state {
                State::Opaque => return (bytes.len(), None),
                State::Head(_)
                    if self.is_first && (rest.starts_with(PREFACE) || PREFACE.starts_with(rest)) =>
                {
                    if rest.len() < PREFACE.len() {
                        return (at, None);
                    }
                    self.state = State::Opaque;
                }
                State::Head(head) => match head.read(rest, self.limits) {
                    Ok(None) => return (at, None),
                    Ok(Some((length, next))) => {
                        at += length;
                        self.state = next;
                        self.is_first = false;
                    }
                    Err(fault) => return (at, Some(fault)),
                },
                State::Sized(left) => {
                    let taken = rest.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    at += taken;
                    *left -= taken as u64;
                    if *left == 0 {
                        self.state = State::Head(Head::default());
                    }
                }
                State::Chunked(chunks) => {
                    let (taken, outcome) = chunks.take(rest);
                    at += taken;
                    match outcome {
                        Ok(true) => self.state = State::Head(Head::default()),
                        Ok(false) => {}
                        Err(fault) => return (at, Some(fault)),
                    }
                }
            }
        }
        (at, None)
    }

    /// Whether a body has not ended yet.
    pub(super) const fn is_in_body(&self) -> bool {
        matches!(self.state, State::Sized(_) | State::Chunked(_))
    }
}

/// What is known of a head so far.
#[derive(Default)]
struct Head {
    /// Where the line in hand begins.
    line: usize,
    /// Up to where no end of it was found.
    searched: usize,
    blank_lines: usize,
    fields: usize,
    has_request_line: bool,
    is_http_1_0: bool,
    length: Option<u64>,
    is_chunked: bool,
    is_upgrade: bool,
}

impl Head {
    /// Reads on in a head that `bytes` begin with: its length and what follows it, once it is complete.
    fn read(&mut self, bytes: &[u8], limits: HeadLimits) -> Result<Option<(usize, State)>, Fault> {
        while let Some(found) = memchr::memchr(b'\n', &bytes[self.searched..]) {
            let end = self.searched + found;
            let line = &bytes[self.line..end];
            (self.line, self.searched) = (end + 1, end + 1);
            if !self.has_request_line && line.len() > limits.head_bytes_max.min(limits.uri_bytes_max + 64) {
                return Err(Fault::UriTooLong);
            }
            if self.line > limits.head_bytes_max {
                return Err(Fault::HeadTooLarge);
            }
            let line = line.strip_suffix(b"\r").ok_or(Fault::Malformed("a line does not end with CR LF"))?;
            match line {
                [] if self.has_request_line => return self.end().map(|next| Some((self.line, next))),
                [] => {
                    self.blank_lines += 1;
                    if self.blank_lines > BLANK_LINES_MAX {
                        return Err(Fault::Malformed("the request begins with empty lines"));
                    }
                }
                line if !self.has_request_line => self.read_request_line(line, limits)?,
                line => self.read_field(line, limits)?,
            }
        }
        self.searched = bytes.len();
        let pending = bytes.len() - self.line;
        if !self.has_request_line && pending > limits.uri_bytes_max + 64 {
            return Err(Fault::UriTooLong);
        }
        if bytes.len() > limits.head_bytes_max { Err(Fault::HeadTooLarge) } else { Ok(None) }
    }

    fn read_request_line(&mut self, line: &[u8], limits: HeadLimits) -> Result<(), Fault> {
        const NO_HTTP: Fault = Fault::Malformed("the request line cannot be read");
        self.has_request_line = true;
        let (rest, is_http_1_0) = match line.strip_suffix(b" HTTP/1.1") {
            Some(rest) => (rest, false),
            None => (line.strip_suffix(b" HTTP/1.0").ok_or(NO_HTTP)?, true),
        };
        self.is_http_1_0 = is_http_1_0;
        let space = memchr::memchr(b' ', rest).ok_or(NO_HTTP)?;
        if rest.len() - space - 1 > limits.uri_bytes_max { Err(Fault::UriTooLong) } else { Ok(()) }
    }

    fn read_field(&mut self, line: &[u8], limits: HeadLimits) -> Result<(), Fault> {
        self.fields += 1;
        if self.fields > limits.fields_max {
            return Err(Fault::HeadTooLarge);
        }
        // Only three names matter here, and most others begin otherwise.
        if !matches!(line[0] | 0x20, b'c' | b't' | b'u') {
            return Ok(());
        }
        let Some(colon) = memchr::memchr(b':', line) else { return Ok(()) };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            if self.length.is_some() {
                return Err(Fault::Malformed("Content-Length is there twice"));
            }
            self.length = Some(read_length(value)?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.is_chunked {
                return Err(Fault::Malformed("Transfer-Encoding is there twice"));
            }
            if self.is_http_1_0 || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Fault::Malformed("Transfer-Encoding is not chunked"));
            }
            self.is_chunked = true;
        } else if name.eq_ignore_ascii_case(b"upgrade") {
            self.is_upgrade |= is_web_socket(value);
        }
        Ok(())
    }

    fn end(&self) -> Result<State, Fault> {
        let has_body = self.is_chunked || self.length.is_some_and(|length| length > 0);
        match (self.length, self.is_chunked) {
            (Some(_), true) => Err(Fault::Malformed("Content-Length stands beside Transfer-Encoding")),
            _ if has_body && self.is_upgrade => Err(Fault::Malformed("an upgrade has no body")),
            _ if self.is_upgrade && !self.is_http_1_0 => Ok(State::Opaque),
            (None | Some(0), false) => Ok(State::Head(Self::default())),
            (Some(length), false) => Ok(State::Sized(length)),
            (None, true) => Ok(State::Chunked(Chunks::default())),
        }
    }
}

fn read_length(value: &[u8]) -> Result<u64, Fault> {
    const NO_NUMBER: Fault = Fault::Malformed("Content-Length is not a number");
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(NO_NUMBER);
    }
    std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).ok_or(NO_NUMBER)
}

/// Whether a request has the one upgrade that is known.
pub(super) fn asks_for_web_socket<'a>(upgrades: impl IntoIterator<Item = &'a HeaderValue>) -> bool {
    upgrades.into_iter().any(|value| is_web_socket(value.as_bytes().trim_ascii()))
}

fn is_web_socket(value: &[u8]) -> bool {
    value.eq_ignore_ascii_case(b"websocket")
}
