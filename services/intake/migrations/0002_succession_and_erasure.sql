-- Who stands for a firm now, what a firm had erased, who ever spoke of it, and where each leaf of a profile comes from.

-- Partners that submitted the firm at any time. It outlives an erasure: whoever spoke of the firm may go on speaking for
-- it (revoke, ask for erasure), whichever partner's request for erasure came first.
CREATE TABLE speakers (
    firm_id  uuid NOT NULL,
    partner  text NOT NULL,
    PRIMARY KEY (firm_id, partner)
);
INSERT INTO speakers SELECT firm_id, partner FROM assertions;

-- The latest word on which code stands for a firm. Nothing that was said of either is moved: each file stays under its
-- own code, and what the successor's state is follows from all of them. codice_fiscale, the successor's, is empty once it
-- was erased.
CREATE TABLE successions (
    firm_id         uuid PRIMARY KEY,
    successor_id    uuid NOT NULL CHECK (successor_id <> firm_id),
    codice_fiscale  text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('merger', 'transfer', 'code_corrected')),
    at              timestamptz NOT NULL,
    partner         text NOT NULL,
    submission_id   text NOT NULL
);
CREATE INDEX successions_by_successor ON successions (successor_id);

-- The erasure mark: nothing that was observed until requested_at is taken again. version is the last one said before it.
CREATE TABLE erasures (
    firm_id        uuid PRIMARY KEY,
    version        bigint NOT NULL,
    requested_at   timestamptz NOT NULL,
    partner        text NOT NULL,
    submission_id  text NOT NULL,
    erased_at      timestamptz NOT NULL
);

-- An erased profile keeps its version alone, from which a new beginning goes on. sources says who gave which leaves, when
-- observed, in which submission.
ALTER TABLE profiles ALTER codice_fiscale DROP NOT NULL, ALTER state DROP NOT NULL, ADD sources jsonb;

-- content_hash is from now on keyed (HMAC-SHA-256 of the SHA-256, with the key that firms are named with), so that it can
-- stay after an erasure: nobody without the key can try contents against it.
COMMENT ON COLUMN submissions.content_hash IS 'HMAC-SHA-256 of the SHA-256 over type and canonical data';
