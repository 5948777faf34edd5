//! One running product: `prosopa up`, or each of its services in a process of its own.

use std::{
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::process::Command;

use prosopa_testkit::{TestBlobs, TestHome};

use crate::{
    Answer, Caller,
    commands::{self, SERVICES},
    process::Process,
};

/// Set to `apart`, it has every product of [`Product::start`] run as a process for each service.
const SHAPE: &str = "PROSOPA_TEST_SHAPE";

/// A product that runs until it is stopped, killed or dropped.
pub struct Product {
    /// Of whatever users talk to; the last process to be started.
    gateway: Process,
    /// The others, those first that were started first.
    others: Vec<(&'static str, Process)>,
    /// Where each of them is found.
    found: Vec<(&'static str, String)>,
    folder: Arc<TestHome>,
}

/// Another gateway of a product, ended when it is dropped.
pub struct Gateway(Process);

impl Gateway {
    /// The same caller, who asks this gateway.
    pub fn caller(&self, caller: &Caller) -> Caller {
        let url = self.0.public.as_deref().expect("an address for users");
        Caller::new(url).with_token(caller.token.as_deref().expect("a token"))
    }

    /// Asks its operator's port.
    pub async fn ask_admin(&self, path: &str) -> Answer {
        Caller::new(&self.0.admin).get(path).await
    }
}

impl Product {
    /// Starts with default settings on an empty folder.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts with settings from the environment on an empty folder.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_in(Arc::new(TestHome::new()), settings).await
    }

    /// Starts again on the folder of one that has ended.
    pub async fn start_again(folder: Arc<TestHome>) -> Self {
        Self::start_in(folder, &[]).await
    }

    /// Starts every service in a process of its own, whatever the environment says.
    pub async fn start_apart(settings: &[(&str, &str)]) -> Self {
        Self::start_services(Arc::new(TestHome::new()), settings).await
    }

    async fn start_in(folder: Arc<TestHome>, settings: &[(&str, &str)]) -> Self {
        if std::env::var_os(SHAPE).is_some_and(|shape| shape == "apart") {
            return Self::start_services(folder, settings).await;
        }
        let mut command = Self::command(&folder.path().join("data"));
        command.envs(settings.iter().copied());
        Self::spawn(command, folder).await
    }

    async fn start_services(folder: Arc<TestHome>, settings: &[(&str, &str)]) -> Self {
        let data_dir = folder.path().join("data");
        let mut found: Vec<(&str, String)> = Vec::new();
        let mut others = Vec::new();
        for (service, variable) in SERVICES {
            let mut command =
                commands::serve(&data_dir, service, ["--internal-listen", "127.0.0.1:0"], &found);
            command.envs(settings.iter().copied());
            let process = Process::spawn(command).await;
            found.push((variable, process.internal.clone().expect("an address for other services")));
            others.push((service, process));
        }
        let mut command = commands::serve(&data_dir, "gateway", ["--listen", "127.0.0.1:0"], &found);
        command.envs(settings.iter().copied());
        let gateway = Process::spawn(command).await;
        Self { gateway, others, found, folder }
    }

    /// The command line that [`Self::spawn`] expects, for tests that must wrap it.
    pub fn command(data_dir: &Path) -> Command {
        commands::up(data_dir)
    }

    /// What else a command needs to be told that works beside the product, on its folder.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        commands::stores(&self.data_dir())
    }

    /// The arguments of [`Self::command`].
    pub fn arguments(data_dir: &Path) -> Vec<String> {
        commands::arguments(data_dir)
    }

    /// The blobs of the product that keeps everything in this folder, `data` in one of its own.
    pub fn blobs_of(data_dir: &Path) -> TestBlobs {
        commands::blobs_of(data_dir)
    }

    /// The blobs of the product, sealed as they are.
    pub fn blobs(&self) -> TestBlobs {
        Self::blobs_of(&self.data_dir())
    }

    /// Where the databases of a data folder are on the run's server; none where they are files in it.
    pub fn database_url(data_dir: &Path) -> Option<String> {
        commands::database_url(data_dir)
    }

    /// Starts a command and waits until the product says where it listens.
    pub async fn spawn(command: Command, folder: Arc<TestHome>) -> Self {
        Self { gateway: Process::spawn(command).await, others: Vec::new(), found: Vec::new(), folder }
    }

    /// Somebody without credentials.
    pub fn stranger(&self) -> Caller {
        Caller::new(self.url())
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
        self.gateway.public.as_deref().expect("an address for users")
    }

    /// Where other processes find a service of a product that is apart, `http://…` or `https://…`.
    pub fn internal_url(&self, service: &str) -> &str {
        self.other(service).internal.as_deref().expect("an address for other services")
    }

    /// Somebody on the internal network who talks to a service of a product that is apart, past the gateway.
    pub fn intruder(&self, service: &str) -> Caller {
        Caller::new(self.internal_url(service))
    }

    /// Asks the operator's port: of every process for metrics, else of the first that is not well, or the last.
    pub async fn ask_admin(&self, path: &str) -> Answer {
        let mut answer = self.ask_gateway_admin(path).await;
        for (_, process) in &self.others {
            let other = Caller::new(&process.admin).get(path).await;
            if path == "/metrics" {
                answer.body.extend(other.body);
            } else if answer.status == 200 {
                answer = other;
            }
        }
        answer
    }

    /// Asks the operator's port of the process that has the gateway.
    pub async fn ask_gateway_admin(&self, path: &str) -> Answer {
        Caller::new(&self.gateway.admin).get(path).await
    }

    /// Whether each service has a process of its own.
    pub const fn is_apart(&self) -> bool {
        !self.others.is_empty()
    }

    /// The answer to what must have ended: the first one where the product is one process, else the first refusal within
    /// the second that a gateway may take to hear of it.
    pub async fn ask_after_the_end(&self, ask: impl AsyncFn() -> Answer) -> Answer {
        let start = Instant::now();
        loop {
            let answer = ask().await;
            let may_be_unheard = self.is_apart() && start.elapsed() < Duration::from_secs(1);
            if answer.status == 401 || !may_be_unheard {
                return answer;
            }
        }
    }

    /// The folder that holds `data`, to start again on.
    pub fn folder(&self) -> Arc<TestHome> {
        Arc::clone(&self.folder)
    }

    /// Folder of everything the product keeps.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The id of the process that users talk to.
    pub fn id(&self) -> u32 {
        self.gateway.id()
    }

    /// The id of a service's process, of a product that is apart.
    pub fn id_of(&self, service: &str) -> u32 {
        self.other(service).id()
    }

    /// Ends a service of a product that is apart as a power cut would.
    pub async fn kill_service(&mut self, service: &str) {
        let place = self.others.iter().position(|(name, _)| *name == service).expect("a running service");
        self.others.remove(place).1.kill().await;
    }

    /// Starts a service again that was killed, where it was.
    pub async fn revive_service(&mut self, service: &str) {
        let known = SERVICES.iter().find(|(name, _)| *name == service);
        let (service, variable) = *known.expect("a service");
        let found = self.found.iter().find(|(name, _)| *name == variable);
        let address = found.and_then(|(_, url)| url.split_once("://")).expect("its address").1;
        let listen = ["--internal-listen", address];
        let command = commands::serve(&self.data_dir(), service, listen, &self.found);
        self.others.push((service, Process::spawn(command).await));
    }

    /// Starts one more gateway of a product that is apart; only databases on a server let two of them use one folder.
    pub async fn start_gateway(&self, settings: &[(&str, &str)]) -> Gateway {
        let listen = ["--listen", "127.0.0.1:0"];
        let mut command = commands::serve(&self.data_dir(), "gateway", listen, &self.found);
        command.envs(settings.iter().copied());
        Gateway(Process::spawn(command).await)
    }

    /// Asks for an orderly end as Ctrl-C does and waits for it, of the gateway first; gives back how the product ended
    /// and what it wrote to stdout and stderr.
    pub async fn stop(self) -> (ExitStatus, String, String) {
        let (mut status, mut output, mut errors) = self.gateway.stop().await;
        for (_, process) in self.others.into_iter().rev() {
            let (other, said, complained) = process.stop().await;
            status = if status.success() { other } else { status };
            output.push_str(&said);
            errors.push_str(&complained);
        }
        (status, output, errors)
    }

    /// Ends it as a power cut would, as far as a process can tell.
    pub async fn kill(self) {
        self.gateway.kill().await;
        for (_, process) in self.others {
            process.kill().await;
        }
    }

    fn other(&self, service: &str) -> &Process {
        let found = self.others.iter().find(|(name, _)| *name == service);
        found.map(|(_, process)| process).expect("a service in a process of its own")
    }
}
