//! What a manifest may say.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn manifest() -> Manifest {
    Manifest {
        format_version: FORMAT_VERSION,
        name: "test".into(),
        version: "1".into(),
        networks: vec![Network {
            name: "net".into(),
            file: "net.safetensors".into(),
            dictionary: None,
            licence: "MIT".into(),
            source: Source { package: "npm:x".into(), version: "1".into(), archive_sha256: "00".into() },
            input: InputContract { side_px: None, layout: Layout::NhwcRgb, mean: [1.0; 3], divisor: 2.0 },
        }],
        files: vec![File { path: "net.safetensors".into(), sha256: "00".into(), size_bytes: 1 }],
        calibration: None,
    }
}

fn parse(manifest: &Manifest) -> Result<Manifest, Error> {
    Manifest::parse(&serde_json::to_vec(manifest).unwrap())
}

#[test]
fn a_manifest_survives_writing_and_reading() {
    assert_eq!(parse(&manifest()).unwrap(), manifest());
    assert!(matches!(manifest().network("other"), Err(Error::MissingNetwork { .. })));
}

/// A pack cannot reach outside of its folder.
#[test]
fn files_outside_of_the_pack_are_refused() {
    for path in ["../x", "/etc/passwd", "a/b", "", ".hidden", "a\\b"] {
        let mut manifest = manifest();
        manifest.files[0].path = path.into();
        manifest.networks[0].file = path.into();
        assert!(matches!(parse(&manifest), Err(Error::Manifest { .. })), "{path}");
    }
}

#[test]
fn other_versions_unlisted_files_and_zero_divisors_are_refused() {
    let changes: [fn(&mut Manifest); 4] = [
        |manifest| manifest.format_version = 2,
        |manifest| manifest.networks[0].file = "other.safetensors".into(),
        |manifest| manifest.networks[0].dictionary = Some("other.txt".into()),
        |manifest| manifest.networks[0].input.divisor = 0.0,
    ];
    for change in changes {
        let mut manifest = manifest();
        change(&mut manifest);
        assert!(matches!(parse(&manifest), Err(Error::Manifest { .. })));
    }
    assert!(matches!(Manifest::parse(b"{}"), Err(Error::Manifest { .. })));
}
