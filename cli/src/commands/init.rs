//! `prosopa init`: from nothing to the first match. It does what is still to be done, and says what was there already.

use serde_json::json;

use prosopa_problem::Code;

use crate::args::{GlobalOptions, Init, MatchArgs, ServerUrl, server_option};
use crate::client::types::NewApiKey;
use crate::client::{Class, Error};
use crate::commands::login::{keep, write_down};
use crate::commands::register::refuse_missing;
use crate::commands::{compare, keys};
use crate::context::Context;
use crate::credentials::{CredentialStore, KeptKey};
use crate::exit::Failure;
use crate::output::facts;
use crate::prompt::{Prompter, has_password};

/// What the key may do: send pictures, and see what came of them.
const KEY_SCOPES: [&str; 3] = ["faces:read", "faces:write", "images:read"];

/// Who is signed in now.
struct SignedIn {
    user_name: String,
    /// How that came about.
    how: &'static str,
}

/// The server of the options; asked for where nobody named one and there is somebody to ask.
pub(super) async fn ask_for_server(options: &GlobalOptions) -> Result<ServerUrl, Failure> {
    let prompter = Prompter::new(options);
    if !prompter.can_ask() || !options.has_default_server() {
        return Ok(options.server.clone());
    }
    let answer = prompter.ask_or("Server", &options.server.to_string()).await?;
    answer.parse().map_err(Failure::Usage)
}

/// Signs up, signs in, makes a key and keeps it, compares two pictures if they are there, and tells what comes next.
pub(super) async fn run(ctx: &Context, args: Init) -> Result<(), Failure> {
    if ctx.client.has_given_credentials() {
        return Err(Failure::Usage(
            "init signs in by itself: leave out PROSOPA_TOKEN, PROSOPA_ACCESS_KEY and their options"
                .to_owned(),
        ));
    }
    let server = ctx.client.session().server();
    let store = CredentialStore::from_environment()?;
    let signed_in = match signed_in_before(ctx, &store, args.user_name.as_deref()).await? {
        Some(signed_in) => signed_in,
        None => sign_in(ctx, &store, &args).await?,
    };
    let (key_id, is_new_key) = keep_key(ctx, &store, &args.key_name).await?;
    let made = json!({ "server": server, "user_name": signed_in.user_name, "user": signed_in.how,
        "key": { "id": key_id, "is_new": is_new_key, "scopes": KEY_SCOPES }, "credentials": store.path() });
    ctx.output.document(&made, |_| {
        facts(&[
            ("Server", server.to_owned()),
            ("User", format!("{} ({})", signed_in.user_name, signed_in.how.replace('_', " "))),
            ("API key", format!("{key_id} ({})", if is_new_key { "new" } else { "kept before" })),
            ("Kept in", store.path().display().to_string()),
        ])
    })?;
    let option = server_option(server);
    let outcome = match args.pictures.map(|pictures| pictures.into_iter()) {
        Some(mut pictures) => {
            let image_a = pictures.next().unwrap_or_default();
            let args = MatchArgs { image_a, images_b: pictures.collect(), max_fmr: None, single: false };
            compare::run(ctx, args).await
        }
        None => {
            ctx.reporter.note(&format!("next: prosopa match{option} selfie.jpg passport.jpg"));
            Ok(())
        }
    };
    ctx.reporter.note(&format!("then: prosopa verify{option} passport.jpg selfie.jpg"));
    ctx.reporter.note(&format!("for curl and programs: export PROSOPA_TOKEN=$(prosopa keys show{option})"));
    outcome
}

/// The user of the stored session, unless there is none, it has ended, or it is not who is wanted.
async fn signed_in_before(
    ctx: &Context,
    store: &CredentialStore,
    wanted: Option<&str>,
) -> Result<Option<SignedIn>, Failure> {
    if store.load(ctx.client.session().server())?.is_none() {
        return Ok(None);
    }
    let user = match ctx.client.current_user().await {
        Ok(current) => current.user,
        Err(error) if error.class() == Class::Credentials => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let is_wanted = wanted.is_none_or(|name| name == user.user_name || name == user.email);
    Ok(is_wanted.then_some(SignedIn { user_name: user.user_name, how: "signed_in_before" }))
}

/// Makes the user, unless there is one already, and signs in.
async fn sign_in(ctx: &Context, store: &CredentialStore, args: &Init) -> Result<SignedIn, Failure> {
    if !ctx.prompter.can_ask() {
        let missing = [
            (args.user_name.is_none(), "--user-name NAME"),
            (args.email.is_none(), "--email ADDRESS"),
            (!has_password(&args.password), "--password-stdin (or PROSOPA_PASSWORD)"),
        ];
        refuse_missing(&missing)?;
    }
    let user_name = ctx.prompter.value_or_ask(args.user_name.clone(), "User name").await?;
    let email = ctx.prompter.value_or_ask(args.email.clone(), "E-mail").await?;
    let password = ctx.prompter.password(&args.password, true)?;
    let registered = ctx.client.register(&user_name, &email, &password, None).await;
    let is_taken = |error: &Error, code: Code| error.code() == code.as_str();
    let (name, how) = match registered {
        Ok(_) => (&user_name, "new"),
        Err(error) if is_taken(&error, Code::UserNameTaken) => (&user_name, "signed_up_before"),
        Err(error) if is_taken(&error, Code::EmailTaken) => (&email, "signed_up_before"),
        Err(error) => return Err(error.into()),
    };
    let tokens = ctx.client.login(name, &password).await.inspect_err(|error| {
        if how != "new" && error.is_unauthenticated() {
            ctx.reporter
                .note(&format!("{name} is taken already: the password is another one, or it is not yours"));
        }
    })?;
    keep(ctx, store, name, tokens).await?;
    Ok(SignedIn { user_name: name.clone(), how })
}

/// The id of the key that is kept for the server, and whether it is new: it is where none was kept that still works.
async fn keep_key(ctx: &Context, store: &CredentialStore, name: &str) -> Result<(String, bool), Failure> {
    let server = ctx.client.session().server().to_owned();
    if let Some(kept) = store.load_key(&server)?
        && keys::all(ctx).await?.iter().any(|key| key.id == kept.id)
    {
        return Ok((kept.id, false));
    }
    let scopes = KEY_SCOPES.map(str::to_owned).to_vec();
    let made =
        ctx.client.create_api_key(&NewApiKey { name: name.to_owned(), scopes, expires_at: None }).await?;
    let text = made.key.ok_or_else(|| Failure::Local("the server did not tell the new key".to_owned()))?;
    let key = KeptKey { id: made.id.clone(), key: text.into() };
    write_down(store, move |change| change.save_key(&server, key)).await?;
    Ok((made.id, true))
}
