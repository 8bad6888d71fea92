-- What figures are made of and nothing else keeps: when a referral came to stand where it stood, and when a firm came to be in
-- a segment. Written by the store itself, whoever changes the rows: a way on which a referral moves and no figure hears of it
-- would never be noticed. All that one transaction does to a referral is one move.

CREATE TABLE movements (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    referral_id  uuid NOT NULL,
    status       text NOT NULL,
    reason       text,
    at           timestamptz NOT NULL
);

CREATE INDEX movements_by_referral ON movements (referral_id);

-- Of before this table: when a referral was requested, what partners were recorded to have said of it, and where it stands.
-- The end of a hold that ended by itself was kept nowhere.
INSERT INTO movements (referral_id, status, reason, at)
SELECT referral_id, status, reason, min(at) FROM (
    SELECT referral_id, 'requested' AS status, NULL AS reason, requested_at AS at FROM referrals
    UNION ALL
    SELECT referral_id, content ->> 'asked', content ->> 'reason', appended_at FROM updates
    WHERE outcome = 'recorded' AND referral_id IS NOT NULL AND NOT flags && '{out_of_order,repeated}'
          AND content ->> 'asked' IN ('received', 'accepted', 'in_progress', 'on_hold', 'rejected', 'completed', 'failed')
    UNION ALL
    SELECT referral_id, status, reason, changed_at FROM referrals
    WHERE status IN ('cancelled', 'entered_in_error')
) AS known GROUP BY 1, 2, 3 ORDER BY min(at);

CREATE FUNCTION note_movement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO movements (referral_id, status, reason, at)
    VALUES (NEW.referral_id, NEW.status, NEW.reason, NEW.changed_at);
    RETURN NULL;
END $$;

CREATE TRIGGER referrals_that_come AFTER INSERT ON referrals FOR EACH ROW EXECUTE FUNCTION note_movement();
CREATE TRIGGER referrals_that_move AFTER UPDATE ON referrals FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION note_movement();

-- One row for each time that a firm's segment was another than before: a segment's code, `provisional` or `out_of_target`. It
-- goes with the firm's assessment when the firm is erased.
CREATE TABLE placements (
    firm_id    uuid NOT NULL,
    version    bigint NOT NULL,
    segment    text NOT NULL,
    placed_at  timestamptz NOT NULL,
    PRIMARY KEY (firm_id, version)
);

CREATE FUNCTION segment_in(state jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(state -> 'segment' ->> 'value', state -> 'segment' ->> 'status')
$$;

INSERT INTO placements (firm_id, version, segment, placed_at)
SELECT firm_id, version, segment_in(state), assessed_at FROM assessments;

CREATE FUNCTION note_placement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO placements (firm_id, version, segment, placed_at)
    VALUES (NEW.firm_id, NEW.version, segment_in(NEW.state), NEW.assessed_at)
    ON CONFLICT (firm_id, version) DO UPDATE SET segment = excluded.segment, placed_at = excluded.placed_at;
    RETURN NULL;
END $$;

CREATE FUNCTION forget_placements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM placements WHERE firm_id = OLD.firm_id;
    RETURN NULL;
END $$;

CREATE TRIGGER firms_that_come AFTER INSERT ON assessments FOR EACH ROW EXECUTE FUNCTION note_placement();
CREATE TRIGGER firms_that_move AFTER UPDATE ON assessments FOR EACH ROW
    WHEN (segment_in(OLD.state) IS DISTINCT FROM segment_in(NEW.state)) EXECUTE FUNCTION note_placement();
CREATE TRIGGER firms_that_go AFTER DELETE ON assessments FOR EACH ROW EXECUTE FUNCTION forget_placements();
