use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use uuid::Uuid;

use prosopa_notifications::MailConfig;

use super::post_office::{ADDRESS, PostOffice, TOKEN};

fn mails(home: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(home.join("outbox")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A1: without a mail server each mail is a file that only the owner of the data folder may read, with a link that can be
/// copied.
#[tokio::test]
async fn a_mail_becomes_a_private_file() {
    let office = PostOffice::new();
    let process = office.process(MailConfig::default()).await;
    let id = Uuid::now_v7();
    process.mailer().send(office.reset(id)).await.unwrap();
    assert_eq!(process.work().await, 1);
    let paths = mails(office.home.path());
    let name = format!("20260131T120000.000000Z-password_reset-{id}.eml");
    assert_eq!(paths, [office.home.path().join("outbox").join(name)]);
    assert_eq!((mode(&paths[0]), mode(paths[0].parent().unwrap())), (0o600, 0o700));
    let text = fs::read_to_string(&paths[0]).unwrap();
    assert!(text.contains(&format!("To: {ADDRESS}\r\n")));
    let link = format!("http://127.0.0.1:8080/password-reset#token={TOKEN}");
    assert!(text.lines().any(|line| line.trim() == link), "{text}");
    assert_eq!(process.count("password_reset", "sent"), 1);
}

/// A1: the newest fifty are kept, and nothing else beside them is touched.
#[tokio::test]
async fn the_newest_mails_are_kept() {
    let office = PostOffice::new();
    let process = office.process(MailConfig::default()).await;
    let mut ids = Vec::new();
    for _ in 0..53 {
        ids.push(process.send(ADDRESS).await.unwrap());
        assert_eq!(process.work().await, 1);
        office.clock.advance(Duration::from_secs(1));
        fs::write(office.home.path().join("outbox").join("00000000-note.txt"), "mine").unwrap();
    }
    let mut kept: Vec<String> =
        mails(office.home.path()).iter().map(|path| path.display().to_string()).collect();
    assert!(kept.remove(0).ends_with("note.txt"));
    assert_eq!(kept.len(), 50);
    for (path, id) in kept.iter().zip(&ids[3..]) {
        assert!(path.ends_with(&format!("-password_changed-{id}.eml")), "{path}");
    }
}

/// A1: what cannot be written now is written when it can be.
#[tokio::test]
async fn a_mail_waits_for_its_folder() {
    let office = PostOffice::new();
    let process = office.process(MailConfig::default()).await;
    let folder = office.home.path().join("outbox");
    fs::write(&folder, "not a folder").unwrap();
    process.send(ADDRESS).await.unwrap();
    assert_eq!((process.work().await, process.count("password_changed", "deferred")), (1, 1));
    fs::remove_file(&folder).unwrap();
    office.clock.advance(Duration::from_secs(30));
    assert_eq!(process.work().await, 1);
    assert_eq!(mails(office.home.path()).len(), 1);
}
