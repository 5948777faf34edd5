//! K1, K2: requests that others sign: a public library, the script of the documentation, the command line.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use prosopa_harness::{Answer, Caller, Product, binary, photo};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

const PAGE: &str = include_str!("../../../../docs/request-signing.md");

/// An API client of a user, and where the programs that sign for it work.
struct Signing {
    product: Product,
    owner: Caller,
    /// As the API tells of it; its keys beside it.
    client: Value,
    /// Holds `photo.png`, and `key.pem` where the client has a key pair.
    folder: TempDir,
}

impl Signing {
    async fn start(has_key_pair: bool) -> Self {
        let product = Product::start().await;
        let owner = product.user().await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("photo.png"), photo()).unwrap();
        let scopes = ["faces:read", "faces:write", "account:read"];
        let mut wanted = json!({ "name": "camera", "scopes": scopes });
        if has_key_pair {
            wanted["algorithm"] = "ed25519".into();
            wanted["public_key"] = STANDARD.encode(make_key_pair(folder.path()).await).into();
        }
        let made = owner.post("/api/v1/clients", &wanted).await;
        assert_eq!(made.status, 201, "{}", made.json());
        Self { product, owner, client: made.json(), folder }
    }

    fn access_key(&self) -> &str {
        self.client["access_key"].as_str().unwrap()
    }

    /// Runs a program that signs with the client's keys, in the folder.
    async fn run(&self, program: impl AsRef<Path>, arguments: &[&str]) -> Output {
        let mut command = Command::new(program.as_ref());
        command.args(arguments).current_dir(self.folder.path()).env_remove("PROSOPA_TOKEN");
        command.env("PROSOPA_SERVER", self.product.url()).env("PROSOPA_CREDENTIALS", "credentials.json");
        command.env("ACCESS_KEY", self.access_key()).env("PROSOPA_ACCESS_KEY", self.access_key());
        // The script of the page wants one even where it is not used.
        match self.client["secret_key"].as_str() {
            Some(secret_key) => command.env("SECRET_KEY", secret_key).env("PROSOPA_SECRET_KEY", secret_key),
            None => command
                .env("SECRET_KEY", "none")
                .env("PRIVATE_KEY_FILE", "key.pem")
                .env("PROSOPA_SECRET_KEY_FILE", "key.pem"),
        };
        command.output().await.unwrap()
    }

    /// What the public library's client gets, without the headers.
    async fn ask_whole(&self, method: &str, target: &str, file: Option<&str>) -> Answer {
        let url = format!("{}{target}", self.product.url());
        let script = root().join("tests/e2e/signing/client.py");
        let arguments = [script.to_str().unwrap(), method, &url].into_iter().chain(file);
        let output = self.run(python().await, &arguments.collect::<Vec<_>>()).await;
        let text = said(&output);
        let (status, body) = text.split_once('\n').unwrap();
        Answer { status: status.parse().unwrap(), headers: Default::default(), body: body.into() }
    }

    /// Its status and its JSON.
    async fn ask(&self, method: &str, target: &str, file: Option<&str>) -> (u16, Value) {
        let answer = self.ask_whole(method, target, file).await;
        (answer.status, answer.json())
    }

    /// Sends by the public library all that it can.
    async fn ask_for_everything(&self) {
        let (status, quota) = self.ask("GET", "/api/v1/quota", None).await;
        assert_eq!(status, 200, "{quota}");
        let (status, found) =
            self.ask("POST", "/api/v1/faces/detections?max_faces=3", Some("photo.png")).await;
        assert_eq!((status, found["faces"].as_array().unwrap().len()), (201, 1), "{found}");
        let (status, list) = self.ask("GET", "/api/v1/faces/detections?limit=5", None).await;
        assert_eq!((status, &list["items"][0]["id"]), (200, &found["id"]), "{list}");
        let (status, _) = self
            .ask("DELETE", &format!("/api/v1/faces/detections/{}", found["id"].as_str().unwrap()), None)
            .await;
        assert_eq!(status, 204);
    }

    /// Runs the script of the page with this function for the signature.
    async fn run_script(&self, sign: &str) -> Value {
        let authority = self.product.url().strip_prefix("http://").unwrap();
        let script = blocks()[0].replace("localhost:8080", authority);
        let own = script.lines().find(|line| line.starts_with("sign()")).unwrap().to_owned();
        let script = format!("set -euo pipefail\n{}", script.replace(&own, sign));
        let output = self.run("bash", &["-c", &script]).await;
        serde_json::from_str(&said(&output)).unwrap()
    }
}

