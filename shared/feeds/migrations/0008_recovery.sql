-- A store that was restored from an older copy, brought forward again: what it had said since stands in Kafka.

-- Each recovery, with who ordered it. While one is not ended the service does not start. silent_since: when the lost store was
-- last heard of (real time); until the end the service counts as away from then on.
CREATE TABLE recoveries (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ordered_by    text NOT NULL,
    began_at      timestamptz NOT NULL DEFAULT now(),
    ended_at      timestamptz,
    generation    text NOT NULL REFERENCES generations (generation),
    read_back     bigint NOT NULL,
    silent_since  timestamptz
);
CREATE UNIQUE INDEX recoveries_open ON recoveries ((ended_at IS NULL)) WHERE ended_at IS NULL;

-- What was read back and has not been decided again yet. What is left here at the end was said in the lost life, and nothing says
-- why: its id is never said again.
CREATE TABLE recovered (
    feed      text NOT NULL,
    sequence  bigint NOT NULL,
    event_id  text NOT NULL,
    PRIMARY KEY (feed, sequence)
);
CREATE INDEX recovered_by_event ON recovered (event_id);
