//! A walk over a JPEG file's markers (ITU-T T.81, annex B): is it complete, is it progressive?
//!
//! The decoder fills what is missing with grey, so a truncated file has to be told here.

/// What the markers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Markers {
    /// Whether the picture comes in several scans, so that all coefficients are held in memory.
    pub(super) is_progressive: bool,
}

/// The data end before the end-of-image marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the data end before the end of the picture")]
pub(super) struct Truncated;

const START_OF_FRAME_PROGRESSIVE: u8 = 0xC2;
const START_OF_IMAGE: u8 = 0xD8;
const END_OF_IMAGE: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;

impl Markers {
    /// Walks from the start-of-image to the first end-of-image marker.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Truncated> {
        let mut is_progressive = false;
        let mut has_scan = false;
        let mut rest = bytes;
        loop {
            let (marker, after) = next_marker(rest)?;
            rest = after;
            match marker {
                END_OF_IMAGE if has_scan => return Ok(Self { is_progressive }),
                // Markers without a segment: TEM, RST0 to RST7, SOI; an EOI before any scan is a stray byte pair.
                0x01 | 0xD0..=START_OF_IMAGE | END_OF_IMAGE => {}
                _ => {
                    let len = rest.first_chunk::<2>().ok_or(Truncated)?;
                    rest = rest.get(usize::from(u16::from_be_bytes(*len))..).ok_or(Truncated)?;
                    is_progressive |= marker == START_OF_FRAME_PROGRESSIVE;
                    has_scan |= marker == START_OF_SCAN;
                }
            }
        }
    }
}

/// Skips to the next marker; inside a scan, 0xFF before 0x00 is data.
fn next_marker(bytes: &[u8]) -> Result<(u8, &[u8]), Truncated> {
    let mut rest = bytes;
    loop {
        let prefix = rest.iter().position(|byte| *byte == 0xFF).ok_or(Truncated)?;
        rest = &rest[prefix..];
        let marker = rest.iter().position(|byte| *byte != 0xFF).ok_or(Truncated)?;
        let code = rest[marker];
        rest = &rest[marker + 1..];
        if code != 0x00 {
            return Ok((code, rest));
        }
    }
}

#[cfg(test)]
mod tests;
