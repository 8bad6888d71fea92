-- All seven steps of routing: referrals beside the responsible one, and memberships that bodies are asked about.

-- What a partner is to a need. A copy or a leg in the market belongs to the responsible referral beside which it was opened.
ALTER TABLE referrals
    ADD COLUMN role    text NOT NULL DEFAULT 'responsible' CHECK (role IN ('responsible', 'executor', 'supporting')),
    ADD COLUMN part_of uuid REFERENCES referrals DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT referrals_part_check CHECK ((role = 'responsible') = (part_of IS NULL));
ALTER TABLE referrals ALTER COLUMN role DROP DEFAULT;

-- An open need never has two responsible partners, nor two executors.
DROP INDEX referrals_open_by_need;
CREATE UNIQUE INDEX referrals_open_by_need ON referrals (need_id)
    WHERE role = 'responsible' AND status IN ('requested', 'received', 'accepted', 'in_progress', 'on_hold');
CREATE UNIQUE INDEX referrals_open_leg_by_need ON referrals (need_id)
    WHERE role = 'executor' AND status IN ('requested', 'received', 'accepted', 'in_progress', 'on_hold');

ALTER TABLE needs DROP CONSTRAINT needs_state_check;
ALTER TABLE needs ADD CONSTRAINT needs_state_check CHECK (state IN (
    'waiting_consent', 'waiting_membership', 'referred', 'manual', 'met', 'unmet', 'withdrawn'));

-- A membership that the firm declared and its body has not confirmed: asked once, until `answer_by`; `member` is the body's
-- newest word, which counts after that time as well.
CREATE TABLE membership_queries (
    query_id     uuid PRIMARY KEY,
    firm_id      uuid NOT NULL,
    partner      text NOT NULL,
    asked_at     timestamptz NOT NULL,
    answer_by    timestamptz NOT NULL,
    member       boolean,
    since        date,
    answered_at  timestamptz,
    UNIQUE (firm_id, partner),
    CHECK ((member IS NULL) = (answered_at IS NULL))
);

-- For the clock that ends the waiting.
CREATE INDEX membership_queries_unanswered ON membership_queries (answer_by) WHERE member IS NULL;
