-- Signs the certificates of private workers and of the gateway that they speak to. One row.
CREATE TABLE worker_authority (
    id TEXT PRIMARY KEY,
    certificate TEXT NOT NULL,
    key_id TEXT NOT NULL REFERENCES data_key (id),
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE worker_pool (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT,
    labels TEXT NOT NULL,
    space_id TEXT NOT NULL REFERENCES space (id),
    drift_detection_run_limit BIGINT,
    -- What workers are started with; the same until the pool is reset.
    config TEXT NOT NULL,
    -- SHA-256 of the one certificate that counts, in hexadecimal digits.
    fingerprint TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX worker_pool_name ON worker_pool (name);
CREATE UNIQUE INDEX worker_pool_fingerprint ON worker_pool (fingerprint);
CREATE INDEX worker_pool_space ON worker_pool (space_id);

-- Joins shared workers that run elsewhere.
CREATE TABLE worker_token (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    secret_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);

-- Who joined how: through a pool, by a token, or, with neither, as the child of a server.
ALTER TABLE worker ADD COLUMN pool_id TEXT REFERENCES worker_pool (id) ON DELETE CASCADE;
ALTER TABLE worker ADD COLUMN token_id TEXT REFERENCES worker_token (id);
ALTER TABLE worker ADD COLUMN slots BIGINT NOT NULL DEFAULT 1;
-- A drained worker finishes what it has and takes nothing.
ALTER TABLE worker ADD COLUMN drained BIGINT NOT NULL DEFAULT 0;
-- A drained worker that goes when it has finished.
ALTER TABLE worker ADD COLUMN cycled BIGINT NOT NULL DEFAULT 0;
-- A JSON object of what the worker says of itself.
ALTER TABLE worker ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
-- When it was last heard of; not written more often than every 20 seconds.
ALTER TABLE worker ADD COLUMN seen_at BIGINT;
CREATE INDEX worker_of_pool ON worker (pool_id) WHERE gone_at IS NULL;

-- A stack with a pool runs there and nowhere else.
ALTER TABLE stack ADD COLUMN worker_pool_id TEXT REFERENCES worker_pool (id);
CREATE INDEX stack_worker_pool ON stack (worker_pool_id) WHERE worker_pool_id IS NOT NULL;

-- What a worker has.
CREATE INDEX run_worker ON run (worker_id) WHERE lease_until IS NOT NULL;
