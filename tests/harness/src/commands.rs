//! The command lines of the product's processes, and the settings that say where they keep things.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use prosopa_testkit::{TestBlobs, TestDatabases};

/// Address of the Redis that the run was given, with which every product that is apart remembers.
const REDIS: &str = "PROSOPA_TEST_REDIS";

/// Address of the brokers that the run was given; services apart use them.
pub(crate) const BROKERS: &str = "PROSOPA_TEST_KAFKA";

/// The services behind the gateway, those first that others look for, each with the variable that says where it is.
pub(crate) const SERVICES: [(&str, &str); 4] = [
    ("engine", "ENGINE_MICROSERVICE_URL"),
    ("notifications", "NOTIFICATIONS_MICROSERVICE_URL"),
    ("auth", "AUTH_MICROSERVICE_URL"),
    ("detection", "DETECTION_MICROSERVICE_URL"),
];

/// The binary under test: `PROSOPA_BIN`, else the one that was built beside this test.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("PROSOPA_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().expect("the test's own path");
    let folder = test.parent().and_then(Path::parent).expect("target/debug/deps");
    folder.join("prosopa")
}

/// The model pack, which `make models` makes.
pub fn model_pack() -> PathBuf {
    let pack =
        std::env::var_os("PROSOPA_MODEL_PACK").map_or_else(|| root().join("models/default"), Into::into);
    assert!(pack.join("manifest.json").exists(), "no model pack at {}: run `make models`", pack.display());
    pack
}

/// The bundled photo: one person, 512 x 512, PNG.
pub fn photo() -> Vec<u8> {
    std::fs::read(root().join("assets/astronaut.png")).expect("the bundled photo")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The whole product in one process.
pub(crate) fn up(data_dir: &Path) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments(data_dir)).env("PROSOPA_MODEL_PACK", model_pack());
    command.envs(stores(data_dir));
    command
}

/// The arguments of [`up`].
pub(crate) fn arguments(data_dir: &Path) -> Vec<String> {
    let data_dir = data_dir.to_str().expect("a path in UTF-8").to_owned();
    let ports = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let mut arguments = vec!["up".to_owned(), "--data-dir".to_owned(), data_dir];
    arguments.extend(ports.map(str::to_owned));
    arguments
}

/// One service in a process of its own, which ends as soon as it is told to.
pub(crate) fn serve(data_dir: &Path, service: &str, listen: [&str; 2], found: &[(&str, String)]) -> Command {
    let mut command = Command::new(binary());
    command.args(["serve", service, "--admin-listen", "127.0.0.1:0"]).args(listen);
    command.arg("--data-dir").arg(data_dir).env("PROSOPA_MODEL_PACK", model_pack());
    command.env("PROSOPA_SERVER__LINGER_MS", "0");
    command.envs(stores(data_dir));
    command.envs(found.iter().map(|(name, url)| (name, url)));
    command
}

/// The variables that say where a data folder's databases and blobs are on the run's servers.
pub(crate) fn stores(data_dir: &Path) -> Vec<(&'static str, String)> {
    let url = database_url(data_dir).map(|url| ("PROSOPA_DATABASE__URL", url));
    let blobs = blobs_of(data_dir).settings();
    let shared = redis_settings(data_dir).into_iter().chain(broker_settings(data_dir));
    blobs.into_iter().chain(url).chain(shared).collect()
}

/// The blobs of the product that keeps everything in this folder, `data` in one of its own.
pub(crate) fn blobs_of(data_dir: &Path) -> TestBlobs {
    TestBlobs::of_folder(data_dir.parent().expect("a folder around it")).in_data_dir(data_dir)
}

/// Where the databases of a data folder are on the run's server; none where they are files in it.
pub(crate) fn database_url(data_dir: &Path) -> Option<String> {
    TestDatabases::url_of(data_dir.parent().expect("a folder around it"))
}

/// What topics of a data folder are called first.
pub(crate) fn topic_prefix(data_dir: &Path) -> String {
    let name = data_dir.parent().and_then(Path::file_name).expect("a folder around it");
    let name: String = name.as_encoded_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t-{name}")
}

/// Topics of the data folder's own on the run's brokers; nothing where there are none, and rows carry events.
fn broker_settings(data_dir: &Path) -> Vec<(&'static str, String)> {
    let brokers = std::env::var(BROKERS).unwrap_or_default();
    if brokers.is_empty() {
        return Vec::new();
    }
    vec![
        ("PROSOPA_EVENTS__TRANSPORT", "kafka".to_owned()),
        ("PROSOPA_EVENTS__KAFKA__BROKERS", brokers),
        ("PROSOPA_EVENTS__KAFKA__TOPIC_PREFIX", topic_prefix(data_dir)),
        ("PROSOPA_EVENTS__KAFKA__PARTITIONS", "2".to_owned()),
    ]
}

/// How the processes of a data folder remember together, where the run has a server for it: each product by itself.
fn redis_settings(data_dir: &Path) -> Vec<(&'static str, String)> {
    let Some(url) = std::env::var(REDIS).ok().filter(|url| !url.is_empty()) else { return Vec::new() };
    let folder = data_dir.parent().and_then(Path::file_name).expect("a folder around it");
    let prefix: String =
        folder.to_string_lossy().chars().filter(char::is_ascii_alphanumeric).take(60).collect();
    // A busy machine is no loss.
    let deadline_ms = "5000".to_owned();
    vec![
        ("PROSOPA_REDIS__URL", url),
        ("PROSOPA_REDIS__PREFIX", prefix),
        ("PROSOPA_REDIS__DEADLINE_MS", deadline_ms),
    ]
}
