-- The second part of a mail, and what a later mail about a referral has to name.

-- Both parts stand here as they were rendered, because a repeat under the same Message-ID has to be the same mail, also
-- after a template was changed. A mail that was decided before there were templates has no HTML part, and gets none.
ALTER TABLE notifications ADD COLUMN html text;

-- A move says which referral moved and not what it was for; every mail names that, as a person has several of them.
CREATE TABLE referrals (
    referral_id uuid PRIMARY KEY,
    firm_id     uuid NOT NULL,
    partner     text NOT NULL,
    role        text NOT NULL,
    front       text NOT NULL,
    import      boolean NOT NULL,
    market      text
);

CREATE INDEX referrals_by_firm ON referrals (firm_id);
