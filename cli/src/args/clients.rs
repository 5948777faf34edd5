//! The commands about API clients, and what each takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::client::{NewProgram, grace_seconds, typed_id};
use super::examples;

/// Commands about API clients.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientsCommand {
    /// Make a client and print its keys, once
    #[command(after_help = examples::CLIENTS_CREATE)]
    Create(ClientsCreate),
    /// List the clients, without their secret keys
    #[command(visible_alias = "ls", after_help = examples::CLIENTS_LIST)]
    List,
    /// Give a client another key and print it, once; the one before works for a while
    #[command(after_help = examples::CLIENTS_ROTATE)]
    Rotate(ClientsRotate),
    /// Revoke clients: what they sign is refused at once
    #[command(visible_alias = "rm", after_help = examples::CLIENTS_REVOKE)]
    Revoke(ClientsRevoke),
}

/// What `clients create` takes.
#[derive(Debug, Args)]
pub(crate) struct ClientsCreate {
    /// What it is called, may do, and until when.
    #[command(flatten)]
    pub(crate) program: NewProgram,
    /// Sign with Ed25519: file of the client's public key in PEM, as `openssl pkey -pubout` writes it
    #[arg(long, value_name = "FILE")]
    pub(crate) public_key: Option<PathBuf>,
    /// Without a user: the client gets an account of its own, where the server allows that
    #[arg(long)]
    pub(crate) sign_up: bool,
}

/// What `clients rotate` takes.
#[derive(Debug, Args)]
pub(crate) struct ClientsRotate {
    /// Id of the client, as `clients list` shows it
    #[arg(value_name = "ID", value_parser = client_id)]
    pub(crate) id: String,
    /// How long the present key goes on working, up to 604800 (a week); 0 ends it at once; a day when left out
    #[arg(long, value_name = "SECONDS", value_parser = grace_seconds())]
    pub(crate) grace: Option<u64>,
    /// The next public key of a client that signs with Ed25519: a file in PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) public_key: Option<PathBuf>,
}

/// What `clients revoke` takes.
#[derive(Debug, Args)]
pub(crate) struct ClientsRevoke {
    /// Ids of the clients, as `clients list` shows them
    #[arg(required = true, value_name = "ID", value_parser = client_id)]
    pub(crate) ids: Vec<String>,
}

fn client_id(text: &str) -> Result<String, String> {
    typed_id(text, "cli_")
}
