-- The whole life of a referral: holds, cancellations on request, outcomes; what those who told us of a firm were told.

ALTER TABLE referrals DROP CONSTRAINT referrals_status_check;
ALTER TABLE referrals ADD CONSTRAINT referrals_status_check CHECK (status IN (
    'requested', 'received', 'accepted', 'in_progress', 'on_hold', 'rejected', 'completed', 'failed', 'cancelled',
    'entered_in_error'));

-- On hold: where it was before, and until when. A requested cancellation stands beside the status, and stays as a fact.
ALTER TABLE referrals
    ADD COLUMN resumes         text CHECK (resumes IN ('accepted', 'in_progress')),
    ADD COLUMN hold_until      timestamptz,
    ADD COLUMN cancellation    text,
    ADD COLUMN cancellation_at timestamptz,
    ADD COLUMN outcomes        jsonb NOT NULL DEFAULT '[]',
    ADD CONSTRAINT referrals_hold_check CHECK (
        (status = 'on_hold') = (resumes IS NOT NULL) AND (resumes IS NULL) = (hold_until IS NULL)),
    ADD CONSTRAINT referrals_cancellation_check CHECK ((cancellation IS NULL) = (cancellation_at IS NULL));

DROP INDEX referrals_open_by_need;
CREATE UNIQUE INDEX referrals_open_by_need ON referrals (need_id)
    WHERE status IN ('requested', 'received', 'accepted', 'in_progress', 'on_hold');

-- What a partner was last told of a firm (SHA-256, in hex): it is told again only when that differs.
CREATE TABLE firm_statuses (
    firm_id  uuid NOT NULL,
    partner  text NOT NULL,
    digest   text NOT NULL,
    PRIMARY KEY (firm_id, partner)
);

-- A topic that was deleted and made again counts its offsets from 0: a record's place is one of a topic's own id. The
-- cause of a record at a door is just that: topic id, partition, offset.
ALTER TABLE updates ADD COLUMN cause_id text;
UPDATE updates SET cause_id = topic || '/' || partition || '/' || record_offset;
ALTER TABLE updates ALTER COLUMN cause_id SET NOT NULL;
ALTER TABLE updates DROP CONSTRAINT updates_pkey;
ALTER TABLE updates ADD PRIMARY KEY (cause_id);
