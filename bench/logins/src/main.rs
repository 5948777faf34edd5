//! Logins a second through the whole product, beside what argon2id alone allows on as many threads; and the memory that
//! many logins at once take. Prints a Markdown table; `docs/benchmarks.md` keeps it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be made has failed")]

mod alone;
mod comparison;
mod memory;
mod product;

#[tokio::main]
async fn main() {
    comparison::run().await;
}
