//! Runs the built binary in a home of its own.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fake::Fake;

/// A home folder, which is the working folder too.
pub(crate) struct Home {
    folder: TempDir,
}

/// How a run ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The run, which must have ended with that code.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// stdout as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}:\n{}", self.stdout))
    }

    /// stdout as one JSON document per line.
    #[track_caller]
    pub(crate) fn ndjson(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A home whose owner is signed in with these tokens.
    pub(crate) fn signed_in(fake: &Fake, access_token: &str, refresh_token: &str) -> Self {
        let home = Self::new();
        let login =
            json!({ "user_name": "ada", "access_token": access_token, "refresh_token": refresh_token });
        home.write_credentials(&json!({ "version": 1, "servers": { &fake.url: login } }).to_string());
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn credentials_path(&self) -> PathBuf {
        self.path().join(".config/prosopa/credentials.json")
    }

    pub(crate) fn write_credentials(&self, text: &str) {
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = self.credentials_path();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut options = std::fs::OpenOptions::new();
        options
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(path)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }

    /// The kept login of a server.
    pub(crate) fn login(&self, fake: &Fake) -> Value {
        let text = std::fs::read_to_string(self.credentials_path()).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["servers"][&fake.url].clone()
    }

    /// Writes a file, with its folders.
    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The binary with these arguments and nothing of this process's environment, but where coverage is to be written.
    /// Waits between attempts are short.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prosopa"));
        command
            .args(arguments)
            .env_clear()
            .envs(std::env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)))
            .env("HOME", self.path())
            .env("PROSOPA_RETRY_BASE_MS", "1")
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it against a server.
    pub(crate) fn run(&self, fake: &Fake, arguments: &[&str]) -> Run {
        finish(self.command(arguments).env("PROSOPA_SERVER", &fake.url).spawn().unwrap())
    }

    /// Runs it with something on stdin.
    pub(crate) fn run_with_input(&self, fake: &Fake, arguments: &[&str], input: &[u8]) -> Run {
        let mut command = self.command(arguments);
        let mut child = command.env("PROSOPA_SERVER", &fake.url).stdin(Stdio::piped()).spawn().unwrap();
        // It may end without reading all of it.
        let _ = child.stdin.take().unwrap().write_all(input);
        finish(child)
    }
}

/// Waits for the end.
pub(crate) fn finish(child: Child) -> Run {
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
