-- Names are how people find their way through the tree.
CREATE UNIQUE INDEX space_sibling ON space (parent_id, name);

-- The roles that keys were given.
CREATE TABLE api_key_access (
    api_key_id TEXT NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    space_id TEXT NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (api_key_id, space_id)
);
CREATE INDEX api_key_access_space ON api_key_access (space_id);

ALTER TABLE api_key ADD COLUMN expires_at BIGINT;

CREATE INDEX cloud_integration_space ON cloud_integration (space_id);

-- The slug of a deleted stack stays reserved for its space when that is gone too: a reference would
-- keep the space, or free the slug.
ALTER TABLE slug DROP CONSTRAINT slug_space_id_fkey;
