//! A walk over a WebP file's chunks (RFC 9649, 2.3 to 2.7): which of them are losslessly coded, and how long?
//!
//! Lossless data make the decoder build tables, whatever the picture's size, so their length has to be known before.

/// How a still picture is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// As a frame of VP8.
    Lossy,
    /// Losslessly, in so many bytes.
    Lossless {
        /// Bytes.
        len: u64,
    },
    /// As a frame of VP8 with its transparency losslessly coded in so many bytes.
    LossyWithAlpha {
        /// Bytes.
        len: u64,
    },
}

/// Bytes before the first chunk: `RIFF`, a length, `WEBP`.
const FILE_HEADER_LEN: usize = 12;
/// Bytes before a chunk's data: its name, its length.
const CHUNK_HEADER_LEN: usize = 8;

/// Walks over the chunks; what is cut short counts with what there is of it.
pub(super) fn coding_of(bytes: &[u8]) -> Coding {
    let (mut lossless_len, mut alpha_len) = (0, 0);
    let mut rest = bytes.get(FILE_HEADER_LEN..).unwrap_or_default();
    while let Some((name, data, after)) = split_chunk(rest) {
        match name {
            b"VP8L" => lossless_len += data.len() as u64,
            // A frame of an animation may hold a transparency that the decoder takes for the still picture's.
            b"ALPH" | b"ANMF" => alpha_len += data.len() as u64,
            _ => {}
        }
        rest = after;
    }
    match (lossless_len, alpha_len) {
        (0, 0) => Coding::Lossy,
        (0, len) => Coding::LossyWithAlpha { len },
        (own, alpha) => Coding::Lossless { len: own + alpha },
    }
}

/// The first chunk's name and data, and what comes after it.
fn split_chunk(bytes: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let (name, _) = bytes.split_first_chunk::<4>()?;
    let len = u32::from_le_bytes(*bytes.get(4..CHUNK_HEADER_LEN)?.first_chunk::<4>()?) as usize;
    let data = &bytes[CHUNK_HEADER_LEN..];
    let data_len = len.min(data.len());
    // Odd lengths are followed by a padding byte.
    let next = len.saturating_add(len % 2).min(data.len());
    Some((name, &data[..data_len], &data[next..]))
}

#[cfg(test)]
mod tests;
