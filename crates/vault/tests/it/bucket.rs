//! What a bucket does to blobs when its server fails: a clear error in time, and nothing that was answered for is lost.

use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::net::TcpListener;

use prosopa_model::Timestamp;
use prosopa_problem::{Code, Problem};
use prosopa_testkit::{TestBlobs, TestHome};
use prosopa_vault::{BlobError, BlobStore, Bucket, Keyring, S3Config};

use crate::scripted_s3::{Reply, ScriptedS3, TIMEOUT, config};

/// More than the deadline, for a machine that is busy.
const SOON: Duration = Duration::from_secs(5);

async fn put(blobs: &BlobStore) -> Result<(), BlobError> {
    blobs.put("img_1", b"picture".to_vec()).await
}

/// What everything that a store does ends with.
async fn outcomes(blobs: &BlobStore) -> [Result<(), BlobError>; 5] {
    [
        put(blobs).await,
        blobs.get("img_1").await.map(drop),
        blobs.delete("img_1").await,
        blobs.list_before(Timestamp::now()).next().await.map(drop),
        blobs.check().await,
    ]
}

/// K9: what leaves the process is sealed, is summed by its SHA-256, and overwrites nothing.
#[tokio::test]
async fn a_blob_leaves_sealed_and_summed() {
    let server = ScriptedS3::start(|_, _| Reply::stored()).await;
    put(&server.blobs).await.unwrap();
    let [seen] = server.seen().try_into().unwrap();
    assert_eq!(seen.line, "PUT /pictures/tests/vault/img_1");
    assert_eq!(seen.headers["if-none-match"], "*");
    assert_eq!(seen.headers["x-amz-checksum-sha256"], STANDARD.encode(digest(&SHA256, &seen.body)));
    assert!(!seen.body.windows(7).any(|window| window == b"picture"));
}

/// F10: a server that answers 500 for a while costs time; for ever, a clear refusal after a bounded number of attempts.
#[tokio::test]
async fn a_server_that_fails_is_asked_again_but_not_for_ever() {
    let server = ScriptedS3::start(|number, _| match number {
        0 => Reply::error(500, "InternalError"),
        _ => Reply::stored(),
    });
    let server = server.await;
    put(&server.blobs).await.unwrap();
    assert_eq!(server.seen().len(), 2);
    let server = ScriptedS3::start(|_, _| Reply::error(503, "SlowDown")).await;
    let refused = put(&server.blobs).await.unwrap_err();
    assert_eq!(server.seen().len(), 3, "one attempt and two more");
    assert!(matches!(&refused, BlobError::Unavailable(why) if why.contains("SlowDown")), "{refused:?}");
    let problem = Problem::from(refused);
    assert_eq!(problem.code(), Code::Unavailable);
    assert_eq!(problem.to_json(None)["retry_after_ms"], 5_000);
}

/// F10: a server that takes requests and never answers holds nobody beyond the deadline.
#[tokio::test]
async fn a_server_that_hangs_is_given_up_in_time() {
    let server = ScriptedS3::start(|_, _| Reply::Hang).await;
    for outcome in outcomes(&server.blobs).await {
        let is_late = matches!(&outcome, Err(BlobError::Unavailable(_)));
        assert!(is_late, "{outcome:?}");
    }
    let start = Instant::now();
    put(&server.blobs).await.unwrap_err();
    assert!(start.elapsed() < TIMEOUT + SOON);
}

/// F10: one that is not there is said.
#[tokio::test]
async fn a_server_that_is_gone_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let home = TestHome::of_files();
    let keyring = Keyring::open_or_create(&home.path().join("keyring.json")).unwrap();
    let blobs = BlobStore::in_bucket(Bucket::open(&config(endpoint)).unwrap(), keyring);
    for outcome in outcomes(&blobs).await {
        assert!(matches!(outcome, Err(BlobError::Unavailable(_))), "{outcome:?}");
    }
}

/// F10: a body that is cut, or comes too slowly, is no blob.
#[tokio::test]
async fn half_a_blob_is_none() {
    for reply in [|| Reply::Cut(vec![7; 4_000]), || Reply::Dribble(vec![7; 4_000])] {
        let server = ScriptedS3::start(move |_, _| reply()).await;
        let start = Instant::now();
        let refused = server.blobs.get("img_1").await;
        assert!(matches!(refused, Err(BlobError::Unavailable(_))), "{refused:?}");
        assert!(start.elapsed() < TIMEOUT + SOON);
    }
}

