//! `prosopa register`: makes a user.

use crate::args::{Register, server_option};
use crate::client::types::User;
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{facts, time};
use crate::prompt::has_password;

/// Asks for what is missing, makes the user, tells what comes next.
pub(super) async fn run(ctx: &Context, args: Register) -> Result<(), Failure> {
    if !ctx.prompter.can_ask() {
        let missing = [
            (args.user_name.is_none(), "--user-name NAME"),
            (args.email.is_none(), "--email ADDRESS"),
            (!has_password(&args.password), "--password-stdin (or PROSOPA_PASSWORD)"),
        ];
        refuse_missing(&missing)?;
    }
    let user_name = ctx.prompter.value_or_ask(args.user_name, "User name").await?;
    let email = ctx.prompter.value_or_ask(args.email, "E-mail").await?;
    let password = ctx.prompter.password(&args.password, true)?;
    let user = ctx.client.register(&user_name, &email, &password, args.api_request_quota).await?;
    ctx.output.document(&user, |user| facts(&user_facts(user)))?;
    let server = server_option(ctx.client.session().server());
    ctx.reporter.note(&format!("next: prosopa login{server} --user-name {user_name}"));
    Ok(())
}

/// A usage error that names the options for what is missing, when there is nobody to ask.
pub(super) fn refuse_missing(options: &[(bool, &str)]) -> Result<(), Failure> {
    let missing: Vec<&str> =
        options.iter().filter(|(is_missing, _)| *is_missing).map(|(_, name)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::Usage(format!("there is nobody to ask: pass {}", missing.join(", "))))
}

/// What people want to know of a user.
pub(super) fn user_facts(user: &User) -> Vec<(&'static str, String)> {
    vec![
        ("User", user.user_name.clone()),
        ("E-mail", user.email.clone()),
        ("Role", user.role.clone()),
        ("Status", user.status.clone()),
        ("Since", time(&user.created_at)),
        ("Id", user.id.clone()),
        ("Account", user.account_id.clone()),
    ]
}
