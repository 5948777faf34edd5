//! Ctrl-C.

use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use serde_json::json;
use tokio::sync::Notify;

use crate::binary::{Home, finish};
use crate::fake::{Fake, Reply};
use crate::pictures::jpeg;

fn press_ctrl_c(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// Makes an operation tell that it was asked, and never answer.
fn never_answer(fake: &Fake, operation: &str) -> Receiver<()> {
    let (sender, receiver) = sync_channel(16);
    fake.handle(operation, move |_| {
        sender.send(()).unwrap();
        std::future::pending()
    });
    receiver
}

/// F8: Ctrl-C ends a run that waits for an answer with 130.
#[test]
fn interrupted_run_ends_with_130() {
    let fake = Fake::start();
    let asked = never_answer(&fake, "POST /faces/detections");
    let home = Home::signed_in(&fake, "a", "r");
    home.write("photo.jpg", jpeg(9, 9));
    let child = home.command(["detect", "photo.jpg"]).env("PROSOPA_SERVER", &fake.url).spawn().unwrap();
    asked.recv().unwrap();
    press_ctrl_c(&child);
    let run = finish(child).expect_code(130);
    assert!(run.stderr.contains("interrupted") && run.stdout.is_empty(), "{}", run.stderr);
}

/// F2: when the refresh token is being spent, its successor is still written down.
#[test]
fn interrupted_renewal_is_written_down() {
    let fake = Fake::start();
    let (sender, asked) = sync_channel(16);
    let release = Arc::new(Notify::new());
    let answer_now = Arc::clone(&release);
    fake.handle("GET /users/me", |request| async move {
        if request.bearer() == "new" {
            return std::future::pending().await;
        }
        Reply::problem(401, "token-expired", "The access token has expired", json!({}))
    });
    fake.handle("POST /auth/refresh", move |_| {
        sender.send(()).unwrap();
        let answer_now = Arc::clone(&answer_now);
        async move {
            answer_now.notified().await;
            Reply::json(200, &json!({ "access_token": "new", "refresh_token": "refresh-2" }))
        }
    });
    let home = Home::signed_in(&fake, "old", "refresh-1");
    let child = home.command(["whoami"]).env("PROSOPA_SERVER", &fake.url).spawn().unwrap();
    asked.recv().unwrap();
    press_ctrl_c(&child);
    release.notify_one();
    finish(child).expect_code(130);
    assert_eq!(home.login(&fake)["refresh_token"], "refresh-2");
}
