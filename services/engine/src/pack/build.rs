//! Building a pack from the packages that hold the weights.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    Calibration, Error, MANIFEST_FILE, archive,
    convert::{CASCADE, Network, convert_cascade, convert_landmarks, convert_recognition},
    digest, face_api,
    manifest::{self, FORMAT_VERSION, InputContract, Layout, Manifest, Source},
    onnx, read, torch_pickle,
};

/// SHA-256 of the archive of npm `@vladmandic/face-api` 1.7.15.
pub const FACE_API_SHA256: &str = "0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031";

/// SHA-256 of the wheel of `facenet-pytorch` 2.6.0 on the Python package index.
pub const FACENET_SHA256: &str = "ecb82b27beb226d106f2219efe8f829b01b87a8595badd01545679bdb9f19cca";

/// SHA-256 of the wheel of `rapidocr-onnxruntime` 1.4.4 on the Python package index.
pub const RAPIDOCR_SHA256: &str = "971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf";

const PACK_NAME: &str = "prosopa-faces";
const PACK_VERSION: &str = "1.1.0";

/// Largest package archive, bytes.
const ARCHIVE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// dlib's mean colour, red, green, blue.
const MEAN: [f32; 3] = [122.782, 117.001, 104.298];

/// Elements of the weight files, told from the packages' manifests.
const RECOGNITION_LEN: usize = 5_614_592;
const LANDMARKS_LEN: usize = 356_840;

/// The networks for text: name in the pack and entry of the wheel.
const TEXT_DETECTOR: (&str, &str) =
    ("text_detector", "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx");
const TEXT_RECOGNIZER: (&str, &str) =
    ("text_recognizer", "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx");

/// Where the recogniser's metadata hold its characters, a line each.
const DICTIONARY_KEY: &str = "character";
const DICTIONARY_FILE: &str = "text_recognizer.txt";

/// What the distances of these networks' embeddings mean. Made by `prosopa models calibrate --pairs
/// services/engine/tests/assets/pairs.csv`: 900 pairs, 114 of one person and 786 of two, of nine persons.
const CALIBRATION: &str = include_str!("build/calibration.json");

/// The calibration that a built pack carries.
///
/// # Errors
/// [`Error::Manifest`].
pub fn default_calibration() -> Result<Calibration, Error> {
    serde_json::from_str(CALIBRATION)
        .map_err(|error| Error::Manifest { detail: format!("calibration: {error}") })
}

/// What a pack is built from, and where.
#[derive(Debug, Clone)]
pub struct BuildInputs {
    /// The npm archive (`.tgz`) with the landmark and recognition networks.
    pub face_api_archive: PathBuf,
    /// The Python wheel with the detector's networks.
    pub facenet_archive: PathBuf,
    /// The Python wheel with the networks for text.
    pub rapidocr_archive: PathBuf,
    /// The pack's folder: new, empty, or an older pack, which is replaced.
    pub out_dir: PathBuf,
    /// Whether archives with other digests than the pinned ones are taken too.
    pub allow_other_archives: bool,
}

