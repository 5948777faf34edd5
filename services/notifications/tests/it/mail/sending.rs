use std::time::Duration;

use tokio::net::TcpListener;
use uuid::Uuid;

use prosopa_contract::mailer::{Mail, MailPurpose};
use prosopa_model::Clock;

use super::{
    post_office::{ADDRESS, PAUSE_OVER, PostOffice, TOKEN, by_server},
    server::{SILENCE, Server},
};

const CHANGED: &str = "password_changed";

/// Longer than a job's lease.
const LEASE_OVER: Duration = Duration::from_secs(61);

/// A1: a mail says who it is from, to whom, when, that a machine wrote it, and its words as text and as HTML.
#[tokio::test]
async fn a_mail_is_sent_once_with_both_its_parts() {
    let (office, server) = (PostOffice::new(), Server::start().await);
    let process = office.process(by_server(server.address)).await;
    let id = Uuid::now_v7();
    process.mailer().send(office.reset(id)).await.unwrap();
    office.clock.advance(Duration::from_secs(5));
    assert_eq!(process.work().await, 1);
    let taken = server.taken();
    assert_eq!(taken.len(), 1);
    let mail = &taken[0];
    assert_eq!((mail.from.as_str(), mail.to.as_str()), ("no-reply@prosopa.example", ADDRESS));
    assert_eq!(mail.header("From"), "Prosopa <no-reply@prosopa.example>");
    assert_eq!(mail.header("To"), ADDRESS);
    assert_eq!(mail.header("Subject"), "Set a new password");
    assert_eq!(mail.header("Message-ID"), format!("<{id}@prosopa.example>"));
    assert_eq!(mail.header("Date"), "Sat, 31 Jan 2026 12:00:00 +0000", "when it was asked for");
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert_eq!(mail.header("MIME-Version"), "1.0");
    assert!(mail.header("Content-Type").starts_with("multipart/alternative;"));
    let (text, html) = mail.text.split_once("Content-Type: text/html; charset=utf-8").unwrap();
    assert!(text.contains("Content-Type: text/plain; charset=utf-8"));
    assert!(text.contains("before 2026-01-31 12:15 UTC"));
    let link = format!("https://prosopa.example/password-reset#token={TOKEN}");
    assert!(text.lines().any(|line| line.trim() == link));
    assert!(text.lines().any(|line| line.trim() == TOKEN));
    let html = html.replace("=\r\n", "").replace("=3D", "=");
    assert!(html.contains(&format!("<a href=\"{link}\">{link}</a>")));
    assert_eq!(
        (process.count("password_reset", "accepted"), process.count("password_reset", "sent")),
        (1, 1)
    );
}

const SITE: &str = "https://prosopa.example";

/// A1, F3: each purpose has a subject and words of its own.
#[tokio::test]
async fn each_purpose_is_told() {
    let (office, server) = (PostOffice::new(), Server::start().await);
    let process = office.process(by_server(server.address)).await;
    let expires_at = office.clock.now().after(Duration::from_hours(1));
    let verification = MailPurpose::EmailVerification { token: TOKEN.into(), expires_at };
    let leak = MailPurpose::SecretLeaked { id: "key_1".into(), name: "<b>door</b>".into() };
    for (purpose, subject, words) in [
        (leak, "A key of yours was found in public and revoked", "<b>door</b> (key_1)\r\n".to_owned()),
        (verification, "Confirm your e-mail address", format!("{SITE}/email-verification#token={TOKEN}")),
        (MailPurpose::PasswordChanged, "Your password was changed", format!("{SITE}/password-reset\r\n")),
    ] {
        process.mailer().send(Mail { id: Uuid::now_v7(), to: ADDRESS.into(), purpose }).await.unwrap();
        assert_eq!(process.work().await, 1);
        let mail = server.taken().pop().unwrap();
        assert_eq!(mail.header("Subject"), subject);
        assert!(mail.text.contains(&format!("  {words}")), "{}", mail.text);
    }
}

/// A1: what the server cannot take now is sent when the pause is over, and once.
#[tokio::test]
async fn what_fails_for_now_is_tried_again() {
    for (command, answer) in [
        ("RCPT", "451 later"),
        ("MAIL", "452 no room"),
        ("DATA", "421 going down"),
        (".", "451 later"),
        ("EHLO", "421 going down"),
        ("EHLO", "554 closed"),
        (".", "what?"),
    ] {
        let (office, server) = (PostOffice::new(), Server::start().await);
        let process = office.process(by_server(server.address)).await;
        server.will_answer(command, answer);
        process.send(ADDRESS).await.unwrap();
        assert_eq!((process.work().await, server.taken().len()), (1, 0), "{command} {answer}");
        office.clock.advance(Duration::from_secs(29));
        assert_eq!(process.work().await, 0, "{command} {answer}: the pause is not over");
        office.clock.advance(Duration::from_secs(1));
        assert_eq!((process.work().await, server.taken().len()), (1, 1), "{command} {answer}");
        office.clock.advance(PAUSE_OVER);
        assert_eq!(process.work().await, 0, "{command} {answer}: it is sent");
        assert_eq!((process.count(CHANGED, "deferred"), process.count(CHANGED, "sent")), (1, 1));
    }
}

