//! This workspace keeps every rule.

use std::fs;

use prosopa_layout::modules::{self, ModuleFile};
use prosopa_layout::{dependencies, sources, workspace};

fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "the house has faults:\n  {}", violations.join("\n  "));
}

/// The packages are those of the plan, and depend on each other and on reserved libraries as it says.
#[test]
fn packages_depend_only_as_planned() {
    let members = workspace::read_members().unwrap();
    assert!(members.iter().any(|member| member.folder == "crates/model"), "the workspace was not found");
    assert_none(&dependencies::violations(&members));
}

/// Files stay short, say what they own, and are not named `mod.rs`.
#[test]
fn sources_have_the_agreed_shape() {
    let mut violations = Vec::new();
    for member in workspace::read_members().unwrap() {
        for (path, text) in workspace::read_sources(&workspace::root().join(&member.folder)).unwrap() {
            violations.extend(sources::violations(&format!("{}/{path}", member.folder), &text));
        }
    }
    assert_none(&violations);
}

/// No crate's modules import each other in a circle.
#[test]
fn modules_import_in_no_circle() {
    let mut violations = Vec::new();
    for member in workspace::read_members().unwrap() {
        let sources = workspace::read_sources(&workspace::root().join(&member.folder).join("src")).unwrap();
        let files: Vec<ModuleFile> =
            sources.into_iter().map(|(path, text)| ModuleFile { path, text }).collect();
        let graph = modules::import_graph(&files).unwrap();
        violations.extend(modules::find_circle(&graph).map(|circle| format!("{}: {circle}", member.folder)));
    }
    assert_none(&violations);
}

/// Every package takes over the workspace's lints.
#[test]
fn packages_have_the_workspace_lints() {
    let mut violations = Vec::new();
    for member in workspace::read_members().unwrap() {
        let manifest = fs::read_to_string(workspace::root().join(&member.folder).join("Cargo.toml")).unwrap();
        if !sources::has_workspace_lints(&manifest).unwrap() {
            violations.push(format!("{}/Cargo.toml lacks [lints] workspace = true", member.folder));
        }
    }
    assert_none(&violations);
}

/// Every service tells on one screen what it owns, offers, publishes, listens to and is configured by.
#[test]
fn services_have_a_readme() {
    let violations: Vec<String> = workspace::read_members()
        .unwrap()
        .into_iter()
        .filter(|member| member.folder.starts_with("services/"))
        .filter(|member| !workspace::root().join(&member.folder).join("README.md").is_file())
        .map(|member| format!("{} has no README.md", member.folder))
        .collect();
    assert_none(&violations);
}
