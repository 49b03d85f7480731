-- The name of the master key that wraps it, which tells nothing about that key.
ALTER TABLE data_key ADD COLUMN master_key TEXT;

-- Secrets of the installation itself: what signs tokens, what keys checksums.
CREATE TABLE installation_secret (
    name TEXT PRIMARY KEY,
    key_id TEXT NOT NULL REFERENCES data_key (id),
    sealed BLOB NOT NULL,
    created_at BIGINT NOT NULL
);

-- Names the life that the installation lives: each restore begins another one.
ALTER TABLE account ADD COLUMN epoch TEXT NOT NULL DEFAULT '';
