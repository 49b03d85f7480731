-- Ends of logs that are not in object storage yet, where several servers take them and show them.
CREATE TABLE run_log_tail (
    run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    first_byte BIGINT NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (run_id, version, first_byte)
);

-- What the object storage of this database is recognised by. One row.
CREATE TABLE object_storage (
    id BIGINT PRIMARY KEY,
    mark TEXT NOT NULL
);
