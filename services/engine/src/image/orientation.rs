//! Turning a picture upright as its EXIF orientation tag says.

use image::metadata::Orientation;

/// Applies the tag to interleaved RGB; returns the upright width, height and pixels.
pub(super) fn turn_upright(
    (width, height): (u32, u32),
    mut rgb: Vec<u8>,
    orientation: Orientation,
) -> (u32, u32, Vec<u8>) {
    let row_len = width as usize * 3;
    match orientation {
        Orientation::NoTransforms => (width, height, rgb),
        Orientation::FlipHorizontal => {
            rgb.chunks_exact_mut(row_len).for_each(mirror_row);
            (width, height, rgb)
        }
        Orientation::FlipVertical => {
            mirror_rows(&mut rgb, row_len);
            (width, height, rgb)
        }
        Orientation::Rotate180 => {
            rgb.chunks_exact_mut(row_len).for_each(mirror_row);
            mirror_rows(&mut rgb, row_len);
            (width, height, rgb)
        }
        Orientation::Rotate90FlipH => (height, width, transpose(&rgb, row_len)),
        Orientation::Rotate90 => {
            mirror_rows(&mut rgb, row_len);
            (height, width, transpose(&rgb, row_len))
        }
        Orientation::Rotate270 => {
            rgb.chunks_exact_mut(row_len).for_each(mirror_row);
            (height, width, transpose(&rgb, row_len))
        }
        Orientation::Rotate270FlipH => {
            rgb.chunks_exact_mut(row_len).for_each(mirror_row);
            mirror_rows(&mut rgb, row_len);
            (height, width, transpose(&rgb, row_len))
        }
    }
}

fn mirror_row(row: &mut [u8]) {
    let (pixels, _) = row.as_chunks_mut::<3>();
    pixels.reverse();
}

fn mirror_rows(rgb: &mut [u8], row_len: usize) {
    let half = rgb.len() / row_len / 2 * row_len;
    let (upper, lower) = rgb.split_at_mut(half);
    for (one, other) in upper.chunks_exact_mut(row_len).zip(lower.rchunks_exact_mut(row_len)) {
        one.swap_with_slice(other);
    }
}

/// Swaps rows and columns, in square blocks so that both sides stay in the cache.
fn transpose(rgb: &[u8], row_len: usize) -> Vec<u8> {
    const BLOCK: usize = 32;
    let (width, height) = (row_len / 3, rgb.len() / row_len);
    let mut out = vec![0; rgb.len()];
    for top in (0..height).step_by(BLOCK) {
        for left in (0..width).step_by(BLOCK) {
            for y in top..(top + BLOCK).min(height) {
                for x in left..(left + BLOCK).min(width) {
                    let (from, to) = (y * row_len + x * 3, (x * height + y) * 3);
                    out[to..to + 3].copy_from_slice(&rgb[from..from + 3]);
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
