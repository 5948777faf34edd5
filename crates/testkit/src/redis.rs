//! A Redis server of one test's own, which may be stopped, held and emptied.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

use prosopa_store::RedisOptions;
use tempfile::TempDir;

/// How often another port is tried: somebody may be faster.
const ATTEMPTS: usize = 10;

/// A server in memory, ended with the test.
pub struct TestRedis {
    port: u16,
    arguments: Vec<String>,
    folder: TempDir,
    server: Option<Child>,
}

impl TestRedis {
    /// Starts one.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with arguments of `redis-server`.
    pub fn start_with(arguments: &[&str]) -> Self {
        let arguments: Vec<_> = arguments.iter().map(|text| (*text).to_owned()).collect();
        for _ in 0..ATTEMPTS {
            let mut redis = Self {
                port: free_port(),
                arguments: arguments.clone(),
                folder: tempfile::tempdir().unwrap(),
                server: None,
            };
            if redis.try_start() {
                return redis;
            }
        }
        panic!("redis-server does not start");
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// How it is spoken to, with a deadline that a busy machine keeps.
    pub fn options(&self) -> RedisOptions {
        let mut options = RedisOptions::new(&self.url(), "test").unwrap();
        options.deadline = std::time::Duration::from_secs(5);
        options
    }

    /// Ends it as a power cut would; what it kept is gone.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    /// Starts it again where it was.
    pub fn start_again(&mut self) {
        assert!(self.server.is_none() && self.try_start(), "redis-server starts again");
    }

    /// Holds it: connections stay, nothing is answered.
    pub fn hold(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    /// Has it do something; its answer as it comes over the wire.
    pub fn ask(&self, command: &str) -> String {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        connection.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer.trim_end_matches("+OK\r\n").to_owned()
    }

    fn signal(&self, signal: &str) {
        let id = self.server.as_ref().expect("a running server").id();
        assert!(Command::new("kill").args([signal, &id.to_string()]).status().unwrap().success());
    }

    /// Whether it got its port.
    fn try_start(&mut self) -> bool {
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]);
        command.arg(self.port.to_string()).args(&self.arguments).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = command.spawn().expect("redis-server: `scripts/setup.sh --tests` installs it");
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let is_ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("Ready to accept"));
        // A pipe that nobody empties would stop it one day.
        std::thread::spawn(move || lines.for_each(drop));
        if is_ready {
            self.server = Some(server);
        } else {
            server.wait().unwrap();
        }
        is_ready
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // It may have ended.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
