use proptest::prelude::*;
use uuid::Uuid;

use prosopa_contract::mailer::{Mail, MailError, MailPurpose};
use prosopa_model::Clock;
use prosopa_notifications::MailConfig;
use prosopa_store::{affected, on_db, query};

use super::{
    post_office::{ADDRESS, PostOffice, TOKEN, by_server},
    server::Server,
};

/// A1: an address that would end its line, and so begin a header or a command, is refused before anything is kept.
#[tokio::test]
async fn an_address_with_a_line_break_is_refused() {
    let office = PostOffice::new();
    let process = office.process(MailConfig::default()).await;
    for to in [
        "ada@example.org\r\nBcc: bob@example.org",
        "ada@example.org\n",
        "ada\r@example.org",
        "\"ada\r\nRCPT TO:<bob@example.org>\"@example.org",
        "ada@example.org>\r\nRCPT TO:<bob@example.org",
        "Ada <ada@example.org>",
        "ada@example.org, bob@example.org",
        "ada",
        "",
    ] {
        assert_eq!(process.send(to).await, Err(MailError::Address), "{to:?}");
    }
    assert_eq!(process.work().await, 0);
}

/// A1: whatever the text, one that holds a control character or a blank is not written to.
#[test]
fn no_text_that_is_not_one_word_is_an_address() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (_office, process) = runtime.block_on(async {
        let office = PostOffice::new();
        let process = office.process(MailConfig::default()).await;
        (office, process)
    });
    let broken = ("\\PC{0,20}", "[\\x00-\\x20\\x7f\\u{85}\\u{a0}\\u{2028}]", "\\PC{0,10}@example.org");
    proptest!(|((before, between, after) in broken)| {
        let to = format!("{before}{between}{after}");
        prop_assert_eq!(runtime.block_on(process.send(&to)), Err(MailError::Address));
    });
    assert_eq!(runtime.block_on(process.work()), 0);
}

/// A1: a token that would mean something else in a link is refused.
#[tokio::test]
async fn a_token_with_other_characters_is_refused() {
    let office = PostOffice::new();
    let process = office.process(MailConfig::default()).await;
    let long = "a".repeat(257);
    for token in ["", "a b", "a&b", "a#b", "a\r\nb", "a\"><script>", "ä", &long] {
        let expires_at = office.clock.now();
        for purpose in [
            MailPurpose::PasswordReset { token: token.into(), expires_at },
            MailPurpose::EmailVerification { token: token.into(), expires_at },
        ] {
            let mail = Mail { id: Uuid::now_v7(), to: ADDRESS.into(), purpose };
            assert_eq!(process.mailer().send(mail).await, Err(MailError::Token), "{token:?}");
        }
    }
    assert_eq!(process.work().await, 0);
}

/// A1: whoever asks twice for one mail, at the same time or later, in whatever process, has it sent once.
#[tokio::test]
async fn one_id_is_sent_once() {
    let (office, server) = (PostOffice::new(), Server::start().await);
    let here = office.process(by_server(server.address)).await;
    let there = office.process(by_server(server.address)).await;
    let id = Uuid::now_v7();
    let (one, other) =
        tokio::join!(here.mailer().send(office.reset(id)), there.mailer().send(office.reset(id)));
    assert_eq!((one, other), (Ok(()), Ok(())));
    assert_eq!(here.work().await + there.work().await, 1);
    assert_eq!(there.mailer().send(office.reset(id)).await, Ok(()));
    assert_eq!(there.work().await, 0);
    assert_eq!(server.taken().len(), 1);
    let counted = |outcome| here.count("password_reset", outcome) + there.count("password_reset", outcome);
    assert_eq!((counted("accepted"), counted("repeated"), counted("sent")), (1, 2, 1));
}

/// A1: when ten thousand mails wait, the next is refused and not kept.
#[tokio::test]
async fn a_flood_is_turned_away() {
    let office = PostOffice::new();
    let process = office.process(MailConfig::default()).await;
    let database = office.database().await;
    let mut tx = database.begin().await.unwrap();
    for _ in 0..9_999 {
        let sql =
            "INSERT INTO mails (id, job_id, purpose, accepted_at) VALUES ($1, $1, 'password_changed', 0)";
        on_db!(tx, c => query(sql).bind(Uuid::now_v7()).execute(c).await.map(affected)).unwrap();
    }
    tx.commit().await.unwrap();
    assert!(process.send(ADDRESS).await.is_ok());
    assert_eq!(process.send(ADDRESS).await, Err(MailError::Full));
    assert_eq!(process.work().await, 1);
    assert!(process.send(ADDRESS).await.is_ok(), "one waits less");
}

/// A1: what stands in a mail is not shown when it is printed for debugging.
#[tokio::test]
async fn a_printed_mail_hides_its_reader_and_its_token() {
    let printed = format!("{:?}", PostOffice::new().reset(Uuid::nil()));
    assert!(printed.contains("password_reset"), "{printed}");
    assert!(!printed.contains(TOKEN) && !printed.contains(ADDRESS), "{printed}");
}
