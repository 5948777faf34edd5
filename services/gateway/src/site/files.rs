//! Which file a path names, and what lies packed beside it.

use std::{
    fs::Metadata,
    path::{Component, Path, PathBuf},
    time::UNIX_EPOCH,
};

use http::HeaderValue;
use tower_http::services::ServeFile;

/// A way of packing: its name in headers, and what files packed so end with.
const VARIANTS: [(&str, &str); 3] = [("br", "br"), ("zstd", "zst"), ("gzip", "gz")];

/// A file, with all links followed.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    stamp: Option<String>,
    /// Of the packed files beside it, in the order of [`VARIANTS`].
    packed: [Option<String>; 3],
}

impl Found {
    /// Whether the answer depends on what the client can unpack.
    pub(super) fn has_variants(&self) -> bool {
        self.packed.iter().any(Option::is_some)
    }

    /// The tag of the file as it is, or as it is packed.
    pub(super) fn tag(&self, encoding: &str) -> Option<HeaderValue> {
        let packed = VARIANTS.iter().zip(&self.packed).find(|((name, _), _)| *name == encoding);
        let text = match packed {
            Some((_, stamp)) => format!("\"{}-{encoding}\"", stamp.as_ref()?),
            None => format!("\"{}\"", self.stamp.as_ref()?),
        };
        HeaderValue::try_from(text).ok()
    }

    /// Tells who sends the file what lies beside it.
    pub(super) fn service(&self, mut service: ServeFile) -> ServeFile {
        let [br, zstd, gzip] = &self.packed;
        if br.is_some() {
            service = service.precompressed_br();
        }
        if zstd.is_some() {
            service = service.precompressed_zstd();
        }
        if gzip.is_some() {
            service = service.precompressed_gzip();
        }
        service
    }
}

/// The name of a file below the folder, where a path has nothing but plain segments: no escapes, nothing hidden, nothing
/// that leads upwards.
pub(super) fn relative(path: &str) -> Option<String> {
    if path == "/" {
        return Some("index.html".into());
    }
    let relative = path.strip_prefix('/')?;
    let is_plain_byte = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'%' | b'\\' | b';' | b':');
    let is_plain = relative.bytes().all(is_plain_byte)
        && relative.split('/').all(|segment| !segment.is_empty() && !segment.starts_with('.'));
    is_plain.then(|| relative.to_owned())
}

/// Whether a path may be an address within the application: it looks like no file and has nothing hidden in it.
pub(super) fn is_address(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let is_odd = ["%2e", "%2f", "%5c", "%25", "%00", "\\", "//"].iter().any(|odd| lower.contains(odd));
    let last = path.rsplit('/').next().unwrap_or("");
    !is_odd && !last.contains('.') && !path.split('/').any(|segment| segment.starts_with('.'))
}

/// The file of a name below a folder. It is none if it lies elsewhere, or is hidden, once links are followed.
pub(super) fn find(root: &Path, relative: &Path) -> Option<Found> {
    let root = root.canonicalize().ok()?;
    let (path, metadata) = look(&root, &root.join(relative))?;
    let packed = VARIANTS.map(|(_, suffix)| {
        let mut name = path.clone().into_os_string();
        name.push(".");
        name.push(suffix);
        look(&root, Path::new(&name)).and_then(|(_, metadata)| stamp(&metadata))
    });
    Some(Found { path, stamp: stamp(&metadata), packed })
}

fn look(root: &Path, path: &Path) -> Option<(PathBuf, Metadata)> {
    let real = path.canonicalize().ok()?;
    let within = real.strip_prefix(root).ok()?;
    let is_shown = within.components().all(|part| match part {
        Component::Normal(name) => !name.as_encoded_bytes().starts_with(b"."),
        _ => false,
    });
    let metadata = real.metadata().ok()?;
    (is_shown && metadata.is_file()).then_some((real, metadata))
}

/// Changes whenever the file does: the time of its last change, to the nanosecond, and its length.
fn stamp(metadata: &Metadata) -> Option<String> {
    let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{:x}-{:x}", changed.as_nanos(), metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_segments_name_files() {
        assert_eq!(relative("/").as_deref(), Some("index.html"));
        assert_eq!(relative("/assets/app-1.js").as_deref(), Some("assets/app-1.js"));
        for path in [
            "",
            "//",
            "/a/",
            "/a//b",
            "/.env",
            "/a/.git/config",
            "/..",
            "/a/../b",
            "/./a",
            "/a%2fb",
            "/%2e%2e/b",
            "/a\\b",
            "/a;b",
            "/c:/b",
            "/%252e%252e/b",
            "/a b",
            "/ä",
        ] {
            assert_eq!(relative(path), None, "{path}");
        }
    }

    #[test]
    fn addresses_look_like_no_files() {
        for path in ["/users", "/users/7/", "/search/hello%20world", "/a-b_c"] {
            assert!(is_address(path), "{path}");
        }
        for path in ["/app.js", "/.env", "/a/.b/c", "/%2e%2e/x", "/x%252e", "/x%2Fy", "//x", "/x\\y", "/x%00"]
        {
            assert!(!is_address(path), "{path}");
        }
    }
}
