//! What a user sees of the own sessions, and how the user ends them (F2, A1).

use prosopa_model::{Credential, Cursor, Principal, SessionId, UserId};

use crate::{
    error::Error,
    state::State,
    store::{Lock, sessions::Session},
};

/// Up to `limit` of the caller's live sessions, newest first, behind `after`.
pub(crate) async fn list(
    state: &State,
    caller: &Principal,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<Session>, Error> {
    state.store.list_sessions(caller.user_id, state.clock.now(), after, limit).await
}

/// The session that the caller acts in; none for a program with a credential of its own.
pub(crate) const fn current(caller: &Principal) -> Option<SessionId> {
    if let Credential::Session(id) = caller.credential { Some(id) } else { None }
}

/// Ends a session of a user, at once. One that has ended leaves no trace, so that it, one that never was and one of
/// somebody else are alike: nothing is done.
pub(crate) async fn end(state: &State, user_id: UserId, id: SessionId) -> Result<(), Error> {
    let mut write = state.store.begin_holding(&[Lock::Session(id)]).await?;
    if write.delete_session_of(user_id, id).await? {
        write.commit().await?;
        tracing::info!(%user_id, session_id = %id, "session ended by its user");
    }
    Ok(())
}

/// Ends the caller's sessions but the one that the caller acts in.
pub(crate) async fn end_others(state: &State, caller: &Principal) -> Result<(), Error> {
    let user_id = caller.user_id;
    // The user's logins wait: none is left that began before.
    let mut write = state.store.begin_holding(&[Lock::User(user_id)]).await?;
    match current(caller) {
        Some(kept) => {
            write.delete_other_sessions(user_id, kept).await?;
        }
        None => write.delete_sessions_of(user_id).await?,
    }
    write.commit().await?;
    tracing::info!(%user_id, "other sessions ended by their user");
    Ok(())
}
