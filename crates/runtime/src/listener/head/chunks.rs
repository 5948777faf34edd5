//! The chunks of a body (RFC 9112, section 7.1), each byte of their frame in its place.

use super::Fault;

/// Hexadecimal digits of a size: no body of the product comes near 4 PiB, and no reader's number overflows.
const SIZE_DIGITS_MAX: u8 = 13;

/// Bytes of extensions and trailers of one body.
const FRAME_BYTES_MAX: usize = 8 * 1024;

/// Where a body stands.
#[derive(Default)]
pub(super) struct Chunks {
    part: Part,
    digits: u8,
    /// Bytes of the chunk that are to come.
    left: u64,
    /// Bytes of extensions and trailers so far.
    frame_bytes: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Part {
    #[default]
    Size,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerStart,
    Trailer,
    TrailerLf,
    EndLf,
}

impl Chunks {
    /// How many of `bytes` belong to the body, and whether it ends with them or what is wrong with those behind them.
    pub(super) fn take(&mut self, bytes: &[u8]) -> (usize, Result<bool, Fault>) {
        let mut at = 0;
        while at < bytes.len() {
            if self.part == Part::Data {
                let taken = (bytes.len() - at).min(usize::try_from(self.left).unwrap_or(usize::MAX));
                at += taken;
                self.left -= taken as u64;
                if self.left == 0 {
                    self.part = Part::DataCr;
                }
                continue;
            }
            let is_end = self.part == Part::EndLf;
            self.part = match self.step(bytes[at]) {
                Ok(part) => part,
                Err(fault) => return (at, Err(fault)),
            };
            at += 1;
            if is_end {
                return (at, Ok(true));
            }
        }
        (at, Ok(false))
    }

    fn step(&mut self, byte: u8) -> Result<Part, Fault> {
        const BROKEN: Fault = Fault::Malformed("the chunks of the body are broken");
        match (self.part, byte) {
            (Part::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if self.digits < SIZE_DIGITS_MAX => {
                let digit = char::from(byte).to_digit(16).map_or(0, u64::from);
                self.left = self.left << 4 | digit;
                self.digits += 1;
                Ok(Part::Size)
            }
            (Part::Size, b';') if self.digits > 0 => Ok(Part::Extension),
            (Part::Size, b'\r') if self.digits > 0 => Ok(Part::SizeLf),
            (Part::Extension, b'\r') => Ok(Part::SizeLf),
            (Part::Extension, byte) if is_text(byte) => self.count(Part::Extension),
            (Part::SizeLf, b'\n') => {
                self.digits = 0;
                Ok(if self.left == 0 { Part::TrailerStart } else { Part::Data })
            }
            (Part::DataCr, b'\r') => Ok(Part::DataLf),
            (Part::DataLf, b'\n') => Ok(Part::Size),
            (Part::TrailerStart, b'\r') => Ok(Part::EndLf),
            (Part::Trailer, b'\r') => Ok(Part::TrailerLf),
            // A trailer does not begin with a space: that would be a folded line.
            (Part::TrailerStart, byte) if byte.is_ascii_graphic() => self.count(Part::Trailer),
            (Part::Trailer, byte) if is_text(byte) => self.count(Part::Trailer),
            (Part::TrailerLf, b'\n') => Ok(Part::TrailerStart),
            (Part::EndLf, b'\n') => Ok(Part::Size),
            _ => Err(BROKEN),
        }
    }

    fn count(&mut self, part: Part) -> Result<Part, Fault> {
        self.frame_bytes += 1;
        if self.frame_bytes > FRAME_BYTES_MAX { Err(Fault::HeadTooLarge) } else { Ok(part) }
    }
}

/// What a field's value may have (RFC 9110, section 5.5).
fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}
