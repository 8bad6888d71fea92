-- The tables of the runtime, the same in each service's database.

-- How many partitions the internal topics have and how a firm finds its own. It stands here and not in settings, because two
-- processes that disagree about it would break the order of a firm.
CREATE TABLE layout (
    singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    partitions  int NOT NULL CHECK (partitions > 0),
    hash        text NOT NULL DEFAULT 'crc32' CHECK (hash = 'crc32')
);

-- A generation is the life of a store. A restored store opens a new one; forks says, per feed, the last number of the
-- generation before that still holds.
CREATE TABLE generations (
    number      int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    generation  text NOT NULL UNIQUE,
    opened_at   timestamptz NOT NULL DEFAULT now(),
    forks       jsonb NOT NULL DEFAULT '{}'
);
INSERT INTO generations (generation) VALUES (replace(gen_random_uuid()::text, '-', ''));

-- The firm's row is the lock: whoever changes anything about a firm holds it. held counts the records that wait behind a
-- failure; while it is above zero, later records of the firm queue up as well.
CREATE TABLE firms (
    firm_id     uuid PRIMARY KEY,
    held        int NOT NULL DEFAULT 0 CHECK (held >= 0)
) WITH (fillfactor = 80);

-- One row per partition that is read. The outcomes add up to next_offset - first_offset: every record consumed has one.
CREATE TABLE positions (
    topic         text NOT NULL,
    partition     int NOT NULL,
    topic_id      text NOT NULL,
    first_offset  bigint NOT NULL DEFAULT 0,
    next_offset   bigint NOT NULL,
    generation    text,
    past          text[] NOT NULL DEFAULT '{}',
    sequence      bigint NOT NULL DEFAULT 0,
    applied       bigint NOT NULL DEFAULT 0,
    repeated      bigint NOT NULL DEFAULT 0,
    refused       bigint NOT NULL DEFAULT 0,
    held          bigint NOT NULL DEFAULT 0,
    discarded     bigint NOT NULL DEFAULT 0,
    moved_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);

-- The last number given out in each feed that this service writes. Locked last in every transaction, so that numbers follow the
-- order of commits.
CREATE TABLE feeds (
    feed      text PRIMARY KEY,
    sequence  bigint NOT NULL
) WITH (fillfactor = 50);

-- Outbox and journal in one: a row holds the n records that one transaction said on one feed, from number first on.
CREATE TABLE outbox (
    day         date NOT NULL DEFAULT current_date,
    feed        text NOT NULL,
    first       bigint NOT NULL,
    n           int NOT NULL CHECK (n > 0),
    generation  text NOT NULL,
    said_at     timestamptz NOT NULL DEFAULT now(),
    body        bytea NOT NULL,
    PRIMARY KEY (day, feed, first)
) PARTITION BY RANGE (day);
ALTER TABLE outbox ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE TABLE outbox_default PARTITION OF outbox DEFAULT;

-- How far the relay has published each feed. id is the key of its advisory lock; epoch rises with every new holder of it.
CREATE TABLE relayed (
    feed       text PRIMARY KEY,
    id         int GENERATED ALWAYS AS IDENTITY UNIQUE,
    published  bigint NOT NULL DEFAULT 0,
    epoch      int NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- Records set aside: 'held' failed for good, 'queued' came later for the same firm and waits behind it.
CREATE TABLE held (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state         text NOT NULL CHECK (state IN ('held', 'queued', 'redriven', 'discarded')),
    topic         text NOT NULL,
    partition     int NOT NULL,
    record_offset bigint NOT NULL,
    topic_id      text NOT NULL,
    appended_at   timestamptz NOT NULL,
    firm_id       uuid,
    key           bytea,
    value         bytea,
    headers       bytea NOT NULL,
    failure       text NOT NULL,
    reason        text NOT NULL,
    code_version  text NOT NULL,
    held_at       timestamptz NOT NULL DEFAULT now(),
    closed_at     timestamptz,
    closed_by     text,
    closing_note  text,
    UNIQUE (topic, topic_id, partition, record_offset)
);
CREATE INDEX held_open_of_firm ON held (firm_id, id) WHERE state IN ('held', 'queued');

CREATE TABLE timers (
    kind     text NOT NULL,
    id       text NOT NULL,
    firm_id  uuid NOT NULL,
    due_at   timestamptz NOT NULL,
    version  bigint NOT NULL DEFAULT 1,
    payload  jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (kind, id)
);
CREATE INDEX timers_due ON timers (due_at);

-- Days of the journal. The service's role owns no table, so it makes and drops days through these two.
CREATE FUNCTION make_outbox_days(ahead int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    wanted date;
    made   int := 0;
BEGIN
    FOR k IN 0 .. least(ahead, 30) LOOP
        wanted := current_date + k;
        IF to_regclass('outbox_' || to_char(wanted, 'YYYYMMDD')) IS NULL
           AND NOT EXISTS (SELECT FROM outbox_default WHERE day = wanted) THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF outbox FOR VALUES FROM (%L) TO (%L)',
                           'outbox_' || to_char(wanted, 'YYYYMMDD'), wanted, wanted + 1);
            EXECUTE format('ALTER TABLE %I ALTER COLUMN body SET STORAGE EXTERNAL', 'outbox_' || to_char(wanted, 'YYYYMMDD'));
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;

-- A day goes only as a whole, only after keep days, and only when every record of it is published.
CREATE FUNCTION drop_outbox_days(keep int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    child    record;
    unsent   boolean;
    dropped  int := 0;
BEGIN
    FOR child IN
        SELECT c.relname AS name, to_date(right(c.relname, 8), 'YYYYMMDD') AS day
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'outbox'::regclass AND c.relname ~ '^outbox_[0-9]{8}$'
    LOOP
        CONTINUE WHEN child.day >= current_date - greatest(keep, 1);
        EXECUTE format('SELECT EXISTS (SELECT FROM %I o JOIN relayed r USING (feed) WHERE o.first + o.n - 1 > r.published)',
                       child.name) INTO unsent;
        IF NOT unsent THEN
            EXECUTE format('DROP TABLE %I', child.name);
            dropped := dropped + 1;
        END IF;
    END LOOP;
    RETURN dropped;
END $$;
REVOKE ALL ON FUNCTION make_outbox_days(int), drop_outbox_days(int) FROM PUBLIC;
