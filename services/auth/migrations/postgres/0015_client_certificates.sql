-- What clients show in the handshake of TLS instead of signing: SHA-256 of the certificate's DER form.
CREATE TABLE api_client_certificates (
    fingerprint BYTEA CONSTRAINT "api_client_certificates.fingerprint" PRIMARY KEY CHECK (length(fingerprint) = 32),
    client_id UUID NOT NULL REFERENCES api_clients (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE INDEX api_client_certificates_by_client ON api_client_certificates (client_id);

CREATE CONSTRAINT TRIGGER api_client_certificates_change AFTER UPDATE OR DELETE ON api_client_certificates
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_client_key_change();
