use std::time::Duration;

use http::{StatusCode, header};
use serde_json::json;

use prosopa_auth::{AuthService, Config};
use prosopa_contract::mailer::MailError;
use prosopa_runtime::Service;
use prosopa_testkit::TestPlatform;

use super::{ADA, NEW, PATH, complete, outcome, request, token_of_ada};
use crate::{mailbox::Fault, support::App};

/// A1: a mailer that is away for a while is tried again, and of one request one mail comes, whatever was lost on the way.
#[tokio::test]
async fn one_request_makes_one_mail_through_faults() {
    let app = App::start().await;
    app.register("ada").await;
    let retried = "prosopa_auth_jobs_runs_total{kind=\"send-password-reset\",outcome=\"retried\"}";
    app.mailbox.meet_with(Fault::Refused(MailError::Full));
    assert_eq!(request(&app, ADA).await.status, StatusCode::ACCEPTED);
    app.reach(retried, 1).await;
    app.mailbox.meet_with(Fault::AnswerLost);
    app.clock.advance(Duration::from_secs(300));
    let token = app.mailbox.wait_for_token(ADA, 1).await;
    app.reach(retried, 2).await;
    app.clock.advance(Duration::from_secs(300));
    app.reach(&outcome("sent"), 1).await;
    assert_eq!(app.mailbox.mails(ADA, "password_reset").len(), 1);
    assert_eq!(complete(&app, &token, NEW).await.status, StatusCode::NO_CONTENT);
}

/// A1: a mail that cannot be sent in time is not sent at all.
#[tokio::test]
async fn a_request_that_waited_too_long_sends_nothing() {
    let app = App::start().await;
    app.register("ada").await;
    app.mailbox.meet_with(Fault::Refused(MailError::Full));
    assert_eq!(request(&app, ADA).await.status, StatusCode::ACCEPTED);
    app.reach("prosopa_auth_jobs_runs_total{kind=\"send-password-reset\",outcome=\"retried\"}", 1).await;
    app.clock.advance(Duration::from_secs(15 * 60));
    app.reach(&outcome("late"), 1).await;
    assert!(app.mailbox.mails(ADA, "password_reset").is_empty());
}

/// Neither token nor address lie open in the database while a request is in the queue; the token never does.
#[tokio::test]
async fn the_database_holds_no_token() {
    let app = App::start().await;
    app.register("ada").await;
    let token = token_of_ada(&app, 1).await;
    assert!(!app.home().holds_anywhere(token.as_bytes()).await);
    let idle = App::start_idle().await;
    assert_eq!(request(&idle, "somebody@example.org").await.status, StatusCode::ACCEPTED);
    assert_eq!(idle.count("SELECT count(*) FROM jobs WHERE kind = 'send-password-reset'").await, 1);
    assert!(!idle.home().holds_anywhere(b"somebody@example.org").await);
}

/// Where mail is needed, a process that can send none does not start, and says why; elsewhere requests are refused.
#[tokio::test]
async fn without_a_mailer_there_are_no_resets() {
    let test = TestPlatform::new();
    let needy = Config { needs_mailer: true, ..Config::default() };
    let error = AuthService::build(needy, &test.platform).await.err().unwrap();
    assert_eq!(error.to_string(), "no mailer is hosted here or configured");
    let built = AuthService::build(Config::default(), &test.platform).await.unwrap();
    for email in [ADA, "administrator@localhost"] {
        let body = axum::body::Body::from(json!({ "email": email }).to_string());
        let sent = http::Request::post(PATH).header(header::CONTENT_TYPE, "application/json").body(body);
        let refused = prosopa_testkit::send(&built.http, sent.unwrap()).await;
        assert_eq!(refused.refusal(), (503, "unavailable".to_owned()));
    }
}
