//! Microseconds until it is known who stands behind a credential: asked for and kept, in one process and over gRPC on
//! loopback. One after the other, the best of several rounds. Prints a Markdown table.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be made has failed")]

mod measure;
mod product;

use std::sync::Arc;

use tonic::transport::Channel;

use prosopa_contract::{
    client_keys::ClientKeysClient, credential_changes::CredentialChangesClient, verifier::VerifierClient,
};

use self::{
    measure::{keep, print_row},
    product::{Asked, Product},
};

#[tokio::main]
async fn main() {
    let product = Product::start().await;
    let channel = Channel::from_shared(format!("http://{}", product.address)).unwrap().connect_lazy();
    let remote = Asked {
        verifier: Arc::new(VerifierClient::new(channel.clone())),
        client_keys: Arc::new(ClientKeysClient::new(channel.clone())),
    };
    let remote_changes = Arc::new(CredentialChangesClient::new(channel));
    println!("| verification, µs | access token | API key | key of a signature |\n|---|---|---|---|");
    print_row("in one process, asked for", &product.asked, &product).await;
    let kept = keep(&product.asked, product.changes.clone()).await;
    print_row("in one process, kept", &kept, &product).await;
    print_row("over gRPC, asked for", &remote, &product).await;
    let kept = keep(&remote, remote_changes).await;
    print_row("over gRPC, kept", &kept, &product).await;
    product.stop().await;
}
