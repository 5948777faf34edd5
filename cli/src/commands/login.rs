//! `prosopa login`: signs in and keeps the session.

use serde_json::json;

use crate::args;
use crate::client::types::Tokens;
use crate::commands::register::refuse_missing;
use crate::context::Context;
use crate::credentials::{self, Change, CredentialStore, Login};
use crate::exit::Failure;
use crate::prompt::has_password;
use crate::report::printable;

/// Asks for what is missing, signs in, writes the session down.
pub(super) async fn run(ctx: &Context, args: args::Login) -> Result<(), Failure> {
    if !ctx.prompter.can_ask() {
        let missing = [
            (args.user_name.is_none(), "--user-name NAME"),
            (!has_password(&args.password), "--password-stdin (or PROSOPA_PASSWORD)"),
        ];
        refuse_missing(&missing)?;
    }
    let server = ctx.client.session().server().to_owned();
    let store = CredentialStore::from_environment()?;
    // A file that can not be used is found before a session is made that nobody could keep.
    store.load(&server)?;
    let user_name = ctx.prompter.value_or_ask(args.user_name, "User name or e-mail").await?;
    let password = ctx.prompter.password(&args.password, false)?;
    let tokens = ctx.client.login(&user_name, &password).await?;
    keep(ctx, &store, &user_name, tokens).await?;
    let signed_in = json!({ "server": server, "user_name": user_name, "credentials": store.path() });
    ctx.output.document(&signed_in, |_| format!("signed in to {server} as {}", printable(&user_name)))?;
    for variable in ["PROSOPA_TOKEN", "PROSOPA_ACCESS_KEY"] {
        if std::env::var_os(variable).is_some_and(|value| !value.is_empty()) {
            ctx.reporter.warning(&format!("{variable} is set: commands use it rather than this session"));
        }
    }
    Ok(())
}

/// Writes the session down and goes on in it.
pub(super) async fn keep(
    ctx: &Context,
    store: &CredentialStore,
    user_name: &str,
    tokens: Tokens,
) -> Result<(), Failure> {
    let session = ctx.client.session();
    session.set_current(tokens.access_token.clone());
    let login = Login {
        user_name: user_name.to_owned(),
        access_token: tokens.access_token,
        refresh_token: tokens.refresh_token,
    };
    let server = session.server().to_owned();
    write_down(store, move |change| change.save(&server, login)).await
}

/// Changes the file on a thread that may wait for another process's lock, and goes on if nobody waits for it.
pub(super) async fn write_down(
    store: &CredentialStore,
    write: impl FnOnce(&Change) -> Result<(), credentials::Error> + Send + 'static,
) -> Result<(), Failure> {
    let store = store.clone();
    match tokio::task::spawn_blocking(move || write(&store.change()?)).await {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(Failure::Interrupted),
    }
}
