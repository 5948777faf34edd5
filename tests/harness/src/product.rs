//! One running `prosopa up`.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::Arc,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
    task::JoinHandle,
};

use prosopa_testkit::{TestDatabases, TestHome};

use crate::{Answer, Caller};

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

/// A product that runs until it is stopped, killed or dropped.
pub struct Product {
    child: Child,
    public: String,
    admin: String,
    output: JoinHandle<String>,
    errors: JoinHandle<String>,
    folder: Arc<TestHome>,
}

impl Product {
    /// Starts with default settings on an empty folder.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts with settings from the environment on an empty folder.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        let folder = Arc::new(TestHome::new());
        let mut command = Self::command(&folder.path().join("data"));
        command.envs(settings.iter().copied());
        Self::spawn(command, folder).await
    }

    /// Starts again on the folder of one that has ended.
    pub async fn start_again(folder: Arc<TestHome>) -> Self {
        Self::spawn(Self::command(&folder.path().join("data")), folder).await
    }

    /// The command line that [`Self::spawn`] expects, for tests that must wrap it.
    pub fn command(data_dir: &Path) -> Command {
        let mut command = Command::new(binary());
        command.args(Self::arguments(data_dir)).env("PROSOPA_MODEL_PACK", model_pack());
        command.envs(Self::database_url(data_dir).map(|url| ("PROSOPA_DATABASE__URL", url)));
        command
    }

    /// Where the databases of a data folder are on the run's server; none where they are files in it.
    pub fn database_url(data_dir: &Path) -> Option<String> {
        TestDatabases::url_of(data_dir.parent().expect("a folder around it"))
    }

    /// The arguments of [`Self::command`].
    pub fn arguments(data_dir: &Path) -> Vec<String> {
        let data_dir = data_dir.to_str().expect("a path in UTF-8").to_owned();
        let ports = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        let mut arguments = vec!["up".to_owned(), "--data-dir".to_owned(), data_dir];
        arguments.extend(ports.map(str::to_owned));
        arguments
    }

    /// Starts a command and waits until the product says where it listens.
    pub async fn spawn(mut command: Command, folder: Arc<TestHome>) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the product starts");
        let mut errors = child.stderr.take().expect("a pipe");
        let errors = tokio::spawn(async move {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text).await;
            text
        });
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let (mut said, mut public, mut admin) = (String::new(), None, None);
        while public.is_none() || admin.is_none() {
            let Some(line) = lines.next_line().await.expect("lines") else {
                panic!("the product ended early: {}", errors.await.expect("its messages"));
            };
            if let Some((_, address)) = line.split_once("listens on ") {
                public = Some(address.to_owned());
            }
            if let Some((address, _)) = line.split_once("/readyz") {
                admin = address.split_whitespace().last().map(str::to_owned);
            }
            said.push_str(&line);
            said.push('\n');
        }
        let output = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                said.push_str(&line);
                said.push('\n');
            }
            said
        });
        Self { child, public: public.expect("set"), admin: admin.expect("set"), output, errors, folder }
    }

    /// Somebody without credentials.
    pub fn stranger(&self) -> Caller {
        Caller::new(&self.public)
    }

    /// Somebody who has just registered and logged in.
    pub async fn user(&self) -> Caller {
        self.stranger().sign_up().await
    }

    /// A user that registered before, logged in anew.
    pub async fn log_in(&self, user_name: &str) -> Caller {
        self.stranger().log_in(user_name).await
    }

    /// The administrator, with the password that the product has made.
    pub async fn administrator(&self) -> Caller {
        let file = self.data_dir().join("administrator-password");
        let password = std::fs::read_to_string(file).expect("the administrator's password");
        self.stranger().log_in_with("administrator", password.trim()).await
    }

    /// Address for users, `http://…`.
    pub fn url(&self) -> &str {
        &self.public
    }

    /// Asks the operator's port.
    pub async fn ask_admin(&self, path: &str) -> Answer {
        Caller::new(&self.admin).get(path).await
    }

    /// The folder that holds `data`, to start again on.
    pub fn folder(&self) -> Arc<TestHome> {
        Arc::clone(&self.folder)
    }

    /// Folder of everything the product keeps.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id().expect("a running process")
    }

    /// Asks for an orderly end as Ctrl-C does and waits for it; gives back how it ended and what it wrote to stdout and stderr.
    pub async fn stop(mut self) -> (ExitStatus, String, String) {
        let ended = Command::new("kill").args(["-INT", &self.id().to_string()]).status().await.expect("kill");
        assert!(ended.success());
        let status = self.child.wait().await.expect("an exit status");
        (status, self.output.await.expect("its output"), self.errors.await.expect("its messages"))
    }

    /// Ends it as a power cut would, as far as a process can tell.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("the end");
    }
}
