-- What would settle a provisional assessment, and the digest (SHA-256) of all that was said with it: whoever says the
-- same again has nothing to say. Assessments from before have neither; their next one is said in any case.

ALTER TABLE assessments
    ADD COLUMN missing jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN digest  bytea;
