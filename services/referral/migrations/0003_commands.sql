-- What persons at the Region have ordered: the id is the cause of the decision, or of the change, that followed. The reason of
-- an assignment is in their own words and may tell of the firm; that of a cancellation is a code.
CREATE TABLE commands (
    id            uuid PRIMARY KEY,
    kind          text NOT NULL CHECK (kind IN ('assign', 'cancel')),
    need_id       uuid NOT NULL,
    referral_id   uuid NOT NULL REFERENCES referrals,
    reason        text NOT NULL,
    given_by      text NOT NULL,
    given_at      timestamptz NOT NULL,
    code_version  text NOT NULL
);

CREATE INDEX commands_by_referral ON commands (referral_id);

CREATE TRIGGER commands_are_immutable BEFORE UPDATE ON commands FOR EACH ROW EXECUTE FUNCTION refuse_change();
