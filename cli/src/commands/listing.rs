//! Lists that come page by page, newest first.

use serde::Serialize;

use crate::args::{Format, ListArgs};
use crate::client::types::Page;
use crate::client::{Error, Period};
use crate::context::Context;
use crate::exit::Failure;

/// What was printed.
pub(super) struct Listed {
    /// Whether that was nothing.
    pub(super) is_empty: bool,
}

/// How many items are wanted, and of what time.
pub(super) fn part(args: ListArgs) -> (usize, Period) {
    let limit = if args.all { usize::MAX } else { args.limit.get() };
    (limit, Period { start_date: args.start_date, end_date: args.end_date })
}

/// Prints so many items of the pages that `ask` gives for a number and a cursor, and tells whether there are more.
pub(super) async fn run<T: Serialize>(
    ctx: &Context,
    limit: usize,
    ask: impl AsyncFn(usize, Option<&str>) -> Result<Page<T>, Error>,
    text: impl FnOnce(&[T]) -> String,
) -> Result<Listed, Failure> {
    let (mut left, mut cursor, mut kept) = (limit, None::<String>, Vec::new());
    let is_streamed = ctx.output.format() == Format::Ndjson;
    let has_more = loop {
        let page = ask(left, cursor.as_deref()).await?;
        let count = page.items.len().min(left);
        left -= count;
        let items = page.items.into_iter().take(count);
        if is_streamed {
            items.into_iter().try_for_each(|item| ctx.output.row(&item))?;
        } else {
            kept.extend(items);
        }
        let next = page.next_cursor;
        if next.is_none() || left == 0 {
            break next.is_some();
        }
        if next == cursor {
            return Err(Failure::Local("the server gives the same page again and again".to_owned()));
        }
        cursor = next;
    };
    if !is_streamed {
        ctx.output.list(&kept, text)?;
    }
    if has_more {
        ctx.reporter.note("there are more: --limit N or --all shows them");
    }
    Ok(Listed { is_empty: left == limit && !has_more })
}
