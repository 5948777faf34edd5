//! How mail leaves: by a mail server, or into a folder.

mod outbox;
mod smtp;

use std::path::Path;

use self::{outbox::Outbox, smtp::Smtp};
use super::delivery::{DeliveryError, Parcel};
use crate::config::{MailConfig, MailTransport};

pub(crate) use self::smtp::SmtpError;

/// Folder of the data folder that mail is written to where there is no mail server.
const OUTBOX: &str = "outbox";

/// One way for all mail.
pub(crate) enum Transport {
    Outbox(Outbox),
    Smtp(Smtp),
}

impl Transport {
    /// The way that the configuration, which is valid, names.
    pub(crate) fn new(config: &MailConfig, data_dir: &Path) -> Result<Self, SmtpError> {
        Ok(match config.transport {
            MailTransport::Outbox => Self::Outbox(Outbox::new(data_dir.join(OUTBOX))),
            MailTransport::Smtp => Self::Smtp(Smtp::new(&config.smtp)?),
        })
    }

    /// Hands a message on; repeated, it may arrive twice.
    pub(crate) async fn deliver(&self, parcel: Parcel<'_>) -> Result<(), DeliveryError> {
        match self {
            Self::Outbox(outbox) => outbox.write(parcel).await,
            Self::Smtp(smtp) => smtp.send(parcel.message).await,
        }
    }
}
