-- More partitions for the internal topics (`portolano feeds grow`). A firm's next record may then go to another partition than its
-- last one, so that nobody may write any more who still has the old number in memory.

-- The number of partitions that a writer has to know to get a number here; 0 where the store has never grown. It stands in the
-- row whose lock every writer takes anyway: who has waited for that lock sees it as it is, not as it was when the statement began.
ALTER TABLE feeds ADD COLUMN partitions int NOT NULL DEFAULT 0;

-- Each growth: who gave the command, and the last number of each feed that was written before it. All of these had been read by
-- every reader when it was made.
CREATE TABLE growths (
    id          uuid PRIMARY KEY,
    was         int NOT NULL,
    partitions  int NOT NULL CHECK (partitions > was),
    heads       jsonb NOT NULL,
    given_by    text NOT NULL,
    given_at    timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION refuse_fewer_partitions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.partitions < OLD.partitions THEN
        RAISE EXCEPTION 'the number of partitions is never lowered: firms have records in those that would go'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER layout_only_grows BEFORE UPDATE OR DELETE ON layout FOR EACH ROW EXECUTE FUNCTION refuse_fewer_partitions();
