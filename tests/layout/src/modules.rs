//! Imports between the top-level modules of one crate: no circle may lead back to where it began.
//!
//! The graph is read from tokens, not from resolved names: `crate::a::…` and `super::…` that leads to the crate's root
//! are imports of `a`. A name that the root re-exports counts for nothing, nor does what stands inside `mod tests`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::{Context as _, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A file of a crate's `src/`.
#[derive(Debug, Clone)]
pub struct ModuleFile {
    /// Its path from `src/`, such as `store/sessions.rs`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Which module imports which, and a file in which it does.
pub type ImportGraph = BTreeMap<String, BTreeMap<String, String>>;

/// The imports between the top-level modules of a crate.
///
/// # Errors
/// When a file cannot be split into tokens.
pub fn import_graph(files: &[ModuleFile]) -> anyhow::Result<ImportGraph> {
    let mut graph: ImportGraph = files
        .iter()
        .filter_map(|file| module_path(&file.path).into_iter().next())
        .map(|name| (name, BTreeMap::new()))
        .collect();
    for file in files {
        let mut here = module_path(&file.path);
        let Some(module) = here.first().cloned() else { continue };
        if here.iter().any(|segment| segment == "tests") {
            continue;
        }
        let tokens: TokenStream = file
            .text
            .parse()
            .map_err(|cause| anyhow!("{cause}"))
            .with_context(|| format!("{} is not Rust", file.path))?;
        let mut imported = BTreeSet::new();
        collect_imports(tokens, &mut here, &mut imported);
        imported.retain(|name| *name != module && graph.contains_key(name));
        if let Some(edges) = graph.get_mut(&module) {
            for name in imported {
                edges.entry(name).or_insert_with(|| file.path.clone());
            }
        }
    }
    Ok(graph)
}

/// The shortest circle of imports, told as `a -> b (a.rs) -> a (b.rs)`, if there is one.
#[must_use]
pub fn find_circle(graph: &ImportGraph) -> Option<String> {
    let shortest = graph.keys().filter_map(|start| path_back_to(start, graph)).min_by_key(Vec::len)?;
    let mut told = shortest.first()?.clone();
    for step in shortest.windows(2) {
        let file = graph.get(&step[0]).and_then(|edges| edges.get(&step[1])).map_or("", String::as_str);
        told.push_str(&format!(" -> {} ({file})", step[1]));
    }
    Some(told)
}

/// The shortest way from a module over its imports back to it, both ends included.
fn path_back_to(start: &str, graph: &ImportGraph) -> Option<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut queue = VecDeque::from([vec![start.to_owned()]]);
    while let Some(path) = queue.pop_front() {
        let edges = path.last().and_then(|last| graph.get(last))?;
        for next in edges.keys() {
            let mut longer = path.clone();
            longer.push(next.clone());
            if next == start {
                return Some(longer);
            }
            if seen.insert(next.clone()) {
                queue.push_back(longer);
            }
        }
    }
    None
}

/// `store/sessions.rs` is the module `store::sessions`; the roots of a crate are no module.
fn module_path(path: &str) -> Vec<String> {
    let path = path.trim_end_matches(".rs");
    if matches!(path, "lib" | "main") || path.starts_with("bin/") {
        return Vec::new();
    }
    path.split('/').filter(|segment| *segment != "mod").map(str::to_owned).collect()
}

fn collect_imports(tokens: TokenStream, here: &mut Vec<String>, found: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        match (token, tokens.get(index + 1), tokens.get(index + 2)) {
            (TokenTree::Ident(word), Some(TokenTree::Ident(name)), Some(TokenTree::Group(body)))
                if word == "mod" =>
            {
                if name != "tests" {
                    here.push(name.to_string());
                    collect_imports(body.stream(), here, found);
                    here.pop();
                }
                index += 3;
                continue;
            }
            (TokenTree::Ident(word), ..) if word == "crate" => {
                follow(tokens.get(index + 1..).unwrap_or_default(), Vec::new(), found);
            }
            // A chain of `super` is followed from its first link.
            (TokenTree::Ident(word), ..)
                if word == "super" && !is_colon(index.checked_sub(1).and_then(|at| tokens.get(at))) =>
            {
                follow_segment(tokens.get(index..).unwrap_or_default(), here.clone(), found);
            }
            (TokenTree::Group(group), ..) => collect_imports(group.stream(), here, found),
            _ => {}
        }
        index += 1;
    }
}

/// Goes on behind a segment of a path: over `::` to the next one.
fn follow(tokens: &[TokenTree], base: Vec<String>, found: &mut BTreeSet<String>) {
    if is_colon(tokens.first()) && is_colon(tokens.get(1)) {
        follow_segment(&tokens[2..], base, found);
    }
}

/// Takes a segment of a path inside `base`: a name directly under the root is an import of that module.
fn follow_segment(tokens: &[TokenTree], mut base: Vec<String>, found: &mut BTreeSet<String>) {
    match tokens.first() {
        Some(TokenTree::Ident(word)) if word == "super" => {
            base.pop();
            follow(&tokens[1..], base, found);
        }
        Some(TokenTree::Ident(name)) if base.is_empty() => {
            found.insert(name.to_string());
        }
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let items: Vec<TokenTree> = group.stream().into_iter().collect();
            for item in items.split(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ','))
            {
                follow_segment(item, base.clone(), found);
            }
        }
        _ => {}
    }
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(mark)) if mark.as_char() == ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circle_in(files: &[(&str, &str)]) -> Option<String> {
        let files: Vec<ModuleFile> = files
            .iter()
            .map(|(path, text)| ModuleFile { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect();
        find_circle(&import_graph(&files).unwrap())
    }

    #[test]
    fn imports_in_one_direction_are_accepted() {
        let found = circle_in(&[
            ("lib.rs", "mod http; mod sessions; mod store; pub use http::router;"),
            ("http.rs", "use crate::sessions::Session; mod sessions;"),
            ("http/sessions.rs", "use super::super::{sessions, store}; use crate::store::Row;"),
            ("sessions.rs", "use crate::{store::{self, Row}, Unknown};"),
            ("store.rs", "//! Not crate::http, this is only a comment.\nstruct Row(&'static str);"),
        ]);
        assert_eq!(found, None);
    }

    #[test]
    fn circle_of_imports_is_told_with_its_files() {
        let found = circle_in(&[
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "mod inner;"),
            ("b/inner.rs", "fn f() -> u8 { vec![super::super::c::g()][0] }"),
            ("c.rs", "mod deep { use super::super::{d, a::A}; }"),
            ("d.rs", ""),
        ]);
        assert_eq!(found.unwrap(), "a -> b (a.rs) -> c (b/inner.rs) -> a (c.rs)");
    }

    #[test]
    fn what_only_tests_import_makes_no_circle() {
        let found = circle_in(&[
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "#[cfg(test)] mod tests { use crate::a::A; use super::*; }"),
            ("b/tests.rs", "use crate::a::A;"),
        ]);
        assert_eq!(found, None);
    }
}
