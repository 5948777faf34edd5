-- What each account has spent in its current windows. One row for each window, replaced when the next window begins.
CREATE TABLE quota_usage (
    account_id  BLOB    NOT NULL CHECK (length(account_id) = 16),
    window_name TEXT    NOT NULL CHECK (window_name IN ('day', 'month')),
    starts_at   INTEGER NOT NULL,
    used        INTEGER NOT NULL CHECK (used >= 0),
    PRIMARY KEY (account_id, window_name)
) STRICT, WITHOUT ROWID;