/// Builds a pack; returns its manifest. The folder appears whole or not at all.
///
/// # Errors
/// An archive is missing, is not the pinned one or lacks an entry; weights are not in the format expected; or the
/// folder holds something else or cannot be written.
pub fn build(inputs: &BuildInputs) -> Result<Manifest, Error> {
    let face_api = Package::open(
        &inputs.face_api_archive,
        ("npm:@vladmandic/face-api", "1.7.15", FACE_API_SHA256),
        inputs.allow_other_archives,
    )?;
    let facenet = Package::open(
        &inputs.facenet_archive,
        ("pypi:facenet-pytorch", "2.6.0", FACENET_SHA256),
        inputs.allow_other_archives,
    )?;
    let rapidocr = Package::open(
        &inputs.rapidocr_archive,
        ("pypi:rapidocr-onnxruntime", "1.4.4", RAPIDOCR_SHA256),
        inputs.allow_other_archives,
    )?;
    let parent = parent_of(&inputs.out_dir);
    let fault = |path: &Path| {
        let path = path.to_path_buf();
        move |source| Error::File { path, source }
    };
    fs::create_dir_all(parent).map_err(fault(parent))?;
    let workshop =
        tempfile::Builder::new().prefix(".model-pack-").tempdir_in(parent).map_err(fault(parent))?;
    // A folder inside the private temporary one, so that the pack gets ordinary permissions.
    let dir = workshop.path().join("pack");
    fs::create_dir(&dir).map_err(fault(&dir))?;

    let mut writer = Writer { dir: &dir, networks: Vec::new(), files: Vec::new() };
    writer.write("mtcnn", &mtcnn(&facenet)?, facenet.source(), contract(None, [127.5; 3], 128.0))?;
    writer.write(
        "landmarks68",
        &landmarks(&face_api)?,
        face_api.source(),
        contract(Some(112), MEAN, 255.0),
    )?;
    writer.write(
        "recognition",
        &recognition(&face_api)?,
        face_api.source(),
        contract(Some(150), MEAN, 255.0),
    )?;
    writer.write_text_networks(&rapidocr)?;
    let manifest = writer.finish()?;
    let old = workshop.path().join("old");
    if let Err(error) = replace(&dir, &inputs.out_dir, &old) {
        if old.exists() {
            // The older pack could not be put back: it stays where it is, and is not swept away with the rest.
            let _kept = workshop.keep();
        }
        return Err(error);
    }
    Ok(manifest)
}

/// An archive whose digest was looked at.
struct Package {
    path: PathBuf,
    bytes: Vec<u8>,
    source: Source,
}

impl Package {
    fn open(
        path: &Path,
        (package, version, pinned): (&str, &str, &str),
        allow_other: bool,
    ) -> Result<Self, Error> {
        let bytes = read(path, ARCHIVE_BYTES_MAX)?;
        if !allow_other {
            digest::check(path, &bytes, pinned)?;
        }
        let archive_sha256 = digest::of_bytes(&bytes);
        let source = Source { package: package.into(), version: version.into(), archive_sha256 };
        Ok(Self { path: path.to_path_buf(), bytes, source })
    }

    fn source(&self) -> Source {
        self.source.clone()
    }
}

fn contract(side_px: Option<u32>, mean: [f32; 3], divisor: f32) -> InputContract {
    InputContract { side_px, layout: Layout::NhwcRgb, mean, divisor }
}

fn mtcnn(package: &Package) -> Result<Network, Error> {
    let entry = |name: &str| format!("facenet_pytorch/data/{name}.pt");
    let names = CASCADE.map(|layout| entry(layout.name));
    let entries = archive::read_zip(&package.path, &package.bytes, &names.each_ref().map(String::as_str))?;
    let mut network = Network::new();
    for layout in &CASCADE {
        let name = entry(layout.name);
        convert_cascade(layout, &torch_pickle::read(&name, &entries[&name])?, &mut network)?;
    }
    Ok(network)
}

fn landmarks(package: &Package) -> Result<Network, Error> {
    convert_landmarks(&face_api_tensors(package, "face_landmark_68_model", LANDMARKS_LEN)?)
}

fn recognition(package: &Package) -> Result<Network, Error> {
    convert_recognition(&face_api_tensors(package, "face_recognition_model", RECOGNITION_LEN)?)
}

fn face_api_tensors(package: &Package, model: &str, len: usize) -> Result<face_api::Tensors, Error> {
    let manifest = format!("package/model/{model}-weights_manifest.json");
    let binary = format!("package/model/{model}.bin");
    let entries = archive::read_tar_gz(&package.path, &package.bytes, &[&manifest, &binary])?;
    let tensors = face_api::read(model, &entries[&manifest], &entries[&binary])?;
    let found: usize = tensors.values().map(|tensor| tensor.values.len()).sum();
    if found != len {
        return Err(Error::Weights {
            name: model.into(),
            detail: format!("{found} numbers, expected {len}"),
        });
    }
    Ok(tensors)
}

