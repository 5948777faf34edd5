//! Compiles `proto/` without an outside compiler.

use std::{error::Error, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let files = ["prosopa/engine/v1/engine.proto", "prosopa/events/v1/events.proto"];
    let files = protox::compile(files.map(|file| root.join(file)), [root])?;
    tonic_prost_build::configure().bytes(".").compile_fds(files)?;
    Ok(())
}
