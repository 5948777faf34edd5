//! What tests share, tested where tests rely on its truth. Fonts come from the folder in `PROSOPA_TEST_FONTS`.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod papers;
