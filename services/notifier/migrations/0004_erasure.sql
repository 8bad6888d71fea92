-- A firm is forgotten: of a message stays what proves that there was one, and neither words nor address. What still waited
-- to be sent is erased instead.
ALTER TABLE notifications ALTER COLUMN subject DROP NOT NULL, ALTER COLUMN body DROP NOT NULL;

ALTER TABLE notifications DROP CONSTRAINT notifications_state_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_state_check
    CHECK (state IN ('pending', 'sent', 'failed', 'no_address', 'erased'));
ALTER TABLE notifications ADD CONSTRAINT notifications_words_check
    CHECK (state <> 'pending' OR (subject IS NOT NULL AND body IS NOT NULL));

-- Whether the message says nothing of the firm: that the desk of a partner is to stop, because the firm was erased. Such a
-- one still goes.
ALTER TABLE notifications ADD COLUMN bare boolean NOT NULL DEFAULT false;
