use prosopa_model::{AccountId, UserId};

use crate::support::App;

/// F10: work that is done later learns that its user may act no more, and never takes one account's user for another's.
#[tokio::test]
async fn a_user_acts_for_its_own_account_while_it_is_active() {
    let app = App::start().await;
    let (ada, eve) = (app.register("ada").await, app.register("eve").await);
    let account: AccountId = ada.text("account_id").parse().unwrap();
    let user: UserId = ada.text("id").parse().unwrap();
    assert_eq!(app.accounts.may_act(account, user).await, Ok(true));
    assert_eq!(app.accounts.may_act(account, eve.text("id").parse().unwrap()).await, Ok(false));
    assert_eq!(app.accounts.may_act(AccountId::new(), user).await, Ok(false));
    assert_eq!(app.accounts.may_act(account, UserId::new()).await, Ok(false));
    app.execute("UPDATE users SET status = 'deactivated' WHERE user_name = 'ada'").await;
    assert_eq!(app.accounts.may_act(account, user).await, Ok(false));
}

/// A store that fails says neither yes nor no.
#[tokio::test]
async fn a_lost_database_is_no_answer() {
    let app = App::start().await;
    let ada = app.register("ada").await;
    app.execute("ALTER TABLE users RENAME TO lost").await;
    let ids = (ada.text("account_id").parse().unwrap(), ada.text("id").parse().unwrap());
    assert!(app.accounts.may_act(ids.0, ids.1).await.is_err());
}
