-- What did not go is counted at every scrape; what was sent grows for ever and is left out of the index.
CREATE INDEX notifications_unsent ON notifications (state) WHERE state IN ('failed', 'no_address');