/// A1: what the server will never take is not offered to it again.
#[tokio::test]
async fn what_fails_for_ever_is_not_repeated() {
    for (command, answer) in [("RCPT", "550 nobody here"), ("MAIL", "553 no"), (".", "552 too large")] {
        let (office, server) = (PostOffice::new(), Server::start().await);
        let process = office.process(by_server(server.address)).await;
        server.will_answer(command, answer);
        process.send(ADDRESS).await.unwrap();
        assert_eq!(process.work().await, 1);
        office.clock.advance(PAUSE_OVER);
        assert_eq!((process.work().await, server.taken().len()), (0, 0), "{command} {answer}");
        assert_eq!((process.count(CHANGED, "refused"), process.count(CHANGED, "deferred")), (1, 0));
    }
}

/// A1: a mail waits for a server that cannot be reached, and is sent by whichever process reaches it.
#[tokio::test]
async fn a_server_that_is_away_is_waited_for() {
    let office = PostOffice::new();
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let process = office.process(by_server(nobody)).await;
    process.send(ADDRESS).await.unwrap();
    assert_eq!((process.work().await, process.count(CHANGED, "deferred")), (1, 1));
    let server = Server::start().await;
    let other = office.process(by_server(server.address)).await;
    office.clock.advance(PAUSE_OVER);
    assert_eq!((other.work().await, server.taken().len()), (1, 1));
}

/// A1: after eight attempts within a day a mail is given up.
#[tokio::test]
async fn a_mail_is_given_up_after_a_day() {
    let office = PostOffice::new();
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let process = office.process(by_server(nobody)).await;
    process.send(ADDRESS).await.unwrap();
    let mut attempts = process.work().await;
    for _ in 0..24 * 60 {
        office.clock.advance(Duration::from_mins(1));
        attempts += process.work().await;
    }
    assert_eq!(attempts, 8);
    assert_eq!((process.count(CHANGED, "deferred"), process.count(CHANGED, "given_up")), (7, 1));
}

/// A1: a link that is worth nothing any more is not sent.
#[tokio::test]
async fn what_is_over_is_not_sent() {
    let (office, server) = (PostOffice::new(), Server::start().await);
    let process = office.process(by_server(server.address)).await;
    server.will_answer("RCPT", "451 later");
    process.mailer().send(office.reset(Uuid::now_v7())).await.unwrap();
    assert_eq!(process.work().await, 1);
    office.clock.advance(Duration::from_mins(15));
    assert_eq!((process.work().await, server.taken().len()), (1, 0));
    assert_eq!(process.count("password_reset", "expired"), 1);
    assert_eq!(server.commands().iter().filter(|command| *command == "MAIL").count(), 1);
}

/// A1: a process that dies after the server has the mail and before that is noted repeats it once, as the same mail.
#[tokio::test]
async fn a_death_before_the_note_repeats_a_mail_once() {
    let (office, server) = (PostOffice::new(), Server::start().await);
    let dying = office.process(by_server(server.address)).await;
    server.will_answer(".", SILENCE);
    dying.send(ADDRESS).await.unwrap();
    tokio::select! {
        _ = dying.work() => panic!("the server is silent"),
        () = server.keeps_silent() => {}
    }
    let other = office.process(by_server(server.address)).await;
    assert_eq!(other.work().await, 0, "the lease holds");
    office.clock.advance(LEASE_OVER);
    other.worker().jobs().maintain_once().await.unwrap();
    assert_eq!(other.work().await, 1);
    office.clock.advance(PAUSE_OVER);
    other.worker().jobs().maintain_once().await.unwrap();
    assert_eq!(other.work().await, 0);
    let taken = server.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].header("Message-ID"), taken[1].header("Message-ID"));
    assert_eq!(taken[0].text, taken[1].text);
}

/// A1: an address beyond ASCII is written to by a server that can, and refused for one that cannot (RFC 6531).
#[tokio::test]
async fn an_address_beyond_ascii_needs_a_server_that_knows_it() {
    let to = "müller@example.org";
    let office = PostOffice::new();
    let (old, new) = (Server::start().await, Server::start_with(None, &["SMTPUTF8", "8BITMIME"]).await);
    let process = office.process(by_server(old.address)).await;
    process.send(to).await.unwrap();
    assert_eq!((process.work().await, process.count(CHANGED, "refused")), (1, 1));
    let process = office.process(by_server(new.address)).await;
    process.send(to).await.unwrap();
    assert_eq!(process.work().await, 1);
    assert_eq!(new.taken()[0].to, to);
    assert!(old.taken().is_empty());
}

/// A1: the id of a mail is known for a week after its end, not for ever.
#[tokio::test]
async fn a_mail_that_ended_is_forgotten_after_a_week() {
    let (office, server) = (PostOffice::new(), Server::start().await);
    let process = office.process(by_server(server.address)).await;
    let [old, young] = [Uuid::now_v7(), Uuid::now_v7()];
    for id in [old, young] {
        process.mailer().send(office.reset(id)).await.unwrap();
        assert_eq!(process.work().await, 1);
        office.clock.advance(Duration::from_hours(2));
    }
    office.clock.advance(Duration::from_hours(7 * 24 - 3));
    assert_eq!(office.sweep_to(1).await, 1);
    for id in [old, young] {
        process.mailer().send(office.reset(id)).await.unwrap();
    }
    assert_eq!((process.work().await, server.taken().len()), (1, 3), "the old one alone is a new one");
}
