//! Lists: `limit` and an opaque `cursor`, newest first, optionally between two times.

use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use prosopa_model::{Cursor, TimeRange};
use prosopa_problem::Problem;

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// One page of a list.
#[derive(Debug, Clone, Serialize)]
pub struct Page<T> {
    /// The rows, newest first.
    pub items: Vec<T>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Cuts `rows`, of which one more than `limit` was asked for, to a page.
    pub fn cut(mut rows: Vec<T>, limit: u32, position: impl Fn(&T) -> Cursor) -> Self {
        let is_last = rows.len() <= limit as usize;
        rows.truncate(limit as usize);
        let next_cursor = if is_last { None } else { rows.last().map(|row| position(row).to_string()) };
        Self { items: rows, next_cursor }
    }

    /// Turns each row into what the caller sees.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(convert).collect(), next_cursor: self.next_cursor }
    }
}

/// Query parameters of every list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Rows a page, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A page that was asked for, checked.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    /// Rows a page.
    pub limit: u32,
    /// The row behind which the page begins.
    pub after: Option<Cursor>,
}

impl PageQuery {
    /// Checks the parameters.
    pub fn check(&self) -> Result<PageRequest, Problem> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::invalid("?limit", format!("must be 1 to {LIMIT_MAX}")));
        }
        let after = self.cursor.as_deref().map(str::parse).transpose();
        let after = after.map_err(|error| Problem::invalid("?cursor", format!("{error}")))?;
        Ok(PageRequest { limit, after })
    }
}

/// Query parameters of lists that reach through time.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Only rows made at this RFC 3339 time or later; a date means its beginning.
    pub start_date: Option<String>,
    /// Only rows made before this RFC 3339 time; a date includes its whole day.
    pub end_date: Option<String>,
    /// IANA time zone in which dates begin, such as `Europe/Berlin`; UTC if absent.
    pub tz: Option<String>,
    /// Rows a page, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A list that was asked for, checked.
#[derive(Debug, Clone, Copy)]
pub struct ListRequest {
    /// Only rows made within.
    pub range: TimeRange,
    /// Which page.
    pub page: PageRequest,
}

impl ListQuery {
    /// Checks the parameters.
    pub fn check(&self) -> Result<ListRequest, Problem> {
        let range =
            TimeRange::parse(self.start_date.as_deref(), self.end_date.as_deref(), self.tz.as_deref());
        let range =
            range.map_err(|error| Problem::invalid(format!("?{}", error.parameter()), error.to_string()))?;
        let page = PageQuery { limit: self.limit, cursor: self.cursor.clone() }.check()?;
        Ok(ListRequest { range, page })
    }
}
