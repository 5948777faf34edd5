//! The commands that talk to a server, and what each takes.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::{Args, Subcommand};
use clap_complete::Shell;

use super::clients::ClientsCommand;
use super::documents::{DocumentArgs, DocumentsCommand};
use super::examples;
use super::images::ImagesCommand;
use super::init::Init;
use super::jobs::JobsCommand;
use super::list::ListArgs;
use super::verifications::{VerificationsCommand, VerifyArgs};

/// A command that talks to a server, or helps to.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Get started: sign up, sign in, and make an API key, whatever of it is still to be done
    #[command(after_help = examples::INIT)]
    Init(Init),
    /// Make a user on the server
    #[command(after_help = examples::REGISTER)]
    Register(Register),
    /// Sign in and keep the session on this machine
    #[command(after_help = examples::LOGIN)]
    Login(Login),
    /// End the session and forget it
    #[command(after_help = examples::LOGOUT)]
    Logout(Logout),
    /// Show the signed-in user and how much of the quota is used
    #[command(after_help = examples::WHOAMI)]
    Whoami,
    /// Make, list, show, rotate and revoke API keys for programs
    #[command(subcommand, after_help = examples::KEYS)]
    Keys(KeysCommand),
    /// Make, list, rotate and revoke API clients, which sign their requests
    #[command(subcommand, after_help = examples::CLIENTS)]
    Clients(ClientsCommand),
    /// Find the faces in pictures
    #[command(after_help = examples::DETECT)]
    Detect(Detect),
    /// Compare the faces of two pictures, or of one with several others
    #[command(after_help = examples::MATCH)]
    Match(MatchArgs),
    /// Read a document: its fields, and whether it is valid
    #[command(after_help = examples::DOCUMENT)]
    Document(DocumentArgs),
    /// List, show and delete documents that were read
    #[command(subcommand, after_help = examples::DOCUMENTS)]
    Documents(DocumentsCommand),
    /// Check a document against a selfie: is it valid, and its holder's?
    #[command(after_help = examples::VERIFY)]
    Verify(VerifyArgs),
    /// List, show and delete verifications
    #[command(subcommand, after_help = examples::VERIFICATIONS)]
    Verifications(VerificationsCommand),
    /// List, show and delete stored results
    #[command(subcommand, after_help = examples::RESULTS)]
    Results(ResultsCommand),
    /// Upload, list, get and delete pictures
    #[command(subcommand, after_help = examples::IMAGES)]
    Images(ImagesCommand),
    /// Erase persons
    #[command(subcommand, after_help = examples::SUBJECTS)]
    Subjects(SubjectsCommand),
    /// List, watch, cancel and retry what was asked for without waiting
    #[command(subcommand, after_help = examples::JOBS)]
    Jobs(JobsCommand),
    /// Print the completion script of a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions(Completions),
}

/// What `register` takes.
#[derive(Debug, Args)]
pub(crate) struct Register {
    /// Name to sign in with
    #[arg(long, value_name = "NAME")]
    pub(crate) user_name: Option<String>,
    /// E-mail address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// Metered requests a day, if fewer than the server's default are wanted
    #[arg(long, value_name = "N")]
    pub(crate) api_request_quota: Option<u64>,
    /// Where the password comes from.
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
}

/// What `login` takes.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// User name or e-mail address
    #[arg(long, visible_alias = "email", value_name = "NAME")]
    pub(crate) user_name: Option<String>,
    /// Where the password comes from.
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
}

/// Where a password comes from when it is not typed: never from the command line, which others can see.
#[derive(Debug, Args)]
pub(crate) struct PasswordArgs {
    /// Read the password from the first line of stdin (else from `PROSOPA_PASSWORD`, else it is asked for)
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// What `logout` takes.
#[derive(Debug, Args)]
pub(crate) struct Logout {
    /// Only forget the session on this machine, without telling the server
    #[arg(long)]
    pub(crate) local: bool,
}

/// Commands about API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key and print it, once
    #[command(after_help = examples::KEYS_CREATE)]
    Create(NewProgram),
    /// List the keys, without their secrets
    #[command(visible_alias = "ls", after_help = examples::KEYS_LIST)]
    List,
    /// Print the key that `prosopa init` has kept on this machine
    #[command(after_help = examples::KEYS_SHOW)]
    Show,
    /// Give a key another text and print it, once; the one before works for a while
    #[command(after_help = examples::KEYS_ROTATE)]
    Rotate(KeysRotate),
    /// Revoke keys: programs that use them are refused at once
    #[command(visible_alias = "rm", after_help = examples::KEYS_REVOKE)]
    Revoke(KeysRevoke),
}

/// What `keys create` and `clients create` take.
#[derive(Debug, Args)]
pub(crate) struct NewProgram {
    /// Name that tells what it is for
    pub(crate) name: String,
    /// What it may do (repeat or separate by commas): faces:read, faces:write, images:read, account:read,
    /// account:write, admin; all but the last two when left out
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    pub(crate) scopes: Vec<String>,
    /// When it stops working, such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "expires_in_days")]
    pub(crate) expires_at: Option<jiff::Timestamp>,
    /// After how many days it stops working
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=36_500))]
    pub(crate) expires_in_days: Option<i64>,
}

