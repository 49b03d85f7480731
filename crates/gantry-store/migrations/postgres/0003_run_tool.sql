-- The tool and the version that a run was prepared with, as JSON: its plan is applied with the same.
ALTER TABLE run ADD COLUMN tool TEXT;
