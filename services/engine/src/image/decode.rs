//! From the bytes somebody sent to a picture: what may be decoded, and decoding it within limits.
//!
//! [`inspect`] reads the header alone and refuses what is too large or not a still picture; only
//! [`Decodable::decode`] allocates pixels.

mod jpeg_markers;
mod to_rgb;

use std::io::Cursor;

use image::{
    ImageDecoder, Limits,
    codecs::{jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder},
    metadata::Orientation,
};
use prosopa_contract::engine::{EngineError, IMAGE_BYTES_MAX, IMAGE_PIXELS_MAX, ImageFormat};

use self::{jpeg_markers::Markers, to_rgb::convert_to_rgb};
use super::{Picture, orientation::turn_upright};

/// Most memory a decoder may ask for besides the pixels it is given room for, bytes.
const DECODER_ALLOC_MAX: u64 = 512 * 1024 * 1024;

type Input<'a> = Cursor<&'a [u8]>;

/// A picture whose header was read and whose size is allowed.
pub(crate) struct Decodable<'a> {
    decoder: Box<dyn ImageDecoder + 'a>,
    format: ImageFormat,
    orientation: Orientation,
    /// Bytes of memory decoding needs for each pixel.
    pixel_bytes: u64,
}

/// Reads the header of an encoded picture.
///
/// # Errors
/// `EmptyImage`, `TooManyBytes`, `UnsupportedFormat`, `UndecodableImage`, `TooManyPixels` or `AnimatedImage`.
pub(crate) fn inspect(bytes: &[u8]) -> Result<Decodable<'_>, EngineError> {
    check_len(bytes)?;
    let format = sniff(bytes)?;
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
        _ => {
            let decoder = WebPDecoder::new(input).map_err(undecodable)?;
            if decoder.has_animation() {
                return Err(EngineError::AnimatedImage);
            }
            // The luma and chroma planes of a lossy picture.
            Decodable::new(Box::new(decoder), format, 2)
        }
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
        Ok(Self { decoder, format, orientation, pixel_bytes: decoded_bytes + work_bytes + turned_bytes })
    }

    /// The encoding.
    pub(crate) fn format(&self) -> ImageFormat {
        self.format
    }

    /// What decoding weighs, in pixels of plain 8-bit RGB.
    pub(crate) fn cost_px(&self) -> u64 {
        let (width, height) = self.decoder.dimensions();
        u64::from(width) * u64::from(height) * self.pixel_bytes.div_ceil(3)
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
    if let Some((width, height)) = png_size(bytes) {
        check_size(width, height)?;
    }
    let decoder = PngDecoder::new(input).map_err(undecodable)?;
    if decoder.is_apng().map_err(undecodable)? {
        return Err(EngineError::AnimatedImage);
    }
    Decodable::new(Box::new(decoder), ImageFormat::Png, 0)
}

/// Width and height named by the first chunk, which must be `IHDR`.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.get(12..24)?.strip_prefix(b"IHDR")?;
    let (width, height) = header.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height.first_chunk::<4>()?)))
}

fn sniff(bytes: &[u8]) -> Result<ImageFormat, EngineError> {
    if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        Ok(ImageFormat::Jpeg)
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Ok(ImageFormat::Png)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Ok(ImageFormat::Webp)
    } else {
        Err(EngineError::UnsupportedFormat)
    }
}

fn check_size(width: u32, height: u32) -> Result<(), EngineError> {
    if u64::from(width) * u64::from(height) > IMAGE_PIXELS_MAX {
        return Err(EngineError::TooManyPixels { width, height, pixels_max: IMAGE_PIXELS_MAX });
    }
    Ok(())
}

fn undecodable(error: impl std::fmt::Display) -> EngineError {
    EngineError::UndecodableImage { detail: error.to_string() }
}
