//! Pictures that stay as they are while something that was found in them is deleted.

use std::collections::BTreeSet;

use prosopa_model::{AccountId, ImageId};
use prosopa_store::Tx;

use crate::{
    error::Error,
    state::State,
    store::{self, images::ImageRow},
};

/// Pictures of an account, held until the transaction ends.
pub(crate) struct Held {
    account_id: AccountId,
    images: Vec<ImageRow>,
    tx: Tx,
}

impl Held {
    /// Begins a transaction and holds those that there are, in the order of their ids. Without it, each of two that delete the
    /// last two things in a picture would leave the picture to the other.
    pub(crate) async fn new(
        state: &State,
        account_id: AccountId,
        ids: BTreeSet<ImageId>,
    ) -> Result<Self, Error> {
        let mut images = Vec::with_capacity(ids.len());
        for id in ids {
            images.extend(store::images::find(&state.database, account_id, id).await?);
        }
        let mut tx = state.database.begin().await?;
        for image in &images {
            store::images::hold(&mut tx, account_id, image.id).await?;
        }
        Ok(Self { account_id, images, tx })
    }

    /// The transaction.
    pub(crate) const fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// Commits, and removes the pictures that were not uploaded by themselves and in which nothing is left. Rows go first, so
    /// that nobody is promised what is gone; bytes that stay behind are swept.
    pub(crate) async fn let_go(mut self, state: &State) -> Result<(), Error> {
        let mut unused = Vec::new();
        for image in &self.images {
            if store::images::delete_unused(&mut self.tx, self.account_id, image.id).await? {
                unused.push(image);
            }
        }
        self.tx.commit().await?;
        for image in unused {
            super::discard(state, self.account_id, image.id, image.subject()).await;
        }
        Ok(())
    }
}
