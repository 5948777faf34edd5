//! The one thing of Exif that is kept: which way is up (tag 0x0112 of TIFF 6.0, section "Orientation").

use super::slice;

const ORIENTATION: u16 = 0x0112;

/// The orientation, 2 to 8, of a TIFF structure; none where it is upright or not said.
pub(super) fn orientation(tiff: &[u8]) -> Option<u8> {
    let is_little = match slice(tiff, 0, 4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let bytes = slice(tiff, at, 2)?.try_into().ok()?;
        Some(if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let u32_at = |at: usize| {
        let bytes = slice(tiff, at, 4)?.try_into().ok()?;
        Some(if is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    };
    let directory = usize::try_from(u32_at(4)?).ok()?;
    let entries = usize::from(u16_at(directory)?);
    let first = directory.checked_add(2)?;
    let entry = (0..entries).map(|index| first + index * 12).find(|at| u16_at(*at) == Some(ORIENTATION))?;
    let value = u16_at(entry + 8)?;
    u8::try_from(value).ok().filter(|value| (2..=8).contains(value))
}

/// A TIFF structure that says an orientation and nothing else.
pub(super) fn tiff_with(orientation: u8) -> [u8; 26] {
    let mut tiff = *b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\0\0\0\0\0\0\0\0";
    tiff[18] = orientation;
    tiff
}
