-- What each account has spent in its current windows. One row for each window, replaced when the next window begins.
CREATE TABLE quota_usage (
    account_id  UUID    NOT NULL,
    window_name TEXT    NOT NULL CHECK (window_name IN ('day', 'month')),
    starts_at   BIGINT NOT NULL,
    used        BIGINT NOT NULL CHECK (used >= 0),
    CONSTRAINT "quota_usage.account_id, quota_usage.window_name" PRIMARY KEY (account_id, window_name)
);
