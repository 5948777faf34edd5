//! Takes out of a picture what the camera and other programs wrote beside it, without touching its pixels.
//!
//! Place, time, device, author, comments, previews and whatever follows the picture go; what changes how the pixels are
//! shown stays: colour profile, gamma, density, transparency, and the orientation, alone in an Exif of its own. The
//! compressed pixels are copied byte for byte. Pure; time and memory grow with the picture's size.
//!
//! Decoders forgive much, so this does too: what is between parts is dropped, and where a part breaks off the picture
//! ends. Bytes that are no JPEG, PNG or WebP are given back as they are: whoever decodes refuses them.

mod capture;
mod exif;
mod jpeg;
mod png;
mod webp;

use bytes::Bytes;

use prosopa_contract::engine::ImageFormat;

pub(crate) use self::capture::{Capture, CaptureField, read as read_capture};

/// The picture without its metadata; the very same bytes if it has none.
pub(crate) fn strip(picture: &Bytes) -> Bytes {
    let stripped = match ImageFormat::of_bytes(picture) {
        Some(ImageFormat::Jpeg) => jpeg::strip(picture),
        Some(ImageFormat::Png) => png::strip(picture),
        Some(ImageFormat::Webp) => webp::strip(picture),
        _ => return picture.clone(),
    };
    if stripped == *picture { picture.clone() } else { stripped.into() }
}

/// Some bytes at a place, if there are so many.
fn slice(bytes: &[u8], start: usize, len: usize) -> Option<&[u8]> {
    bytes.get(start..start.checked_add(len)?)
}

#[cfg(test)]
mod tests;
