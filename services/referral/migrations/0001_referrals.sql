-- What referral keeps: the firm as last assessed, its needs, the partners' tasks for them, and the proof of every decision.

-- The assessment as it was heard: what a re-route decides by, and what a partner is sent.
CREATE TABLE assessments (
    firm_id      uuid PRIMARY KEY,
    version      bigint NOT NULL,
    state        jsonb NOT NULL,
    assessed_at  timestamptz NOT NULL
);

CREATE TABLE needs (
    need_id      uuid PRIMARY KEY,
    firm_id      uuid NOT NULL,
    front        text NOT NULL,
    import       boolean NOT NULL,
    market       text,
    declared     boolean NOT NULL,
    state        text NOT NULL CHECK (state IN ('waiting_consent', 'referred', 'manual', 'met', 'unmet', 'withdrawn')),
    reason       text,
    referral_id  uuid,
    excluded     text[] NOT NULL,
    rerouted     integer NOT NULL,
    closed_at    timestamptz,
    decided      text,
    UNIQUE NULLS NOT DISTINCT (firm_id, front, import, market)
);

CREATE TABLE referrals (
    referral_id   uuid PRIMARY KEY,
    need_id       uuid NOT NULL REFERENCES needs,
    firm_id       uuid NOT NULL,
    partner       text NOT NULL,
    front         text NOT NULL,
    import        boolean NOT NULL,
    market        text,
    status        text NOT NULL CHECK (status IN (
        'requested', 'received', 'accepted', 'in_progress', 'rejected', 'completed', 'failed', 'cancelled')),
    reason        text,
    replaces      uuid REFERENCES referrals,
    requested_at  timestamptz NOT NULL,
    changed_at    timestamptz NOT NULL
);

CREATE INDEX referrals_by_firm ON referrals (firm_id);

-- The store's own word for "an open need never has two responsible partners".
CREATE UNIQUE INDEX referrals_open_by_need ON referrals (need_id)
    WHERE status IN ('requested', 'received', 'accepted', 'in_progress');

-- Receipts of routing: one row for each decision that said something new. Written once; erased with the firm, never changed.
CREATE TABLE decisions (
    need_id      uuid NOT NULL,
    cause_id     text NOT NULL,
    firm_id      uuid NOT NULL,
    referral_id  uuid,
    decided_at   timestamptz NOT NULL,
    agreement    text NOT NULL,
    receipt      jsonb NOT NULL,
    PRIMARY KEY (need_id, cause_id)
);

CREATE INDEX decisions_by_firm ON decisions (firm_id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row of % is never changed', TG_TABLE_NAME USING ERRCODE = 'object_not_in_prerequisite_state';
END $$;

CREATE TRIGGER decisions_are_immutable BEFORE UPDATE ON decisions FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- One row for each record on a partner's updates topic, whatever became of it; the place is the record's own.
CREATE TABLE updates (
    topic         text NOT NULL,
    partition     integer NOT NULL,
    record_offset bigint NOT NULL,
    partner       text NOT NULL,
    source        text,
    id            text,
    content_hash  bytea,
    outcome       text NOT NULL CHECK (outcome IN ('recorded', 'repeated', 'refused')),
    referral_id   uuid,
    flags         text[] NOT NULL,
    rules         text[] NOT NULL,
    content       jsonb,
    appended_at   timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, record_offset)
);

-- An id is used up by being recorded, not by being refused.
CREATE UNIQUE INDEX updates_recorded ON updates (partner, topic, source, id) WHERE outcome = 'recorded';
CREATE INDEX updates_by_referral ON updates (referral_id) WHERE referral_id IS NOT NULL;

CREATE TABLE deliveries (
    referral_id   uuid NOT NULL,
    channel       text NOT NULL,
    recipient     text NOT NULL,
    purpose       text NOT NULL,
    firm_id       uuid NOT NULL,
    message_id    text NOT NULL,
    delivered_at  timestamptz NOT NULL,
    PRIMARY KEY (referral_id, channel, recipient, purpose)
);

CREATE INDEX deliveries_by_firm ON deliveries (firm_id);