/// S10: bytes that were changed on the way, or by the server, do not open.
#[tokio::test]
async fn a_changed_blob_does_not_open() {
    let server = ScriptedS3::start(|_, _| Reply::stored()).await;
    put(&server.blobs).await.unwrap();
    let sealed = server.seen().remove(0).body;
    for place in [0, sealed.len() / 2, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[place] ^= 1;
        let server = ScriptedS3::start(move |_, _| Reply::found(&changed)).await;
        let refused = server.blobs.get("img_1").await;
        assert!(matches!(refused, Err(BlobError::Open { .. })), "{place}: {refused:?}");
    }
}

/// F10: a request that arrived though its answer did not is known again by what it has written; another's is not taken
/// for it.
#[tokio::test]
async fn a_put_that_arrived_twice_is_one() {
    let server = ScriptedS3::start(|number, seen| match number {
        0 => Reply::error(500, "InternalError"),
        1 => Reply::error(412, "PreconditionFailed"),
        _ => {
            assert!(seen.line.starts_with("GET"));
            Reply::found(FIRST.get().unwrap())
        }
    });
    static FIRST: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let server = server.await;
    let kept = put(&server.blobs);
    let noting = async {
        while server.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        FIRST.set(server.seen()[0].body.clone()).unwrap();
    };
    let (kept, ()) = tokio::join!(kept, noting);
    kept.unwrap();
    let server = ScriptedS3::start(|number, _| match number {
        0 => Reply::error(412, "PreconditionFailed"),
        _ => Reply::found(b"of somebody else"),
    });
    let refused = put(&server.await.blobs).await;
    assert!(matches!(refused, Err(BlobError::Taken(_))), "{refused:?}");
}

/// F5: what only an operator can mend is said as such, also where it has the status of a missing object; what is missing
/// is missing.
#[tokio::test]
async fn refusals_are_told_apart() {
    for (status, code) in [
        (403, "AccessDenied"),
        (403, "SignatureDoesNotMatch"),
        (403, "InvalidAccessKeyId"),
        (404, "NoSuchBucket"),
        (400, "AuthorizationHeaderMalformed"),
    ] {
        let server = ScriptedS3::start(move |_, _| Reply::error(status, code)).await;
        for outcome in outcomes(&server.blobs).await {
            let is_told = matches!(&outcome, Err(BlobError::Refused(why)) if why.contains(code));
            assert!(is_told, "{code}: {outcome:?}");
        }
    }
    let server = ScriptedS3::start(|_, _| Reply::error(404, "NoSuchKey")).await;
    assert!(matches!(server.blobs.get("img_1").await, Err(BlobError::Missing(_))));
    server.blobs.delete("img_1").await.unwrap();
}

/// F5: a bucket without room is like a full disk.
#[tokio::test]
async fn a_bucket_without_room_is_full() {
    for (status, code) in [(507, "SomethingOfItsOwn"), (403, "QuotaExceeded"), (507, "XMinioStorageFull")] {
        let server = ScriptedS3::start(move |_, _| Reply::error(status, code)).await;
        let refused = put(&server.blobs).await.unwrap_err();
        assert!(matches!(refused, BlobError::Full(_)), "{code}: {refused:?}");
        assert_eq!(Problem::from(refused).code(), Code::StorageFull);
    }
}

/// N7: a list that breaks off in the middle says so after the names that it gave.
#[tokio::test]
async fn a_list_can_break_off_in_the_middle() {
    let page = "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>more</NextContinuationToken>\
        <Contents><Key>tests/vault/img_1</Key><LastModified>2026-01-31T12:00:00Z</LastModified><Size>1</Size></Contents>\
        </ListBucketResult>";
    let server = ScriptedS3::start(move |number, _| match number {
        0 => Reply::Answer(200, "", page.as_bytes().to_vec()),
        _ => Reply::error(500, "InternalError"),
    });
    let server = server.await;
    let mut names = server.blobs.list_before(Timestamp::now());
    assert_eq!(names.next().await.unwrap().as_deref(), Some("img_1"));
    let broken = names.next().await;
    assert!(matches!(broken, Err(BlobError::Unavailable(_))), "{broken:?}");
    assert!(server.seen()[1].line.contains("continuation-token=more"));
}

