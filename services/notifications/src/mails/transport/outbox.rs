//! Mail as files that a developer opens: the newest ones, for the owner of the data folder only.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::Mutex;

use crate::mails::delivery::{DeliveryError, Parcel};

/// Mails that are kept.
const KEPT: usize = 50;

/// What the name of each mail ends with.
const SUFFIX: &str = ".eml";

/// A folder of mails.
pub(crate) struct Outbox {
    folder: PathBuf,
    /// Held by who writes, so that nobody counts what another removes.
    turn: Arc<Mutex<()>>,
}

impl Outbox {
    /// A folder that is made when it is needed.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, turn: Arc::default() }
    }

    /// Writes a mail in place of the same one, and removes the oldest.
    pub(crate) async fn write(&self, parcel: Parcel<'_>) -> Result<(), DeliveryError> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let time = parcel.accepted_at.to_string().replace(['-', ':'], "");
        // The time comes first: names in order are mails in order.
        let name = format!("{time}-{}-{}{SUFFIX}", parcel.purpose, parcel.id);
        let (folder, bytes) = (self.folder.clone(), parcel.message.formatted());
        let file = name.clone();
        let written = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            write(&folder, &name, &bytes).and_then(|()| remove_oldest(&folder))
        });
        match written.await {
            Ok(Ok(())) => {
                tracing::info!(purpose = parcel.purpose, file, "a mail lies in the outbox");
                Ok(())
            }
            Ok(Err(error)) => Err(DeliveryError::Deferred(format!("the outbox cannot be written: {error}"))),
            Err(_) => Err(DeliveryError::Deferred("writing to the outbox broke off".into())),
        }
    }
}

/// Whole or not at all. What a crash leaves beside the file is replaced when the mail is written again.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let beside = folder.join(format!(".{name}.part"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(beside, folder.join(name))?;
    fs::File::open(folder)?.sync_all()
}

fn remove_oldest(folder: &Path) -> io::Result<()> {
    let mut mails = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.as_os_str().to_string_lossy().ends_with(SUFFIX) {
            mails.push(path);
        }
    }
    mails.sort_unstable();
    let surplus = mails.len().saturating_sub(KEPT);
    for path in &mails[..surplus] {
        match fs::remove_file(path) {
            // Another process was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            outcome => outcome?,
        }
    }
    Ok(())
}
