-- Erasures: what was asked, who is to hear of the end, and when they were told that all four stores are empty.
CREATE TABLE erasures (
    firm_id        uuid NOT NULL,
    version        bigint NOT NULL,
    requested_at   timestamptz NOT NULL,
    requested_by   text NOT NULL,
    submission_id  text NOT NULL,
    recipients     text[] NOT NULL,
    erased_at      timestamptz NOT NULL,
    told_at        timestamptz,
    PRIMARY KEY (firm_id, version, requested_at)
);

-- Referrals of before an erasure. What partners still write about them is not kept. (No key into referrals: one that was
-- opened by the very batch that erases it is written later.)
CREATE TABLE erased_referrals (
    referral_id  uuid PRIMARY KEY
);

-- A person's reason is in their own words and goes with the firm: the one change that a command's row may see.
ALTER TABLE commands ALTER COLUMN reason DROP NOT NULL;

CREATE FUNCTION refuse_change_but_of_reason() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.reason IS NULL AND to_jsonb(NEW) - 'reason' = to_jsonb(OLD) - 'reason' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a row of % is never changed, but for its reason to be erased', TG_TABLE_NAME
        USING ERRCODE = 'object_not_in_prerequisite_state';
END $$;

DROP TRIGGER commands_are_immutable ON commands;
CREATE TRIGGER commands_are_immutable BEFORE UPDATE ON commands
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_of_reason();
