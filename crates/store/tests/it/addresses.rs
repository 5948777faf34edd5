//! Addresses of databases.

use prosopa_store::{Error, Options};

/// K9: an address that is not understood is refused, and its password is not repeated.
#[test]
fn a_wrong_url_is_refused_without_its_password() {
    for url in ["mysql://root:hunter2@localhost/x", "postgres://root:hunter2@host:port/x", "hunter2"] {
        let error = Options::server(url).unwrap_err();
        assert!(matches!(error, Error::Url));
        assert!(!format!("{error:?} {error}").contains("hunter2"), "{url}");
    }
}

/// Security: what is logged of the options has no password.
#[test]
fn a_password_is_not_shown() {
    let options = Options::server("postgres://prosopa:hunter2@db.example:5433/prosopa_auth").unwrap();
    let shown = format!("{options:?}");
    assert!(shown.contains("db.example:5433/prosopa_auth"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
