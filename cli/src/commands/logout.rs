//! `prosopa logout`: ends the session on the server and forgets it here.

use serde_json::json;

use crate::args::Logout;
use crate::context::Context;
use crate::credentials::CredentialStore;
use crate::exit::Failure;

/// Ends the session; nothing to end is no failure.
pub(super) async fn run(ctx: &Context, args: &Logout) -> Result<(), Failure> {
    let server = ctx.client.session().server().to_owned();
    let store = CredentialStore::from_environment()?;
    if store.load(&server)?.is_none() {
        return finish(ctx, &server, false);
    }
    let change = match tokio::task::spawn_blocking(move || store.change()).await {
        Ok(change) => change?,
        Err(_) => return Err(Failure::Interrupted),
    };
    // Read again under the lock: another process may just have renewed it.
    if let Some(login) = change.load(&server)? {
        if !args.local
            && let Err(error) = ctx.client.logout(&login.refresh_token).await
        {
            ctx.reporter
                .note("the session is kept; `prosopa logout --local` forgets it without telling the server");
            return Err(error.into());
        }
        if let Some(id) = change.forget(&server)? {
            ctx.reporter.note(&format!(
                "the API key {id} is forgotten here too, and works on: `prosopa keys revoke {id}` ends it"
            ));
        }
    }
    finish(ctx, &server, true)
}

fn finish(ctx: &Context, server: &str, was_signed_in: bool) -> Result<(), Failure> {
    let signed_out = json!({ "server": server, "was_signed_in": was_signed_in });
    ctx.output.document(&signed_out, |_| {
        if was_signed_in {
            format!("signed out of {server}")
        } else {
            format!("was not signed in to {server}")
        }
    })?;
    Ok(())
}
