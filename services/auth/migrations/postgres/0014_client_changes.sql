-- What was said about the keys of API clients may be kept too, so their ends are told as well.

CREATE FUNCTION note_client_key_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    -- As for other credentials: positions become visible in their order.
    PERFORM pg_advisory_xact_lock(hashtextextended('credential_changes', 0));
    INSERT INTO credential_changes (subject_id) VALUES (OLD.client_id);
    RETURN NULL;
END
$$;

-- To be used does not change a client.
CREATE CONSTRAINT TRIGGER api_clients_change AFTER UPDATE ON api_clients DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.last_used_at IS NOT DISTINCT FROM OLD.last_used_at)
    EXECUTE FUNCTION note_credential_change();

CREATE CONSTRAINT TRIGGER api_clients_deletion AFTER DELETE ON api_clients DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.revoked_at IS NULL) EXECUTE FUNCTION note_credential_change();

-- To be sealed anew does not change a key.
CREATE CONSTRAINT TRIGGER api_client_keys_change AFTER UPDATE OF ends_at ON api_client_keys DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION note_client_key_change();

CREATE CONSTRAINT TRIGGER api_client_keys_deletion AFTER DELETE ON api_client_keys DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION note_client_key_change();
