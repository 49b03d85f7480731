-- A page of a search costs what it shows, in each order and for those who see some spaces only.
ALTER TABLE run ADD COLUMN space_id TEXT NOT NULL DEFAULT '';
UPDATE run SET space_id = (SELECT stack.space_id FROM stack WHERE stack.id = run.stack_id);
CREATE INDEX run_space ON run (space_id, id);
CREATE INDEX run_ended ON run (state, id) WHERE finished_at IS NOT NULL;

-- unused since 0.1: the next one, of the same name, serves what it served.
DROP INDEX stack_space;
CREATE INDEX stack_space ON stack (space_id, created_at, id);
CREATE INDEX stack_space_name ON stack (space_id, name, id);
CREATE INDEX stack_name ON stack (name, id);
CREATE INDEX stack_state ON stack (state, created_at, id);

CREATE INDEX cloud_integration_created ON cloud_integration (created_at, id);
CREATE INDEX cloud_integration_listed ON cloud_integration (name, id);
