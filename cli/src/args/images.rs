//! The commands about pictures, and what each takes.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::client::{parallelism, typed_id};
use super::examples;
use super::list::ListArgs;

/// Commands about pictures.
#[derive(Debug, Subcommand)]
pub(crate) enum ImagesCommand {
    /// Send pictures to be kept
    #[command(after_help = examples::IMAGES_UPLOAD)]
    Upload(ImagesUpload),
    /// List pictures, newest first
    #[command(visible_alias = "ls", after_help = examples::IMAGES_LIST)]
    List(ImagesList),
    /// Show what is known of a picture, or save its bytes
    #[command(after_help = examples::IMAGES_GET)]
    Get(ImagesGet),
    /// Delete pictures, and all that was found in them, for good
    #[command(visible_alias = "rm", after_help = examples::IMAGES_DELETE)]
    Delete(ImagesDelete),
}

/// What a picture is of.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum ImageType {
    /// A person
    Face,
    /// The front of an identity card
    IdFront,
    /// The back of an identity card
    IdBack,
    /// A passport's page with the portrait
    Passport,
    /// Anything else
    Other,
}

impl ImageType {
    /// As the server calls it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Face => "face",
            Self::IdFront => "id_front",
            Self::IdBack => "id_back",
            Self::Passport => "passport",
            Self::Other => "other",
        }
    }
}

/// What `images upload` takes.
#[derive(Debug, Args)]
pub(crate) struct ImagesUpload {
    /// Pictures (JPEG, PNG, WebP): files, folders (walked recursively), patterns in quotes, or - for stdin
    #[arg(required = true, value_name = "FILE|FOLDER|GLOB|-")]
    pub(crate) inputs: Vec<PathBuf>,
    /// What they are of
    #[arg(long = "type", value_name = "TYPE", value_enum, default_value = "other")]
    pub(crate) kind: ImageType,
    /// Your own name of the person in the pictures, up to 200 characters: all that is kept of one can be erased together
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<String>,
    /// A JSON object of your own, kept with each picture
    #[arg(long, value_name = "JSON")]
    pub(crate) metadata: Option<String>,
    /// Your own name of the consent under which they are kept
    #[arg(long, value_name = "ID")]
    pub(crate) consent: Option<String>,
    /// When they are removed, such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) delete_at: Option<jiff::Timestamp>,
    /// What to keep of what the camera wrote, separated by commas: `taken_at`, camera, lens, software, gps
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) exif: Vec<String>,
    /// How many pictures are sent at the same time (1 to 64)
    #[arg(short = 'j', long, value_name = "N", default_value = "4", value_parser = parallelism)]
    pub(crate) parallel: NonZeroUsize,
}

/// What `images list` takes.
#[derive(Debug, Args)]
pub(crate) struct ImagesList {
    /// Only pictures of this type
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub(crate) kind: Option<ImageType>,
    /// Only pictures of this person: your own name, or the id `sub_…`
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<String>,
    /// Of what time, and how many.
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

/// What `images get` takes.
#[derive(Debug, Args)]
pub(crate) struct ImagesGet {
    /// Id of the picture, as `images list` shows it
    #[arg(value_name = "ID", value_parser = image_id)]
    pub(crate) id: String,
    /// Write the picture itself into this new file
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
}

/// What `images delete` takes.
#[derive(Debug, Args)]
pub(crate) struct ImagesDelete {
    /// Ids of the pictures
    #[arg(required = true, value_name = "ID", value_parser = image_id)]
    pub(crate) ids: Vec<String>,
}

fn image_id(text: &str) -> Result<String, String> {
    typed_id(text, "img_")
}
