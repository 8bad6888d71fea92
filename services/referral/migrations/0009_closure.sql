-- What the firm says of a completed referral: asked with the completion, until its link expires (`answer_by`; null again once
-- the firm is erased); when it spoke or fell silent for good; why it disputes, coded. What was completed before this was told
-- to partners as pending, and no firm was ever asked.
ALTER TABLE referrals
    ADD COLUMN confirmed_by_firm  text CHECK (confirmed_by_firm IN ('yes', 'disputed', 'pending', 'unanswered')),
    ADD COLUMN answer_by          timestamptz,
    ADD COLUMN answered_at        timestamptz,
    ADD COLUMN disputed_for       text;
UPDATE referrals SET confirmed_by_firm = 'pending' WHERE status = 'completed' AND role <> 'supporting';
ALTER TABLE referrals
    ADD CONSTRAINT referrals_answered_check CHECK (
        (answered_at IS NOT NULL) = (coalesce(confirmed_by_firm, 'pending') <> 'pending')),
    ADD CONSTRAINT referrals_disputed_check CHECK (disputed_for IS NULL OR confirmed_by_firm = 'disputed');
