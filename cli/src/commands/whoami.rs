//! `prosopa whoami`: the user, and how much of the quota is used.

use crate::client::types::{CurrentUser, Quota, QuotaWindow};
use crate::commands::register::user_facts;
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{facts, table, time_ahead};

/// Cells of a bar.
const BAR_CELLS: u64 = 20;

/// Prints the user and the quota.
pub(super) async fn run(ctx: &Context) -> Result<(), Failure> {
    let user = ctx.client.current_user().await?;
    ctx.output.document(&user, text)?;
    Ok(())
}

fn text(current: &CurrentUser) -> String {
    let mut lines = user_facts(&current.user);
    let Some(quota) = &current.quota else { return facts(&lines) };
    lines.push(("Plan", quota.plan.clone()));
    let rate = &quota.rate;
    lines.push(("Rate", format!("{} requests a second, {} at once", rate.requests_per_second, rate.burst)));
    format!("{}\n{}", facts(&lines), windows(quota))
}

fn windows(quota: &Quota) -> String {
    let row = |window: &QuotaWindow| {
        vec![
            window.name.clone(),
            bar(window),
            window.used.to_string(),
            window.limit.to_string(),
            window.remaining.to_string(),
            time_ahead(&window.resets_at),
        ]
    };
    table(&["Quota", "", "Used", "Limit", "Left", "Resets"], &[2, 3, 4], quota.windows.iter().map(row))
}

/// How full the window is. One cell is lit as soon as anything is used, the last only when all is.
fn bar(window: &QuotaWindow) -> String {
    let used = window.used.min(window.limit);
    let lit = match window.limit {
        0 => BAR_CELLS,
        limit if used == limit => BAR_CELLS,
        limit => (u128::from(used) * u128::from(BAR_CELLS) / u128::from(limit)) as u64,
    };
    let lit = if used > 0 { lit.max(1) } else { lit };
    let cells = |count: u64, cell: &str| cell.repeat(usize::try_from(count).unwrap_or(0));
    format!("{}{}", cells(lit, "█"), cells(BAR_CELLS - lit, "░"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F1: the bar is empty only at nothing and full only at all.
    #[test]
    fn bar_tells_nothing_some_and_all_apart() {
        let lit = |used, limit| {
            let (name, resets_at) = (String::new(), String::new());
            let remaining = 0;
            let window = QuotaWindow { name, limit, used, remaining, resets_at, unknown: Default::default() };
            bar(&window).chars().filter(|&cell| cell == '█').count()
        };
        assert_eq!([lit(0, 100), lit(1, 100), lit(50, 100), lit(99, 100), lit(100, 100)], [0, 1, 10, 19, 20]);
        assert_eq!(lit(u64::MAX / 2, u64::MAX), 9);
    }
}
