//! The schema, as `prosopa migrate` makes it.

use std::path::Path;

use prosopa_harness::{Home, Product, binary};
use prosopa_store::{Database, Options, testing::describe};
use tokio::process::Command;

async fn migrate(data_dir: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(binary());
    command.arg("migrate").args(arguments).arg("--data-dir").arg(data_dir);
    command.envs(Product::database_url(data_dir).map(|url| ("PROSOPA_DATABASE__URL", url)));
    let output = command.output().await.unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code(), text)
}

/// K9: what is missing is listed, then made, then not missing any more; a second time there is nothing to do.
#[tokio::test]
async fn missing_migrations_are_listed_and_applied_once() {
    let home = Home::new();
    let data_dir = home.path().join("data");
    let (code, text) = migrate(&data_dir, &["--check"]).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("auth: 0001_accounts is missing"), "{text}");
    assert!(text.contains("run `prosopa migrate`"), "{text}");
    let (code, text) = migrate(&data_dir, &[]).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("detection: 0001_images applied"), "{text}");
    let (code, text) = migrate(&data_dir, &["--check"]).await;
    assert_eq!((code, text.trim()), (Some(0), "nothing is missing"));
    let (code, text) = migrate(&data_dir, &[]).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.lines().all(|line| line.ends_with("nothing to do")), "{text}");
}

/// K9: both backends have the same tables, columns, keys, indexes and references. It has its turn in the run that has a
/// server; without one there is nothing to compare.
#[tokio::test]
async fn both_backends_have_one_schema() {
    let home = Home::new();
    let data_dir = home.path().join("data");
    if Product::database_url(&data_dir).is_none() {
        return;
    }
    assert_eq!(migrate(&data_dir, &[]).await.0, Some(0));
    let mut command = Command::new(binary());
    let made = command.arg("migrate").arg("--data-dir").arg(&data_dir).output().await.unwrap();
    assert!(made.status.success());
    let mut count = 0;
    for entry in std::fs::read_dir(&data_dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "db") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let sqlite = Database::open_as_it_is(&Options::file(&path)).await.unwrap();
            let postgres = Database::open_as_it_is(&home.options(name)).await.unwrap();
            let (one, other) = (describe(&sqlite).await.unwrap(), describe(&postgres).await.unwrap());
            assert!(!one.is_empty(), "{name}");
            assert_eq!(
                one.symmetric_difference(&other).collect::<Vec<_>>(),
                Vec::<&String>::new(),
                "{name} differs between SQLite and PostgreSQL"
            );
            count += 1;
        }
    }
    assert!(count >= 3, "{count} databases");
}
