//! Any pixel layout to interleaved 8-bit RGB, in the same memory where it is not larger.

use image::ColorType;

/// The decoder gave a pixel layout that JPEG, PNG and WebP do not have.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the pixel layout {0:?} is not supported")]
pub(super) struct UnknownLayout(ColorType);

/// Converts; transparency is laid on black, 16 bits are rounded to 8.
pub(super) fn convert_to_rgb(pixels: Vec<u8>, color: ColorType) -> Result<Vec<u8>, UnknownLayout> {
    match color {
        ColorType::Rgb8 => Ok(pixels),
        ColorType::L8 => Ok(pixels.iter().flat_map(|grey| [*grey; 3]).collect()),
        ColorType::La8 => {
            Ok(pixels.as_chunks().0.iter().flat_map(|[grey, alpha]| [darken(*grey, *alpha); 3]).collect())
        }
        ColorType::L16 => Ok(pixels.as_chunks().0.iter().flat_map(|grey| [narrow(*grey); 3]).collect()),
        ColorType::Rgba8 => {
            Ok(compact(pixels, |[r, g, b, a]: [u8; 4]| [darken(r, a), darken(g, a), darken(b, a)]))
        }
        ColorType::La16 => {
            Ok(compact(pixels, |[l0, l1, a0, a1]: [u8; 4]| [darken(narrow([l0, l1]), narrow([a0, a1])); 3]))
        }
        ColorType::Rgb16 => Ok(compact(pixels, |[r0, r1, g0, g1, b0, b1]: [u8; 6]| {
            [narrow([r0, r1]), narrow([g0, g1]), narrow([b0, b1])]
        })),
        ColorType::Rgba16 => Ok(compact(pixels, |[r0, r1, g0, g1, b0, b1, a0, a1]: [u8; 8]| {
            let alpha = narrow([a0, a1]);
            [[r0, r1], [g0, g1], [b0, b1]].map(|value| darken(narrow(value), alpha))
        })),
        other => Err(UnknownLayout(other)),
    }
}

/// Rewrites pixels of `N >= 3` bytes as three bytes each, front to back in place.
fn compact<const N: usize>(mut pixels: Vec<u8>, convert: impl Fn([u8; N]) -> [u8; 3]) -> Vec<u8> {
    let count = pixels.len() / N;
    for index in 0..count {
        let mut pixel = [0; N];
        pixel.copy_from_slice(&pixels[index * N..(index + 1) * N]);
        pixels[index * 3..index * 3 + 3].copy_from_slice(&convert(pixel));
    }
    pixels.truncate(count * 3);
    pixels.shrink_to_fit();
    pixels
}

/// Lays a value of this opacity on black.
fn darken(value: u8, alpha: u8) -> u8 {
    ((u32::from(value) * u32::from(alpha) + 127) / 255) as u8
}

/// Rounds a 16-bit value, in the machine's byte order, to 8 bits.
fn narrow(value: [u8; 2]) -> u8 {
    ((u32::from(u16::from_ne_bytes(value)) + 128) / 257) as u8
}

#[cfg(test)]
mod tests;
