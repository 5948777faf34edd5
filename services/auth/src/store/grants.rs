//! What is asked alike of all that an account gives to programs, keys and clients: how many, and how fast.

use prosopa_model::{AccountId, Timestamp};
use prosopa_store::{on_db, query_scalar};

use super::Write;
use crate::error::Error;

impl Write {
    /// How many a statement about an account and a time counts.
    pub(super) async fn count_granted(
        &mut self,
        sql: &'static str,
        account_id: AccountId,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let count = on_db!(self.tx, c => query_scalar::<_, i64>(sql)
            .bind(account_id.uuid())
            .bind(now.micros())
            .fetch_one(c)
            .await)?;
        Ok(count.unsigned_abs())
    }

    /// The time that a statement finds about an account and an offset, that of the `rank`th, from 1; none behind the last.
    pub(super) async fn find_granted_at(
        &mut self,
        sql: &'static str,
        account_id: AccountId,
        rank: u32,
    ) -> Result<Option<Timestamp>, Error> {
        let micros = on_db!(self.tx, c => query_scalar::<_, i64>(sql)
            .bind(account_id.uuid())
            .bind(i64::from(rank.saturating_sub(1)))
            .fetch_optional(c)
            .await)?;
        Ok(micros.map(Timestamp::from_micros))
    }
}
