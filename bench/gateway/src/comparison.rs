//! Every proxy in turn, and the tables.

use std::{
    env,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{
    load::{self, CONNECTIONS, Shape},
    peers::{self, Proxy},
    processor::seconds_of_group,
};

/// Measurements of each proxy with each shape.
const ROUNDS: usize = 5;

/// What a proxy did under full load.
struct Row {
    name: &'static str,
    /// Processor time of a request in microseconds, for each shape; none where there is no proxy.
    cost_us: Vec<Option<f64>>,
    /// Requests a second, for each shape.
    rates: Vec<f64>,
}

impl Row {
    fn new(proxy: &Proxy) -> Self {
        Self { name: proxy.name, cost_us: vec![None; Shape::ALL.len()], rates: vec![0.0; Shape::ALL.len()] }
    }
}

/// Measures and prints.
pub(crate) async fn run() {
    let folder = tempfile::tempdir().unwrap();
    let (_process, service) = start_service();
    let proxies = start_all(service, folder.path()).await;
    let mut rows: Vec<Row> = proxies.iter().map(Row::new).collect();
    // In turns, so that whatever else the machine does meets all of them.
    for _ in 0..ROUNDS {
        for (proxy, row) in proxies.iter().zip(&mut rows) {
            measure(proxy, row).await;
        }
    }
    print_costs(&rows);
    let slowest = rows.iter().map(|row| row.rates[0]).fold(f64::MAX, f64::min);
    print_latencies(&proxies, slowest / 2.0).await;
}

/// The service, which ends with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_service() -> (Running, SocketAddr) {
    let mut command = Command::new(env::current_exe().unwrap());
    let mut process = command.arg("service").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Running(process), line.trim().parse().unwrap())
}

async fn start_all(service: SocketAddr, folder: &Path) -> Vec<Proxy> {
    let gateway = async |name, prefix, filter: &str| {
        let address = peers::free_address();
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["gateway", &service.to_string()]);
        command.env("BENCH_LISTEN", address.to_string()).env("BENCH_LOG_FILTER", filter);
        Proxy::start(name, address, prefix, &mut command, folder).await
    };
    let all = vec![
        Proxy::direct(service),
        peers::nginx(service, folder, false).await,
        peers::nginx(service, folder, true).await,
        peers::haproxy(service, folder, false).await,
        peers::haproxy(service, folder, true).await,
        peers::caddy(service, folder).await,
        gateway("Prosopa, plain", "/api/v1/plain", "warn").await,
        gateway("Prosopa, key + rate + quota + usage + log", "/api/v1/full", "info").await,
    ];
    let wanted = env::var("BENCH_ONLY").unwrap_or_default();
    all.into_iter().filter(|proxy| proxy.name.contains(&wanted)).collect()
}

/// One round: what disturbed it least counts.
async fn measure(proxy: &Proxy, row: &mut Row) {
    for (index, shape) in Shape::ALL.into_iter().enumerate() {
        load::ask(proxy.address, proxy.prefix, shape, length() / 10, None).await;
        let spent = || proxy.group().map(seconds_of_group);
        let before = spent();
        let outcome = load::ask(proxy.address, proxy.prefix, shape, length(), None).await;
        let cost = spent().zip(before).map(|(after, before)| (after - before) / outcome.count as f64 * 1e6);
        row.cost_us[index] = row.cost_us[index].into_iter().chain(cost).reduce(f64::min);
        row.rates[index] = row.rates[index].max(outcome.rate());
    }
}

fn print_costs(rows: &[Row]) {
    let shapes = Shape::ALL.map(Shape::name);
    println!(
        "| {CONNECTIONS} connections | {} |",
        shapes.map(|name| format!("{name}, µs | {name}, 1/s")).join(" | ")
    );
    println!("|---|{}", "---|".repeat(2 * shapes.len()));
    for row in rows {
        let cells = row.cost_us.iter().zip(&row.rates).map(|(cost, rate)| {
            let cost = cost.map_or_else(String::new, |cost| format!("{cost:.1}"));
            format!("{cost} | {rate:.0}")
        });
        println!("| {} | {} |", row.name, cells.collect::<Vec<_>>().join(" | "));
    }
}

async fn print_latencies(proxies: &[Proxy], rate: f64) {
    println!("\n| small, {rate:.0} requests a second | p50, µs | p99, µs |\n|---|---|---|");
    for proxy in proxies {
        let outcome = load::ask(proxy.address, proxy.prefix, Shape::Small, length(), Some(rate)).await;
        println!("| {} | {:.0} | {:.0} |", proxy.name, outcome.percentile_us(50), outcome.percentile_us(99));
    }
}

/// Length of a measurement.
fn length() -> Duration {
    let seconds = env::var("BENCH_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}
