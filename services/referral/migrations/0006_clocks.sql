-- What a partner has to do by when, and what the hub does while it waits: deadlines that the partner is told (accept_by,
-- contact_by), the one for an update (heard_by), the next reminder and escalation (null once they were sent), and when a
-- requested cancellation counts as confirmed.
ALTER TABLE referrals
    ADD COLUMN accept_by    timestamptz,
    ADD COLUMN contact_by   timestamptz,
    ADD COLUMN heard_by     timestamptz,
    ADD COLUMN remind_at    timestamptz,
    ADD COLUMN escalate_at  timestamptz,
    ADD COLUMN confirm_by   timestamptz;
