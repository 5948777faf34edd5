//! Reads the workspace that this crate is part of: its packages from cargo, its sources from disk. It judges nothing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::dependencies::{Dependency, Member};

/// The folder that holds the workspace's manifest.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").components().collect()
}

/// All packages of the workspace.
///
/// # Errors
/// When cargo cannot read the workspace.
pub fn read_members() -> anyhow::Result<Vec<Member>> {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec()?;
    metadata
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let manifest = package.manifest_path.strip_prefix(&metadata.workspace_root)?;
            let folder = manifest.parent().context("a package lies in no folder")?;
            let dependencies = package.dependencies.iter().map(|dependency| Dependency {
                name: dependency.name.clone(),
                is_for_tests: dependency.kind == DependencyKind::Development,
            });
            Ok(Member {
                name: package.name.to_string(),
                folder: folder.to_string(),
                dependencies: dependencies.collect(),
            })
        })
        .collect()
}

/// All Rust files under a folder, as their path from that folder and their text, sorted.
///
/// # Errors
/// When a folder or file cannot be read.
pub fn read_sources(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut sources = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(&current).with_context(|| format!("cannot read {}", current.display()))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let text =
                    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                sources.push((path.strip_prefix(folder)?.display().to_string(), text));
            }
        }
    }
    sources.sort();
    Ok(sources)
}
