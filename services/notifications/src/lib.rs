//! What there is to tell an account: mail, and the list of all its jobs, whichever service runs them.
//!
//! Knows of others' jobs only what their services say; changes none. Knows no account: who asks for a mail says to whom.

mod config;
mod events;
mod followers;
mod http;
mod jobs;
mod mails;
mod metrics;
mod service;
mod store;
mod sweep;

pub use self::{
    config::{Config, ConfigError, MailConfig, MailConfigError, MailTransport, SmtpConfig, SmtpTls},
    service::NotificationsService,
};
