-- What Terraform knows of what exists, kept for a stack. The content is a sealed object.
CREATE TABLE state_version (
    id TEXT PRIMARY KEY,
    stack_id TEXT NOT NULL REFERENCES stack (id) ON DELETE CASCADE,
    serial BIGINT NOT NULL,
    lineage TEXT NOT NULL,
    tool_version TEXT,
    bytes BIGINT NOT NULL,
    -- A keyed hash of the content.
    digest TEXT NOT NULL,
    object TEXT NOT NULL,
    key_id TEXT NOT NULL REFERENCES data_key (id),
    -- `run`, `import` or `rollback`, and which run in which phase, or which version.
    origin TEXT NOT NULL,
    run_id TEXT,
    phase TEXT,
    rollback_of TEXT,
    author TEXT NOT NULL,
    author_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- What differs from the version before, counted after it was stored.
    delta TEXT
);
CREATE UNIQUE INDEX state_version_serial ON state_version (stack_id, serial);

-- Which version is the state of a stack.
CREATE TABLE state_current (
    stack_id TEXT PRIMARY KEY REFERENCES stack (id) ON DELETE CASCADE,
    version_id TEXT NOT NULL REFERENCES state_version (id)
);

-- A lock that the tool holds in the name of a run's phase; `fence` is of the lease.
CREATE TABLE state_lock (
    stack_id TEXT PRIMARY KEY REFERENCES stack (id) ON DELETE CASCADE,
    lock_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    who TEXT NOT NULL,
    tool_version TEXT NOT NULL,
    run_id TEXT NOT NULL,
    phase TEXT NOT NULL,
    fence BIGINT NOT NULL,
    holder TEXT NOT NULL,
    locked_at BIGINT NOT NULL
);

-- A state that waits, as a sealed object, for the stack that is going to be made with it.
CREATE TABLE state_upload (
    id TEXT PRIMARY KEY,
    owner_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX state_upload_expiry ON state_upload (expires_at);
