//! A server of one test's own that a script starts and ends, and whatever it keeps.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::process::Command;

/// Memory that must be free where a server keeps its files in it, KiB.
const ROOM_KIB: u64 = 1024 * 1024;

/// See the module.
pub(crate) struct ScriptedServer {
    script: PathBuf,
    variables: Vec<(&'static str, &'static str)>,
    folder: TempDir,
    address: String,
}

impl ScriptedServer {
    /// Starts one by `scripts/NAME start FOLDER`, which says in `FOLDER/address` where it listens.
    pub(crate) async fn start(name: &str, variables: &[(&'static str, &'static str)]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts").join(name);
        let folder = folder();
        let mut server = Self { script, variables: variables.to_vec(), folder, address: String::new() };
        server.tell("start").await;
        let address = std::fs::read_to_string(server.folder.path().join("address")).unwrap();
        address.trim().clone_into(&mut server.address);
        server
    }

    /// Has the script do something.
    pub(crate) async fn tell(&self, action: &str) {
        let mut command = Command::new(&self.script);
        command.arg(action).arg(self.folder.path()).envs(self.variables.iter().copied());
        let done = command.status().await.unwrap();
        assert!(done.success(), "{} {action}", self.script.display());
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        // The test has its outcome by now.
        let mut command = std::process::Command::new(&self.script);
        command.arg("kill").arg(self.folder.path()).envs(self.variables.iter().copied());
        let _ = command.status();
    }
}

/// In memory where there is room for it: nothing here outlives the test.
fn folder() -> TempDir {
    let asked = std::process::Command::new("df").args(["--output=avail", "/dev/shm"]).output();
    let free = asked.ok().and_then(|answer| {
        String::from_utf8_lossy(&answer.stdout).split_whitespace().last()?.parse::<u64>().ok()
    });
    if free.is_some_and(|free| free > ROOM_KIB) {
        return tempfile::tempdir_in("/dev/shm").unwrap();
    }
    tempfile::tempdir().unwrap()
}
