//! What the configuration says about principals.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The section `principals` of the configuration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrincipalConfig {
    /// A file of public keys, for a process that verifies principals and signs none.
    /// None uses the keys in the data folder.
    pub public_keys_file: Option<PathBuf>,
}
