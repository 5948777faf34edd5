//! What administrators see of users and decide about them (R5, R6).

use prosopa_contract::events::{UserDeactivated, UserReactivated};
use prosopa_http::{NumberedPage, NumberedPageRequest};
use prosopa_model::{PlanName, Principal, Role, UserId};
use prosopa_problem::FieldError;

use super::{is_active_administrator, refuse_last_administrator};
use crate::{
    error::Error,
    state::State,
    store::{
        Lock, Write,
        users::{Listing, Status, User},
    },
};

/// Characters of a text that is searched for.
const SEARCH_LEN_MAX: usize = 100;

/// Most metered requests a day that can be granted.
const REQUESTS_PER_DAY_MAX: u64 = 1_000_000_000;

/// What is to be otherwise about a user.
#[derive(Debug, Clone, Default)]
pub(crate) struct Decision {
    pub(crate) status: Option<Status>,
    pub(crate) role: Option<Role>,
    /// Metered requests a day; inside, none stands for those of the plan.
    pub(crate) requests_per_day_max: Option<Option<u64>>,
    /// The name of a quota plan; inside, none stands for the default one. Which plans there are is not known here.
    pub(crate) plan: Option<Option<PlanName>>,
}

/// A user by id.
pub(crate) async fn find(state: &State, id: UserId) -> Result<User, Error> {
    state.store.find_user(id).await?.ok_or(Error::NotFound)
}

/// A page of the users that fit.
pub(crate) async fn list(
    state: &State,
    listing: &Listing,
    page: NumberedPageRequest,
) -> Result<NumberedPage<User>, Error> {
    if let Some(text) = &listing.search {
        check_search(text)?;
    }
    let total = state.store.count_users(listing).await?;
    let users = state.store.list_users(listing, page.offset(), page.per_page).await?;
    Ok(page.page_of(users, total))
}

fn check_search(text: &str) -> Result<(), Error> {
    if text.is_empty() || text.chars().count() > SEARCH_LEN_MAX {
        return Err(invalid("?q", "must have 1 to 100 characters"));
    }
    if text.chars().any(char::is_control) {
        return Err(invalid("?q", "must not contain control characters"));
    }
    Ok(())
}

/// Changes a user; what is as decided already is left alone.
///
/// A deactivation ends the sessions for good; keys are refused from the commit on, and work again after a reactivation.
pub(crate) async fn change(
    state: &State,
    administrator: &Principal,
    id: UserId,
    decision: Decision,
) -> Result<User, Error> {
    if let Some(Some(max)) = decision.requests_per_day_max
        && !(1..=REQUESTS_PER_DAY_MAX).contains(&max)
    {
        let detail = format!("must be 1 to {REQUESTS_PER_DAY_MAX}, or null for those of the plan");
        return Err(invalid("/requests_per_day_max", &detail));
    }
    let mut write = state.store.begin_holding(&[Lock::Administrator, Lock::User(id)]).await?;
    let before = write.find_user(id).await?.ok_or(Error::NotFound)?;
    let after = decision.applied_to(&before);
    if after == before {
        return Ok(before);
    }
    if is_active_administrator(&before) && !is_active_administrator(&after) {
        refuse_last_administrator(&mut write, id).await?;
    }
    write.set_decided(&after).await?;
    if after.status != before.status {
        take_effect(state, &mut write, &after).await?;
    }
    write.commit().await?;
    tracing::info!(
        user_id = %id,
        administrator_id = %administrator.user_id,
        status = after.status.as_str(),
        role = after.role.as_str(),
        requests_per_day_max = after.requests_per_day_max,
        plan = after.plan.as_ref().map(PlanName::as_str),
        "user changed by an administrator"
    );
    Ok(after)
}

impl Decision {
    fn applied_to(self, user: &User) -> User {
        User {
            status: self.status.unwrap_or(user.status),
            role: self.role.unwrap_or(user.role),
            requests_per_day_max: self.requests_per_day_max.unwrap_or(user.requests_per_day_max),
            plan: self.plan.unwrap_or_else(|| user.plan.clone()),
            ..user.clone()
        }
    }
}

async fn take_effect(state: &State, write: &mut Write, user: &User) -> Result<(), Error> {
    let (user_id, account_id) = (user.id.to_string(), user.account_id.to_string());
    match user.status {
        Status::Active => {
            let event = UserReactivated { user_id, account_id };
            Ok(state.outbox.publish(write.tx(), &event).await?)
        }
        Status::Deactivated => {
            write.delete_sessions_of(user.id).await?;
            let event = UserDeactivated { user_id, account_id };
            Ok(state.outbox.publish(write.tx(), &event).await?)
        }
    }
}

fn invalid(pointer: &str, detail: &str) -> Error {
    Error::Invalid(vec![FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() }])
}
