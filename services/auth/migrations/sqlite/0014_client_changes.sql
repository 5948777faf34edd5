-- What was said about the keys of API clients may be kept too, so their ends are told as well.

-- To be used does not change a client.
CREATE TRIGGER api_clients_change AFTER UPDATE ON api_clients
WHEN NEW.last_used_at IS NOT DISTINCT FROM OLD.last_used_at
BEGIN
    INSERT INTO credential_changes (subject_id) VALUES (OLD.id);
END;

CREATE TRIGGER api_clients_deletion AFTER DELETE ON api_clients
WHEN OLD.revoked_at IS NULL
BEGIN
    INSERT INTO credential_changes (subject_id) VALUES (OLD.id);
END;

-- To be sealed anew does not change a key.
CREATE TRIGGER api_client_keys_change AFTER UPDATE OF ends_at ON api_client_keys
BEGIN
    INSERT INTO credential_changes (subject_id) VALUES (OLD.client_id);
END;

CREATE TRIGGER api_client_keys_deletion AFTER DELETE ON api_client_keys
BEGIN
    INSERT INTO credential_changes (subject_id) VALUES (OLD.client_id);
END;
