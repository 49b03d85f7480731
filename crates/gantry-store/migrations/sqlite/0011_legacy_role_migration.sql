-- What became of the roles of stacks that were migrated to an integration, for whoever wants it undone.
-- The integration may be gone since, and so may the attachment.
CREATE TABLE legacy_role_migration (
    stack_id TEXT PRIMARY KEY REFERENCES stack (id) ON DELETE CASCADE,
    config TEXT NOT NULL,
    role_created_at BIGINT NOT NULL,
    replaced_by TEXT,
    migrated_at BIGINT NOT NULL,
    migrated_by TEXT NOT NULL
);
