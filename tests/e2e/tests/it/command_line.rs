use std::{path::Path, process::Stdio};

use prosopa_harness::{PASSWORD, Product, binary, photo};
use serde_json::Value;
use tokio::{io::AsyncWriteExt, process::Command};

use crate::papers::portrait;

struct Terminal {
    url: String,
    home: tempfile::TempDir,
}

struct Said {
    code: i32,
    output: String,
    errors: String,
}

impl Terminal {
    fn at(product: &Product) -> Self {
        Self { url: product.url().to_owned(), home: tempfile::tempdir().unwrap() }
    }

    async fn run(&self, arguments: &[&str], input: &[u8]) -> Said {
        let mut command = Command::new(binary());
        command.args(arguments).env("PROSOPA_SERVER", &self.url).env_remove("PROSOPA_TOKEN");
        command.env("PROSOPA_CREDENTIALS", self.home.path().join("credentials.json"));
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that reads nothing may be gone before it is written to.
        let _ = stdin.write_all(input).await;
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap(), output: text(output.stdout), errors: text(output.stderr) }
    }

    async fn expect(&self, arguments: &[&str], input: &str) -> String {
        let said = self.run(arguments, input.as_bytes()).await;
        assert_eq!(said.code, 0, "{arguments:?}: {}", said.errors);
        said.output
    }

    async fn sign_up(&self, name: &str) {
        let email = format!("{name}@example.org");
        let register = ["register", "--user-name", name, "--email", &email, "--password-stdin"];
        self.expect(&register, PASSWORD).await;
        self.expect(&["login", "--user-name", name, "--password-stdin"], PASSWORD).await;
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// F8: register, log in, send a photo, see the face, see it again, delete it.
#[tokio::test]
async fn a_newcomer_gets_from_register_to_faces() {
    let product = Product::start().await;
    let terminal = Terminal::at(&product);
    terminal.sign_up("newcomer").await;
    assert!(terminal.expect(&["whoami"], "").await.contains("newcomer"));
    let picture = terminal.write("photo.png", &photo());
    let annotated = terminal.home.path().join("annotated");
    let annotated = annotated.to_str().unwrap();
    let table = terminal.expect(&["detect", &picture, "--save-annotated", annotated], "").await;
    assert!(table.contains("det_") && table.contains("100.0 %"), "{table}");
    let drawn = std::fs::read_dir(annotated).unwrap().next().unwrap().unwrap().path();
    assert_eq!(image::image_dimensions(drawn).unwrap(), (512, 512));

    let list: Value =
        serde_json::from_str(&terminal.expect(&["results", "list", "-o", "json"], "").await).unwrap();
    let list = list.as_array().cloned().unwrap_or_else(|| list["items"].as_array().unwrap().clone());
    let id = list[0]["id"].as_str().unwrap().to_owned();
    let shown: Value =
        serde_json::from_str(&terminal.expect(&["results", "show", &id, "-o", "json"], "").await).unwrap();
    assert_eq!(shown["faces"].as_array().unwrap().len(), 1);
    terminal.expect(&["results", "delete", &id, "--yes"], "").await;
    assert_eq!(terminal.run(&["results", "show", &id], b"").await.code, 4);
    terminal.expect(&["logout"], "").await;
    assert_eq!(terminal.run(&["whoami"], b"").await.code, 3);
}

/// F8, K4: one command leads from nothing to the first match, and may be given again; its key works for programs.
#[tokio::test]
async fn a_newcomer_gets_to_a_match_with_one_command() {
    let product = Product::start().await;
    let terminal = Terminal::at(&product);
    let pictures = ["portrait_a1.png", "portrait_a1_tilted.png", "portrait_b1.png"];
    let [one, same, other] = pictures.map(|name| terminal.write(name, &portrait(name)));
    let init = ["init", "--user-name", "newcomer", "--email", "newcomer@example.org", "--password-stdin"];
    let table = terminal.expect(&[&init[..], &["--match", &one, &same]].concat(), PASSWORD).await;
    assert!(table.contains("newcomer (new)") && table.contains("mat_"), "{table}");
    let again = terminal.run(&["init", "--match", &one, &other], b"").await;
    assert_eq!(again.code, 8, "{}", again.errors);
    assert!(again.output.contains("signed in before") && again.output.contains("kept before"));
    let key = terminal.expect(&["keys", "show"], "").await;
    let program = product.stranger().with_token(key.trim());
    assert_eq!(program.get("/api/v1/faces/matches").await.json()["items"].as_array().map(Vec::len), Some(2));

    let elsewhere = Terminal::at(&product);
    let table = elsewhere.expect(&init, PASSWORD).await;
    assert!(table.contains("signed up before"), "{table}");
}

/// F8: a folder goes up in parallel, one line a file, and a bad file does not stop the others.
#[tokio::test]
async fn a_folder_gives_a_line_for_each_picture() {
    let product = Product::start().await;
    let terminal = Terminal::at(&product);
    terminal.sign_up("folder").await;
    for index in 0..4 {
        terminal.write(&format!("pictures/{index}.png"), &photo());
    }
    terminal.write("pictures/deep/bad.png", b"not a picture");
    let folder = terminal.home.path().join("pictures");
    let said = terminal.run(&["detect", path(&folder), "-o", "ndjson"], b"").await;
    assert_eq!(said.code, 7, "{}", said.errors);
    let lines: Vec<Value> = said.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().filter(|line| line["face_count"] == 1).count(), 4, "{}", said.output);
    assert!(said.errors.contains("bad.png"), "{}", said.errors);
}

/// F3, F8: a key made here works as a token, from standard input too.
#[tokio::test]
async fn a_key_works_as_a_token() {
    let product = Product::start().await;
    let terminal = Terminal::at(&product);
    terminal.sign_up("maker").await;
    let key: Value =
        serde_json::from_str(&terminal.expect(&["keys", "create", "camera", "-o", "json"], "").await)
            .unwrap();
    let elsewhere = Terminal::at(&product);
    let said = elsewhere
        .run(&["detect", "-", "-o", "json", "--token", key["key"].as_str().unwrap()], &photo())
        .await;
    assert_eq!(said.code, 0, "{}", said.errors);
    assert!(said.output.contains("\"landmarks68\""));
}

/// F5, F8: a quota that is used up ends the command at once and says until when.
#[tokio::test]
async fn a_used_up_quota_ends_the_command() {
    let product = Product::start_with(&[("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_DAY", "1")]).await;
    let terminal = Terminal::at(&product);
    terminal.sign_up("thrifty").await;
    let picture = terminal.write("photo.png", &photo());
    terminal.expect(&["detect", &picture], "").await;
    let said = terminal.run(&["detect", &picture], b"").await;
    assert_eq!(said.code, 5);
    assert!(said.errors.to_lowercase().contains("reset"), "{}", said.errors);
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
