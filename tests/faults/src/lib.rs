//! The product from outside while its surroundings fail. Tests only: see `tests/it`.
