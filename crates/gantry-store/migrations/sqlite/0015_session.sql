-- Who is logged in to the console. The browser has the secret, this its hash.
CREATE TABLE session (
    secret_hash BLOB NOT NULL PRIMARY KEY,
    api_key_id TEXT NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_of_key ON session (api_key_id);
CREATE INDEX session_expiry ON session (expires_at);
