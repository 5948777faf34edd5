use prosopa_notifications::{
    Config, ConfigError, MailConfig, MailTransport, NotificationsService, SmtpConfig, SmtpTls,
};
use prosopa_runtime::Service;
use prosopa_testkit::TestPlatform;

fn smtp(change: impl FnOnce(&mut SmtpConfig)) -> MailConfig {
    let mut smtp = SmtpConfig { host: "mail.example.org".into(), ..SmtpConfig::default() };
    change(&mut smtp);
    MailConfig { transport: MailTransport::Smtp, smtp, ..MailConfig::default() }
}

fn refusal(mail: MailConfig) -> String {
    let config = Config { mail, ..Config::default() };
    config.validate().expect_err("a value that is refused").to_string()
}

/// K6: what mail could not be sent with, or not safely, is refused by its name before anything starts.
#[test]
fn settings_of_mail_out_of_range_are_refused() {
    assert_eq!(Config { mail: smtp(|_| {}), ..Config::default() }.validate(), Ok(()));
    let plain = |host: &str| {
        let host = host.to_owned();
        smtp(|smtp| (smtp.host, smtp.tls) = (host, SmtpTls::None))
    };
    for host in ["127.0.0.1", "::1", "localhost"] {
        assert_eq!(Config { mail: plain(host), ..Config::default() }.validate(), Ok(()), "{host}");
    }
    let from = |from: &str| MailConfig { from: from.into(), ..MailConfig::default() };
    let url = |url: &str| MailConfig { public_url: url.into(), ..MailConfig::default() };
    for (mail, key) in [
        (from("nobody"), "from"),
        (from("Prosopa <a@example.org>\r\nBcc: b@example.org"), "from"),
        (from("Pro\r\nsopa <a@example.org>"), "from"),
        (url("http://prosopa.example.org"), "public_url"),
        (url("prosopa.example.org"), "public_url"),
        (smtp(|smtp| smtp.host = String::new()), "smtp.host"),
        (smtp(|smtp| smtp.host = "mail example".into()), "smtp.host"),
        (smtp(|smtp| smtp.port = Some(0)), "smtp.port"),
        (plain("mail.example.org"), "smtp.tls"),
        (plain("192.0.2.1"), "smtp.tls"),
        (smtp(|smtp| smtp.user = "prosopa".into()), "smtp.password_file"),
        (smtp(|smtp| smtp.password_file = Some("password".into())), "smtp.password_file"),
        (smtp(|smtp| smtp.timeout_seconds = 0), "smtp.timeout_seconds"),
        (smtp(|smtp| smtp.timeout_seconds = 121), "smtp.timeout_seconds"),
    ] {
        let refused = refusal(mail);
        assert!(refused.starts_with(&format!("notifications.mail.{key} must be ")), "{refused}");
    }
}

/// K6: the service does not start with mail that is configured wrongly, nor without a file that is named.
#[tokio::test]
async fn a_service_with_unusable_mail_does_not_start() {
    let test = TestPlatform::new();
    let missing = test.home.path().join("missing");
    let not_certificates = test.home.path().join("ca.pem");
    std::fs::write(&not_certificates, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        .unwrap();
    let login = smtp(|smtp| {
        smtp.user = "prosopa".into();
        smtp.password_file = Some(missing.clone());
    });
    for (mail, words) in [
        (smtp(|smtp| smtp.timeout_seconds = 0), "notifications.mail.smtp.timeout_seconds must be 1 to 120"),
        (login, "notifications.mail.smtp.password_file: cannot read"),
        (smtp(|smtp| smtp.ca_file = Some(missing)), "notifications.mail.smtp.ca_file: cannot read"),
        (smtp(|smtp| smtp.ca_file = Some(not_certificates)), "notifications.mail.smtp: TLS cannot be set up"),
    ] {
        let test = TestPlatform::new();
        let config = Config { mail, ..Config::default() };
        let error = NotificationsService::build(config, &test.platform).await.err().unwrap();
        assert!(error.to_string().starts_with(words), "{error}");
    }
    let unset =
        Config { mail: MailConfig { from: String::new(), ..MailConfig::default() }, ..Config::default() };
    let error = NotificationsService::build(unset, &test.platform).await.err().unwrap();
    assert!(matches!(error.downcast_ref(), Some(ConfigError::Mail(_))));
}
