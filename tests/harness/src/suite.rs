//! The product as a cluster runs it: every service in processes of its own behind a fixed address, with databases on
//! PostgreSQL, events over Kafka, pictures in a bucket and a shared Redis; processes come and go while callers go on.

use std::{
    path::PathBuf,
    process::Output,
    time::{Duration, Instant},
};

use futures::future::join_all;
use tokio::process::Command;

use prosopa_testkit::{TestBlobs, TestHome, Topics};

use crate::{
    Answer, Caller,
    balancer::Balancer,
    commands::{self, SERVICES, binary},
    process::Process,
};

/// The service that users talk to.
const GATEWAY: &str = "gateway";

/// Variables that say where the run's servers are.
const SERVERS: [&str; 4] =
    ["PROSOPA_TEST_POSTGRES", commands::BROKERS, "PROSOPA_TEST_REDIS", "PROSOPA_TEST_S3"];

/// Settings of every suite: nobody comes too fast, and whoever is told to end is left by everybody before.
const SETTINGS: [(&str, &str); 9] = [
    ("PROSOPA_SERVER__LINGER_MS", "3000"),
    ("PROSOPA_DATABASE__ACQUIRE_TIMEOUT_MS", "2000"),
    ("PROSOPA_GATEWAY__CALLER_RATE__REQUESTS_PER_SECOND", "1000"),
    ("PROSOPA_GATEWAY__CALLER_RATE__BURST", "10000"),
    ("PROSOPA_GATEWAY__ADDRESS_RATE__REQUESTS_PER_SECOND", "1000"),
    ("PROSOPA_GATEWAY__ADDRESS_RATE__BURST", "10000"),
    ("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_DAY", "100000"),
    ("PROSOPA_GATEWAY__PLAN__REQUESTS_PER_MONTH", "1000000"),
    ("PROSOPA_AUTH__PASSWORD_HASHING_CONCURRENCY", "1"),
];

/// Longest time for what goes on by itself, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(300);

/// Pause between two looks.
const LOOK_PERIOD: Duration = Duration::from_millis(100);

/// The processes of a suite, ended when it is dropped.
pub struct Suite {
    home: TestHome,
    settings: Vec<(String, String)>,
    members: Vec<Member>,
}

/// A service and its processes, the oldest first.
struct Member {
    service: &'static str,
    balancer: Balancer,
    processes: Vec<Process>,
}

