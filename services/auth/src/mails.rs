//! Mail that this service asks for, from its jobs: accepted once, however often a job is begun.

use secrecy::SecretString;

use prosopa_contract::mailer::{Mail, MailError, MailPurpose};
use prosopa_jobs::{JobContext, Outcome};
use prosopa_model::Timestamp;
use prosopa_problem::Code;

use crate::{error::Error, state::State, store::users::User};

/// Hands the mail of a job over. The mail has the id of the job, so that no repetition sends another.
async fn send(state: &State, ctx: &JobContext, to: String, purpose: MailPurpose) -> Result<Outcome, Error> {
    let mailer = state.mailer.as_ref().ok_or(Error::NoMailer)?;
    let kind = purpose.as_str();
    match mailer.send(Mail { id: ctx.id().uuid(), to, purpose }).await {
        Ok(()) => Ok(Outcome::Completed(None)),
        Err(error @ (MailError::Full | MailError::Unavailable { .. })) => {
            tracing::warn!(kind, %error, "mail is not accepted yet");
            Ok(Outcome::retry("mail is not accepted now"))
        }
        Err(error @ (MailError::Address | MailError::Token)) => {
            tracing::warn!(kind, %error, "mail is never accepted");
            Ok(Outcome::failed(Code::ValidationFailed, "mail cannot be sent there"))
        }
    }
}

/// Sends the token that a new password may be set with.
pub(crate) async fn send_reset(
    state: &State,
    ctx: &JobContext,
    user: User,
    token: SecretString,
    expires_at: Timestamp,
) -> Result<Outcome, Error> {
    send(state, ctx, user.email, MailPurpose::PasswordReset { token, expires_at }).await
}

/// Tells that the password was changed.
pub(crate) async fn send_changed(state: &State, ctx: &JobContext, user: User) -> Result<Outcome, Error> {
    send(state, ctx, user.email, MailPurpose::PasswordChanged).await
}

/// Tells that the secret of a key leaked and that the key is revoked.
pub(crate) async fn send_leaked(
    state: &State,
    ctx: &JobContext,
    user: User,
    id: String,
    name: String,
) -> Result<Outcome, Error> {
    send(state, ctx, user.email, MailPurpose::SecretLeaked { id, name }).await
}
