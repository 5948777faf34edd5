//! `prosopa clients`: API clients, which sign their requests.

use std::path::Path;

use serde_json::json;

use crate::args::{ClientsCreate, ClientsRevoke, ClientsRotate, Format};
use crate::client::types::{ApiClient, MadeClient, NewApiClient, Rotation};
use crate::commands::for_each;
use crate::commands::keys::{PAGE_LIMIT, expiry};
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{table, time};

/// Makes a client. For people, and for `eval`, stdout holds the keys as variables and nothing else.
pub(super) async fn create(ctx: &Context, args: ClientsCreate) -> Result<(), Failure> {
    let public_key = args.public_key.as_deref().map(read_public_key).transpose()?;
    let request = NewApiClient {
        expires_at: expiry(&args.program)?,
        name: args.program.name,
        scopes: args.program.scopes,
        algorithm: public_key.is_some().then_some("ed25519"),
        public_key,
    };
    let made = if args.sign_up {
        ctx.client.sign_up_client(&request).await?
    } else {
        ctx.client.create_client(&request).await?
    };
    show(ctx, &made)?;
    let client = &made.client;
    let until = client
        .expires_at
        .as_deref()
        .map_or_else(|| "until it is revoked".to_owned(), |at| format!("until {}", time(at)));
    ctx.reporter.note(&format!(
        "client {} ({}) works {until}, for {}",
        client.name,
        client.id,
        client.scopes.join(", ")
    ));
    warn(ctx, &made);
    Ok(())
}

/// Lists the clients.
pub(super) async fn list(ctx: &Context) -> Result<(), Failure> {
    let mut clients = Vec::new();
    let mut cursor = None;
    for _ in 0..PAGE_LIMIT {
        let page = ctx.client.clients(cursor.as_deref()).await?;
        clients.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    ctx.output.list(&clients, client_table)?;
    if clients.is_empty() && ctx.output.format() == Format::Table {
        ctx.reporter.note("there are no clients: `prosopa clients create NAME` makes one");
    }
    Ok(())
}

/// Gives a client another key.
pub(super) async fn rotate(ctx: &Context, args: &ClientsRotate) -> Result<(), Failure> {
    let public_key = args.public_key.as_deref().map(read_public_key).transpose()?;
    let request = Rotation { grace_seconds: args.grace, public_key };
    let made = ctx.client.rotate_client(&args.id, &request).await?;
    show(ctx, &made)?;
    let old = made.client.keys.get(1).and_then(|key| key.ends_at.as_deref());
    ctx.reporter.note(&old.map_or_else(
        || "the key before it works no more".to_owned(),
        |at| format!("the key before it works until {}", time(at)),
    ));
    warn(ctx, &made);
    Ok(())
}

/// Revokes clients, after asking.
pub(super) async fn revoke(ctx: &Context, args: &ClientsRevoke) -> Result<(), Failure> {
    let question = match args.ids.as_slice() {
        [id] => format!("Revoke {id}? What it signs will be refused at once."),
        ids => format!("Revoke {} clients? What they sign will be refused at once.", ids.len()),
    };
    if !ctx.prompter.confirm(&question).await? {
        return Err(Failure::Local("nothing was revoked".to_owned()));
    }
    for_each(ctx, &args.ids, async |id| {
        ctx.client.revoke_client(id).await?;
        ctx.output.document(&json!({ "id": id, "revoked": true }), |_| format!("revoked {id}"))?;
        Ok(())
    })
    .await
}

fn show(ctx: &Context, made: &MadeClient) -> Result<(), Failure> {
    ctx.output.document(made, |made| {
        let mut lines = format!("PROSOPA_ACCESS_KEY={}\n", made.access_key);
        if let Some(secret_key) = &made.secret_key {
            lines.push_str(&format!("PROSOPA_SECRET_KEY={secret_key}\n"));
        }
        lines
    })?;
    Ok(())
}

fn warn(ctx: &Context, made: &MadeClient) {
    if made.secret_key.is_some() {
        ctx.reporter
            .note("this is the only time the secret key is shown: keep it where your program finds it");
    }
}

fn read_public_key(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::Local(format!("cannot read {}: {error}", path.display())))
}

fn client_table(clients: &[ApiClient]) -> String {
    let or_never = |at: &Option<String>| at.as_deref().map_or_else(|| "never".to_owned(), time);
    let row = |client: &ApiClient| {
        vec![
            client.id.clone(),
            client.name.clone(),
            client.keys.first().map_or_else(String::new, |key| key.access_key.clone()),
            client.algorithm.clone(),
            client.scopes.join(" "),
            time(&client.created_at),
            or_never(&client.expires_at),
            or_never(&client.last_used_at),
        ]
    };
    table(
        &["Id", "Name", "Access key", "Algorithm", "Scopes", "Created", "Expires", "Last used"],
        &[],
        clients.iter().map(row),
    )
}
