-- What no longer holds of what was said about credentials, in the order of commits. Whatever a credential is judged by writes
-- here by itself, whoever changes it: no statement can forget to. The newest rows are kept.

CREATE TABLE credential_changes (
    position BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT "credential_changes.position" PRIMARY KEY,
    -- A user, a session, an API key or an API client.
    subject_id UUID NOT NULL
);

-- Positions are told from the last one on, so that there is always one.
INSERT INTO credential_changes (subject_id) VALUES ('00000000-0000-0000-0000-000000000000');

CREATE FUNCTION note_credential_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    -- Held until the transaction has ended: positions become visible in their order.
    PERFORM pg_advisory_xact_lock(hashtextextended('credential_changes', 0));
    INSERT INTO credential_changes (subject_id) VALUES (OLD.id);
    RETURN NULL;
END
$$;

-- Deferred to the commit, when a transaction has all other locks: none waits for another that waits for it.

CREATE CONSTRAINT TRIGGER users_change AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION note_credential_change();

CREATE CONSTRAINT TRIGGER users_deletion AFTER DELETE ON users DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION note_credential_change();

-- A refresh only moves the end of a session further away.
CREATE CONSTRAINT TRIGGER sessions_change AFTER UPDATE ON sessions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.refreshed_at IS NOT DISTINCT FROM OLD.refreshed_at)
    EXECUTE FUNCTION note_credential_change();

CREATE CONSTRAINT TRIGGER sessions_deletion AFTER DELETE ON sessions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION note_credential_change();

-- To be used does not change a key.
CREATE CONSTRAINT TRIGGER api_keys_change AFTER UPDATE ON api_keys DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.last_used_at IS NOT DISTINCT FROM OLD.last_used_at)
    EXECUTE FUNCTION note_credential_change();

CREATE CONSTRAINT TRIGGER api_keys_deletion AFTER DELETE ON api_keys DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.revoked_at IS NULL) EXECUTE FUNCTION note_credential_change();
