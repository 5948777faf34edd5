-- What no longer holds of what was said about credentials, in the order of commits. Whatever a credential is judged by writes
-- here by itself, whoever changes it: no statement can forget to. The newest rows are kept.

CREATE TABLE credential_changes (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    -- A user, a session, an API key or an API client.
    subject_id BLOB NOT NULL
) STRICT;

-- Positions are told from the last one on, so that there is always one.
INSERT INTO credential_changes (subject_id) VALUES (zeroblob(16));

CREATE TRIGGER users_change AFTER UPDATE ON users
BEGIN
    INSERT INTO credential_changes (subject_id) VALUES (OLD.id);
END;

CREATE TRIGGER users_deletion AFTER DELETE ON users
BEGIN
    INSERT INTO credential_changes (subject_id) VALUES (OLD.id);
END;

-- A refresh only moves the end of a session further away.
CREATE TRIGGER sessions_change AFTER UPDATE ON sessions
WHEN NEW.refreshed_at IS NOT DISTINCT FROM OLD.refreshed_at
BEGIN
    INSERT INTO credential_changes (subject_id) VALUES (OLD.id);
END;

CREATE TRIGGER sessions_deletion AFTER DELETE ON sessions
BEGIN
    INSERT INTO credential_changes (subject_id) VALUES (OLD.id);
END;

-- To be used does not change a key.
CREATE TRIGGER api_keys_change AFTER UPDATE ON api_keys
WHEN NEW.last_used_at IS NOT DISTINCT FROM OLD.last_used_at
BEGIN
    INSERT INTO credential_changes (subject_id) VALUES (OLD.id);
END;

CREATE TRIGGER api_keys_deletion AFTER DELETE ON api_keys
WHEN OLD.revoked_at IS NULL
BEGIN
    INSERT INTO credential_changes (subject_id) VALUES (OLD.id);
END;
