//! The service with mail, and as many processes of it as a test wants.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::task::JoinHandle;
use uuid::Uuid;

use prosopa_contract::mailer::{Mail, MailError, MailPurpose, Mailer};
use prosopa_jobs::Worker;
use prosopa_model::Clock;
use prosopa_notifications::{Config, MailConfig, MailTransport, NotificationsService, SmtpConfig, SmtpTls};
use prosopa_runtime::{Host, ListenerOptions, Listeners, Parts, Platform, Service, TaskEnded};
use prosopa_store::{Database, on_db, query_scalar};
use prosopa_testkit::{ManualClock, TestHome};

/// A token such as auth makes.
pub(crate) const TOKEN: &str = "h1dd3nT0kenOfFortyThreeCharactersxxxxxxxxxx";

pub(crate) const ADDRESS: &str = "ada@example.org";

/// Longer than any pause between two attempts.
pub(crate) const PAUSE_OVER: Duration = Duration::from_hours(13);

pub(crate) struct PostOffice {
    pub(crate) home: TestHome,
    pub(crate) clock: Arc<ManualClock>,
}

/// One process.
pub(crate) struct Process {
    parts: Parts<Arc<dyn Mailer>>,
    platform: Platform,
}

/// One process that works by itself.
pub(crate) struct Running {
    pub(crate) mailer: Arc<dyn Mailer>,
    /// Where operators look.
    pub(crate) admin: SocketAddr,
    platform: Platform,
    ended: JoinHandle<Result<(), TaskEnded>>,
}

impl PostOffice {
    pub(crate) fn new() -> Self {
        Self { home: TestHome::new(), clock: Arc::new(ManualClock::at("2026-01-31T12:00:00Z")) }
    }

    pub(crate) async fn process(&self, mail: MailConfig) -> Process {
        let platform = self.home.platform(Arc::<ManualClock>::clone(&self.clock));
        let config = Config { mail, ..Config::default() };
        let parts = NotificationsService::build(config, &platform).await.unwrap();
        Process { parts, platform }
    }

    /// A process with everything that runs by itself: jobs, sweeps, the operators' port.
    pub(crate) async fn host(&self, mail: MailConfig) -> Running {
        let Process { parts, platform } = self.process(mail).await;
        let mut host = Host::new(platform.clone());
        let (mailer, router) = host.adopt(parts);
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listeners = Listeners::bind(any, any).await.unwrap();
        let admin = listeners.admin_address().unwrap();
        let ended =
            tokio::spawn(async move { host.run(listeners, router, ListenerOptions::default()).await });
        Running { mailer, admin, platform, ended }
    }

    /// Lets another process sweep until at most so many mails are known; gives back how many are.
    pub(crate) async fn sweep_to(&self, left: i64) -> i64 {
        let running = self.host(MailConfig::default()).await;
        let database = self.database().await;
        let known = loop {
            let mut connection = database.read().await.unwrap();
            let sql = "SELECT count(*) FROM mails";
            let known: i64 = on_db!(connection, c => query_scalar(sql).fetch_one(c).await).unwrap();
            if known <= left {
                break known;
            }
            tokio::task::yield_now().await;
        };
        running.end().await;
        known
    }

    /// The service's database, as it is.
    pub(crate) async fn database(&self) -> Database {
        Database::open_as_it_is(&self.home.options("notifications")).await.unwrap()
    }

    /// For a new password, with 15 minutes to use it.
    pub(crate) fn reset(&self, id: Uuid) -> Mail {
        let expires_at = self.clock.now().after(Duration::from_mins(15));
        Mail {
            id,
            to: ADDRESS.into(),
            purpose: MailPurpose::PasswordReset { token: TOKEN.into(), expires_at },
        }
    }
}

impl Process {
    pub(crate) fn mailer(&self) -> &dyn Mailer {
        self.parts.offer.as_ref()
    }

    pub(crate) fn worker(&self) -> &Worker {
        &self.parts.jobs[0].1
    }

    /// Accepts a mail that offers nothing which could be over, and gives back its id.
    pub(crate) async fn send(&self, to: &str) -> Result<Uuid, MailError> {
        let id = Uuid::now_v7();
        self.mailer().send(Mail { id, to: to.into(), purpose: MailPurpose::PasswordChanged }).await?;
        Ok(id)
    }

    /// Does what is due; gives back how many attempts that took.
    pub(crate) async fn work(&self) -> usize {
        self.worker().run_pending().await.unwrap()
    }

    /// How many mails of a purpose came to this.
    pub(crate) fn count(&self, purpose: &str, outcome: &str) -> u64 {
        count(&self.platform, purpose, outcome)
    }
}

impl Running {
    /// How many mails of a purpose came to this.
    pub(crate) fn count(&self, purpose: &str, outcome: &str) -> u64 {
        count(&self.platform, purpose, outcome)
    }

    pub(crate) async fn end(self) {
        self.platform.shutdown.cancel();
        self.ended.await.unwrap().unwrap();
    }
}

fn count(platform: &Platform, purpose: &str, outcome: &str) -> u64 {
    let line = format!("prosopa_notifications_mails_total{{outcome=\"{outcome}\",purpose=\"{purpose}\"}} ");
    let text = platform.metrics.render();
    text.lines().find_map(|found| found.strip_prefix(&line)).map_or(0, |value| value.parse().unwrap())
}

/// By a server on this machine, without TLS.
pub(crate) fn by_server(address: SocketAddr) -> MailConfig {
    let smtp = SmtpConfig {
        host: address.ip().to_string(),
        port: Some(address.port()),
        tls: SmtpTls::None,
        ..SmtpConfig::default()
    };
    MailConfig {
        transport: MailTransport::Smtp,
        from: "Prosopa <no-reply@prosopa.example>".into(),
        public_url: "https://prosopa.example/".into(),
        smtp,
    }
}
