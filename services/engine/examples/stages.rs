//! Times the stages for one picture: `stages MODEL_PACK PICTURE [ROUNDS]`; one worker, so one core.
//!
//! Prints the median of each stage in milliseconds; `device` is processor time, the others are wall time.

use std::{env, error::Error, fs, path::PathBuf};

use prosopa_contract::engine::{AnalyzeFacesRequest, Engine, StageTimings};
use prosopa_engine::{Config, EngineService};

/// A stage's name and where its time stands.
type Stage = (&'static str, fn(&StageTimings) -> u64);

const STAGES: [Stage; 5] = [
    ("decode", |timings| timings.decode_us),
    ("detect", |timings| timings.detect_us),
    ("align", |timings| timings.align_us),
    ("embed", |timings| timings.embed_us),
    ("device", |timings| timings.device_us),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [pack, picture, rest @ ..] = arguments.as_slice() else {
        return Err("usage: stages MODEL_PACK PICTURE [ROUNDS]".into());
    };
    let rounds: usize = rest.first().map_or(Ok(50), |text| text.parse())?;
    let config = Config { model_pack_dir: PathBuf::from(pack), workers: 1, ..Config::default() };
    let engine = EngineService::open(&config)?;
    let request =
        AnalyzeFacesRequest { image: fs::read(picture)?.into(), with_embeddings: true, ..Default::default() };
    let mut timings = Vec::new();
    let mut faces = 0;
    for round in 0..rounds + 3 {
        let answer = engine.analyze_faces(request.clone()).await?;
        faces = answer.faces.len();
        // The first rounds warm the caches.
        if round >= 3 {
            timings.extend(answer.timings);
        }
    }
    eprintln!("{faces} faces, median of {rounds} rounds, milliseconds");
    for (name, stage) in STAGES {
        let mut times: Vec<u64> = timings.iter().map(stage).collect();
        times.sort_unstable();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        eprintln!("{name:>8} {:8.2}", median as f64 / 1000.0);
    }
    Ok(())
}
