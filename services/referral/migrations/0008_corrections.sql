-- A referral that never should have been is entered in error by two persons: who gives the command, and who agrees. The reason
-- is in their own words, and goes with the firm.
ALTER TABLE commands
    DROP CONSTRAINT commands_kind_check,
    ADD CONSTRAINT commands_kind_check CHECK (kind IN ('assign', 'cancel', 'correct')),
    ADD COLUMN second_person text,
    ADD CONSTRAINT commands_persons_check CHECK (
        (kind = 'correct') = (second_person IS NOT NULL) AND lower(second_person) <> lower(given_by));
