//! A model pack is what its manifest says, or it is not used.

use std::{
    fs,
    path::{Path, PathBuf},
};

use prosopa_contract::engine::Engine;
use prosopa_engine::{
    Config, EngineService, Error as OpenError,
    pack::{BuildInputs, Error, Pack, build},
};
use tempfile::TempDir;

use crate::support::{model_pack_dir, shared_engine};

fn copy_pack() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(model_pack_dir()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    dir
}

fn open(dir: &Path) -> Result<(), OpenError> {
    let config = Config { model_pack_dir: dir.to_path_buf(), ..Config::default() };
    EngineService::open(&config).map(drop)
}

fn inputs(dir: &Path, allow_other_archives: bool) -> BuildInputs {
    let archive = |name: &str| -> PathBuf {
        fs::write(dir.join(name), b"something else").unwrap();
        dir.join(name)
    };
    BuildInputs {
        face_api_archive: archive("face-api.tgz"),
        facenet_archive: archive("facenet.whl"),
        out_dir: dir.join("pack"),
        allow_other_archives,
    }
}

#[tokio::test]
async fn the_digest_names_the_manifest() {
    let pack = Pack::open(model_pack_dir()).unwrap();
    assert_eq!(pack.digest(), shared_engine().describe_models().await.unwrap().model_digest);
    let names: Vec<_> = pack.manifest().networks.iter().map(|network| network.name.as_str()).collect();
    assert_eq!(names, ["mtcnn", "landmarks68", "recognition"]);
    assert!(pack.manifest().networks.iter().all(|network| network.licence == "MIT"));
}

#[test]
fn a_flipped_bit_in_any_tensor_file_is_refused() {
    for name in ["mtcnn", "landmarks68", "recognition"] {
        let dir = copy_pack();
        let path = dir.path().join(format!("{name}.safetensors"));
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        let refused = open(dir.path());
        assert!(
            matches!(&refused, Err(OpenError::Pack(Error::Digest { path: found, .. })) if *found == path),
            "{name}"
        );
    }
}

#[test]
fn truncated_and_missing_files_are_refused() {
    let dir = copy_pack();
    let path = dir.path().join("mtcnn.safetensors");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(open(dir.path()), Err(OpenError::Pack(Error::Size { .. }))));
    fs::remove_file(&path).unwrap();
    assert!(matches!(open(dir.path()), Err(OpenError::Pack(Error::File { .. }))));
    assert!(matches!(open(&dir.path().join("absent")), Err(OpenError::Pack(Error::File { .. }))));
}

#[test]
fn a_file_changed_after_the_pack_was_opened_is_refused() {
    let dir = copy_pack();
    let pack = Pack::open(dir.path()).unwrap();
    let path = dir.path().join("landmarks68.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    bytes[5_000] ^= 0x80;
    fs::write(&path, bytes).unwrap();
    assert!(matches!(pack.load("landmarks68", &candle_core::Device::Cpu), Err(Error::Digest { .. })));
    assert!(pack.load("mtcnn", &candle_core::Device::Cpu).is_ok());
}

#[test]
fn an_archive_with_another_digest_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let inputs = inputs(dir.path(), false);
    assert!(matches!(build(&inputs), Err(Error::Digest { path, .. }) if path == inputs.face_api_archive));
    assert!(!inputs.out_dir.exists());
}

/// Where other archives are allowed, they still have to be what they are taken for; nothing is left behind.
#[test]
fn an_archive_that_is_none_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let inputs = inputs(dir.path(), true);
    assert!(matches!(build(&inputs), Err(Error::Archive { path, .. }) if path == inputs.facenet_archive));
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}
