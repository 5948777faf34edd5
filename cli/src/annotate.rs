//! Draws what was found onto a picture: boxes, landmarks, numbers and confidence. It reads and writes local files only.

mod canvas;
mod glyphs;
mod names;

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, RgbImage};

pub(crate) use names::AnnotationNames;

use crate::client::types::{Bounds, Face};
use canvas::Canvas;

/// Quality of written JPEGs, of 100.
const JPEG_QUALITY: u8 = 92;

/// Why no annotated picture was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The picture can not be read or written as a picture.
    #[error(transparent)]
    Image(#[from] image::ImageError),
    /// The file system refused.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
}

/// A box with what is written on it: digits, point and per cent sign.
#[derive(Debug)]
pub(crate) struct LabelledBox {
    /// Where it is, in pixels of the upright picture.
    pub(crate) bounds: Bounds,
    /// What is written on it.
    pub(crate) label: String,
}

/// Draws the faces onto the upright picture and writes it beside `stem`. Gives the path.
pub(crate) fn write_faces(picture: &[u8], faces: &[Face], stem: &Path) -> Result<PathBuf, Error> {
    write(picture, stem, |canvas| canvas.draw_faces(faces))
}

/// Draws the boxes onto the upright picture and writes it beside `stem`. Gives the path.
pub(crate) fn write_boxes(picture: &[u8], boxes: &[LabelledBox], stem: &Path) -> Result<PathBuf, Error> {
    write(picture, stem, |canvas| {
        for one in boxes {
            canvas.draw_box(&one.bounds, &one.label);
        }
    })
}

/// The name gets `.annotated.jpg` for a JPEG and `.annotated.png` for anything else.
fn write(picture: &[u8], stem: &Path, draw: impl FnOnce(&mut Canvas<'_>)) -> Result<PathBuf, Error> {
    let (format, mut pixels) = decode_upright(picture)?;
    draw(&mut Canvas::new(&mut pixels));
    let mut encoded = Vec::new();
    let ending = if format == ImageFormat::Jpeg {
        JpegEncoder::new_with_quality(&mut encoded, JPEG_QUALITY).encode_image(&pixels)?;
        ".annotated.jpg"
    } else {
        pixels.write_to(&mut Cursor::new(&mut encoded), ImageFormat::Png)?;
        ".annotated.png"
    };
    let mut name = stem.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    let path = stem.with_file_name(name);
    fs::write(&path, &encoded).map_err(|cause| Error::Io { path: path.clone(), cause })?;
    Ok(path)
}

/// The picture as the server saw it: turned as its EXIF orientation says, eight bits a channel.
fn decode_upright(picture: &[u8]) -> Result<(ImageFormat, RgbImage), Error> {
    let reader = ImageReader::new(Cursor::new(picture))
        .with_guessed_format()
        .map_err(|cause| Error::Image(image::ImageError::IoError(cause)))?;
    let format = reader.format().unwrap_or(ImageFormat::Png);
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut decoded = DynamicImage::from_decoder(decoder)?;
    decoded.apply_orientation(orientation);
    Ok((format, decoded.into_rgb8()))
}
