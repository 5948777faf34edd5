//! WebP (RFC 9649): chunks in a RIFF file.

use super::{exif, slice};

/// Flags of the chunk `VP8X`, section 2.7: Exif, XMP.
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;

/// Chunks that hold pixels or decide how they are shown.
const SHOWN: [&[u8; 4]; 6] = [b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF"];

pub(super) fn strip(picture: &[u8]) -> Vec<u8> {
    let mut stripped = Vec::with_capacity(picture.len());
    stripped.extend_from_slice(&picture[..12.min(picture.len())]);
    let (mut flags_at, mut orientation) = (None, None);
    let mut at = 12;
    while let Some(head) = slice(picture, at, 8) {
        let (kind, len) = head.split_at(4);
        let len = len.try_into().map_or(0, u32::from_le_bytes) as usize;
        let rest = &picture[at + 8..];
        // A last chunk that breaks off is copied as far as it goes.
        let content = slice(rest, 0, len).unwrap_or(rest);
        // Chunks begin at even places.
        at = at.saturating_add(8).saturating_add(len).saturating_add(len % 2);
        if kind == b"VP8X" && content.len() >= 10 && flags_at.is_none() {
            flags_at = Some(stripped.len() + 8);
            push(&mut stripped, head, content);
        } else if SHOWN.iter().any(|shown| *shown == kind) {
            push(&mut stripped, head, content);
        } else if kind == b"EXIF" && orientation.is_none() {
            orientation = exif::orientation(content.strip_prefix(b"Exif\0\0").unwrap_or(content));
        }
    }
    // Only the extended form has a place for Exif.
    if let Some(flags_at) = flags_at {
        stripped[flags_at] &= !(HAS_EXIF | HAS_XMP);
        if let Some(orientation) = orientation {
            let tiff = exif::tiff_with(orientation);
            stripped[flags_at] |= HAS_EXIF;
            push(&mut stripped, b"EXIF\x1a\0\0\0", &tiff);
        }
    }
    if let Some(size) = stripped.len().checked_sub(8).and_then(|size| u32::try_from(size).ok()) {
        stripped[4..8].copy_from_slice(&size.to_le_bytes());
    }
    stripped
}

fn push(stripped: &mut Vec<u8>, head: &[u8], content: &[u8]) {
    stripped.extend_from_slice(head);
    stripped.extend_from_slice(content);
    if content.len() % 2 == 1 {
        stripped.push(0);
    }
}
