//! PNG (W3C PNG, third edition, section 5): chunks.

use super::{exif, slice};

const SIGNATURE_LEN: usize = 8;

/// Chunks beside the critical ones that decide how the pixels are shown.
const SHOWN: [&[u8; 4]; 9] =
    [b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"bKGD", b"pHYs"];

pub(super) fn strip(picture: &[u8]) -> Vec<u8> {
    let mut stripped = Vec::with_capacity(picture.len());
    stripped.extend_from_slice(&picture[..SIGNATURE_LEN.min(picture.len())]);
    let mut at = SIGNATURE_LEN;
    while let Some(head) = slice(picture, at, 8) {
        let (len, kind) = head.split_at(4);
        let len = len.try_into().map_or(0, u32::from_be_bytes) as usize;
        // Length, type, content, checksum.
        let Some(chunk) = len.checked_add(12).and_then(|len| slice(picture, at, len)) else {
            // The last chunk breaks off: some decoders make do with a part of the pixels.
            if kind == b"IDAT" {
                stripped.extend_from_slice(&picture[at..]);
            }
            break;
        };
        at += chunk.len();
        // The fifth bit of the type's first letter is set where the chunk is not critical.
        let is_critical = kind[0] & 0x20 == 0;
        if is_critical || SHOWN.iter().any(|shown| *shown == kind) {
            stripped.extend_from_slice(chunk);
        } else if kind == b"eXIf"
            && let Some(orientation) = exif::orientation(&chunk[8..8 + len])
        {
            push(&mut stripped, b"eXIf", &exif::tiff_with(orientation));
        }
        if kind == b"IEND" {
            break;
        }
    }
    stripped
}

fn push(stripped: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(kind);
    checksum.update(content);
    stripped.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
    stripped.extend_from_slice(kind);
    stripped.extend_from_slice(content);
    stripped.extend(checksum.finalize().to_be_bytes());
}
