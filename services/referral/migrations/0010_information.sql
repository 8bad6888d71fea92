-- What is missing of a provisional firm, and who was asked for it until when. `declined` are the partner's own words, which
-- stay also where the request was closed by then.
CREATE TABLE information_requests (
    request_id   uuid PRIMARY KEY,
    firm_id      uuid NOT NULL,
    number       integer NOT NULL,
    partner      text NOT NULL,
    missing      jsonb NOT NULL,
    asked_at     timestamptz NOT NULL,
    answer_by    timestamptz NOT NULL,
    closed       text CHECK (closed IN ('answered', 'superseded', 'declined', 'no_answer', 'consent_withdrawn',
                                        'firm_ceased', 'firm_merged', 'agreement_ended')),
    closed_at    timestamptz,
    declined     text,
    declined_at  timestamptz,
    UNIQUE (firm_id, number),
    CHECK ((closed IS NULL) = (closed_at IS NULL)),
    CHECK ((declined IS NULL) = (declined_at IS NULL)),
    CHECK (declined IS NULL OR closed IS NOT NULL)
);

-- A firm is asked one thing at a time.
CREATE UNIQUE INDEX information_requests_open ON information_requests (firm_id) WHERE closed IS NULL;

ALTER TABLE needs DROP CONSTRAINT needs_state_check;
ALTER TABLE needs ADD CONSTRAINT needs_state_check CHECK (state IN (
    'waiting_consent', 'waiting_information', 'waiting_membership', 'referred', 'manual', 'met', 'unmet', 'withdrawn'));

-- The request that an update declines: what it said goes with the firm.
ALTER TABLE updates ADD COLUMN request_id uuid;
CREATE INDEX updates_by_request ON updates (request_id) WHERE request_id IS NOT NULL;
