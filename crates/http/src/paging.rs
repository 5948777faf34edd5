//! Lists: `limit` and an opaque `cursor`, newest first, optionally between two times; and lists that people page through
//! by number.

use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use prosopa_model::{Cursor, TimeRange};
use prosopa_problem::Problem;

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// Rows in front of and on a numbered page: a database counts off all of them.
const NUMBERED_ROWS_MAX: u64 = 1_000_000;

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

/// One numbered page of a list.
#[derive(Debug, Clone, Serialize)]
pub struct NumberedPage<T> {
    /// The rows, in the order asked for.
    pub items: Vec<T>,
    /// Which page it is; the first is 1.
    pub page: u32,
    /// Rows a full page has.
    pub per_page: u32,
    /// Rows of all pages together.
    pub total: u64,
}

impl<T> NumberedPage<T> {
    /// Turns each row into what the caller sees.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> NumberedPage<U> {
        let Self { items, page, per_page, total } = self;
        NumberedPage { items: items.into_iter().map(convert).collect(), page, per_page, total }
    }
}

/// Query parameters of lists that people page through by number.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct NumberedPageQuery {
    /// Which page, from 1 on; the first if absent. `page` times `per_page` is at most 1,000,000.
    #[param(minimum = 1, default = 1)]
    pub page: Option<u32>,
    /// Rows a page, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub per_page: Option<u32>,
}

/// A numbered page that was asked for, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberedPageRequest {
    /// Which page; the first is 1.
    pub page: u32,
    /// Rows a page.
    pub per_page: u32,
}

impl NumberedPageQuery {
    /// Checks the parameters.
    pub fn check(&self) -> Result<NumberedPageRequest, Problem> {
        let (page, per_page) = (self.page.unwrap_or(1), self.per_page.unwrap_or(LIMIT_DEFAULT));
        if !(1..=LIMIT_MAX).contains(&per_page) {
            return Err(Problem::invalid("?per_page", format!("must be 1 to {LIMIT_MAX}")));
        }
        if page == 0 {
            return Err(Problem::invalid("?page", "must be at least 1"));
        }
        if u64::from(page) * u64::from(per_page) > NUMBERED_ROWS_MAX {
            let detail =
                format!("page times per_page must be at most {NUMBERED_ROWS_MAX}; search or sort instead");
            return Err(Problem::invalid("?page", detail));
        }
        Ok(NumberedPageRequest { page, per_page })
    }
}

impl NumberedPageRequest {
    /// Rows in front of the page.
    pub const fn offset(self) -> u64 {
        (self.page as u64 - 1) * self.per_page as u64
    }

    /// The page made of its rows and of the number of all rows.
    pub const fn page_of<T>(self, items: Vec<T>, total: u64) -> NumberedPage<T> {
        NumberedPage { items, page: self.page, per_page: self.per_page, total }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(page: Option<u32>, per_page: Option<u32>) -> Result<NumberedPageRequest, Problem> {
        NumberedPageQuery { page, per_page }.check()
    }

    /// R5: without numbers it is the first page.
    #[test]
    fn the_first_page_has_no_row_in_front() {
        let first = check(None, None).unwrap();
        assert_eq!((first.page, first.per_page, first.offset()), (1, 50, 0));
    }

    proptest! {
        /// R5: what is allowed is what the documentation says, whatever is asked for.
        #[test]
        fn pages_are_bounded(page: u32, per_page in 0..300_u32) {
            let is_allowed = page > 0
                && (1..=200).contains(&per_page)
                && u64::from(page) * u64::from(per_page) <= NUMBERED_ROWS_MAX;
            let checked = check(Some(page), Some(per_page));
            prop_assert_eq!(checked.is_ok(), is_allowed);
        }

        /// R5: no row is left out and none comes twice.
        #[test]
        fn a_page_begins_where_the_one_before_ends(page in 1..5_000_u32, per_page in 1..=200_u32) {
            let this = check(Some(page), Some(per_page)).unwrap();
            let next = NumberedPageRequest { page: page + 1, per_page };
            prop_assert_eq!(this.offset() + u64::from(per_page), next.offset());
        }
    }
}