/// What `keys rotate` takes.
#[derive(Debug, Args)]
pub(crate) struct KeysRotate {
    /// Id of the key, as `keys list` shows it
    #[arg(value_name = "ID", value_parser = key_id)]
    pub(crate) id: String,
    /// How long the present text goes on working, up to 604800 (a week); 0 ends it at once; a day when left out
    #[arg(long, value_name = "SECONDS", value_parser = grace_seconds())]
    pub(crate) grace: Option<u64>,
}

/// What `keys revoke` takes.
#[derive(Debug, Args)]
pub(crate) struct KeysRevoke {
    /// Ids of the keys, as `keys list` shows them
    #[arg(required = true, value_name = "ID", value_parser = key_id)]
    pub(crate) ids: Vec<String>,
}

/// What `detect` takes.
#[derive(Debug, Args)]
pub(crate) struct Detect {
    /// Pictures (JPEG, PNG, WebP): files, folders (walked recursively), patterns in quotes, or - for stdin
    #[arg(required = true, value_name = "FILE|FOLDER|GLOB|-")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Also write each picture with its faces drawn into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) save_annotated: Option<PathBuf>,
    /// Look for faces down to this size in pixels (the server's default fits the picture)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(12..=4096))]
    pub(crate) min_face_px: Option<u32>,
    /// Report at most so many faces of a picture
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) max_faces: Option<u32>,
    /// Your own name of the person in the pictures, up to 200 characters: all that is kept of one can be erased together
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<String>,
    /// How many pictures are sent at the same time (1 to 64)
    #[arg(short = 'j', long, value_name = "N", default_value = "4", value_parser = parallelism)]
    pub(crate) parallel: NonZeroUsize,
}

/// What `match` takes.
#[derive(Debug, Args)]
pub(crate) struct MatchArgs {
    /// A picture (JPEG, PNG, WebP), or the id of one that is kept
    #[arg(value_name = "A")]
    pub(crate) image_a: PathBuf,
    /// With which it is compared: up to 100 pictures or ids
    #[arg(required = true, value_name = "B", num_args = 1..=100)]
    pub(crate) images_b: Vec<PathBuf>,
    /// The share of false matches that you accept, above 0 and up to 0.5 (the least that the server can keep)
    #[arg(long, value_name = "RATE")]
    pub(crate) max_fmr: Option<f64>,
    /// Refuse pictures with several faces, of which otherwise the largest is compared
    #[arg(long)]
    pub(crate) single: bool,
}

/// Commands about stored results.
#[derive(Debug, Subcommand)]
pub(crate) enum ResultsCommand {
    /// List stored results, newest first
    #[command(visible_alias = "ls", after_help = examples::RESULTS_LIST)]
    List(ListArgs),
    /// Show one result with its faces
    #[command(after_help = examples::RESULTS_SHOW)]
    Show(ResultsShow),
    /// Delete results and their pictures for good
    #[command(visible_alias = "rm", after_help = examples::RESULTS_DELETE)]
    Delete(ResultsDelete),
}

/// What `results show` takes.
#[derive(Debug, Args)]
pub(crate) struct ResultsShow {
    /// Id of the result, as `detect` and `results list` show it
    #[arg(value_name = "ID", value_parser = detection_id)]
    pub(crate) id: String,
}

/// What `results delete` takes.
#[derive(Debug, Args)]
pub(crate) struct ResultsDelete {
    /// Ids of the results
    #[arg(required = true, value_name = "ID", value_parser = detection_id)]
    pub(crate) ids: Vec<String>,
}

/// Commands about persons.
#[derive(Debug, Subcommand)]
pub(crate) enum SubjectsCommand {
    /// Make everything that is kept of persons unreadable, at once and for good
    #[command(after_help = examples::SUBJECTS_ERASE)]
    Erase(SubjectsErase),
}

/// What `subjects erase` takes.
#[derive(Debug, Args)]
pub(crate) struct SubjectsErase {
    /// Ids of the persons, as `subject` in results shows them
    #[arg(required = true, value_name = "ID", value_parser = subject_id)]
    pub(crate) ids: Vec<String>,
}

/// What `completions` takes.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

pub(super) fn parallelism(text: &str) -> Result<NonZeroUsize, String> {
    text.parse::<NonZeroUsize>()
        .ok()
        .filter(|number| number.get() <= 64)
        .ok_or_else(|| "a number from 1 to 64 is needed".to_owned())
}

fn detection_id(text: &str) -> Result<String, String> {
    typed_id(text, "det_")
}

fn subject_id(text: &str) -> Result<String, String> {
    typed_id(text, "sub_")
}

/// Seconds that an old secret may go on working.
pub(super) fn grace_seconds() -> impl TypedValueParser<Value = u64> {
    clap::value_parser!(u64).range(0..=604_800)
}

fn key_id(text: &str) -> Result<String, String> {
    typed_id(text, "key_")
}

/// Refuses what can not be an id before it becomes part of a path.
pub(crate) fn typed_id(text: &str, prefix: &str) -> Result<String, String> {
    let is_id = text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == 26 && rest.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
    });
    if is_id {
        Ok(text.to_owned())
    } else {
        Err(format!("an id here is `{prefix}` and 26 letters and digits"))
    }
}
