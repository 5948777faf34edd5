//! `prosopa keys`: API keys for programs.

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::args::{Format, KeysRevoke, KeysRotate, NewProgram};
use crate::client::types::{ApiKey, NewApiKey, Rotation};
use crate::commands::for_each;
use crate::context::Context;
use crate::credentials::CredentialStore;
use crate::exit::Failure;
use crate::output::{table, time};

/// Most pages of keys, or of clients, that are read: far more than anybody has.
pub(super) const PAGE_LIMIT: usize = 500;

/// Makes a key. For people, and for `$(…)`, stdout holds the key and nothing else.
pub(super) async fn create(ctx: &Context, args: NewProgram) -> Result<(), Failure> {
    let request = NewApiKey { expires_at: expiry(&args)?, name: args.name, scopes: args.scopes };
    let key = ctx.client.create_api_key(&request).await?;
    ctx.output.document(&key, |key| key.key.clone().unwrap_or_default())?;
    let until = key
        .expires_at
        .as_deref()
        .map_or_else(|| "until it is revoked".to_owned(), |at| format!("until {}", time(at)));
    ctx.reporter.note(&format!("key {} ({}) works {until}, for {}", key.name, key.id, key.scopes.join(", ")));
    ctx.reporter
        .note("this is the only time the key is shown: keep it where your program finds it as PROSOPA_TOKEN");
    Ok(())
}

/// Prints the key that `init` has kept: for people, and for `$(…)`, nothing else goes to stdout.
pub(super) fn show(ctx: &Context) -> Result<(), Failure> {
    let server = ctx.client.session().server();
    let kept = CredentialStore::from_environment()?
        .load_key(server)?
        .ok_or_else(|| Failure::Local(format!("no key is kept for {server}: `prosopa init` makes one")))?;
    let key = kept.key.expose_secret();
    ctx.output.document(&json!({ "id": kept.id, "key": key }), |_| key.to_owned())?;
    Ok(())
}

/// All keys.
pub(super) async fn all(ctx: &Context) -> Result<Vec<ApiKey>, Failure> {
    let mut keys = Vec::new();
    let mut cursor = None;
    for _ in 0..PAGE_LIMIT {
        let page = ctx.client.api_keys(cursor.as_deref()).await?;
        keys.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(keys)
}

/// Lists the keys.
pub(super) async fn list(ctx: &Context) -> Result<(), Failure> {
    let keys = all(ctx).await?;
    ctx.output.list(&keys, key_table)?;
    if keys.is_empty() && ctx.output.format() == Format::Table {
        ctx.reporter.note("there are no keys: `prosopa keys create NAME` makes one");
    }
    Ok(())
}

/// When a program stops working, as the server reads it.
pub(super) fn expiry(args: &NewProgram) -> Result<Option<String>, Failure> {
    let expires_at = match args.expires_in_days {
        Some(days) => Some(
            Timestamp::now()
                .checked_add(SignedDuration::from_hours(24 * days))
                .map_err(|_| Failure::Usage("--expires-in-days: that is too far away".to_owned()))?,
        ),
        None => args.expires_at,
    };
    Ok(expires_at.map(|time| time.to_string()))
}

/// Gives a key another text. For people, and for `$(…)`, stdout holds it and nothing else.
pub(super) async fn rotate(ctx: &Context, args: &KeysRotate) -> Result<(), Failure> {
    let request = Rotation { grace_seconds: args.grace, public_key: None };
    let key = ctx.client.rotate_api_key(&args.id, &request).await?;
    ctx.output.document(&key, |key| key.key.clone().unwrap_or_default())?;
    let old = key.secrets.get(1).and_then(|secret| secret.ends_at.as_deref());
    ctx.reporter.note(&old.map_or_else(
        || "the text before it works no more".to_owned(),
        |at| format!("the text before it works until {}", time(at)),
    ));
    ctx.reporter.note("this is the only time the key is shown: put it in the place of the one before");
    Ok(())
}

/// Revokes keys, after asking.
pub(super) async fn revoke(ctx: &Context, args: &KeysRevoke) -> Result<(), Failure> {
    let question = match args.ids.as_slice() {
        [id] => format!("Revoke {id}? Programs that use it will be refused at once."),
        ids => format!("Revoke {} keys? Programs that use them will be refused at once.", ids.len()),
    };
    if !ctx.prompter.confirm(&question).await? {
        return Err(Failure::Local("nothing was revoked".to_owned()));
    }
    for_each(ctx, &args.ids, async |id| {
        ctx.client.revoke_api_key(id).await?;
        ctx.output.document(&json!({ "id": id, "revoked": true }), |_| format!("revoked {id}"))?;
        Ok(())
    })
    .await
}

fn key_table(keys: &[ApiKey]) -> String {
    let or_never = |at: &Option<String>| at.as_deref().map_or_else(|| "never".to_owned(), time);
    let row = |key: &ApiKey| {
        vec![
            key.id.clone(),
            key.name.clone(),
            key.prefix.clone(),
            key.scopes.join(" "),
            time(&key.created_at),
            or_never(&key.expires_at),
            or_never(&key.last_used_at),
        ]
    };
    table(
        &["Id", "Name", "Begins with", "Scopes", "Created", "Expires", "Last used"],
        &[],
        keys.iter().map(row),
    )
}