/// The blocks of the page that a shell runs: the script, and the function that differs for a key pair.
fn blocks() -> Vec<&'static str> {
    PAGE.split("```").filter_map(|block| block.strip_prefix("bash\n")).map(str::trim_end).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[track_caller]
fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The Python that has the public library.
async fn python() -> PathBuf {
    let output = Command::new(root().join("scripts/test-python.sh")).arg("signing").output().await.unwrap();
    said(&output).trim().into()
}

/// Writes `key.pem` and gives the public key's 32 bytes.
async fn make_key_pair(folder: &Path) -> Vec<u8> {
    let openssl = async |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(folder).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]).await;
    let der = openssl(&["pkey", "-in", "key.pem", "-pubout", "-outform", "DER"]).await;
    der[der.len() - 32..].to_vec()
}

/// K2: a library that knows nothing of us signs with a shared secret; what it signs for a client that is gone is refused.
#[tokio::test]
async fn a_public_library_signs() {
    let signing = Signing::start(false).await;
    signing.ask_for_everything().await;
    let id = signing.client["client"]["id"].as_str().unwrap();
    let gone = signing.owner.delete(&format!("/api/v1/clients/{id}")).await;
    assert_eq!(gone.status, 204, "{}", gone.json());
    let ask = async || signing.ask_whole("GET", "/api/v1/quota", None).await;
    let refused = signing.product.ask_after_the_end(ask).await;
    assert_eq!(refused.refusal(), (401, "unauthenticated".into()));
}

/// K2: the same with a key pair, of which the server knows the public key alone.
#[tokio::test]
async fn a_public_library_signs_with_a_key_pair() {
    let signing = Signing::start(true).await;
    assert_eq!(signing.client["secret_key"], Value::Null);
    signing.ask_for_everything().await;
}

/// K2: the script of the page works as it stands there, but for the address.
#[tokio::test]
async fn the_script_of_the_page_works() {
    let signing = Signing::start(false).await;
    let own = blocks()[0].lines().find(|line| line.starts_with("sign()")).unwrap();
    let found = signing.run_script(own).await;
    assert_eq!(found["faces"].as_array().unwrap().len(), 1, "{found}");
    let wrong = own.replace("$secret_key", "wrong");
    assert_eq!(signing.run_script(&wrong).await["code"], "unauthenticated");
}

/// K2: and with the page's function for a key pair.
#[tokio::test]
async fn the_script_of_the_page_works_with_a_key_pair() {
    let signing = Signing::start(true).await;
    let found = signing.run_script(blocks()[1]).await;
    assert_eq!(found["faces"].as_array().unwrap().len(), 1, "{found}");
}

/// K2, F8: the command line signs with either kind of key.
#[tokio::test]
async fn the_command_line_signs() {
    for has_key_pair in [false, true] {
        let signing = Signing::start(has_key_pair).await;
        let who = said(&signing.run(binary(), &["whoami"]).await);
        assert!(who.contains(&signing.owner.user_name), "{who}");
        let found = said(&signing.run(binary(), &["detect", "photo.png", "-o", "json"]).await);
        assert!(found.contains("\"landmarks68\""), "{found}");
        let another = Command::new(binary())
            .args(["whoami", "--access-key", signing.access_key(), "--secret-key", &"x".repeat(40)])
            .env("PROSOPA_SERVER", signing.product.url())
            .env_remove("PROSOPA_TOKEN")
            .output()
            .await
            .unwrap();
        assert_eq!(another.status.code(), Some(3), "{}", String::from_utf8_lossy(&another.stderr));
    }
}
