//! From the bytes somebody sent to a picture: what may be decoded, and decoding it within limits.
//!
//! [`inspect`] reads the header alone and refuses what is too large or not a still picture; only
//! [`Decodable::decode`] allocates pixels.

mod jpeg_markers;
mod png_header;
mod to_rgb;
mod webp_chunks;

use std::io::Cursor;

use image::{
    ImageDecoder, Limits,
    codecs::{jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder},
    metadata::Orientation,
};
use prosopa_contract::engine::{EngineError, IMAGE_BYTES_MAX, IMAGE_PIXELS_MAX, ImageFormat};

use self::{
    jpeg_markers::Markers,
    png_header::Header,
    to_rgb::convert_to_rgb,
    webp_chunks::{Coding, coding_of},
};
use super::{Picture, orientation::turn_upright};

/// Most memory a decoder may ask for besides the pixels it is given room for, bytes.
const DECODER_ALLOC_MAX: u64 = 512 * 1024 * 1024;

/// Most memory that everything in a PNG file besides its pixels may take, unpacked, bytes.
const PNG_METADATA_ALLOC_MAX: u64 = 16 * 1024 * 1024;

/// Longest side, pixels: what JPEG can say. A longer one gives rows that weigh as much as whole pictures.
const SIDE_PX_MAX: u32 = 65_535;

/// Most memory that the code tables of a lossless WebP picture take for each encoded byte, bytes.
///
/// A code is a table of up to 4 KiB and can be written in about 11 bytes.
const WEBP_TABLE_BYTES: u64 = 512;
/// Room for a lossless WebP picture's tables, whatever its size, bytes.
const WEBP_LOSSLESS_BYTES_MIN: u64 = 64 * 1024;
/// Most bytes for each pixel of a lossless WebP picture; unpacked it has four.
const WEBP_LOSSLESS_PIXEL_BYTES_MAX: u64 = 5;

type Input<'a> = Cursor<&'a [u8]>;

/// A picture whose header was read and whose size is allowed.
pub(crate) struct Decodable<'a> {
    decoder: Box<dyn ImageDecoder + 'a>,
    format: ImageFormat,
    orientation: Orientation,
    /// Bytes of memory decoding needs for each pixel.
    pixel_bytes: u64,
    /// Bytes of memory the decoder's tables need.
    table_bytes: u64,
}

/// Reads the header of an encoded picture.
///
/// # Errors
/// `EmptyImage`, `TooManyBytes`, `UnsupportedFormat`, `UndecodableImage`, `TooManyPixels` or `AnimatedImage`.
pub(crate) fn inspect(bytes: &[u8]) -> Result<Decodable<'_>, EngineError> {
    check_len(bytes)?;
    let format = ImageFormat::of_bytes(bytes).ok_or(EngineError::UnsupportedFormat)?;
    let input = Cursor::new(bytes);
    match format {
        ImageFormat::Jpeg => {
            let markers = Markers::read(bytes).map_err(undecodable)?;
            let decoder = JpegDecoder::new(input).map_err(undecodable)?;
            // Coefficients of a progressive picture are all held as 16-bit numbers.
            let work_bytes = if markers.is_progressive { 6 } else { 0 };
            Decodable::new(Box::new(decoder), format, work_bytes)
        }
        ImageFormat::Png => inspect_png(input, bytes),
        _ => inspect_webp(input, bytes),
    }
}

/// Refuses what can be refused without looking inside.
///
/// # Errors
/// `EmptyImage` or `TooManyBytes`.
pub(crate) fn check_len(bytes: &[u8]) -> Result<(), EngineError> {
    match bytes.len() {
        0 => Err(EngineError::EmptyImage),
        1..=IMAGE_BYTES_MAX => Ok(()),
        _ => Err(EngineError::TooManyBytes { bytes_max: IMAGE_BYTES_MAX as u64 }),
    }
}

