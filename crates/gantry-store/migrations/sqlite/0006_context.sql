CREATE TABLE context (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT,
    space_id TEXT NOT NULL REFERENCES space (id),
    labels TEXT NOT NULL,
    -- Whether one of the labels attaches it to stacks.
    autoattach BIGINT NOT NULL,
    hooks TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX context_created ON context (created_at, id);
CREATE INDEX context_space ON context (space_id);

CREATE TABLE context_attachment (
    id TEXT PRIMARY KEY,
    context_id TEXT NOT NULL REFERENCES context (id) ON DELETE CASCADE,
    stack_id TEXT NOT NULL REFERENCES stack (id) ON DELETE CASCADE,
    priority BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX context_attachment_once ON context_attachment (stack_id, context_id);
CREATE INDEX context_attachment_context ON context_attachment (context_id);

-- Elements belong to a stack or to a context.
CREATE TABLE config_element_of_either (
    stack_id TEXT REFERENCES stack (id) ON DELETE CASCADE,
    context_id TEXT REFERENCES context (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    description TEXT,
    write_only BIGINT NOT NULL,
    -- The value, and beside it the plain SHA-256 of it, as one sealed text: neither a secret nor
    -- its unkeyed hash stands in the clear.
    key_id TEXT NOT NULL REFERENCES data_key (id),
    sealed BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK ((stack_id IS NULL) <> (context_id IS NULL))
);
INSERT INTO config_element_of_either
    (stack_id, name, kind, description, write_only, key_id, sealed, created_at)
    SELECT stack_id, name, kind, description, write_only, key_id, sealed, created_at
    FROM config_element;
DROP TABLE config_element;
ALTER TABLE config_element_of_either RENAME TO config_element;
CREATE UNIQUE INDEX config_element_of_stack ON config_element (stack_id, name);
CREATE UNIQUE INDEX config_element_of_context ON config_element (context_id, name);
