use std::{os::unix::fs::MetadataExt, sync::Arc};

use prosopa_harness::{Home, Product, binary, model_pack, patiently, photo};
use tokio::process::Command;

/// The product on a file system of its own, in a mount namespace that ends with it.
///
/// Others than root need a user namespace for it; root may not make one below a changed root.
fn command_on(mount: &str, folder: &std::path::Path) -> Command {
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let namespace: &[&str] = if is_root { &["--mount"] } else { &["--map-root-user", "--mount"] };
    let is_allowed =
        std::process::Command::new("unshare").args(namespace).arg("true").status().unwrap().success();
    assert!(
        is_allowed,
        "this test needs a mount namespace of its own, which this machine or container forbids"
    );
    let script = format!("{mount} && exec \"$0\" \"$@\"");
    let mut command = Command::new("unshare");
    command.args(namespace).args(["sh", "-c", &script]).arg(binary());
    command.args(Product::arguments(&folder.join("data"))).env("PROSOPA_MODEL_PACK", model_pack());
    command.env("FOLDER", folder);
    command
}

/// F5: a full disk is said, nothing is torn, reading goes on, and so does writing once there is room.
#[tokio::test]
async fn a_full_disk_is_said_and_nothing_is_torn() {
    let folder = Arc::new(Home::new());
    let mount = "mount -t tmpfs -o size=12m,mode=700 tmpfs \"$FOLDER\"";
    let mut command = command_on(mount, folder.path());
    command.env("PROSOPA_DETECTION__FREE_DISK_BYTES_MIN", "3000000");
    let product = Product::spawn(command, Arc::clone(&folder)).await;
    let user = product.user().await;
    let mut kept = Vec::new();
    let refused = loop {
        let answer = user.detect(photo(), "image/png").await;
        match answer.status {
            201 => kept.push(answer.text("/id")),
            429 => tokio::task::yield_now().await,
            _ => break answer,
        }
        assert!(kept.len() < 60, "12 MiB hold no 60 pictures");
    };
    assert_eq!(refused.refusal(), (507, "storage-full".into()));
    assert!(!kept.is_empty());
    let list = patiently(async || user.get("/api/v1/faces/detections?limit=200").await).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), kept.len());
    for id in &kept[..2] {
        let path = format!("/api/v1/faces/detections/{id}");
        assert_eq!(patiently(async || user.delete(&path).await).await.status, 204);
    }
    assert_eq!(patiently(async || user.detect(photo(), "image/png").await).await.status, 201);
}

/// F5: a data folder that cannot be written is named, before anything is promised.
#[tokio::test]
async fn a_read_only_folder_is_named() {
    let folder = Home::new();
    let mount = "mount -t tmpfs -o ro tmpfs \"$FOLDER\"";
    let output = command_on(mount, folder.path()).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("cannot use the data folder"), "{message}");
    assert!(message.contains("Read-only file system"), "{message}");
}
