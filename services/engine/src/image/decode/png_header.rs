//! The first chunk of a PNG file (PNG specification, third edition, 11.2.1), read before any decoder runs.

/// What the chunk `IHDR` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Pixels.
    pub(super) width: u32,
    /// Pixels.
    pub(super) height: u32,
}

/// The file does not begin with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file does not begin with its header")]
pub(super) struct Missing;

impl Header {
    /// Reads the chunk behind the signature.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Missing> {
        let header = bytes.get(12..24).and_then(|chunk| chunk.strip_prefix(b"IHDR")).ok_or(Missing)?;
        let (width, rest) = header.split_first_chunk::<4>().ok_or(Missing)?;
        let height = rest.first_chunk::<4>().ok_or(Missing)?;
        Ok(Self { width: u32::from_be_bytes(*width), height: u32::from_be_bytes(*height) })
    }
}
