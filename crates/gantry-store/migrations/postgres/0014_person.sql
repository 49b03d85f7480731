-- People who logged in by single sign-on, as the identity provider described them last.
CREATE TABLE person (
    id TEXT PRIMARY KEY,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    member_of TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_login_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX person_subject ON person (issuer, subject);

-- Who of them is logged in to the console. The browser has the secret, this its hash.
CREATE TABLE person_session (
    secret_hash BYTEA NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX person_session_of ON person_session (person_id);
CREATE INDEX person_session_expiry ON person_session (expires_at);
