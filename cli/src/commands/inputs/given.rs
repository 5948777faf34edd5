//! What a request is about, where each picture has an argument of its own: a file, stdin, or an id of what is kept.

use std::path::{Path, PathBuf};

use super::{Source, media_type, on_thread};
use crate::args::typed_id;
use crate::client::Given;
use crate::client::types::Picture;
use crate::exit::Failure;

/// What an id on the command line may begin with.
const ID_PREFIXES: [&str; 2] = ["img_", "doc_"];

/// Opens the arguments of one command, of which one may be stdin.
#[derive(Default)]
pub(crate) struct Opener {
    has_stdin: bool,
}

impl Opener {
    /// What an argument names. A file goes before an id of the same name.
    pub(crate) async fn open(&mut self, argument: &Path) -> Result<Given, Failure> {
        let is_stdin = argument.as_os_str() == "-";
        if is_stdin && self.has_stdin {
            return Err(Failure::Usage("-: stdin holds one picture only".to_owned()));
        }
        self.has_stdin |= is_stdin;
        if let Some(id) = argument.to_str().filter(|text| is_id(text) && !argument.exists()) {
            return Ok(Given::Kept(id.to_owned()));
        }
        let source = if is_stdin { Source::stdin()? } else { Source::File(argument.to_owned()) };
        let bytes = on_thread(move || source.read()).await.map_err(|failure| match failure {
            Failure::Local(reason) => Failure::Local(format!("{}: {reason}", argument.display())),
            other => other,
        })?;
        Ok(Given::Sent(Picture { content_type: media_type(&bytes), bytes }))
    }

    /// The same, where the argument may be left out.
    pub(crate) async fn open_if_given(
        &mut self,
        argument: Option<&PathBuf>,
    ) -> Result<Option<Given>, Failure> {
        match argument {
            Some(argument) => Ok(Some(self.open(argument).await?)),
            None => Ok(None),
        }
    }
}

fn is_id(text: &str) -> bool {
    ID_PREFIXES.iter().any(|prefix| typed_id(text, prefix).is_ok())
}