/// Writes the files of a pack, the manifest last.
struct Writer<'a> {
    dir: &'a Path,
    networks: Vec<manifest::Network>,
    files: Vec<manifest::File>,
}

impl Writer<'_> {
    fn write(
        &mut self,
        name: &str,
        tensors: &Network,
        source: Source,
        input: InputContract,
    ) -> Result<(), Error> {
        let file = format!("{name}.safetensors");
        let bytes = safetensors::serialize(tensors, None).map_err(candle_core::Error::from)?;
        self.put(&file, &bytes)?;
        let (name, licence) = (name.into(), "MIT".into());
        self.networks.push(manifest::Network { name, file, dictionary: None, licence, source, input });
        Ok(())
    }

    /// The networks for text as they are, and the recogniser's dictionary, which only its metadata hold.
    fn write_text_networks(&mut self, package: &Package) -> Result<(), Error> {
        let names = [TEXT_DETECTOR, TEXT_RECOGNIZER];
        let entries = archive::read_zip(&package.path, &package.bytes, &names.map(|(_, entry)| entry))?;
        for (name, entry) in names {
            let (file, bytes) = (format!("{name}.onnx"), &entries[entry]);
            self.put(&file, bytes)?;
            let mut dictionary = None;
            if (name, entry) == TEXT_RECOGNIZER {
                let characters = onnx::read_metadata(bytes, DICTIONARY_KEY)
                    .map_err(|detail| Error::Weights { name: entry.into(), detail })?;
                self.put(DICTIONARY_FILE, characters.as_bytes())?;
                dictionary = Some(DICTIONARY_FILE.into());
            }
            self.networks.push(manifest::Network {
                name: name.into(),
                file,
                dictionary,
                licence: "Apache-2.0".into(),
                source: package.source(),
                input: InputContract { layout: Layout::NchwBgr, ..contract(None, [127.5; 3], 127.5) },
            });
        }
        Ok(())
    }

    fn put(&mut self, file: &str, bytes: &[u8]) -> Result<(), Error> {
        write_synced(&self.dir.join(file), bytes)?;
        self.files.push(manifest::File {
            path: file.into(),
            sha256: digest::of_bytes(bytes),
            size_bytes: bytes.len() as u64,
        });
        Ok(())
    }

    fn finish(self) -> Result<Manifest, Error> {
        let manifest = Manifest {
            format_version: FORMAT_VERSION,
            name: PACK_NAME.into(),
            version: PACK_VERSION.into(),
            networks: self.networks,
            files: self.files,
            calibration: Some(default_calibration()?),
        };
        write_synced(&self.dir.join(MANIFEST_FILE), manifest.to_text()?.as_bytes())?;
        sync(self.dir)?;
        Ok(manifest)
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    File::create(path)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .map_err(|source| Error::File { path: path.to_path_buf(), source })
}

fn sync(path: &Path) -> Result<(), Error> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|source| Error::File { path: path.to_path_buf(), source })
}

fn parent_of(dir: &Path) -> &Path {
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Moves the folder `new` to `target`, and a pack that lies there to `old`; when that fails, the pack is put back.
fn replace(new: &Path, target: &Path, old: &Path) -> Result<(), Error> {
    let fault = |source| Error::File { path: target.to_path_buf(), source };
    let has_old = target.join(MANIFEST_FILE).is_file();
    if has_old {
        fs::rename(target, old).map_err(fault)?;
    } else if target.exists() && fs::read_dir(target).map_err(fault)?.next().is_some() {
        return Err(fault(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "the folder holds something else than a pack",
        )));
    }
    // A folder can be renamed onto an empty one, not onto a full one.
    if let Err(error) = fs::rename(new, target) {
        if has_old {
            fs::rename(old, target).map_err(fault)?;
        }
        return Err(fault(error));
    }
    sync(parent_of(target))
}

#[cfg(test)]
mod tests;
