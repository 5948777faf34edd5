//! Backup and restore, by the commands and in the order of docs/operations/backup-and-restore.md.

use std::{fs, path::Path, sync::Arc};

use prosopa_harness::{Home, Product, patiently, photo};
use tokio::process::Command;

/// Readers of events before those that they hear, rows before keys: what is read twice does no harm, what is missed does.
const DATABASES: [&str; 5] = ["gateway", "notifications", "detection", "detection_keys", "auth"];

/// What SQLite's own `.backup` does, with what the tests have anyway.
const BACK_UP: &str = "import sqlite3, sys
source, target = (sqlite3.connect(path) for path in sys.argv[1:])
source.backup(target)";

async fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().await.unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Copies a folder's files and folders, but databases and pictures.
fn copy_rest(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        let is_elsewhere = name == "blobs" || name.to_str().unwrap().contains(".db");
        if path.is_dir() && !is_elsewhere {
            copy_rest(&path, &to.join(name));
        } else if !is_elsewhere {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// Copies the databases of a running product to a home.
async fn copy_databases(product: &Product, home: &Home) {
    let (from, to) = (product.data_dir(), home.path().join("data"));
    fs::create_dir_all(&to).unwrap();
    for name in DATABASES {
        match (product.folder().server_url(name), home.server_url(name)) {
            (Some(source), Some(target)) => {
                let file = to.join(format!("{name}.dump"));
                let file = file.to_str().unwrap();
                run("pg_dump", &["--format=custom", "--file", file, "--dbname", &source]).await;
                let (server, database) = target.rsplit_once('/').unwrap();
                let maintenance = format!("{server}/postgres");
                run(
                    "psql",
                    &["--dbname", &maintenance, "--command", &format!("CREATE DATABASE \"{database}\"")],
                )
                .await;
                run("pg_restore", &["--no-owner", "--dbname", &target, file]).await;
            }
            _ => {
                let path = |folder: &Path| folder.join(format!("{name}.db")).to_str().unwrap().to_owned();
                run("python3", &["-c", BACK_UP, &path(&from), &path(&to)]).await;
            }
        }
    }
}

/// N7, K9: what was copied while the product ran is the same product elsewhere: people log in, and their pictures open.
#[tokio::test]
async fn a_backup_becomes_the_same_product_elsewhere() {
    let product = Product::start().await;
    let user = product.user().await;
    let made = patiently(async || user.detect(photo(), "image/png").await).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let detection = format!("/api/v1/faces/detections/{}", made.text("/id"));
    let content = format!("/api/v1/images/{}/content", made.text("/image/id"));
    let before = (user.get(&detection).await.json(), user.get(&content).await.body);

    let home = Arc::new(Home::new());
    copy_databases(&product, &home).await;
    let restored_blobs = Product::blobs_of(&home.path().join("data"));
    for name in product.blobs().names("detection").await {
        let sealed = product.blobs().read("detection", &name).await.unwrap();
        restored_blobs.write("detection", &name, &sealed).await;
    }
    copy_rest(&product.data_dir(), &home.path().join("data"));
    product.kill().await;

    let restored = Product::start_again(home).await;
    let user = restored.log_in(&user.user_name).await;
    let after = (user.get(&detection).await.json(), user.get(&content).await.body);
    assert_eq!(after.0, before.0);
    assert!(after.1 == before.1, "the picture is the same");
    let again = patiently(async || user.detect(photo(), "image/png").await).await;
    assert_eq!(again.status, 201, "{}", again.json());
}
