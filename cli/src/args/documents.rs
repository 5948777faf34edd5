//! The commands about documents, and what each takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::client::typed_id;
use super::examples;
use super::list::ListArgs;

/// What `document` takes.
#[derive(Debug, Args)]
pub(crate) struct DocumentArgs {
    /// A picture of the front, or of a passport's page (JPEG, PNG, WebP), - for stdin, or the id of one that is kept
    #[arg(value_name = "FRONT")]
    pub(crate) front: PathBuf,
    /// A picture of the back, or its id
    #[arg(value_name = "BACK")]
    pub(crate) back: Option<PathBuf>,
    /// Also write each picture with the fields and the portrait drawn into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) save_annotated: Option<PathBuf>,
}

/// Commands about documents that were read.
#[derive(Debug, Subcommand)]
pub(crate) enum DocumentsCommand {
    /// List documents, newest first
    #[command(visible_alias = "ls", after_help = examples::DOCUMENTS_LIST)]
    List(ListArgs),
    /// Show one document with its fields
    #[command(after_help = examples::DOCUMENTS_SHOW)]
    Show(DocumentsShow),
    /// Delete what was read from documents, and the verifications of them, for good
    #[command(visible_alias = "rm", after_help = examples::DOCUMENTS_DELETE)]
    Delete(DocumentsDelete),
}

/// What `documents show` takes.
#[derive(Debug, Args)]
pub(crate) struct DocumentsShow {
    /// Id of the document, as `document` and `documents list` show it
    #[arg(value_name = "ID", value_parser = document_id)]
    pub(crate) id: String,
}

/// What `documents delete` takes.
#[derive(Debug, Args)]
pub(crate) struct DocumentsDelete {
    /// Ids of the documents
    #[arg(required = true, value_name = "ID", value_parser = document_id)]
    pub(crate) ids: Vec<String>,
}

fn document_id(text: &str) -> Result<String, String> {
    typed_id(text, "doc_")
}
