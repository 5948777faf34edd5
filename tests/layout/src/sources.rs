//! The shape of source files: their length, their opening, their name. It reads nothing.

/// Lines at which a file has grown past its seam.
pub const FILE_LINES_MAX: usize = 500;

/// Lines that a `main.rs` stays under: wiring belongs in a library module.
pub const MAIN_LINES_LIMIT: usize = 40;

/// Everything that is wrong with the shape of a Rust file, one sentence each.
///
/// `path` is told from the workspace's root. A unit's tests (`tests.rs`, `tests/`) may be long and need no opening: the
/// module above them says what they are about.
#[must_use]
pub fn violations(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    let is_in = |folder: &str| path.split('/').any(|segment| segment == folder);
    let is_test = is_in("tests") || path.ends_with("/tests.rs");
    if lines > FILE_LINES_MAX && !is_test && !is_in("generated") {
        found.push(format!("{path} has {lines} lines, more than {FILE_LINES_MAX}"));
    }
    if path.ends_with("src/main.rs") && lines >= MAIN_LINES_LIMIT {
        found.push(format!("{path} has {lines} lines, not under {MAIN_LINES_LIMIT}"));
    }
    if is_in("src") && !is_test && !text.starts_with("//!") {
        found.push(format!("{path} does not begin with a //! that says what it owns"));
    }
    if path.ends_with("/mod.rs") {
        found.push(format!("{path} is named by its folder: a module is foo.rs beside foo/"));
    }
    found
}

/// Whether a manifest takes over the workspace's lints.
///
/// # Errors
/// When the text is not TOML.
pub fn has_workspace_lints(manifest: &str) -> anyhow::Result<bool> {
    let manifest: toml::Table = manifest.parse()?;
    let inherited = manifest.get("lints").and_then(|lints| lints.get("workspace"));
    Ok(inherited.and_then(toml::Value::as_bool) == Some(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_shaped_file_is_accepted() {
        assert_eq!(
            violations("crates/model/src/id.rs", "//! Ids.\n\npub struct Id;\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn long_file_is_refused_outside_of_tests() {
        let long = format!("//! Long.\n{}", "\n".repeat(FILE_LINES_MAX));
        assert_eq!(
            violations("cli/src/report.rs", &long),
            ["cli/src/report.rs has 501 lines, more than 500"]
        );
        assert_eq!(violations("cli/tests/it/report.rs", &long), Vec::<String>::new());
    }

    #[test]
    fn long_main_is_refused() {
        let main = format!("//! The binary.\n{}", "\n".repeat(MAIN_LINES_LIMIT - 1));
        assert_eq!(violations("cli/src/main.rs", &main), ["cli/src/main.rs has 40 lines, not under 40"]);
        assert_eq!(violations("cli/tests/it/main.rs", &main), Vec::<String>::new());
    }

    #[test]
    fn module_without_its_sentence_is_refused() {
        let found = violations("crates/model/src/id.rs", "pub struct Id;\n");
        assert_eq!(found, ["crates/model/src/id.rs does not begin with a //! that says what it owns"]);
        assert_eq!(violations("crates/model/src/id/tests.rs", "use super::*;\n"), Vec::<String>::new());
    }

    #[test]
    fn mod_rs_is_refused() {
        let found = violations("services/auth/src/http/mod.rs", "//! Routes.\n");
        assert_eq!(
            found,
            ["services/auth/src/http/mod.rs is named by its folder: a module is foo.rs beside foo/"]
        );
    }

    #[test]
    fn manifest_without_the_lints_is_told_apart() {
        assert!(has_workspace_lints("[package]\nname = \"a\"\n[lints]\nworkspace = true\n").unwrap());
        assert!(!has_workspace_lints("[package]\nname = \"a\"\n").unwrap());
        assert!(!has_workspace_lints("[lints.rust]\nunsafe_code = \"allow\"\n").unwrap());
    }
}
