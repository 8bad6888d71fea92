-- What intake keeps: which records it accepted, what each partner says of each firm, and what all say together.

-- Every id that was used up, with the SHA-256 of what it said: the answer to a repeat, and to another content under the
-- same id. Refused records use up nothing.
CREATE TABLE submissions (
    partner        text NOT NULL,
    topic          text NOT NULL,
    source         text NOT NULL,
    id             text NOT NULL,
    content_hash   bytea NOT NULL,
    type           text NOT NULL,
    firm_id        uuid NOT NULL,
    outcome        text NOT NULL,
    reference      text,
    warnings       jsonb NOT NULL,
    partition      int NOT NULL,
    record_offset  bigint NOT NULL,
    appended_at    timestamptz NOT NULL,
    traceparent    text,
    PRIMARY KEY (partner, topic, source, id)
);
CREATE INDEX submissions_of_firm ON submissions (firm_id);
CREATE INDEX submissions_by_age ON submissions USING brin (appended_at);

-- What one partner says of one firm now: the data of the submission, whole.
CREATE TABLE assertions (
    firm_id        uuid NOT NULL,
    partner        text NOT NULL,
    submission_id  text NOT NULL,
    observed_at    timestamptz NOT NULL,
    assertion      jsonb NOT NULL,
    PRIMARY KEY (firm_id, partner)
);

-- The latest grant and the latest revocation per firm, recipient and purpose, with who reported them.
CREATE TABLE consents (
    firm_id    uuid NOT NULL,
    recipient  text NOT NULL,
    purpose    text NOT NULL,
    reported   jsonb NOT NULL,
    PRIMARY KEY (firm_id, recipient, purpose)
);

-- The merged state as it was said last; digest is what decides whether there is something new to say.
CREATE TABLE profiles (
    firm_id        uuid PRIMARY KEY,
    version        bigint NOT NULL CHECK (version > 0),
    codice_fiscale text NOT NULL UNIQUE,
    digest         bytea NOT NULL,
    state          jsonb NOT NULL,
    cause_id       text NOT NULL,
    traceparent    text,
    registered_at  timestamptz NOT NULL
);
