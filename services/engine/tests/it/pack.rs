//! A model pack is what its manifest says, or it is not used.

use std::{
    fs,
    path::{Path, PathBuf},
};

use candle_core::{Device, Tensor};
use prosopa_contract::engine::Engine;
use prosopa_engine::{
    Config, EngineService, Error as OpenError,
    pack::{BuildInputs, Error, Manifest, NETWORKS, Pack, build},
};
use sha2::{Digest, Sha256};

use crate::support::{copy_pack, model_pack_dir, shared_engine};

fn open(dir: &Path) -> Result<(), OpenError> {
    let config = Config { model_pack_dir: dir.to_path_buf(), ..Config::default() };
    EngineService::open(&config).map(drop)
}

/// Writes a network's tensors and a manifest that names the new file's digest.
fn put_tensor(dir: &Path, network: &str, name: &str, shape: &[usize]) {
    let path = dir.join(format!("{network}.safetensors"));
    let mut tensors = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
    let values = vec![0.0_f32; shape.iter().product()];
    tensors.insert(name.to_owned(), Tensor::from_vec(values, shape, &Device::Cpu).unwrap());
    candle_core::safetensors::save(&tensors, &path).unwrap();
    let bytes = fs::read(&path).unwrap();
    change_manifest(dir, |manifest| {
        let file = manifest.files.iter_mut().find(|file| path.ends_with(&file.path)).unwrap();
        file.size_bytes = bytes.len() as u64;
        file.sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    });
}

fn change_manifest(dir: &Path, change: impl FnOnce(&mut Manifest)) {
    let path = dir.join("manifest.json");
    let mut manifest = Manifest::parse(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(&path, serde_json::to_vec(&manifest).unwrap()).unwrap();
}

fn inputs(dir: &Path, allow_other_archives: bool) -> BuildInputs {
    let archive = |name: &str| -> PathBuf {
        fs::write(dir.join(name), b"something else").unwrap();
        dir.join(name)
    };
    BuildInputs {
        face_api_archive: archive("face-api.tgz"),
        facenet_archive: archive("facenet.whl"),
        rapidocr_archive: archive("rapidocr.whl"),
        out_dir: dir.join("pack"),
        allow_other_archives,
    }
}

#[tokio::test]
async fn the_digest_names_the_manifest() {
    let pack = Pack::open(model_pack_dir()).unwrap();
    assert_eq!(pack.digest(), shared_engine().describe_models().await.unwrap().model_digest);
    let names: Vec<_> = pack.manifest().networks.iter().map(|network| network.name.as_str()).collect();
    assert_eq!(names, NETWORKS);
    let licences: Vec<_> = pack.manifest().networks.iter().map(|network| network.licence.as_str()).collect();
    assert_eq!(licences, ["MIT", "MIT", "MIT", "Apache-2.0", "Apache-2.0"]);
}

#[test]
fn a_flipped_bit_in_any_file_is_refused() {
    let pack = Pack::open(model_pack_dir()).unwrap();
    assert_eq!(pack.manifest().files.len(), 6);
    for name in pack.manifest().files.iter().map(|file| file.path.as_str()) {
        let dir = copy_pack();
        let path = dir.path().join(name);
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
    assert!(matches!(pack.load("landmarks68", &Device::Cpu), Err(Error::Digest { .. })));
    assert!(pack.load("mtcnn", &Device::Cpu).is_ok());
}

/// So that a pack of an earlier version is made anew.
#[test]
fn a_pack_without_a_network_of_this_version_is_refused() {
    for network in NETWORKS {
        let dir = copy_pack();
        change_manifest(dir.path(), |manifest| manifest.networks.retain(|entry| entry.name != network));
        let refused = Pack::open(dir.path());
        assert!(
            matches!(&refused, Err(Error::MissingNetwork { network: found }) if found == network),
            "{network}"
        );
    }
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
    assert_eq!(left.len(), 3, "{left:?}");
}

/// A pack whose files are whole, but hold other networks than these, is refused when it is opened, not with each picture.
#[test]
fn tensors_of_another_shape_are_refused() {
    let cases: [(&str, &str, &[usize]); 7] = [
        ("mtcnn", "pnet.head", &[1, 1, 32, 7]),
        ("mtcnn", "rnet.head", &[1, 1, 128, 5]),
        ("mtcnn", "onet.head", &[1, 1, 256, 6]),
        ("mtcnn", "onet.conv2", &[3, 3, 16, 64]),
        ("landmarks68", "fc", &[1, 1, 256, 134]),
        ("recognition", "fc", &[1, 1, 256, 64]),
        ("recognition", "conv64_down.conv1", &[5, 5, 32, 64]),
    ];
    for (network, layer, shape) in cases {
        let dir = copy_pack();
        put_tensor(dir.path(), network, &format!("{layer}.weight"), shape);
        put_tensor(dir.path(), network, &format!("{layer}.bias"), &shape[3..]);
        match open(dir.path()) {
            Err(OpenError::Pack(Error::BadTensor { network: found, tensor, .. })) => {
                assert_eq!((found.as_str(), tensor), (network, format!("{layer}.weight")));
            }
            other => panic!("{network}, {layer}: {other:?}"),
        }
    }
    let dir = copy_pack();
    put_tensor(dir.path(), "landmarks68", "dense1.conv0.depthwise", &[3, 3, 64]);
    assert!(matches!(open(dir.path()), Err(OpenError::Pack(Error::BadTensor { .. }))));
}

#[test]
fn another_size_of_input_is_refused() {
    for (network, side_px) in [("mtcnn", Some(12)), ("landmarks68", Some(150)), ("recognition", None)] {
        let dir = copy_pack();
        change_manifest(dir.path(), |manifest| {
            let entry = manifest.networks.iter_mut().find(|entry| entry.name == network).unwrap();
            entry.input.side_px = side_px;
        });
        let answer = open(dir.path());
        assert!(
            matches!(&answer, Err(OpenError::Pack(Error::Manifest { detail })) if detail.contains(network))
        );
    }
}
