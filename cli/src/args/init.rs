//! What `init` takes.

use std::path::PathBuf;

use clap::Args;

use super::client::PasswordArgs;

/// What `init` takes.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Name to sign in with
    #[arg(long, value_name = "NAME")]
    pub(crate) user_name: Option<String>,
    /// E-mail address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// Where the password comes from.
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    /// What the API key is called
    #[arg(long, value_name = "NAME", default_value = "first-steps")]
    pub(crate) key_name: String,
    /// Compare the faces of these two pictures at once
    #[arg(long = "match", value_names = ["A", "B"], num_args = 2)]
    pub(crate) pictures: Option<Vec<PathBuf>>,
}
