-- No reference to anything: an event outlives the thing it is about.
CREATE TABLE audit_event (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    action TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    space_id TEXT,
    target_kind TEXT NOT NULL,
    target_id TEXT NOT NULL,
    target_name TEXT,
    stack_id TEXT,
    run_id TEXT,
    details TEXT NOT NULL
);
CREATE INDEX audit_event_at ON audit_event (at, id);
CREATE INDEX audit_event_stack ON audit_event (stack_id, at, id);
CREATE INDEX audit_event_space ON audit_event (space_id, at, id);
