//! Labelled pairs for `evaluate` and `calibrate`: a file of distances, or a folder of faces that are embedded here.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use prosopa_contract::engine::Engine;
use prosopa_engine::{
    Config, EngineService,
    evaluation::{Gallery, Pairs, compare, find_portraits},
};

use super::super::{Failure, start_runtime};

/// Largest file of pairs, bytes.
const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Reads a file of pairs, or embeds a folder's pictures with the pack and compares all of them.
pub(super) fn load(path: &Path, pack: &Path) -> Result<Pairs, Failure> {
    if path.is_dir() {
        return start_runtime()?.block_on(embed(path, pack));
    }
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    if fs::metadata(path).map_err(named)?.len() > FILE_BYTES_MAX {
        return Err(format!("{}: more than 512 MiB", path.display()).into());
    }
    let bytes = fs::read(path).map_err(named)?;
    Pairs::parse(&bytes).map_err(|error| format!("{}: {error}", path.display()).into())
}

async fn embed(folder: &Path, pack: &Path) -> Result<Pairs, Failure> {
    let portraits = find_portraits(folder)?;
    let config = Config { model_pack_dir: PathBuf::from(pack), ..Config::default() };
    let engine = tokio::task::spawn_blocking(move || EngineService::open(&config)).await??;
    let peer: Arc<dyn Engine> = Arc::<EngineService>::clone(&engine);
    let bar = indicatif::ProgressBar::new(portraits.len() as u64);
    let gallery = Gallery::embed(peer, &portraits, |done| bar.set_position(done as u64)).await;
    bar.finish_and_clear();
    engine.shut_down().await;
    let gallery = gallery?;
    for path in &gallery.without_face {
        note(&format!("{}: no face, in no pair", path.display()));
    }
    for (path, error) in &gallery.refused {
        note(&format!("{}: {error}, in no pair", path.display()));
    }
    Ok(compare(&gallery)?)
}

/// Results alone go to stdout.
fn note(text: &str) {
    use std::io::Write as _;
    // Nothing is left to tell a person whose stderr is closed.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
