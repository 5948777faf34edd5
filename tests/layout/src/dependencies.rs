//! Who may depend on whom: the packages of the workspace against the [plan](crate::plan). It reads nothing.

use crate::plan;

/// A package of the workspace.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name, such as `prosopa-auth`.
    pub name: String,
    /// Its folder from the workspace's root, such as `services/auth`.
    pub folder: String,
    /// What it names in its manifest.
    pub dependencies: Vec<Dependency>,
}

/// A line of a manifest.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// The package it names.
    pub name: String,
    /// Whether only tests see it.
    pub is_for_tests: bool,
}

/// Everything that the packages do against the plan, one sentence each.
#[must_use]
pub fn violations(members: &[Member]) -> Vec<String> {
    members.iter().flat_map(|member| violations_of(member, members)).collect()
}

fn violations_of(member: &Member, members: &[Member]) -> Vec<String> {
    let mut found = Vec::new();
    let folder = &member.folder;
    if !is_planned(folder) {
        found.push(format!(
            "{folder} is not in the plan: a new package needs a sentence that fits into no other one's"
        ));
    }
    if let Some(noun) = folder.strip_prefix("crates/").or_else(|| folder.strip_prefix("services/"))
        && member.name != format!("prosopa-{noun}")
    {
        found.push(format!("{folder} holds the package {}, it should be prosopa-{noun}", member.name));
    }
    for dependency in &member.dependencies {
        if let Some((_, owners)) =
            plan::RESERVED.iter().find(|(family, _)| is_of_family(&dependency.name, family))
            && !owners.contains(&folder.as_str())
        {
            found.push(format!(
                "{folder} names {}, which only {} may",
                dependency.name,
                owners.join(" and ")
            ));
        }
        if let Some(target) = members.iter().find(|other| other.name == dependency.name)
            && !may_use(folder, &target.folder, dependency.is_for_tests)
        {
            let purpose = if dependency.is_for_tests { " in its tests" } else { "" };
            found.push(format!("{folder} may not depend on {}{purpose}", target.folder));
        }
    }
    found
}

fn is_planned(folder: &str) -> bool {
    match folder.split_once('/') {
        Some(("crates", name)) => plan::CRATES.iter().any(|planned| planned.name == name),
        Some(("services", name)) => plan::SERVICES.contains(&name),
        _ => plan::OTHERS.contains(&folder),
    }
}

fn is_of_family(name: &str, family: &str) -> bool {
    name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

fn may_use(folder: &str, target: &str, is_for_tests: bool) -> bool {
    if target == "crates/testkit" {
        // The harness is for tests as a whole, and what measures serves nobody either.
        let is_for_tests = is_for_tests || folder == "tests/harness" || folder.starts_with("bench/");
        return is_for_tests && folder != "crates/model" && folder != "crates/testkit";
    }
    match folder.split_once('/') {
        Some(("crates", name)) => plan::CRATES
            .iter()
            .find(|planned| planned.name == name)
            .is_some_and(|planned| is_among(target, planned.may_use)),
        Some(("services", _)) => is_among(target, plan::SERVICE_MAY_USE),
        Some(("tests", "layout")) => false,
        Some(("operator", "crd")) => is_among(target, &[plan::VOCABULARY]),
        _ if folder == "operator" => target == "operator/crd" || target.starts_with("crates/"),
        _ => true,
    }
}

fn is_among(target: &str, groups: &[&[&str]]) -> bool {
    target.strip_prefix("crates/").is_some_and(|name| groups.iter().any(|group| group.contains(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(folder: &str, dependencies: &[&str]) -> Member {
        let noun = folder.rsplit('/').next().unwrap();
        let dependencies = dependencies
            .iter()
            .map(|name| Dependency { name: (*name).to_owned(), is_for_tests: false })
            .collect();
        Member { name: format!("prosopa-{noun}"), folder: folder.to_owned(), dependencies }
    }

    fn house(changed: Member) -> Vec<Member> {
        let mut members: Vec<Member> =
            ["crates/model", "crates/http", "crates/store", "crates/runtime", "crates/testkit"]
                .iter()
                .chain(&["services/auth", "services/engine", "cli"])
                .map(|folder| member(folder, &[]))
                .filter(|present| present.folder != changed.folder)
                .collect();
        members.push(changed);
        members
    }

    #[test]
    fn planned_dependencies_are_accepted() {
        for changed in [
            member("services/auth", &["prosopa-runtime", "prosopa-store", "prosopa-model", "serde"]),
            member("services/engine", &["candle-core", "prosopa-model"]),
            member("crates/store", &["sqlx", "prosopa-model"]),
            member("crates/jobs", &["prosopa-store", "prosopa-http"]),
            member("cli", &["prosopa-auth", "prosopa-engine", "prosopa-runtime"]),
        ] {
            assert_eq!(violations(&house(changed)), Vec::<String>::new());
        }
    }

    #[test]
    fn service_on_service_is_refused() {
        let found = violations(&house(member("services/auth", &["prosopa-engine"])));
        assert_eq!(found, ["services/auth may not depend on services/engine"]);
    }

    #[test]
    fn mechanism_on_mechanism_is_refused() {
        let found = violations(&house(member("crates/telemetry", &["prosopa-store"])));
        assert_eq!(found, ["crates/telemetry may not depend on crates/store"]);
    }

    #[test]
    fn vocabulary_on_mechanism_is_refused() {
        let found = violations(&house(member("crates/problem", &["prosopa-http"])));
        assert_eq!(found, ["crates/problem may not depend on crates/http"]);
    }

    #[test]
    fn model_on_anything_of_ours_is_refused() {
        let found = violations(&house(member("crates/model", &["prosopa-store"])));
        assert_eq!(found, ["crates/model may not depend on crates/store"]);
    }

    #[test]
    fn testkit_outside_of_tests_is_refused() {
        let mut auth = member("services/auth", &["prosopa-testkit"]);
        assert_eq!(violations(&house(auth.clone())), ["services/auth may not depend on crates/testkit"]);
        auth.dependencies[0].is_for_tests = true;
        assert_eq!(violations(&house(auth)), Vec::<String>::new());
        let bench = member("bench/documents", &["prosopa-testkit"]);
        assert_eq!(violations(&house(bench)), Vec::<String>::new());
    }

    #[test]
    fn reserved_library_is_refused_to_others() {
        let found = violations(&house(member("services/auth", &["sqlx", "candle-nn", "kubernetes-names"])));
        assert_eq!(
            found,
            [
                "services/auth names sqlx, which only crates/store may",
                "services/auth names candle-nn, which only services/engine may"
            ]
        );
    }

    #[test]
    fn twelfth_crate_is_refused() {
        let found = violations(&house(member("crates/cache", &[])));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("crates/cache is not in the plan"));
    }
}
