//! Plans and assignments, written as the gateway keeps them.

use prosopa_gateway::{GatewayService, MIGRATIONS};
use prosopa_runtime::{Platform, Service};
use prosopa_store::{Database, affected, on_db, query};
use serde_json::json;

use crate::callers::key_id;

/// Defines so many plans and gives them to so many keys.
pub(crate) async fn write(platform: &Platform, plans: usize, keys: usize) {
    let options = platform.database_options(GatewayService::NAME).unwrap();
    let database = Database::open(&options, MIGRATIONS).await.unwrap();
    let mut tx = database.begin().await.unwrap();
    for number in 0..plans {
        let definition = json!({
            "description": format!("The plan of customer {number}"),
            "limits": [
                { "window": { "kind": "day" }, "limit": 1_000_000 },
                { "window": { "kind": "month" }, "limit": 10_000_000 },
            ],
            "rate": { "requests_per_second": 1_000 + number % 1_000, "burst": 2_000 },
        });
        let insert = "INSERT INTO quota_plans (name, definition, version, updated_at) VALUES ($1, $2, 1, 1)";
        on_db!(tx, c => query(insert)
            .bind(name(number))
            .bind(definition.to_string())
            .execute(c)
            .await
            .map(affected))
        .unwrap();
    }
    for number in 0..keys {
        let insert =
            "INSERT INTO quota_assignments (subject_id, subject, plan, billing_anchor, version, updated_at)
                      VALUES ($1, $2, $3, 1, $4, 1)";
        let id = key_id(number);
        on_db!(tx, c => query(insert)
            .bind(id.uuid())
            .bind(id.to_string())
            .bind(name(number % plans.max(1)))
            .bind(number as i64 + 2)
            .execute(c)
            .await
            .map(affected))
        .unwrap();
    }
    let count = "UPDATE quota_changes SET version = $1";
    on_db!(tx, c => query(count).bind(keys as i64 + 1).execute(c).await.map(affected)).unwrap();
    tx.commit().await.unwrap();
    database.close().await;
}

fn name(number: usize) -> String {
    format!("customer-{number}")
}
