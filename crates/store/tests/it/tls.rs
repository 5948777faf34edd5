//! A server that is spoken to in secret, and only if it is the right one.

use std::{path::Path, process::Command};

use rcgen::{CertifiedKey, generate_simple_self_signed};

use prosopa_store::{Database, Options, on_db, query_scalar};
use prosopa_testkit::TestHome;

use crate::{FIRST, count};

/// Runs a statement that no transaction may hold, as the operator.
fn operate(server: &str, statements: &[&str]) {
    let mut command = Command::new("psql");
    command.arg(format!("{server}/postgres")).args(["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"]);
    for statement in statements {
        command.args(["--command", statement]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Writes a private key such that the server, which never runs as root, may read it, and nobody else.
fn write_key(path: &Path, key: &str) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    std::fs::write(path, key).unwrap();
    let is_root = std::fs::metadata(path).unwrap().uid() == 0;
    std::fs::set_permissions(path, PermissionsExt::from_mode(if is_root { 0o640 } else { 0o600 })).unwrap();
    if is_root {
        chown(path, None, Some(65_534)).unwrap();
    }
    std::fs::set_permissions(path.parent().unwrap(), PermissionsExt::from_mode(0o755)).unwrap();
}

/// F9, K9: with `verify-full` a connection is encrypted, and a server whose certificate is another's is refused. It has
/// its turn in the run that has a server.
#[tokio::test]
async fn a_server_is_verified_before_it_is_spoken_to() {
    let home = TestHome::new();
    let Some(server) =
        home.server_url("test").and_then(|url| url.rsplit_once('/').map(|(url, _)| url.to_owned()))
    else {
        return;
    };
    let own = generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
    let other = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let write = |name: &str, pair: &CertifiedKey<rcgen::KeyPair>| {
        let path = home.path().join(name);
        std::fs::write(&path, pair.cert.pem()).unwrap();
        path.display().to_string()
    };
    let (own_path, other_path) = (write("own.pem", &own), write("other.pem", &other));
    let key_path = home.path().join("key.pem");
    write_key(&key_path, &own.signing_key.serialize_pem());
    let certificate = format!("ALTER SYSTEM SET ssl_cert_file = '{own_path}'");
    let key = format!("ALTER SYSTEM SET ssl_key_file = '{}'", key_path.display());
    operate(&server, &[&certificate, &key, "ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"]);

    let name = home.options("test");
    Database::open(&name, &[FIRST]).await.unwrap().close().await;
    let url =
        |root: &str| format!("{}?sslmode=verify-full&sslrootcert={root}", home.server_url("test").unwrap());
    let database = loop {
        // The server reads its settings anew in its own time.
        match Database::open(&Options::server(&url(&own_path)).unwrap(), &[FIRST]).await {
            Ok(database) => break database,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    assert_eq!(count(&database).await, 0);
    let mut connection = database.read().await.unwrap();
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let is_encrypted: bool = on_db!(connection, c => query_scalar(encrypted).fetch_one(c).await).unwrap();
    assert!(is_encrypted);
    let refused = Database::open(&Options::server(&url(&other_path)).unwrap(), &[FIRST]).await;
    assert!(refused.is_err(), "whoever answers at the address is not the one that was named");

    operate(&server, &["ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()"]);
}
