//! How much of what an operation counts as a service has done, told to the gateway.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Of each meter at most this much is charged; the rest of what was reserved is given back.
const UNITS_DONE: HeaderName = HeaderName::from_static("prosopa-units-done");

/// Says that of each meter at most `units` are to be charged. For operations that count as the most that they may do.
pub fn set_units_done(headers: &mut HeaderMap, units: u64) {
    headers.insert(UNITS_DONE, HeaderValue::from(units));
}

/// Takes it out of an answer: it is not for callers. None where the answer says nothing, or nothing that is a number.
pub fn take_units_done(headers: &mut HeaderMap) -> Option<u64> {
    headers.remove(UNITS_DONE)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// K3: what is said is taken out once; what is no number says nothing.
    #[test]
    fn what_is_said_is_taken_out() {
        let mut headers = HeaderMap::new();
        set_units_done(&mut headers, 7);
        assert_eq!((take_units_done(&mut headers), headers.len()), (Some(7), 0));
        headers.insert(UNITS_DONE, HeaderValue::from_static("-1"));
        assert_eq!((take_units_done(&mut headers), headers.len()), (None, 0));
        assert_eq!(take_units_done(&mut headers), None);
    }
}
