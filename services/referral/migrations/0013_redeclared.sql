-- Who declared a need first: who declares it afterwards supports whoever has it. Of needs that were handed over before this
-- nobody wrote it down: whoever declares one next counts as the first.
ALTER TABLE needs ADD COLUMN declared_by text[] NOT NULL DEFAULT '{}';
