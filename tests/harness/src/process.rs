//! One process of the product.

use std::process::{ExitStatus, Stdio};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
    task::JoinHandle,
};

/// A process that has said where it listens.
pub(crate) struct Process {
    child: Child,
    /// Address for users, `http://…`.
    pub(crate) public: Option<String>,
    /// Address for other services.
    pub(crate) internal: Option<String>,
    /// Address for operators.
    pub(crate) admin: String,
    output: JoinHandle<String>,
    errors: JoinHandle<String>,
}

impl Process {
    /// Starts a command and waits until it has said where it listens, of which the operators' address comes last.
    pub(crate) async fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the product starts");
        let mut errors = child.stderr.take().expect("a pipe");
        let errors = tokio::spawn(async move {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text).await;
            text
        });
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let (mut said, mut public, mut internal) = (String::new(), None, None);
        let admin = loop {
            let Some(line) = lines.next_line().await.expect("lines") else {
                panic!("the product ended early: {}", errors.await.expect("its messages"));
            };
            let last_word = |text: &str| text.split_whitespace().last().map(str::to_owned);
            if let Some((_, address)) = line.split_once("listens on ") {
                public = Some(address.to_owned());
            }
            if line.trim_start().starts_with("other services") {
                internal = last_word(&line);
            }
            said.push_str(&line);
            said.push('\n');
            if let Some((address, _)) = line.split_once("/readyz") {
                break last_word(address).expect("an address");
            }
        };
        let output = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                said.push_str(&line);
                said.push('\n');
            }
            said
        });
        Self { child, public, internal, admin, output, errors }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("a running process")
    }

    /// Sends a signal, such as `-TERM`.
    pub(crate) async fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.id().to_string()]).status().await.expect("kill");
        assert!(sent.success());
    }

    /// Asks for an orderly end as Ctrl-C does and waits for it; how it ended and what it wrote to stdout and stderr.
    pub(crate) async fn stop(self) -> (ExitStatus, String, String) {
        self.signal("-INT").await;
        self.ended().await
    }

    /// Waits until it has ended; how, and what it wrote to stdout and stderr.
    pub(crate) async fn ended(mut self) -> (ExitStatus, String, String) {
        let status = self.child.wait().await.expect("an exit status");
        (status, self.output.await.expect("its output"), self.errors.await.expect("its messages"))
    }

    /// Ends it as a power cut would, as far as a process can tell.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("the end");
    }
}
