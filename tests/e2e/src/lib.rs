//! The product from outside: what users do and what bad input gets. Tests only: see `tests/it`.
