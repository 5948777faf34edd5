-- What clients show in the handshake of TLS instead of signing: SHA-256 of the certificate's DER form.
CREATE TABLE api_client_certificates (
    fingerprint BLOB PRIMARY KEY NOT NULL CHECK (length(fingerprint) = 32),
    client_id BLOB NOT NULL REFERENCES api_clients (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT;

CREATE INDEX api_client_certificates_by_client ON api_client_certificates (client_id);

CREATE TRIGGER api_client_certificates_deletion AFTER DELETE ON api_client_certificates
BEGIN
    INSERT INTO credential_changes (subject_id) VALUES (OLD.client_id);
END;

CREATE TRIGGER api_client_certificates_change AFTER UPDATE ON api_client_certificates
BEGIN
    INSERT INTO credential_changes (subject_id) VALUES (OLD.client_id);
END;
