-- Timers as they are fired; time that can be moved; when the service was away.

-- A version is never given twice: the id of what a timer causes is made of it, and a timer that was set again is another one.
CREATE SEQUENCE timer_versions AS bigint;
ALTER TABLE timers ALTER COLUMN version SET DEFAULT nextval('timer_versions');

-- topic: fired only once this partner's topic (without prefix) was read to its end as seen after due_at. failure and what stands
-- with it: the timer failed for good under that version of the code, and is set aside until another one runs.
ALTER TABLE timers
    ADD COLUMN topic      text,
    ADD COLUMN failure    text,
    ADD COLUMN failed_by  text,
    ADD COLUMN failed_at  timestamptz;
CREATE INDEX timers_by_firm ON timers (firm_id);
CREATE INDEX timers_aside ON timers (failed_at) WHERE failure IS NOT NULL;

-- Time moved ahead, in tests and demonstrations: from moved_at on (real time), it is later by that much. Counts only in a
-- service whose settings allow it.
CREATE TABLE clock_moves (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    moved_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    ahead     interval NOT NULL CHECK (ahead > interval '0')
);

-- When any process of this service last heard and spoke (real time), and the times when none did for too long.
CREATE TABLE heartbeat (
    singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    beat_at    timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE outages (
    began_at  timestamptz PRIMARY KEY,
    ended_at  timestamptz NOT NULL CHECK (ended_at > began_at)
);
