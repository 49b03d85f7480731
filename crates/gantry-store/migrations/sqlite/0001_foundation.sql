CREATE TABLE account (
    subdomain TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL
);

CREATE TABLE data_key (
    id TEXT PRIMARY KEY,
    wrapped BLOB NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE space (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    parent_id TEXT REFERENCES space (id),
    inherit_entities BIGINT NOT NULL,
    labels TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_key (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT,
    secret_hash BLOB NOT NULL,
    admin BIGINT NOT NULL,
    teams TEXT NOT NULL,
    creator TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);

-- One namespace for stacks and modules. A row outlives the thing it was made for.
CREATE TABLE slug (
    slug TEXT PRIMARY KEY,
    space_id TEXT NOT NULL REFERENCES space (id),
    released_at BIGINT
);

CREATE TABLE stack (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT,
    space_id TEXT NOT NULL REFERENCES space (id),
    labels TEXT NOT NULL,
    administrative BIGINT NOT NULL,
    disabled BIGINT NOT NULL,
    protect_from_deletion BIGINT NOT NULL,
    autodeploy BIGINT NOT NULL,
    autoretry BIGINT NOT NULL,
    github_action_deploy BIGINT NOT NULL,
    local_preview_enabled BIGINT NOT NULL,
    well_known_secret_masking BIGINT NOT NULL,
    sensitive_output_upload BIGINT NOT NULL,
    manages_state BIGINT NOT NULL,
    runner_image TEXT,
    vendor TEXT NOT NULL,
    vendor_config TEXT NOT NULL,
    hooks TEXT NOT NULL,
    provider TEXT NOT NULL,
    namespace TEXT NOT NULL,
    repository TEXT NOT NULL,
    repository_url TEXT,
    branch TEXT NOT NULL,
    project_root TEXT,
    project_globs TEXT NOT NULL,
    sparse_paths TEXT NOT NULL,
    tracked_commit TEXT,
    tracked_commit_set_by TEXT,
    lock_holder TEXT,
    lock_holder_name TEXT,
    lock_note TEXT,
    locked_at BIGINT,
    -- A lock that no user holds, its reason in words, and the run that left it.
    system_lock TEXT,
    system_lock_note TEXT,
    system_lock_run_id TEXT,
    -- When a lock for a lost worker may go by itself: a minute after the last credential ended.
    system_lock_until BIGINT,
    -- A lock that is still there when this one goes, as JSON.
    system_lock_beneath TEXT,
    state TEXT NOT NULL,
    state_set_at BIGINT,
    blocker_run_id TEXT,
    -- Counts every hand-over of the stack to a run; a worker with an older number is refused.
    fence BIGINT NOT NULL,
    deleting BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX stack_created ON stack (created_at, id);
CREATE INDEX stack_space ON stack (space_id);

CREATE TABLE config_element (
    stack_id TEXT NOT NULL REFERENCES stack (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    description TEXT,
    write_only BIGINT NOT NULL,
    -- The value, and beside it the plain SHA-256 of it, as one sealed text: neither a secret nor
    -- its unkeyed hash stands in the clear.
    key_id TEXT NOT NULL REFERENCES data_key (id),
    sealed BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (stack_id, name)
);

CREATE TABLE cloud_integration (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    space_id TEXT NOT NULL REFERENCES space (id),
    labels TEXT NOT NULL,
    autoattach BIGINT NOT NULL,
    config TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX cloud_integration_name ON cloud_integration (kind, name);

CREATE TABLE attachment (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    integration_id TEXT NOT NULL REFERENCES cloud_integration (id),
    stack_id TEXT NOT NULL REFERENCES stack (id) ON DELETE CASCADE,
    can_read BIGINT NOT NULL,
    can_write BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX attachment_pair ON attachment (integration_id, stack_id);
CREATE UNIQUE INDEX attachment_read_slot ON attachment (stack_id, kind) WHERE can_read = 1;
CREATE UNIQUE INDEX attachment_write_slot ON attachment (stack_id, kind) WHERE can_write = 1;

CREATE TABLE legacy_role (
    stack_id TEXT PRIMARY KEY REFERENCES stack (id) ON DELETE CASCADE,
    config TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- The newest verification of each access; `fingerprint` is of what was verified, so that a change
-- of role, region, tags or duration makes it void.
CREATE TABLE verification (
    stack_id TEXT NOT NULL REFERENCES stack (id) ON DELETE CASCADE,
    source TEXT NOT NULL,
    access TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    outcome TEXT NOT NULL,
    message TEXT NOT NULL,
    checked_at BIGINT NOT NULL,
    PRIMARY KEY (stack_id, source, access)
);

CREATE TABLE run (
    id TEXT PRIMARY KEY,
    stack_id TEXT NOT NULL REFERENCES stack (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    -- Counts transitions; a decision made on an older row is refused.
    version BIGINT NOT NULL,
    title TEXT,
    command TEXT,
    skip_initialization BIGINT NOT NULL,
    requested_commit TEXT,
    commit_info TEXT,
    branch TEXT NOT NULL,
    -- The name, and the stable identifier that the holder of a lock is compared with.
    triggered_by TEXT NOT NULL,
    triggered_by_id TEXT NOT NULL,
    prioritized BIGINT NOT NULL,
    metadata TEXT,
    key_id TEXT REFERENCES data_key (id),
    -- Overrides of the environment for this run, sealed.
    overrides BLOB,
    -- The worker that holds the run, until when, and the number that fences its predecessors.
    worker_id TEXT,
    fence BIGINT NOT NULL,
    lease_until BIGINT,
    stop_requested BIGINT NOT NULL,
    write_issued BIGINT NOT NULL,
    user_secrets BIGINT NOT NULL,
    delta TEXT,
    -- Names of objects: the sealed plan bundle, the sealed list of changes.
    plan_object TEXT,
    changes_object TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX run_stack ON run (stack_id, id);
CREATE INDEX run_claimable ON run (state, id) WHERE finished_at IS NULL;
CREATE INDEX run_lease ON run (lease_until) WHERE lease_until IS NOT NULL;

CREATE TABLE run_transition (
    run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    at BIGINT NOT NULL,
    username TEXT,
    note TEXT,
    has_logs BIGINT NOT NULL,
    PRIMARY KEY (run_id, version)
);

-- Where the log of one visit to a state is: objects in order, each beginning at a byte offset.
CREATE TABLE run_log (
    run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    first_byte BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    object TEXT NOT NULL,
    PRIMARY KEY (run_id, version, first_byte)
);

-- What was issued to which phase, without any secret.
CREATE TABLE issuing (
    id TEXT PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    run_version BIGINT NOT NULL,
    stack_id TEXT NOT NULL,
    phase TEXT NOT NULL,
    access TEXT NOT NULL,
    kind TEXT NOT NULL,
    source TEXT,
    integration_id TEXT,
    integration_name TEXT,
    outcome TEXT NOT NULL,
    note TEXT NOT NULL,
    role_arn TEXT,
    external_id TEXT,
    session_name TEXT,
    decided_at BIGINT NOT NULL,
    issued_at BIGINT,
    expires_at BIGINT
);
CREATE INDEX issuing_run ON issuing (run_id, id);

CREATE TABLE worker (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    -- How it isolates children, in its own words.
    sandbox TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    gone_at BIGINT
);
