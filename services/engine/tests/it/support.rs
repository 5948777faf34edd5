//! What several tests share.

use std::{
    env, fs,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use prosopa_contract::engine::{AnalyzeFacesRequest, AnalyzeFacesResponse, Engine, EngineError, Face};
use prosopa_engine::{Config, EngineService};
use tempfile::TempDir;

/// The folder of the model pack; without it nothing here can be tested.
pub(crate) fn model_pack_dir() -> PathBuf {
    let dir = env::var_os("PROSOPA_MODEL_PACK")
        .expect("PROSOPA_MODEL_PACK must name the folder of a model pack: run `make models` first");
    let dir = PathBuf::from(dir);
    assert!(
        dir.join("manifest.json").is_file(),
        "no model pack in {}: run `make models` first",
        dir.display()
    );
    dir
}

/// A pack that a test may change.
pub(crate) fn copy_pack() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(model_pack_dir()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    dir
}

/// An engine of its own, for tests that fill or close it.
pub(crate) fn open_engine(change: impl FnOnce(&mut Config)) -> Arc<EngineService> {
    let mut config = Config { model_pack_dir: model_pack_dir(), ..Config::default() };
    change(&mut config);
    EngineService::open(&config).expect("the engine starts")
}

/// One engine for all tests that only ask; it keeps nothing between requests.
pub(crate) fn shared_engine() -> Arc<EngineService> {
    static ENGINE: OnceLock<Arc<EngineService>> = OnceLock::new();
    Arc::clone(ENGINE.get_or_init(|| open_engine(|_| {})))
}

pub(crate) fn asset(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/assets").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn request(image: impl Into<Vec<u8>>) -> AnalyzeFacesRequest {
    let image: Vec<u8> = image.into();
    AnalyzeFacesRequest { image: image.into(), with_embeddings: true, ..AnalyzeFacesRequest::default() }
}

pub(crate) async fn analyze(image: impl Into<Vec<u8>>) -> Result<AnalyzeFacesResponse, EngineError> {
    shared_engine().analyze_faces(request(image)).await
}

/// Decodes an asset with another program path than the engine's own.
pub(crate) fn decode_asset(name: &str) -> image::RgbImage {
    image::load_from_memory(&asset(name)).unwrap().into_rgb8()
}

pub(crate) fn encode(picture: &image::DynamicImage, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Largest difference between the corners of two faces' boxes, pixels.
pub(crate) fn box_difference(one: &Face, other: &Face) -> f32 {
    let corners = |face: &Face| {
        let bounds = face.r#box.unwrap();
        [bounds.x0, bounds.y0, bounds.x1, bounds.y1]
    };
    corners(one).iter().zip(corners(other)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
