//! The commands that talk to a server, one file each.

mod clients;
mod compare;
mod completions;
mod detect;
mod documents;
mod images;
mod init;
mod inputs;
mod jobs;
mod keys;
mod listing;
mod login;
mod logout;
mod reasons;
mod register;
mod results;
mod subjects;
mod verifications;
mod whoami;

use std::process::ExitCode;

use serde_json::json;

use crate::args::{
    ClientCommand, ClientsCommand, DocumentsCommand, GlobalOptions, ImagesCommand, JobsCommand, KeysCommand,
    ResultsCommand, SubjectsCommand, VerificationsCommand,
};
use crate::client::Error;
use crate::context::Context;
use crate::exit::Failure;
use crate::report::Reporter;

/// Runs a command to its end, reports how it failed, and gives the exit code.
pub(crate) fn run(options: GlobalOptions, command: ClientCommand) -> ExitCode {
    let reporter = Reporter::new(&options);
    let outcome = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let outcome = runtime.block_on(run_until_interrupted(options, command, reporter.clone()));
            // A thread may still wait for a line of stdin: it must not keep the process.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(Failure::Local(format!("cannot start: {error}"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, Failure::OutputClosed | Failure::Reported { .. }) {
                reporter.failure(&failure);
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

async fn run_until_interrupted(
    mut options: GlobalOptions,
    command: ClientCommand,
    reporter: Reporter,
) -> Result<(), Failure> {
    if let ClientCommand::Completions(args) = command {
        return completions::run(&args);
    }
    if matches!(command, ClientCommand::Init(_)) {
        options.server = tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => return Err(Failure::Interrupted),
            server = init::ask_for_server(&options) => server?,
        };
    }
    let ctx = Context::new(&options, reporter)?;
    tokio::select! {
        // First, so that the signal is caught before a password is asked for.
        biased;
        _ = tokio::signal::ctrl_c() => {
            tokio::select! {
                () = ctx.client.session().settle() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            Err(Failure::Interrupted)
        }
        outcome = dispatch(&ctx, command) => outcome,
    }
}

async fn dispatch(ctx: &Context, command: ClientCommand) -> Result<(), Failure> {
    match command {
        ClientCommand::Init(args) => init::run(ctx, args).await,
        ClientCommand::Register(args) => register::run(ctx, args).await,
        ClientCommand::Login(args) => login::run(ctx, args).await,
        ClientCommand::Logout(args) => logout::run(ctx, &args).await,
        ClientCommand::Whoami => whoami::run(ctx).await,
        ClientCommand::Keys(KeysCommand::Create(args)) => keys::create(ctx, args).await,
        ClientCommand::Keys(KeysCommand::List) => keys::list(ctx).await,
        ClientCommand::Keys(KeysCommand::Show) => keys::show(ctx),
        ClientCommand::Keys(KeysCommand::Rotate(args)) => keys::rotate(ctx, &args).await,
        ClientCommand::Keys(KeysCommand::Revoke(args)) => keys::revoke(ctx, &args).await,
        ClientCommand::Clients(ClientsCommand::Create(args)) => clients::create(ctx, args).await,
        ClientCommand::Clients(ClientsCommand::List) => clients::list(ctx).await,
        ClientCommand::Clients(ClientsCommand::Rotate(args)) => clients::rotate(ctx, &args).await,
        ClientCommand::Clients(ClientsCommand::Revoke(args)) => clients::revoke(ctx, &args).await,
        ClientCommand::Detect(args) => detect::run(ctx, args).await,
        ClientCommand::Match(args) => compare::run(ctx, args).await,
        ClientCommand::Document(args) => documents::read(ctx, args).await,
        ClientCommand::Documents(DocumentsCommand::List(args)) => documents::list(ctx, args).await,
        ClientCommand::Documents(DocumentsCommand::Show(args)) => documents::show(ctx, &args).await,
        ClientCommand::Documents(DocumentsCommand::Delete(args)) => documents::delete(ctx, &args).await,
        ClientCommand::Verify(args) => verifications::verify(ctx, args).await,
        ClientCommand::Verifications(VerificationsCommand::List(args)) => {
            verifications::list(ctx, args).await
        }
        ClientCommand::Verifications(VerificationsCommand::Show(args)) => {
            verifications::show(ctx, &args).await
        }
        ClientCommand::Verifications(VerificationsCommand::Delete(args)) => {
            verifications::delete(ctx, &args).await
        }
        ClientCommand::Results(ResultsCommand::List(args)) => results::list(ctx, args).await,
        ClientCommand::Results(ResultsCommand::Show(args)) => results::show(ctx, &args).await,
        ClientCommand::Results(ResultsCommand::Delete(args)) => results::delete(ctx, &args).await,
        ClientCommand::Images(ImagesCommand::Upload(args)) => images::upload::run(ctx, args).await,
        ClientCommand::Images(ImagesCommand::List(args)) => images::list(ctx, args).await,
        ClientCommand::Images(ImagesCommand::Get(args)) => images::get(ctx, args).await,
        ClientCommand::Images(ImagesCommand::Delete(args)) => images::delete(ctx, &args).await,
        ClientCommand::Subjects(SubjectsCommand::Erase(args)) => subjects::erase(ctx, &args).await,
        ClientCommand::Jobs(JobsCommand::List(args)) => jobs::list(ctx, args).await,
        ClientCommand::Jobs(JobsCommand::Show(args)) => jobs::show(ctx, &args).await,
        ClientCommand::Jobs(JobsCommand::Watch(args)) => jobs::watch::run(ctx, &args).await,
        ClientCommand::Jobs(JobsCommand::Cancel(args)) => jobs::cancel(ctx, &args).await,
        ClientCommand::Jobs(JobsCommand::Retry(args)) => jobs::retry(ctx, &args).await,
        ClientCommand::Completions(args) => completions::run(&args),
    }
}

/// Does something to each item, reporting failures as they come; stops where going on makes no sense.
async fn for_each<'a, F>(ctx: &Context, items: &'a [String], mut act: F) -> Result<(), Failure>
where
    F: AsyncFnMut(&'a str) -> Result<(), Failure>,
{
    let mut codes = Vec::new();
    for item in items {
        if let Err(failure) = act(item).await {
            if failure.ends_everything() || items.len() == 1 {
                return Err(failure);
            }
            ctx.reporter.failure_of(Some(item), &failure);
            codes.push(failure.exit_code());
        }
    }
    outcome_of_many(&codes, items.len())
}

/// Deletes each of them for good, if the answer is yes; `one` and `many` say what goes with one and with several.
async fn delete_each(
    ctx: &Context,
    ids: &[String],
    (one, many): (&str, &str),
    delete: impl AsyncFn(&str) -> Result<(), Error>,
) -> Result<(), Failure> {
    let question = match ids {
        [id] => format!("Delete {id} {one} for good?"),
        _ => format!("Delete {} {many} for good?", ids.len()),
    };
    if !ctx.prompter.confirm(&question).await? {
        return Err(Failure::Local("nothing was deleted".to_owned()));
    }
    for_each(ctx, ids, async |id| {
        delete(id).await?;
        ctx.output.document(&json!({ "id": id, "deleted": true }), |_| format!("deleted {id}"))?;
        Ok(())
    })
    .await
}

/// The outcome of several items: the failures' own code when all failed alike.
fn outcome_of_many(failures: &[u8], total: usize) -> Result<(), Failure> {
    match failures {
        [] => Ok(()),
        [code, rest @ ..] if failures.len() == total && rest.iter().all(|other| other == code) => {
            Err(Failure::Reported { code: *code })
        }
        _ => Err(Failure::Some { failed: failures.len(), total }),
    }
}
