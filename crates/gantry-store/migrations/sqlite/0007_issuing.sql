-- The phase went on after these credentials had ended, and its history says so.
ALTER TABLE issuing ADD COLUMN outlived BIGINT NOT NULL DEFAULT 0;