impl<'a> Decodable<'a> {
    fn new(
        mut decoder: Box<dyn ImageDecoder + 'a>,
        format: ImageFormat,
        work_bytes: u64,
    ) -> Result<Self, EngineError> {
        let (width, height) = decoder.dimensions();
        check_size(width, height)?;
        let mut limits = Limits::default();
        limits.max_alloc = Some(DECODER_ALLOC_MAX);
        decoder.set_limits(limits).map_err(undecodable)?;
        // A damaged tag does not make the picture unreadable.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let turned_bytes = if matches!(orientation, Orientation::NoTransforms) { 0 } else { 3 };
        let decoded_bytes = u64::from(decoder.color_type().bytes_per_pixel()).max(3);
        Ok(Self {
            decoder,
            format,
            orientation,
            pixel_bytes: decoded_bytes + work_bytes + turned_bytes,
            table_bytes: 0,
        })
    }

    /// The encoding.
    pub(crate) fn format(&self) -> ImageFormat {
        self.format
    }

    /// What decoding weighs, in pixels of plain 8-bit RGB.
    pub(crate) fn cost_px(&self) -> u64 {
        let (width, height) = self.decoder.dimensions();
        let pixels_px = u64::from(width) * u64::from(height) * self.pixel_bytes.div_ceil(3);
        pixels_px.max(self.table_bytes / 3)
    }

    /// Decodes and turns upright; transparency is laid on black.
    ///
    /// # Errors
    /// `UndecodableImage`.
    pub(crate) fn decode(self) -> Result<Picture, EngineError> {
        let (width, height) = self.decoder.dimensions();
        let color = self.decoder.color_type();
        let len = usize::try_from(self.decoder.total_bytes()).map_err(undecodable)?;
        let mut pixels = vec![0; len];
        self.decoder.read_image(&mut pixels).map_err(undecodable)?;
        let rgb = convert_to_rgb(pixels, color).map_err(undecodable)?;
        let (width, height, rgb) = turn_upright((width, height), rgb, self.orientation);
        Ok(Picture::new(width, height, rgb))
    }
}

fn inspect_png<'a>(input: Input<'a>, bytes: &[u8]) -> Result<Decodable<'a>, EngineError> {
    // Before the decoder sees the size: it sizes its buffers by it.
    let header = Header::read(bytes).map_err(undecodable)?;
    check_size(header.width, header.height)?;
    let mut limits = Limits::no_limits();
    // The decoder takes its row from this too, of at most eight bytes a pixel.
    limits.max_alloc = Some(PNG_METADATA_ALLOC_MAX + 2 * 8 * u64::from(header.width));
    let decoder = PngDecoder::with_limits(input, limits).map_err(undecodable)?;
    if decoder.is_apng().map_err(undecodable)? {
        return Err(EngineError::AnimatedImage);
    }
    Decodable::new(Box::new(decoder), ImageFormat::Png, 0)
}

fn inspect_webp<'a>(input: Input<'a>, bytes: &[u8]) -> Result<Decodable<'a>, EngineError> {
    let decoder = WebPDecoder::new(input).map_err(undecodable)?;
    if decoder.has_animation() {
        return Err(EngineError::AnimatedImage);
    }
    let (width, height) = decoder.dimensions();
    // Each way a picture is coded, with the planes that are held besides the pixels.
    let (lossless_len, work_bytes) = match coding_of(bytes) {
        Coding::Lossy => (0, 2),
        Coding::Lossless { len } => (len, 5),
        Coding::LossyWithAlpha { len } => (len, 8),
    };
    let pixels = u64::from(width) * u64::from(height);
    if lossless_len > WEBP_LOSSLESS_BYTES_MIN + WEBP_LOSSLESS_PIXEL_BYTES_MAX * pixels {
        return Err(undecodable("there are more data than the picture has pixels for"));
    }
    let decodable = Decodable::new(Box::new(decoder), ImageFormat::Webp, work_bytes)?;
    Ok(Decodable { table_bytes: lossless_len * WEBP_TABLE_BYTES, ..decodable })
}

fn check_size(width: u32, height: u32) -> Result<(), EngineError> {
    if u64::from(width) * u64::from(height) > IMAGE_PIXELS_MAX {
        return Err(EngineError::TooManyPixels { width, height, pixels_max: IMAGE_PIXELS_MAX });
    }
    if width.max(height) > SIDE_PX_MAX {
        return Err(undecodable(format_args!("a side is longer than {SIDE_PX_MAX} pixels")));
    }
    Ok(())
}

fn undecodable(error: impl std::fmt::Display) -> EngineError {
    EngineError::UndecodableImage { detail: error.to_string() }
}

#[cfg(test)]
mod tests;
