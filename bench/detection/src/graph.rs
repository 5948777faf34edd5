//! The whole product as one process beside the same product with each service in a process of its own, on the same
//! servers: how many requests a second, how long they take, and what each process keeps resident.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};

use prosopa_harness::{Answer, Caller, Product};

use crate::{
    memory,
    scenario::{SETTINGS, vga_photo},
};

/// Callers at the same time.
const CALLERS: usize = 8;

/// Readings behind a figure, and those before it that do not count.
const READINGS: usize = 4_000;
const READINGS_OF_WARM_UP: usize = 400;

/// Detections behind a figure, and those before it.
const DETECTIONS: usize = 200;
const DETECTIONS_OF_WARM_UP: usize = 20;

/// Every process of a product that is apart, but for its gateway.
const SERVICES: [&str; 4] = ["engine", "notifications", "auth", "detection"];

/// What one load showed.
struct Figures {
    per_second: f64,
    p50: Duration,
    p99: Duration,
}

/// Measures both in turn, twice, and prints the tables; of each figure the better of the two.
pub(crate) async fn run() {
    let picture = vga_photo();
    let mut rows = Vec::new();
    for _ in 0..2 {
        let whole = Product::start_with(SETTINGS).await;
        let of_whole = measure(&whole, &picture).await;
        whole.stop().await;
        let graph = Product::start_apart(SETTINGS).await;
        let idle = resident(&graph);
        let of_graph = measure(&graph, &picture).await;
        rows.push((of_whole, of_graph, idle, resident(&graph)));
        graph.stop().await;
    }
    println!("| {CALLERS} callers | one process | each service apart | share |\n|---|---|---|---|");
    for (index, what) in ["`GET /users/me`", "`POST /faces/detections`"].into_iter().enumerate() {
        let best = |runs: Vec<&Figures>| {
            let best = runs.into_iter().max_by(|one, other| one.per_second.total_cmp(&other.per_second));
            best.map(|best| (best.per_second, best.p50, best.p99)).unwrap()
        };
        let whole = best(rows.iter().map(|row| &row.0[index]).collect());
        let graph = best(rows.iter().map(|row| &row.1[index]).collect());
        let cell = |(rate, p50, p99): (f64, Duration, Duration)| {
            format!(
                "{rate:.0}/s, p50 {:.1} ms, p99 {:.1} ms",
                p50.as_secs_f64() * 1e3,
                p99.as_secs_f64() * 1e3
            )
        };
        println!("| {what} | {} | {} | {:.2} |", cell(whole), cell(graph), graph.0 / whole.0);
    }
    let (_, _, idle, loaded) = rows.pop().unwrap();
    println!(
        "\n| process | resident before the first request | after {} readings and {} detections |",
        READINGS, DETECTIONS
    );
    println!("|---|---|---|");
    for ((name, before), (_, after)) in idle.into_iter().zip(loaded) {
        println!("| {name} | {before} MB | {after} MB |");
    }
}

async fn measure(product: &Product, picture: &[u8]) -> [Figures; 2] {
    let user = product.user().await;
    let read = async |user: &Caller| user.get("/api/v1/users/me").await;
    load(&user, READINGS_OF_WARM_UP, 200, read).await;
    let readings = load(&user, READINGS, 200, read).await;
    let detect = async |user: &Caller| user.detect(picture.to_vec(), "image/jpeg").await;
    load(&user, DETECTIONS_OF_WARM_UP, 201, detect).await;
    [readings, load(&user, DETECTIONS, 201, detect).await]
}

async fn load(user: &Caller, count: usize, status: u16, ask: impl AsyncFn(&Caller) -> Answer) -> Figures {
    let began = Instant::now();
    let answers = stream::iter(0..count).map(async |_| {
        let began = Instant::now();
        let answer = ask(user).await;
        assert_eq!(answer.status, status, "{}", answer.json());
        began.elapsed()
    });
    let mut latencies: Vec<_> = answers.buffer_unordered(CALLERS).collect().await;
    let per_second = count as f64 / began.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let percentile = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
    Figures { per_second, p50: percentile(50), p99: percentile(99) }
}

/// Resident memory of each process, MB.
fn resident(product: &Product) -> Vec<(&'static str, u64)> {
    let others = SERVICES.map(|service| (service, memory::resident_mb(product.id_of(service))));
    [("gateway", memory::resident_mb(product.id()))].into_iter().chain(others).collect()
}
