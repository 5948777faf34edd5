//! JPEG (ITU-T T.81, annex B): markers, segments, scans.

use super::{exif, slice};

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const COM: u8 = 0xfe;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;
const APP15: u8 = 0xef;

pub(super) fn strip(picture: &[u8]) -> Vec<u8> {
    let mut stripped = Vec::with_capacity(picture.len());
    stripped.extend([0xff, SOI]);
    let mut has_orientation = false;
    let mut at = 2;
    while let Some((marker, start)) = next_marker(picture, at) {
        at = start;
        match marker {
            EOI => {
                stripped.extend([0xff, EOI]);
                break;
            }
            // These have no content: TEM, RST0 to RST7, and a second beginning.
            0x01 | 0xd0..=SOI => {
                stripped.extend([0xff, marker]);
                continue;
            }
            _ => {}
        }
        let Some(content) = content(picture, start) else { break };
        at = start + 2 + content.len();
        match marker {
            APP1 if !has_orientation => {
                let tiff = content.strip_prefix(b"Exif\0\0");
                if let Some(orientation) = tiff.and_then(exif::orientation) {
                    let exif = [b"Exif\0\0".as_slice(), &exif::tiff_with(orientation)].concat();
                    push(&mut stripped, APP1, &exif);
                    has_orientation = true;
                }
            }
            APP0..=APP15 | COM => push_if_shown(&mut stripped, marker, content),
            SOS => {
                push(&mut stripped, SOS, content);
                let end = end_of_scan(picture, at);
                stripped.extend_from_slice(&picture[at..end]);
                at = end;
            }
            _ => push(&mut stripped, marker, content),
        }
    }
    stripped
}

/// Keeps what decides how the pixels are shown: density, colour profile, colour transform.
fn push_if_shown(stripped: &mut Vec<u8>, marker: u8, content: &[u8]) {
    match marker {
        // JFIF 1.02: identifier, version, unit, densities; then a preview, which is left out.
        APP0 if content.starts_with(b"JFIF\0") && content.len() >= 14 => {
            push(stripped, APP0, &[&content[..12], &[0, 0]].concat());
        }
        APP2 if content.starts_with(b"ICC_PROFILE\0") => push(stripped, APP2, content),
        APP14 if content.starts_with(b"Adobe") && content.len() >= 12 => {
            push(stripped, APP14, &content[..12]);
        }
        _ => {}
    }
}

fn push(stripped: &mut Vec<u8>, marker: u8, content: &[u8]) {
    // A segment's content is at most 65,533 bytes long, and what is pushed is never longer than what was read.
    let len = u16::try_from(content.len() + 2).unwrap_or(u16::MAX);
    stripped.extend([0xff, marker]);
    stripped.extend(len.to_be_bytes());
    stripped.extend_from_slice(content);
}

/// The next marker and where what belongs to it begins; bytes before it and fill bytes are passed over.
fn next_marker(picture: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += picture.get(at..)?.iter().position(|byte| *byte == 0xff)? + 1;
        let marker = *picture.get(at)?;
        if !matches!(marker, 0x00 | 0xff) {
            return Some((marker, at + 1));
        }
    }
}

/// A segment's content, without its length; as much as there is where it breaks off.
fn content(picture: &[u8], start: usize) -> Option<&[u8]> {
    let len = usize::from(u16::from_be_bytes(slice(picture, start, 2)?.try_into().ok()?));
    slice(picture, start + 2, len.checked_sub(2)?)
}

/// Where the compressed data that begins here ends: before a marker other than a restart.
fn end_of_scan(picture: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(offset) = picture[at..].iter().position(|byte| *byte == 0xff) {
        let marker_at = at + offset + 1;
        match picture.get(marker_at) {
            Some(0x00 | 0xd0..=0xd7) => at = marker_at + 1,
            // A fill byte; what follows it may be the marker.
            Some(0xff) => at = marker_at,
            Some(_) => return at + offset,
            None => return picture.len(),
        }
    }
    picture.len()
}