/// K9: an access key whose files are replaced is used from the next request on, without a restart; where they are gone or
/// empty, the last one goes on.
#[tokio::test]
async fn an_access_key_is_read_anew_when_its_files_change() {
    let home = TestHome::of_files();
    let path = |name: &str| home.path().join(name);
    let write = |name: &str, text: &str| {
        let new = path("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, path(name)).unwrap();
    };
    let change = |key: &str| {
        write("id", &format!("{key}\n"));
        write("secret", &format!("secret of {key}\n"));
    };
    change("first");
    let in_files = |config: S3Config| S3Config {
        access_key_id: None,
        access_key_id_file: Some(path("id")),
        secret_access_key: None,
        secret_access_key_file: Some(path("secret")),
        ..config
    };
    let server = ScriptedS3::start_for(in_files, |_, _| Reply::stored()).await;
    put(&server.blobs).await.unwrap();
    change("second");
    put(&server.blobs).await.unwrap();
    // In its place, as an editor does it.
    std::fs::write(path("id"), "third").unwrap();
    put(&server.blobs).await.unwrap();
    std::fs::remove_file(path("id")).unwrap();
    put(&server.blobs).await.unwrap();
    std::fs::write(path("secret"), "").unwrap();
    write("id", "fourth");
    put(&server.blobs).await.unwrap();
    change("fifth");
    put(&server.blobs).await.unwrap();
    let keys: Vec<String> = server
        .seen()
        .iter()
        .map(|seen| {
            let signed = seen.headers["authorization"].split_once("Credential=").unwrap().1;
            signed.split('/').next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(keys, ["first", "second", "third", "third", "third", "fifth"]);
}

/// S10: settings never show the secret, and what could not work is refused by its key.
#[tokio::test]
async fn settings_are_checked_and_keep_their_secret() {
    let good = config("http://127.0.0.1:9".into());
    assert!(!format!("{good:?}").contains("secret-of-the-bucket"));
    let with = |change: &dyn Fn(&mut S3Config)| {
        let mut config = good.clone();
        change(&mut config);
        Bucket::open(&config).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(with(&|_| ()), Ok(()));
    let remote = "http://s3.example.org";
    assert_eq!(with(&|config| (config.endpoint, config.allow_http) = (Some(remote.into()), true)), Ok(()));
    for (change, expected) in [
        (&(|config: &mut S3Config| config.bucket.clear()) as &dyn Fn(&mut S3Config), "blobs.s3.bucket"),
        (&|config| config.prefix = "a/../b".into(), "blobs.s3.prefix"),
        (&|config| config.endpoint = Some(remote.into()), "needs allow_http"),
        (&|config| config.endpoint = Some("s3.example.org".into()), "blobs.s3.endpoint"),
        (&|config| config.endpoint = Some("https://a:b@s3.example.org".into()), "blobs.s3.endpoint"),
        (&|config| config.secret_access_key = None, "blobs.s3.secret_access_key"),
        (&|config| config.secret_access_key_file = Some("/nowhere".into()), "stands beside its _file"),
        (&|config| config.ca_file = Some("/nowhere".into()), "cannot read blobs.s3.ca_file"),
        (&|config| config.timeout_ms = 1, "blobs.s3.timeout_ms"),
        (&|config| config.connections_max = 0, "blobs.s3.connections_max"),
        (&|config| config.retries_max = 11, "blobs.s3.retries_max"),
    ] {
        let refused = with(change).unwrap_err();
        assert!(refused.contains(expected), "{refused}");
    }
}

/// K9: a real server refuses wrong credentials and a bucket that is not there, and we say so.
#[tokio::test]
#[ignore = "needs a server: scripts/with-s3.sh"]
async fn a_real_server_refuses_what_is_wrong() {
    let right = TestBlobs::bucket_of_run().expect("the bucket of scripts/with-s3.sh");
    let wrong_secret = S3Config { secret_access_key: Some("another".to_owned().into()), ..right.clone() };
    let no_bucket = S3Config { bucket: "nobodys-bucket".into(), ..right.clone() };
    for (config, expected) in [(wrong_secret, "SignatureDoesNotMatch"), (no_bucket, "NoSuchBucket")] {
        let home = TestHome::of_files();
        let keyring = Keyring::open_or_create(&home.path().join("keyring.json")).unwrap();
        let blobs = BlobStore::in_bucket(Bucket::open(&config).unwrap(), keyring);
        for outcome in outcomes(&blobs).await {
            let is_told = matches!(&outcome, Err(BlobError::Refused(why)) if why.contains(expected));
            assert!(is_told, "{expected}: {outcome:?}");
        }
    }
}
