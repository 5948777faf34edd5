use std::time::Duration;

use uuid::Uuid;

use prosopa_notifications::MailConfig;
use prosopa_store::{on_db, query_scalar};
use prosopa_testkit::{keep_log, take_log};

use super::{
    post_office::{ADDRESS, PostOffice, TOKEN, by_server},
    server::Server,
};

/// A1: whoever finds the database learns neither to whom a mail goes nor what it says, while it waits and afterwards, and
/// a mail that was refused leaves nothing behind either.
#[tokio::test]
async fn the_database_holds_nothing_that_a_mail_says() {
    let (office, server) = (PostOffice::new(), Server::start().await);
    let process = office.process(by_server(server.address)).await;
    server.will_answer("RCPT", "451 <ada@example.org> later");
    server.will_answer("RCPT", "550 <ada@example.org> nobody here");
    let holds_secrets = async || {
        office.home.holds_anywhere(TOKEN.as_bytes()).await
            || office.home.holds_anywhere(ADDRESS.as_bytes()).await
    };
    process.mailer().send(office.reset(Uuid::now_v7())).await.unwrap();
    assert!(!holds_secrets().await, "accepted");
    assert!(office.home.holds_anywhere(b"password_reset").await, "the right place is searched");
    assert_eq!(process.work().await, 1);
    assert!(!holds_secrets().await, "it waits for another attempt");
    process.mailer().send(office.reset(Uuid::now_v7())).await.unwrap();
    assert_eq!(process.work().await, 1);
    office.clock.advance(Duration::from_secs(30));
    assert_eq!((process.work().await, server.taken().len()), (1, 1));
    assert!(!holds_secrets().await, "one is sent, one refused");
    let mut connection = office.database().await.read().await.unwrap();
    // An order is longer than its id, 16 bytes.
    let sql = "SELECT count(*) FROM jobs WHERE length(input) > 16";
    let orders: i64 = on_db!(connection, c => query_scalar(sql).fetch_one(c).await).unwrap();
    assert_eq!(orders, 0, "what was sealed is gone too");
}

/// A1: nor does the log, at its most talkative, whatever the server says of the mail.
#[tokio::test]
async fn the_log_holds_nothing_that_a_mail_says() {
    keep_log();
    let (office, server) = (PostOffice::new(), Server::start().await);
    let process = office.process(by_server(server.address)).await;
    server.will_answer("RCPT", "550 <ada@example.org> nobody here");
    server.will_answer("RCPT", "451 <ada@example.org> later");
    for _ in 0..3 {
        process.mailer().send(office.reset(Uuid::now_v7())).await.unwrap();
        assert_eq!(process.work().await, 1);
    }
    let developer = office.process(MailConfig::default()).await;
    developer.mailer().send(office.reset(Uuid::now_v7())).await.unwrap();
    assert_eq!(developer.work().await, 1);
    let log = take_log();
    for words in
        ["a mail was refused", "a mail could not be sent", "a mail was sent", "a mail lies in the outbox"]
    {
        assert!(log.contains(words), "{words} in {log}");
    }
    assert!(!log.contains(TOKEN) && !log.contains(ADDRESS), "{log}");
}