impl Suite {
    /// One process of each service on the run's servers; what `settings` say outranks that.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        for server in SERVERS {
            let is_there = std::env::var(server).is_ok_and(|address| !address.is_empty());
            assert!(is_there, "{server} is not set: run it under scripts/with-servers.sh");
        }
        let settings = SETTINGS.iter().chain(settings);
        let settings = settings.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let services = SERVICES.iter().map(|(service, _)| *service).chain([GATEWAY]);
        let members = services.map(async |service| {
            let balancer = Balancer::start().await;
            Member { service, balancer, processes: Vec::new() }
        });
        let members = join_all(members).await;
        let mut suite = Self { home: TestHome::new(), settings, members };
        for index in 0..suite.members.len() {
            suite.add(suite.members[index].service).await;
        }
        suite
    }

    /// Starts one more process of a service.
    pub async fn add(&mut self, service: &str) {
        let found: Vec<_> = self.members.iter().filter_map(Member::place).collect();
        let listen = if service == GATEWAY { "--listen" } else { "--internal-listen" };
        let mut command = commands::serve(&self.data_dir(), service, [listen, "127.0.0.1:0"], &found);
        command.envs(self.settings.iter().map(|(key, value)| (key, value)));
        let process = Process::spawn(command).await;
        let member = self.member(service);
        member.balancer.add(address_of(&process));
        member.processes.push(process);
    }

    /// Ends the oldest process of a service as a power cut would.
    pub async fn kill(&mut self, service: &str) {
        let member = self.member(service);
        let process = member.processes.remove(0);
        member.balancer.remove(address_of(&process));
        process.kill().await;
    }

    /// Ends the oldest process of a service in good order, as Kubernetes does: it is told to, callers are led to it until it
    /// says that it is not ready, and it ends by itself.
    pub async fn retire(&mut self, service: &str) {
        let member = self.member(service);
        let process = member.processes.remove(0);
        process.signal("-TERM").await;
        let admin = Caller::new(&process.admin);
        while admin.get("/readyz").await.status == 200 {
            tokio::task::yield_now().await;
        }
        member.balancer.remove(address_of(&process));
        let (status, _, errors) = process.ended().await;
        assert!(status.success(), "{service}: {errors}");
    }

    /// Stops the oldest process of a service without its knowledge; as one that does not answer probes, it is led to no more.
    pub async fn hold(&mut self, service: &str) {
        let member = self.member(service);
        member.balancer.remove(address_of(&member.processes[0]));
        member.processes[0].signal("-STOP").await;
    }

    /// Lets it go on.
    pub async fn resume(&mut self, service: &str) {
        let member = self.member(service);
        member.processes[0].signal("-CONT").await;
        member.balancer.add(address_of(&member.processes[0]));
    }

    /// Every service by its name.
    pub fn services(&self) -> Vec<&'static str> {
        self.members.iter().map(|member| member.service).collect()
    }

    /// Somebody without credentials.
    pub fn stranger(&self) -> Caller {
        let gateway = self.members.iter().find(|member| member.service == GATEWAY);
        Caller::new(&gateway.expect("a gateway").balancer.url())
    }

    /// Asks the operators' port of every process of a service.
    pub async fn ask_admin(&self, service: &str, path: &str) -> Vec<Answer> {
        let members = self.members.iter().filter(|member| member.service == service);
        let processes = members.flat_map(|member| &member.processes);
        join_all(processes.map(async |process| Caller::new(&process.admin).get(path).await)).await
    }

    /// The sum of a metric over all processes.
    pub async fn count(&self, metric: &str) -> u64 {
        let mut sum = 0;
        for service in self.services() {
            let answers = self.ask_admin(service, "/metrics").await;
            sum += answers.iter().map(|answer| answer.count(metric)).sum::<u64>();
        }
        sum
    }

    /// Waits until every process is ready.
    pub async fn until_ready(&self) {
        self.until("every process is ready", async || {
            for service in self.services() {
                for answer in self.ask_admin(service, "/readyz").await {
                    if answer.status != 200 {
                        return Err(format!("{service}: {}", answer.json()));
                    }
                }
            }
            Ok(())
        })
        .await;
    }

    /// Waits until a condition holds; the error says what it lacks.
    pub async fn until(&self, what: &str, holds: impl AsyncFn() -> Result<(), String>) {
        let start = Instant::now();
        while let Err(lack) = holds().await {
            assert!(start.elapsed() < PATIENCE, "{what}: {lack}");
            tokio::time::sleep(LOOK_PERIOD).await;
        }
    }

    /// What a statement finds in a service's database, each row a line.
    pub async fn rows(&self, database: &str, statement: &str) -> Vec<String> {
        let url = self.setting("PROSOPA_DATABASE__URL").replace("{service}", database);
        let mut command = Command::new("psql");
        command.args([&url, "--no-psqlrc", "--tuples-only", "--no-align", "--command", statement]);
        let output = command.output().await.expect("psql");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("rows in UTF-8");
        text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// The topics of this suite.
    pub fn topics(&self) -> Topics {
        let brokers = self.setting("PROSOPA_EVENTS__KAFKA__BROKERS");
        Topics::new(&brokers, &self.setting("PROSOPA_EVENTS__KAFKA__TOPIC_PREFIX"))
    }

    /// The pictures, sealed as they are.
    pub const fn blobs(&self) -> &TestBlobs {
        self.home.blobs()
    }

    /// Asks `prosopa admin`, with the configuration of the suite.
    pub async fn administer(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(binary());
        command.arg("admin").args(arguments).arg("--data-dir").arg(self.data_dir());
        command.envs(commands::stores(&self.data_dir()));
        command.envs(self.settings.iter().map(|(key, value)| (key, value)));
        command.output().await.expect("the product")
    }

    fn setting(&self, key: &str) -> String {
        let own = self.settings.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.clone());
        let of_run = || commands::stores(&self.data_dir()).into_iter().find(|(name, _)| *name == key);
        own.or_else(|| of_run().map(|(_, value)| value)).expect("a setting")
    }

    fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    fn member(&mut self, service: &str) -> &mut Member {
        self.members.iter_mut().find(|member| member.service == service).expect("a service")
    }
}

impl Member {
    /// The variable that tells others where it is found; nobody looks for a gateway.
    fn place(&self) -> Option<(&'static str, String)> {
        let (_, variable) = SERVICES.iter().find(|(service, _)| *service == self.service)?;
        Some((*variable, self.balancer.url()))
    }
}

/// Where a process serves its callers.
fn address_of(process: &Process) -> &str {
    process.public.as_deref().or(process.internal.as_deref()).expect("an address")
}
