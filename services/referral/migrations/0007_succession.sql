-- Which firm stands for which, by the latest word of whoever decides it: a firm may be succeeded by one that has been
-- succeeded itself, and the words about both may come in either order.
CREATE TABLE successions (
    firm_id       uuid PRIMARY KEY,
    successor_id  uuid NOT NULL CHECK (successor_id <> firm_id),
    kind          text NOT NULL CHECK (kind IN ('merger', 'transfer', 'code_corrected')),
    at            timestamptz NOT NULL,
    said_by       text NOT NULL
);
