-- What the classifier made of each firm last: the proof of its decision, and what says whether something has changed.

CREATE TABLE assessments (
    firm_id      uuid PRIMARY KEY,
    version      bigint NOT NULL,
    status       text NOT NULL CHECK (status IN ('classified', 'provisional', 'out_of_target')),
    segment      jsonb NOT NULL,
    needs        jsonb NOT NULL,
    cause_id     text NOT NULL,
    traceparent  text,
    assessed_at  timestamptz NOT NULL
);
